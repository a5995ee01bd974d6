"""What an agent does, as values: the loop around the machine carries them out in their order.

An effect holds all that its doer needs. Those with a ticket are questions: each is answered by
exactly one event with the same ticket, sooner or later; their doers have the deadlines. The others
are not answered: if one of them fails, its doer tries again or lets it be, and says so in its log.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from attrs import frozen

from stoker.core.agent.assignment import Assignment
from stoker.core.ignition import ResourcePath, ScanKind
from stoker.core.report import ChangeList, GatewayReport


class SkipReason(StrEnum):
    """Why a sync was not made, as `sync_skipped_total` has it."""

    COMMIT_UNCHANGED = "commit_unchanged"
    PAUSED = "paused"
    PROFILE_ERROR = "profile_error"
    DESIGNER_BLOCKED = "designer_blocked"
    BACKOFF = "backoff"


class SyncResult(StrEnum):
    """How a sync ended."""

    SYNCED = "synced"
    UNCHANGED = "unchanged"
    DRY_RUN = "dryRun"
    ERROR = "error"
    BLOCKED = "blocked"
    ROLLED_BACK = "rolledBack"


@frozen
class Recover:
    """Settle the journal of an interrupted sync, remove temporary files, ask the gateway."""

    ticket: int


@frozen
class Fetch:
    """Have the commit of the assignment in the repository; resolve its ref if it names none."""

    ticket: int
    assignment: Assignment


@frozen
class Plan:
    """Compare what `commit` wants with what was applied and with what is there.

    `restores`: what others have changed since it was applied is put right as well.
    """

    ticket: int
    assignment: Assignment
    commit: str
    restores: bool = True


@frozen
class ListDesigners:
    """Ask the gateway who has the Designer open."""

    ticket: int


@frozen
class Lock:
    """Keep the gateway from scanning while files change."""

    ticket: int
    kinds: tuple[ScanKind, ...]


@frozen
class Apply:
    """Write the journal, carry out the round's plan, write the manifest."""

    ticket: int
    commit: str
    ref: str


@frozen
class Adopt:
    """Write the manifest for a plan that changes no file: the disk is as `commit` wants it."""

    commit: str
    ref: str


@frozen
class NoteCommissioned:
    """Remember, with the files, that the gateway was set up on them and has not undone any."""


@frozen
class Scan:
    """Have the gateway scan, and wait until it has."""

    ticket: int
    kind: ScanKind


@frozen
class Verify:
    """Ask the gateway whether it has loaded what was written."""

    ticket: int
    resources: tuple[ResourcePath, ...]


@frozen
class Rollback:
    """Put back what the last apply replaced."""

    ticket: int


@frozen
class Release:
    """Settle the journal for good: the manifest says what is there, nothing can be undone any more.

    A scan lock that is still held is given back.
    """


@frozen
class CheckDrift:
    """Count the files that differ from what was last applied."""

    ticket: int


@frozen
class Report:
    """Tell the controller; only the last report matters."""

    report: GatewayReport


@frozen
class PublishChanges:
    """Tell which paths the last sync changed, or a dry run would change."""

    changes: ChangeList


class AnnouncementReason(StrEnum):
    """What people are told of, as the reason of an event on the GatewaySync."""

    SYNC_SUCCEEDED = "SyncSucceeded"
    SYNC_FAILED = "SyncFailed"
    SYNC_BLOCKED = "SyncBlocked"
    ROLLED_BACK = "RolledBack"
    DRY_RUN_COMPLETED = "DryRunCompleted"
    PROFILE_ERROR = "ProfileError"
    DRIFT_DETECTED = "DriftDetected"
    DRIFT_RESOLVED = "DriftResolved"


@frozen
class Announce:
    """Tell the people who look after the GatewaySync."""

    reason: AnnouncementReason
    message: str
    warning: bool = False


@frozen(kw_only=True)
class Audit:
    """The record of one sync."""

    time: datetime
    gateway: str
    cr: str
    profile: str
    ref: str
    commit: str
    author: str
    added: int
    modified: int
    deleted: int
    scan: str
    duration_seconds: float
    result: SyncResult


@frozen
class SetTimer:
    """Ring once after so many seconds; an earlier setting is forgotten."""

    seconds: float


@frozen
class OpenStartupGate:
    """Let `/startupz` pass: the gateway may start."""


@frozen
class CountSkip:
    """A sync was not made."""

    reason: SkipReason
    profile: str


@frozen
class CountSync:
    """A sync ended."""

    result: SyncResult
    profile: str
    seconds: float


@frozen
class Exit:
    """End the process."""

    code: int


Question = (
    Recover | Fetch | Plan | ListDesigners | Lock | Apply | Scan | Verify | Rollback | CheckDrift
)
"""Effects with a ticket: each is answered."""

Order = Adopt | Release | NoteCommissioned
"""Effects on files that nobody waits for; they keep their place among the questions."""

Effect = (
    Question
    | Order
    | Report
    | PublishChanges
    | Announce
    | Audit
    | SetTimer
    | OpenStartupGate
    | CountSkip
    | CountSync
    | Exit
)
