"""What a script can do to an answer, and which requests it means.

A `Fault` names requests as `POST /scan/projects`, `/scan/*` or `*` (paths below the API's root, or
as they stand outside of it), how often it strikes, and how many it lets pass before. The sockets
carry out the actions; seconds are real ones, since they concern whoever waits for the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from stoker.core.ignition import ScanKind

if TYPE_CHECKING:
    from stoker.testing.gateway.messages import Request


@frozen
class Hang:
    """Says nothing (or, with `headers`, no more than the headers) and keeps the connection."""

    seconds: float | None = None
    """None: until the other side gives up."""
    headers: bool = False


@frozen
class Reset:
    """Breaks the connection off with a reset, after so many bytes of the answer."""

    after: int = 0


@frozen
class SlowBody:
    """Sends the body in small pieces, over so many seconds."""

    seconds: float = 1.0


@frozen
class TruncatedBody:
    """Closes the connection after a share of the announced body."""

    share: float = 0.5


@frozen
class Delay:
    """Answers as it should, later."""

    seconds: float = 1.0


@frozen
class Status:
    """Answers with a status and a page."""

    status: int = 500
    body: str = ""
    headers: Mapping[str, str] = field(factory=dict)


@frozen
class ScanNeverEnds:
    """Accepts a scan, which then never ends."""


@frozen
class RestartInScan:
    """Accepts a scan, and restarts the gateway in the middle of it."""


Action = Hang | Reset | SlowBody | TruncatedBody | Delay | Status | ScanNeverEnds | RestartInScan


@frozen
class Fault:
    """An action, and the requests that it strikes."""

    on: str
    action: Action
    times: int | None = 1
    """How often; None is always."""
    skip: int = 0
    """How many such requests it lets pass first."""
    takes_effect: bool = False
    """Whether a request that is not answered properly (`Hang`, `Reset`, `Status`) is carried out
    all the same."""

    def means(self, request: Request) -> bool:
        """Whether `request` is one of those."""
        method, _, pattern = self.on.rpartition(" ")
        _, _, path = request.endpoint().partition(" ")
        return method in {"", request.method} and fnmatchcase(path, pattern)

    def struck(self) -> Fault | None:
        """What is left of it after it met a request; None if it is used up."""
        if self.skip:
            return evolve(self, skip=self.skip - 1)
        if self.times is None:
            return self
        return evolve(self, times=self.times - 1) if self.times > 1 else None


class When(StrEnum):
    """At which moment of a sync a Designer saves."""

    LOCK = "lock"
    """Before the answer to a request for a lock."""
    SCAN = "scan"
    """Before the scan begins that was asked for."""
    AFTER = "after"
    """After so many milliseconds."""


@frozen
class DesignerSaves:
    """A Designer saves a file while a sync is at work."""

    path: str
    """From the data directory."""
    content: bytes
    at: When = field(default=When.LOCK, converter=When)
    kind: ScanKind | None = field(default=None)
    """Of which half the lock or the scan has to be; None is either."""
    milliseconds: int = 0
    """By the gateway's clock."""
    in_place: bool = False
    """Whether the file is written over, instead of being replaced by another."""


def take(faults: tuple[Fault, ...], request: Request) -> tuple[Fault | None, tuple[Fault, ...]]:
    """The first fault that strikes `request`, and what is left of all of them."""
    struck: Fault | None = None
    left: list[Fault] = []
    for fault in faults:
        if struck is not None or not fault.means(request):
            left.append(fault)
            continue
        if not fault.skip:
            struck = fault
        rest = fault.struck()
        if rest is not None:
            left.append(rest)
    return struck, tuple(left)
