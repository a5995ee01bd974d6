"""What can happen to an agent, from its own point of view.

Each event says when it happened. An answer to an effect bears the effect's ticket, so that an
answer which nobody waits for any more is told from the one that is waited for.
"""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from stoker.core.agent.facts import OnDisk, PlanSummary
from stoker.core.errors import StokerError
from stoker.core.pods import Pod
from stoker.core.profile import Metadata
from stoker.core.report import GatewayReport
from stoker.core.scan import DesignerList, Readiness, ScanOutcome


@frozen
class Started:
    """The agent is up; `last` is what an earlier life told last, if that could be read."""

    now: datetime
    last: GatewayReport | None = None


@frozen
class Recovered:
    """The journal is settled, and the gateway was asked for the first time."""

    now: datetime
    ticket: int
    on_disk: OnDisk
    gateway: Readiness


@frozen
class RecoverFailed:
    """The agent's own state cannot be read or written."""

    now: datetime
    ticket: int
    error: StokerError


@frozen
class MetadataChanged:
    """The controller wrote the metadata; it may say the same as before."""

    now: datetime
    metadata: Metadata


@frozen
class MetadataGone:
    """The metadata is not there any more."""

    now: datetime


@frozen
class PodInfoChanged:
    """The pod's labels or annotations were read; they may say the same as before."""

    now: datetime
    pod: Pod


@frozen
class SyncRequested:
    """Somebody wants a sync now, changed or not."""

    now: datetime


@frozen
class GatewaySeen:
    """The gateway was asked how far its start has come."""

    now: datetime
    readiness: Readiness


@frozen
class Tick:
    """The timer rang."""

    now: datetime


@frozen
class Sigterm:
    """The agent has to end."""

    now: datetime


@frozen
class Fetched:
    """The commit is here; `commit` is its full id."""

    now: datetime
    ticket: int
    commit: str
    author: str = ""


@frozen
class FetchFailed:
    """The commit could not be had."""

    now: datetime
    ticket: int
    error: StokerError


@frozen
class Planned:
    """The plan is made."""

    now: datetime
    ticket: int
    summary: PlanSummary


@frozen
class PlanFailed:
    """No plan can or may be made: a bad template, a protected destination, too many deletions."""

    now: datetime
    ticket: int
    error: StokerError


@frozen
class DesignersListed:
    """The gateway's Designers; `now_ms` is the time by which their last messages are judged."""

    now: datetime
    ticket: int
    designers: DesignerList
    now_ms: int


@frozen
class DesignersUnavailable:
    """The Designers could not be listed."""

    now: datetime
    ticket: int
    why: str = ""


@frozen
class Locked:
    """The gateway does not scan for now; or it is one that knows no such lock."""

    now: datetime
    ticket: int


@frozen
class LockFailed:
    """The scan lock could not be had."""

    now: datetime
    ticket: int
    error: StokerError


@frozen
class Applied:
    """Every operation of the plan was carried out, and the manifest says so."""

    now: datetime
    ticket: int


@frozen
class ApplyDrifted:
    """A file changed after the plan was made; nothing of it was overwritten."""

    now: datetime
    ticket: int
    path: str


@frozen
class ApplyFailed:
    """An operation failed; those before it were carried out."""

    now: datetime
    ticket: int
    error: StokerError


@frozen
class ScanFinished:
    """A scan came to its end, one way or another."""

    now: datetime
    ticket: int
    outcome: ScanOutcome


@frozen
class Verified:
    """The gateway holds what was written, as far as it tells."""

    now: datetime
    ticket: int


@frozen
class VerifyFailed:
    """The gateway does not hold what was written, or could not be asked."""

    now: datetime
    ticket: int
    outcome: ScanOutcome


@frozen
class RolledBack:
    """What the apply replaced is back in its place."""

    now: datetime
    ticket: int


@frozen
class RollbackFailed:
    """What the apply replaced could not be put back, or not all of it."""

    now: datetime
    ticket: int
    error: StokerError


@frozen
class DriftChecked:
    """How many files differ from what was last applied."""

    now: datetime
    ticket: int
    count: int


@frozen
class DriftCheckFailed:
    """The files could not be looked at."""

    now: datetime
    ticket: int
    error: StokerError


Answer = (
    Recovered
    | RecoverFailed
    | Fetched
    | FetchFailed
    | Planned
    | PlanFailed
    | DesignersListed
    | DesignersUnavailable
    | Locked
    | LockFailed
    | Applied
    | ApplyDrifted
    | ApplyFailed
    | ScanFinished
    | Verified
    | VerifyFailed
    | RolledBack
    | RollbackFailed
)

Event = (
    Started
    | MetadataChanged
    | MetadataGone
    | PodInfoChanged
    | SyncRequested
    | GatewaySeen
    | Tick
    | Sigterm
    | DriftChecked
    | DriftCheckFailed
    | Answer
)
