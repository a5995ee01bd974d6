"""From changed files to what the gateway thinks of them: scan, verify, and back if need be.

The gateway's verdict decides. It takes the files: the round is done. It rejects them: they are put
back, if the profile wants that and they still can be, and it scans again. It does not say: the
files stay, the round stays open (`unjudged`), and only the scans are tried again.

`owed` holds the scans without which no success may be told. A scan leaves it when the gateway has
taken the files, so it survives every failure in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from attrs import evolve

from stoker.core.agent.effects import (
    Adopt,
    Effect,
    NoteCommissioned,
    PublishChanges,
    Release,
    Rollback,
    Scan,
    SyncResult,
    Verify,
)
from stoker.core.agent.moving import (
    Move,
    asking,
    ended,
    failed,
    seconds_between,
    with_open_gate,
)
from stoker.core.agent.state import (
    Applying,
    RollingBack,
    Round,
    Scanning,
    State,
    Undoing,
    Verifying,
)
from stoker.core.errors import StokerError
from stoker.core.ignition import ScanKind
from stoker.core.scan import (
    Busy,
    NotCommissioned,
    ScanOutcome,
    Unsupported,
    Verdict,
    failure,
    summary,
)
from stoker.core.spec import SyncStatus

if TYPE_CHECKING:
    from datetime import datetime

    from stoker.core.agent.events import (
        Applied,
        ApplyFailed,
        RollbackFailed,
        RolledBack,
        ScanFinished,
        Verified,
        VerifyFailed,
    )

MAX_REPEATS: Final = 3
"""How often a scan is asked for again because an older one was in the way."""
PENDING: Final = "pending"
"""The word for the scans that a gateway still owes."""

_Outcomes = Mapping[ScanKind, ScanOutcome]


def owing(state: State, round_: Round) -> State:
    """`state` when files of `round_` may have changed, so that its scans are owed."""
    if not state.identity.has_gateway:
        return state
    return evolve(state, owed=_in_order({*state.owed, *round_.summary.scans}))


def _in_order(kinds: set[ScanKind]) -> tuple[ScanKind, ...]:
    return tuple(kind for kind in ScanKind if kind in kinds)


def adopt(state: State, now: datetime, round_: Round) -> Move:
    """The files are as they should be already."""
    note = Adopt(round_.commit, round_.assignment.ref)
    return complete(state, now, round_).after(note)


def applied(state: State, event: Applied, phase: Applying) -> Move:
    """The files have changed."""
    round_ = phase.round
    state = evolve(owing(state, round_), unjudged=round_)
    return complete(state, event.now, round_).after(PublishChanges(round_.summary.changes))


def complete(state: State, now: datetime, round_: Round) -> Move:
    """The files are complete: that is what the gateway's start waits for."""
    gate = with_open_gate(Move(fulfilling(state, round_)))
    return scan(gate.state, now, round_).after(*gate.effects)


def fulfilling(state: State, round_: Round) -> State:
    """`state` when the files are those that `round_` was for."""
    standing = evolve(
        state.standing,
        files_changed=round_.summary.size,
        projects=round_.summary.managed_projects,
        drift=0 if round_.restores else state.standing.drift,
        dry_run=None,
    )
    return evolve(
        state,
        on_disk=evolve(state.on_disk, commit=round_.commit, ref=round_.assignment.ref),
        settled=round_.assignment,
        restoring=state.restoring and not round_.restores,
        standing=standing,
    )


def scan(state: State, now: datetime, round_: Round) -> Move:
    """Ask for the scans that are owed, if there is somebody to ask."""
    if not state.owed:
        return _done(state, now, round_, {})
    if not state.gateway.answers:
        return _unscanned(state, now, round_)
    return _scan(state, Scanning(round_, state.owed))


def _scan(state: State, phase: Scanning) -> Move:
    return asking(state, phase, lambda ticket: Scan(ticket, phase.kinds[0]))


def scan_finished(state: State, event: ScanFinished, phase: Scanning) -> Move:
    """A scan is over."""
    kind, *rest = phase.kinds
    if event.outcome == Busy() and phase.repeats < MAX_REPEATS:
        return _scan(state, evolve(phase, repeats=phase.repeats + 1))
    outcomes = {**phase.outcomes, kind: event.outcome}
    if event.outcome.verdict is Verdict.TAKEN:
        state = evolve(state, owed=_in_order({*state.owed} - {kind}))
    elif phase.undoing is None:
        return _declined(state, event.now, phase.round, outcomes, kind)
    if rest:
        return _scan(state, evolve(phase, kinds=tuple(rest), outcomes=outcomes, repeats=0))
    if phase.undoing is not None:
        return undone(state, event.now, phase.round, phase.undoing, outcomes)
    return _verify(state, event.now, phase.round, outcomes)


def _verify(state: State, now: datetime, round_: Round, outcomes: _Outcomes) -> Move:
    # Nothing was written, or the gateway is one that cannot be asked.
    if not round_.summary.size or Unsupported() in outcomes.values():
        return _done(state, now, round_, outcomes)
    return asking(
        state,
        Verifying(round_, outcomes),
        lambda ticket: Verify(ticket, round_.summary.resources),
    )


def verified(state: State, event: Verified, phase: Verifying) -> Move:
    """The gateway holds what was written."""
    return _done(state, event.now, phase.round, phase.outcomes)


def not_verified(state: State, event: VerifyFailed, phase: Verifying) -> Move:
    """The gateway does not hold it, whatever its scans said; so they are owed again."""
    last = max(phase.outcomes, key=list(ScanKind).index)
    outcomes = {**phase.outcomes, last: event.outcome}
    state = evolve(state, owed=_in_order({*state.owed, *outcomes}))
    return _declined(state, event.now, phase.round, outcomes, last)


def _done(state: State, now: datetime, round_: Round, outcomes: _Outcomes) -> Move:
    release: tuple[Effect, ...] = (Release(),) if state.unjudged else ()
    if state.greeted and not (state.demanded or state.restoring or state.on_disk.commissioned):
        state = evolve(state, on_disk=evolve(state.on_disk, commissioned=True))
        release = (*release, NoteCommissioned())
    state = evolve(state, unjudged=None, backoff=state.backoff.reset())
    result = SyncResult.SYNCED if round_.summary.size else SyncResult.UNCHANGED
    told = _told(state, now, round_, SyncStatus.SYNCED, summary(outcomes))
    return ended(told, now, round_, result, summary(outcomes)).after(*release)


def _unscanned(state: State, now: datetime, round_: Round) -> Move:
    """The files are complete, and the gateway will read them when it starts."""
    state = evolve(state, backoff=state.backoff.reset())
    told = _told(state, now, round_, SyncStatus.SYNCING, PENDING)
    return ended(told, now, round_, SyncResult.SYNCED, PENDING)


def _told(state: State, now: datetime, round_: Round, status: SyncStatus, scanned: str) -> State:
    standing = evolve(
        state.standing,
        status=status,
        error="",
        scan_result=scanned or state.standing.scan_result,
        last_sync_time=now,
        last_sync_duration=f"{seconds_between(round_.began, now):.1f}s",
        designers=0,
    )
    return evolve(state, standing=standing)


def _declined(
    state: State, now: datetime, round_: Round, outcomes: _Outcomes, kind: ScanKind
) -> Move:
    """The gateway did not take the files: back with them, or try again later."""
    if isinstance(outcomes[kind], NotCommissioned):
        # It is being set up, whatever it said of itself before, and will overwrite some.
        state = evolve(state, demanded=True)
    error = failure(kind, outcomes[kind])
    wants_back = round_.assignment.profile.rollback_on_scan_failure
    if outcomes[kind].verdict is Verdict.REJECTED and wants_back and state.unjudged:
        return _roll_back(state, round_, Undoing(error, refused=True))
    return failed(state, now, round_, error, scan=summary(outcomes))


def apply_failed(state: State, event: ApplyFailed, phase: Applying) -> Move:
    """Half a plan is on the disk: all of it goes back."""
    return _roll_back(state, phase.round, Undoing(event.error, refused=False))


def _roll_back(state: State, round_: Round, undoing: Undoing) -> Move:
    return asking(owing(state, round_), RollingBack(round_, undoing), Rollback)


def rolled_back(state: State, event: RolledBack, phase: RollingBack) -> Move:
    """What was there before is there again; the gateway has to see that too."""
    state = restored(state, phase)
    if not state.owed or not state.gateway.answers:
        return undone(state, event.now, phase.round, phase.undoing, {}).after(Release())
    scanning = Scanning(phase.round, state.owed, undoing=phase.undoing)
    return _scan(state, scanning).after(Release())


def restored(state: State, phase: RollingBack) -> State:
    """`state` when the files are again what they were before the round."""
    before = phase.round.before
    on_disk = evolve(state.on_disk, commit=before.commit, ref=before.ref)
    restoring = state.restoring or phase.round.restores
    return evolve(state, on_disk=on_disk, settled=None, restoring=restoring, unjudged=None)


def undone(
    state: State, now: datetime, round_: Round, undoing: Undoing, outcomes: _Outcomes
) -> Move:
    """The end of a round that was taken back, after the scans that this called for."""
    return failed(
        state,
        now,
        round_,
        undoing.cause,
        status=SyncStatus.ROLLED_BACK if undoing.refused else SyncStatus.ERROR,
        result=SyncResult.ROLLED_BACK if undoing.refused else SyncResult.ERROR,
        scan=summary(outcomes),
    )


def not_rolled_back(state: State, event: RollbackFailed, phase: RollingBack) -> Move:
    """Neither the new files nor the old ones are complete: the journal has to tell them apart."""
    state = evolve(state, settled=None, unjudged=None, dirty=True)
    error = StokerError(
        f"{phase.undoing.cause}; and what was replaced could not be put back: {event.error}",
        cure="look after the disk; the next sync writes every file that is wrong",
    )
    return failed(state, event.now, phase.round, error)
