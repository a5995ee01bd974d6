"""How a scan ended, as a closed set of cases, and what follows from each.

Every case answers the same questions: does the gateway hold what was written (`verdict`), can
asking again help (`disposition`), and what is told about it (`word` for `lastScanResult`,
`message` and `cure` for people).
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, ClassVar, Final

from attrs import frozen

from stoker.core.errors import Disposition, Permanent, Retryable, ScanError
from stoker.core.ignition import ScanKind

if TYPE_CHECKING:
    from collections.abc import Mapping

_LISTED: Final = 5
_SERVER_ERROR: Final = 500
_READ_THE_LOG: Final = "look into the gateway's log"


class Verdict(Enum):
    """What the gateway thinks of the files on its disk."""

    TAKEN = "taken"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@frozen
class Succeeded:
    """The scan is over and nothing speaks against it; milliseconds, by the gateway's clock."""

    timestamp: int
    duration: int = 0

    verdict: ClassVar[Verdict] = Verdict.TAKEN
    disposition: ClassVar[Disposition] = Permanent()
    word: ClassVar[str] = "ok"
    message: ClassVar[str] = "went well"
    cure: ClassVar[str] = ""


@frozen
class Unsupported:
    """The gateway has no such request: it is of 8.1, and looks at its projects by itself."""

    verdict: ClassVar[Verdict] = Verdict.TAKEN
    disposition: ClassVar[Disposition] = Permanent()
    word: ClassVar[str] = "unsupported"
    message: ClassVar[str] = "is not known to this gateway"
    cure: ClassVar[str] = ""


@frozen
class Refused:
    """The gateway did not want to scan, or failed over it."""

    status: int
    why: str = ""

    cure: ClassVar[str] = _READ_THE_LOG

    @property
    def verdict(self) -> Verdict:
        """A gateway that breaks over the scan has seen the files; one that declines has not."""
        return Verdict.REJECTED if self.status >= _SERVER_ERROR else Verdict.UNKNOWN

    @property
    def disposition(self) -> Disposition:
        """A gateway that is broken may be repaired; one that declines will decline again."""
        return Retryable() if self.status >= _SERVER_ERROR else Permanent()

    @property
    def word(self) -> str:
        """With the status, which says more than any word."""
        return f"refused ({self.status})"

    @property
    def message(self) -> str:
        """With what the gateway told, if it told anything."""
        return f"was refused with status {self.status}" + _because(self.why)


@frozen
class Unauthorized:
    """The gateway does not know the token."""

    verdict: ClassVar[Verdict] = Verdict.UNKNOWN
    # Secrets and permissions are changed behind the agent's back: asking again may help.
    disposition: ClassVar[Disposition] = Retryable()
    word: ClassVar[str] = "unauthorized"
    message: ClassVar[str] = "was refused: the gateway does not know the API token"
    cure: ClassVar[str] = "renew the key in the API Secret"


@frozen
class Forbidden:
    """The token may not do this, or not over a connection without TLS."""

    verdict: ClassVar[Verdict] = Verdict.UNKNOWN
    disposition: ClassVar[Disposition] = Retryable()
    word: ClassVar[str] = "forbidden"
    message: ClassVar[str] = "was refused: the API token may not do it"
    cure: ClassVar[str] = (
        "give the token read and write access; if it asks for a secure channel, set "
        "spec.gateway.tls, or let it go without"
    )


@frozen
class NotCommissioned:
    """The gateway waits for somebody to set it up."""

    verdict: ClassVar[Verdict] = Verdict.UNKNOWN
    disposition: ClassVar[Disposition] = Retryable()
    word: ClassVar[str] = "not commissioned"
    message: ClassVar[str] = "has to wait: the gateway is not commissioned"
    cure: ClassVar[str] = "finish the gateway's set-up"


@frozen
class Busy:
    """An older scan or somebody's lock is in the way; seconds to wait, where it said so."""

    after: float | None = None

    verdict: ClassVar[Verdict] = Verdict.UNKNOWN
    word: ClassVar[str] = "busy"
    message: ClassVar[str] = "has to wait: another scan or a lock is in the way"
    cure: ClassVar[str] = ""

    @property
    def disposition(self) -> Disposition:
        """Later, and not before it said."""
        return Retryable(self.after)


@frozen
class TimedOut:
    """The scan was accepted and did not come to an end in time."""

    seconds: float = 0.0

    verdict: ClassVar[Verdict] = Verdict.UNKNOWN
    disposition: ClassVar[Disposition] = Retryable()
    word: ClassVar[str] = "timed out"
    cure: ClassVar[str] = _READ_THE_LOG

    @property
    def message(self) -> str:
        """With the time that it had."""
        return f"did not end within {self.seconds:g} s"


@frozen
class Unreachable:
    """No answer, or one that says that the gateway is not up."""

    why: str = ""

    verdict: ClassVar[Verdict] = Verdict.UNKNOWN
    disposition: ClassVar[Disposition] = Retryable()
    word: ClassVar[str] = "unreachable"
    cure: ClassVar[str] = ""

    @property
    def message(self) -> str:
        """With what is known of the reason."""
        return "did not reach the gateway" + _because(self.why)


@frozen
class ResourceFailed:
    """The scan is over, and the gateway does not hold some of what was written."""

    resources: tuple[str, ...]
    why: str = ""

    verdict: ClassVar[Verdict] = Verdict.REJECTED
    disposition: ClassVar[Disposition] = Permanent()
    word: ClassVar[str] = "resources failed"
    cure: ClassVar[str] = _READ_THE_LOG

    @property
    def message(self) -> str:
        """With the first few of the resources."""
        more = len(self.resources) - _LISTED
        listed = ", ".join(self.resources[:_LISTED]) + (f" and {more} more" if more > 0 else "")
        return f"left out {listed}" + _because(self.why)


ScanOutcome = (
    Succeeded
    | Unsupported
    | Refused
    | Unauthorized
    | Forbidden
    | NotCommissioned
    | Busy
    | TimedOut
    | Unreachable
    | ResourceFailed
)


def _because(why: str) -> str:
    return f": {why}" if why else ""


def summary(outcomes: Mapping[ScanKind, ScanOutcome]) -> str:
    """All scans of a sync in one line, for `lastScanResult`: `projects=ok config=ok`."""
    return " ".join(f"{kind}={outcomes[kind].word}" for kind in ScanKind if kind in outcomes)


def failure(kind: ScanKind, outcome: ScanOutcome) -> ScanError:
    """The error that an outcome other than success is."""
    return ScanError(
        f"the scan of {kind} {outcome.message}", cure=outcome.cure, retry=outcome.disposition
    )
