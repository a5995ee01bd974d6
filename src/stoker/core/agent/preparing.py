"""From the wish to sync to files that change: fetch, plan, Designers, lock, apply.

Before anything is written a round is given up as soon as it has lost its purpose: when an answer
comes in and the assignment is another one by now, the next round starts from the newest. Once the
apply has begun the round is seen through.

While the gateway does not answer there is nobody to ask for Designers or locks: then files are
written at once, as in the first sync of a pod, for which the gateway's start waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import evolve

from stoker.core.agent.effects import (
    Apply,
    CountSkip,
    Fetch,
    ListDesigners,
    Lock,
    Plan,
    PublishChanges,
    Recover,
    Release,
    SkipReason,
    SyncResult,
)
from stoker.core.agent.judging import adopt, owing, scan
from stoker.core.agent.moving import (
    Move,
    asking,
    ended,
    failed,
    left,
    resting,
    with_open_gate,
)
from stoker.core.agent.state import (
    Applying,
    AskingForDesigners,
    AwaitingDesigners,
    Fetching,
    Locking,
    Looking,
    Planning,
    Recovering,
    Round,
    State,
)
from stoker.core.errors import DesignerError, StokerError
from stoker.core.ignition import ScanKind
from stoker.core.scan import active_designers
from stoker.core.spec import DesignerPolicy, DriftAction, SyncStatus

if TYPE_CHECKING:
    from datetime import datetime

    from stoker.core.agent.assignment import Assignment
    from stoker.core.agent.events import (
        ApplyDrifted,
        DesignersListed,
        DesignersUnavailable,
        Fetched,
        FetchFailed,
        Locked,
        LockFailed,
        PlanFailed,
        Planned,
    )

MAX_REPLANS: Final = 3
"""How often files may change under one round before it gives up."""
DESIGNER_PATIENCE: Final = 300.0
"""Seconds for which the policy `wait` waits."""


def begin_sync(state: State, now: datetime, assignment: Assignment) -> Move:
    """A whole round, whatever is known of the files."""
    if state.dirty:
        return asking(state, Recovering(), Recover)
    superseded = (Release(),) if state.unjudged else ()
    standing = state.standing
    if not state.backoff.failures:
        standing = evolve(standing, status=SyncStatus.SYNCING, error="", designers=0)
    state = evolve(
        state,
        settled=None,
        demanded=False,
        restoring=state.restoring or state.demanded,
        unjudged=None,
        standing=standing,
    )
    round_ = evolve(_round(state, now, assignment), restores=_restores(state, assignment))
    return _fetch(state, Fetching(round_)).after(*superseded)


def _restores(state: State, assignment: Assignment) -> bool:
    """Whether what others have changed is put right too; before the first sync, nothing was."""
    wanted = assignment.profile.drift_action is DriftAction.RESTORE
    return state.restoring or wanted or not state.on_disk.commit


def begin_look(state: State, now: datetime, assignment: Assignment) -> Move:
    """A round that only finds out whether the ref of the pod means another commit by now."""
    return _fetch(state, Looking(_round(state, now, assignment)))


def begin_scan(state: State, now: datetime, assignment: Assignment) -> Move:
    """A round for the scans that are owed, without a look at the repository."""
    if state.unjudged is None:
        fresh = _round(state, now, assignment)
        return scan(state, now, evolve(fresh, commit=state.on_disk.commit))
    resumed = evolve(state.unjudged, began=now)
    return scan(evolve(state, unjudged=resumed), now, resumed)


def _round(state: State, now: datetime, assignment: Assignment) -> Round:
    return Round(assignment=assignment, began=now, before=state.on_disk, commit=assignment.commit)


def _fetch(state: State, phase: Fetching | Looking) -> Move:
    return asking(state, phase, lambda ticket: Fetch(ticket, phase.round.assignment))


def looked(state: State, event: Fetched, _: Looking) -> Move:
    """The ref of the pod was resolved anew: it means what it meant, or there is work to do."""
    if event.commit == state.on_disk.commit:
        return resting(evolve(state, backoff=state.backoff.reset()))
    return resting(evolve(state, settled=None))


def fetched(state: State, event: Fetched, phase: Fetching) -> Move:
    """A commit is here."""
    round_ = phase.round
    if not state.still_wants(round_.assignment):
        return resting(state)
    if round_.commit not in {"", event.commit}:
        error = StokerError(
            f"the repository gave another commit than {round_.commit}: {event.commit}",
            cure="look after the git server",
        )
        return failed(state, event.now, round_, error)
    return _plan(state, evolve(round_, commit=event.commit, author=event.author))


def not_fetched(state: State, event: FetchFailed, phase: Fetching | Looking) -> Move:
    """The commit is not to be had."""
    return failed(state, event.now, phase.round, event.error)


def _plan(state: State, round_: Round) -> Move:
    return asking(
        state,
        Planning(round_),
        lambda ticket: Plan(ticket, round_.assignment, round_.commit, round_.restores),
    )


def planned(state: State, event: Planned, phase: Planning) -> Move:
    """The plan is there: what it means for the files decides how to go on."""
    round_ = evolve(phase.round, summary=event.summary)
    profile = round_.assignment.profile
    if not state.still_wants(round_.assignment):
        return resting(state)
    # Who puts nothing right but what the commit changes has not looked at all files either.
    drifted = 0 if round_.restores else state.standing.drift
    drifted = max(drifted, event.summary.drifted)
    state = evolve(state, standing=evolve(state.standing, drift=drifted))
    if profile.dry_run:
        return _compared(state, event.now, round_)
    if event.summary.size == 0:
        return adopt(state, event.now, round_)
    if not state.gateway.answers:
        return _apply(state, round_)
    if profile.designer_session_policy is DesignerPolicy.PROCEED:
        return _lock(state, round_)
    return _ask_for_designers(state, round_, since=event.now)


def not_planned(state: State, event: PlanFailed, phase: Planning) -> Move:
    """There is no plan that may be carried out."""
    return failed(state, event.now, phase.round, event.error)


def _compared(state: State, now: datetime, round_: Round) -> Move:
    """A dry run ends here; it is as complete as it can be, so the gateway may start."""
    changes = round_.summary.changes
    standing = evolve(
        state.standing, status=SyncStatus.DRY_RUN, error="", dry_run=changes, designers=0
    )
    state = evolve(
        state,
        standing=standing,
        settled=round_.assignment,
        backoff=state.backoff.reset(),
    )
    end = ended(state, now, round_, SyncResult.DRY_RUN, scan="")
    return with_open_gate(end.after(PublishChanges(changes)))


def _ask_for_designers(state: State, round_: Round, since: datetime) -> Move:
    return asking(state, AskingForDesigners(round_, since), ListDesigners)


def designers_due(state: State, phase: AwaitingDesigners) -> Move:
    """It is time to ask for the Designers again."""
    return _ask_for_designers(state, phase.round, phase.since)


def designers_listed(state: State, event: DesignersListed, phase: AskingForDesigners) -> Move:
    """It is known who is at work."""
    round_ = phase.round
    active = active_designers(
        event.designers,
        event.now_ms,
        round_.assignment.profile.designer_session_scope,
        round_.summary.projects,
    )
    state = evolve(state, standing=evolve(state.standing, designers=active))
    if not state.still_wants(round_.assignment):
        return resting(state)
    if active == 0:
        return _lock(state, round_)
    error = DesignerError(
        f"{active} Designer session(s) are at work where this sync would change files",
        cure="close them, or set designerSessionPolicy to proceed",
    )
    return _held_up(state, event.now, phase, error)


def designers_unknown(state: State, event: DesignersUnavailable, phase: AskingForDesigners) -> Move:
    """Nobody knows who is at work, so somebody may be."""
    if not state.still_wants(phase.round.assignment):
        return resting(state)
    because = f": {event.why}" if event.why else ""
    error = DesignerError(
        f"the gateway does not list its Designer sessions{because}",
        cure="give the API token read access, or set designerSessionPolicy to proceed",
    )
    return _held_up(state, event.now, phase, error)


def _held_up(state: State, now: datetime, phase: AskingForDesigners, error: DesignerError) -> Move:
    profile = phase.round.assignment.profile
    patient = profile.designer_session_policy is DesignerPolicy.WAIT
    if patient and left(phase.since, DESIGNER_PATIENCE, now):
        standing = evolve(state.standing, status=SyncStatus.BLOCKED, error=str(error))
        waiting = AwaitingDesigners(phase.round, phase.since, asked=now)
        return Move(evolve(state, phase=waiting, standing=standing))
    skip = CountSkip(SkipReason.DESIGNER_BLOCKED, profile.name)
    end = failed(
        state, now, phase.round, error, status=SyncStatus.BLOCKED, result=SyncResult.BLOCKED
    )
    return end.after(skip)


def _lock(state: State, round_: Round) -> Move:
    kinds = round_.summary.scans or tuple(ScanKind)
    return asking(state, Locking(round_), lambda ticket: Lock(ticket, kinds))


def locked(state: State, _: Locked, phase: Locking) -> Move:
    """The gateway looks away."""
    if not state.still_wants(phase.round.assignment):
        return resting(state, Release())
    return _apply(state, phase.round)


def not_locked(state: State, event: LockFailed, phase: Locking) -> Move:
    """The gateway cannot be kept from looking."""
    return failed(state, event.now, phase.round, event.error)


def _apply(state: State, round_: Round) -> Move:
    state = evolve(state, standing=evolve(state.standing, designers=0))
    return asking(
        state,
        Applying(round_),
        lambda ticket: Apply(ticket, round_.commit, round_.assignment.ref),
    )


def apply_drifted(state: State, event: ApplyDrifted, phase: Applying) -> Move:
    """Somebody changed a file after the plan was made: their change is looked at again."""
    round_ = phase.round
    # What was written before that file stays written, and the gateway may come to see it.
    state = owing(state, round_)
    if not state.still_wants(round_.assignment):
        return resting(state, Release())
    if round_.replans >= MAX_REPLANS:
        error = StokerError(
            "files change faster than they can be synced",
            where=event.path,
            cure="find out who writes them: a Designer, a script, or the gateway itself",
        )
        return failed(state, event.now, round_, error).after(Release())
    return _plan(state, evolve(round_, replans=round_.replans + 1)).after(Release())
