"""Where an agent stands: the phase that it is in, and what it knows.

`Phase` is a closed set. Those that hold a `Round` are a sync in flight, and there is one phase at
a time: so there is never more than one sync. `Standing` is what the agent tells of its gateway,
`State` is everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from stoker.core.agent.assignment import Assignment, assign, is_paused
from stoker.core.agent.facts import OnDisk, PlanSummary
from stoker.core.backoff import Backoff
from stoker.core.errors import StokerError
from stoker.core.ignition import ScanKind
from stoker.core.pods import Pod
from stoker.core.profile import Metadata
from stoker.core.report import ChangeList, GatewayReport
from stoker.core.scan import Readiness, ScanOutcome
from stoker.core.spec import SyncStatus


@frozen(kw_only=True)
class Identity:
    """What an agent is told when it is started, and what never changes."""

    namespace: str
    pod_name: str
    pod_uid: str = ""
    cr_name: str = ""
    agent_version: str = ""
    has_gateway: bool = True
    """False: there are only files, and nobody to scan them."""


@frozen(kw_only=True)
class Round:
    """One sync: what it is for, and what it has come to."""

    assignment: Assignment
    began: datetime
    before: OnDisk
    restores: bool = False
    """Whether it puts right what others have changed, and not only what the commit changes."""
    commit: str = ""
    author: str = ""
    summary: PlanSummary = field(factory=lambda: PlanSummary(changes=ChangeList(commit="")))
    replans: int = 0


@frozen
class Starting:
    """Nothing has happened yet."""


@frozen
class Recovering:
    """The journal is being settled."""


@frozen
class Unrecovered:
    """The journal could not be settled; that is tried again later."""


@frozen
class Resting:
    """A round has just ended, or something was learnt: what to do next is to be decided.

    No step ends here.
    """


@frozen
class WaitingForMetadata:
    """Nobody says what the gateway is to be."""


@frozen
class Idle:
    """There is nothing to do."""


@frozen
class Paused:
    """There may be something to do, and it is not wanted now."""


@frozen
class BackingOff:
    """There is something to do, and it failed a moment ago."""


@frozen
class Looking:
    """The pod overrides the ref: whether it still means the same commit is being found out."""

    round: Round


@frozen
class Fetching:
    """The commit is being fetched."""

    round: Round


@frozen
class Planning:
    """The plan is being made."""

    round: Round


@frozen
class AskingForDesigners:
    """Whether Designers are in the way of the plan is being asked; the first time at `since`."""

    round: Round
    since: datetime


@frozen
class AwaitingDesigners:
    """Designers are in the way, or may be; they are asked for again some time after `asked`."""

    round: Round
    since: datetime
    asked: datetime


@frozen
class Locking:
    """The gateway is being kept from scanning."""

    round: Round


@frozen
class Applying:
    """Files change."""

    round: Round


@frozen
class Undoing:
    """Why an apply is taken back, and whether the gateway wanted that."""

    cause: StokerError
    refused: bool


@frozen
class Scanning:
    """The gateway scans the first of `kinds`; after a rollback, `undoing` says what it was for."""

    round: Round
    kinds: tuple[ScanKind, ...]
    outcomes: Mapping[ScanKind, ScanOutcome] = field(factory=dict)
    repeats: int = 0
    undoing: Undoing | None = None


@frozen
class Verifying:
    """The gateway is asked what it has loaded."""

    round: Round
    outcomes: Mapping[ScanKind, ScanOutcome]


@frozen
class RollingBack:
    """What was replaced is being put back."""

    round: Round
    undoing: Undoing


@frozen
class FinishingApply:
    """The agent has to end, as soon as the apply is over."""

    round: Round
    since: datetime


@frozen
class FinishingRollback:
    """The agent has to end, as soon as the rollback is over."""

    last: RollingBack
    since: datetime


@frozen
class Stopped:
    """The end."""


AtRest = Resting | WaitingForMetadata | Idle | Paused | BackingOff
InRound = (
    Looking
    | Fetching
    | Planning
    | AskingForDesigners
    | AwaitingDesigners
    | Locking
    | Applying
    | Scanning
    | Verifying
    | RollingBack
)
Phase = (
    Starting
    | Recovering
    | Unrecovered
    | AtRest
    | InRound
    | FinishingApply
    | FinishingRollback
    | Stopped
)


@frozen(kw_only=True)
class Standing:
    """What is told of the gateway, beside its files."""

    status: SyncStatus = SyncStatus.PENDING
    error: str = ""
    scan_result: str = ""
    last_sync_time: datetime | None = None
    last_sync_duration: str = ""
    files_changed: int = 0
    projects: tuple[str, ...] = ()
    drift: int = 0
    dry_run: ChangeList | None = None
    designers: int = 0


@frozen(kw_only=True)
class State:
    """Everything that an agent remembers."""

    identity: Identity
    pod: Pod
    phase: Phase = field(factory=Starting)
    metadata: Metadata | None = None
    orphaned: bool = False
    """The metadata was there once."""
    gateway: Readiness = Readiness.DOWN
    greeted: bool = False
    """The gateway has answered in the life of this agent, so its first start lies behind it."""
    on_disk: OnDisk = field(factory=OnDisk)
    settled: Assignment | None = None
    """The assignment that the files fulfil; in a dry run, that they were compared to."""
    demanded: bool = False
    """A sync is wanted although nothing has changed."""
    restoring: bool = False
    """The next files that are complete are to be so without what others have changed."""
    owed: tuple[ScanKind, ...]
    """Scans without which nobody knows that the gateway has taken the files."""
    unjudged: Round | None = None
    """The round whose files the gateway has not judged; it can still be taken back."""
    dirty: bool = False
    """A rollback failed: the journal has to be settled before the next round."""
    backoff: Backoff = field(factory=Backoff)
    ticket: int = 0
    """The number of the answer that is waited for; it grows with every question."""
    check: int = 0
    """The same for drift checks, which go on beside everything else."""
    checking: bool = False
    gate_open: bool = False
    standing: Standing = field(factory=Standing)
    beat: datetime | None = None
    """When the last regular look was."""
    seq: int | None = None
    told: GatewayReport | None = None
    told_at: datetime | None = None

    @property
    def assignment(self) -> Assignment | None:
        """What the gateway is to be now; `ProfileError` where that cannot be said."""
        return None if self.metadata is None else assign(self.metadata, self.pod)

    @property
    def is_paused(self) -> bool:
        """Whether the files are to stay as they are."""
        return self.metadata is not None and is_paused(self.metadata, self.pod)

    def still_wants(self, assignment: Assignment) -> bool:
        """Whether a round for `assignment` still has a purpose."""
        try:
            return not self.is_paused and self.assignment == assignment
        except StokerError:
            return False


def initial(identity: Identity, pod: Pod) -> State:
    """The state of an agent that is about to start. Nothing is known to be scanned yet."""
    return State(identity=identity, pod=pod, owed=tuple(ScanKind) if identity.has_gateway else ())
