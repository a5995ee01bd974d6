"""Whether the bearer of a token may read the metrics: the API server knows.

It is asked who that is (TokenReview), and whether they may `get` the path `/metrics`
(SubjectAccessReview). What it said is kept for a while, by the token's digest and never by the
token; a refusal is kept for a shorter time, so that a right that was just given counts soon.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from enum import Enum, auto
from typing import Final, Protocol

from attrs import define, field, frozen

from stoker.adapters.kube.client import Client, Document
from stoker.adapters.kube.resources import SUBJECT_ACCESS_REVIEWS, TOKEN_REVIEWS, Resource
from stoker.adapters.logs import structured as logs
from stoker.core.errors import StokerError

KEPT: Final = 60.0
"""Seconds that a permission is kept."""
REFUSED: Final = 10.0
"""Seconds that anything else is kept."""
MOST: Final = 1_000
"""How many answers are kept."""
PATH: Final = "/metrics"

_SECONDS: Final = 5.0
_WHO: Final = ("username", "uid", "groups", "extra")


class Verdict(Enum):
    """What came of a review."""

    ALLOWED = auto()
    UNKNOWN = auto()
    """Nobody knows who that is."""
    FORBIDDEN = auto()
    UNAVAILABLE = auto()
    """There is nobody to ask."""


class Reviewer(Protocol):
    """Judges a token; may take seconds, and is called from any thread."""

    def __call__(self, token: str) -> Verdict:
        """The verdict; never an error."""
        ...


def reviewer_of(client: Client) -> Reviewer:
    """The reviewer that asks this API server, and remembers; no lease is needed for it."""
    return Remembering(ApiReviewer(client.unfenced().within(_SECONDS)))


@frozen
class ApiReviewer:
    """Asks the API server each time."""

    client: Client
    log: logs.Logger = field(factory=lambda: logs.logger("serving"), repr=False)

    def __call__(self, token: str) -> Verdict:
        """Who it is, and then whether they may."""
        try:
            user = self._user(token)
            if user is None:
                return Verdict.UNKNOWN
            return Verdict.ALLOWED if self._may_read(user) else Verdict.FORBIDDEN
        except StokerError as error:
            self.log.warning("who asks for metrics cannot be reviewed", error=error)
            return Verdict.UNAVAILABLE

    def _user(self, token: str) -> Document | None:
        status = self._status(TOKEN_REVIEWS, {"token": token})
        user = status.get("user")
        known = status.get("authenticated") is True and isinstance(user, dict)
        return user if known else None

    def _may_read(self, user: Document) -> bool:
        asked = {"path": PATH, "verb": "get"}
        who = {
            ("user" if name == "username" else name): user[name] for name in _WHO if name in user
        }
        status = self._status(SUBJECT_ACCESS_REVIEWS, {**who, "nonResourceAttributes": asked})
        return status.get("allowed") is True and status.get("denied") is not True

    def _status(self, resource: Resource, spec: Document) -> Document:
        found = self.client.create(resource, "", {"spec": spec}).get("status")
        return found if isinstance(found, dict) else {}


@define
class Remembering:
    """Asks another reviewer, and not again for a while."""

    reviewer: Reviewer
    clock: Callable[[], float] = time.monotonic
    _kept: OrderedDict[bytes, tuple[float, Verdict]] = field(factory=OrderedDict, repr=False)
    _lock: threading.Lock = field(factory=threading.Lock, repr=False)

    def __call__(self, token: str) -> Verdict:
        """What was said of it lately, or what is said now."""
        digest = hashlib.sha256(token.encode()).digest()
        with self._lock:
            until, verdict = self._kept.get(digest, (0.0, Verdict.UNKNOWN))
            if self.clock() < until:
                return verdict
        verdict = self.reviewer(token)
        life = KEPT if verdict is Verdict.ALLOWED else REFUSED
        with self._lock:
            self._kept[digest] = (self.clock() + life, verdict)
            self._kept.move_to_end(digest)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return verdict
