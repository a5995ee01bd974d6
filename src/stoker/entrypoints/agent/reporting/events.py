"""Events of the CR, as `kubectl describe` shows them.

Agents may create events and nothing else, so one that is repeated cannot be counted up: the diary
sees to it that few are. Nothing depends on an event. One that cannot be made is tried a few times,
and left.
"""

from __future__ import annotations

import hashlib
from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, field, frozen

from stoker.core import names
from stoker.core.report import report_text
from stoker.core.spec.document import rfc3339
from stoker.entrypoints.agent.reporting.diary import BURST, Diary
from stoker.entrypoints.agent.reporting.outbox import HURRIED, waiting

if TYPE_CHECKING:
    from stoker.entrypoints.agent.following import Owner

MOST_MESSAGE: Final = 1024
"""Characters of a message."""
TRIES: Final = 5

_MOST_REASON: Final = 128
_MOST_NAME: Final = 230


def _reason(text: str) -> str:
    return report_text(text, _MOST_REASON)


def _message(text: str) -> str:
    return report_text(text, MOST_MESSAGE)


@frozen
class Tale:
    """An event that is to be told."""

    type: str
    reason: str = field(converter=_reason)
    message: str = field(converter=_message)
    at: datetime
    number: int = 0
    failures: int = 0


@frozen
class Speaker:
    """Whose events these are: a pod, and its life."""

    namespace: str
    pod: str
    pod_uid: str


def document_of(tale: Tale, speaker: Speaker, owner: Owner) -> dict[str, Any]:
    """The event as the API has it; the same tale always has the same name."""
    at = rfc3339(tale.at.replace(microsecond=0))
    told = (speaker.pod, speaker.pod_uid, at, str(tale.number), tale.reason, tale.message)
    digest = hashlib.sha256("\0".join(told).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return {
        "metadata": {
            "name": f"{owner.name[:_MOST_NAME].rstrip('-.')}.{digest}",
            "namespace": speaker.namespace,
        },
        "involvedObject": {
            "apiVersion": owner.api_version,
            "kind": names.KIND,
            "namespace": speaker.namespace,
            "name": owner.name,
            "uid": owner.uid,
        },
        "type": tale.type,
        "reason": tale.reason,
        "message": tale.message,
        "source": {"component": names.MANAGED_BY_AGENT, "host": speaker.pod},
        "reportingComponent": names.MANAGED_BY_AGENT,
        "reportingInstance": speaker.pod,
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    }


class Tales:
    """The events that wait; used under the lock of their writer."""

    def __init__(self) -> None:
        """There are none yet."""
        self._diary = Diary()
        self._waiting: deque[Tale] = deque(maxlen=BURST)
        self._not_before = 0.0
        self._is_hurried = False
        self._number = 0

    def add(self, tale: Tale, commit: str, now: float) -> None:
        """Have it told, unless the same was told of this commit lately, or there are too many."""
        diary = self._diary.admitted((tale.type, tale.reason, tale.message, commit), now)
        if diary is not None:
            self._diary = diary
            self._number += 1
            self._waiting.append(evolve(tale, number=self._number))

    def due(self, now: float) -> float | None:
        """Seconds until the next is to be tried; None: there is none."""
        return max(self._not_before - now, 0.0) if self._waiting else None

    def first(self) -> Tale:
        """The one to try."""
        return self._waiting[0]

    def settled(self, tale: Tale) -> None:
        """It was told, or never will be."""
        self._not_before = 0.0
        if self._waiting and self._waiting[0] is tale:  # else others have pushed it out
            self._waiting.popleft()

    def failed(self, tale: Tale, now: float, chance: float) -> bool:
        """It was not told; whether it will be tried again."""
        if not (self._waiting and self._waiting[0] is tale):
            return False
        failures = tale.failures + 1
        self._not_before = now + (HURRIED if self._is_hurried else waiting(failures, chance))
        if failures >= TRIES:
            self._waiting.popleft()
            return False
        self._waiting[0] = evolve(tale, failures=failures)
        return True

    def hurry(self) -> None:
        """Try at once and without long waits from now on, as there may be no later."""
        self._not_before, self._is_hurried = 0.0, True
