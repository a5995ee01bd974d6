"""The end of an agent: no file is left half written if that can be helped, and then out.

An apply or a rollback that runs is given some seconds. Everything else is dropped where it stands:
nothing else changes files, a scan lock runs out by itself, and what the journal still holds is
settled at the next start. The next life scans what this one leaves unscanned; but a round whose
files are there, or are back, goes into the books in this life, which alone knows of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import evolve

from stoker.core.agent.effects import PublishChanges, SyncResult
from stoker.core.agent.judging import (
    PENDING,
    fulfilling,
    not_rolled_back,
    owing,
    restored,
    undone,
)
from stoker.core.agent.moving import Move, ended, failed, left
from stoker.core.agent.state import (
    Applying,
    FinishingApply,
    FinishingRollback,
    RollingBack,
    Round,
    Scanning,
    State,
    Stopped,
    Undoing,
    Verifying,
)
from stoker.core.spec import SyncStatus

if TYPE_CHECKING:
    from datetime import datetime

    from stoker.core.agent.events import (
        Applied,
        ApplyDrifted,
        ApplyFailed,
        RollbackFailed,
        RolledBack,
        Sigterm,
    )

LAST_SECONDS: Final = 15.0
"""What an apply that runs is given."""


def stop(state: State, event: Sigterm) -> Move:
    """End now, or as soon as the files are whole."""
    match state.phase:
        case Applying(round_):
            return Move(evolve(state, phase=FinishingApply(round_, event.now)))
        case RollingBack() as last:
            return Move(evolve(state, phase=FinishingRollback(last, event.now)))
        case FinishingApply() | FinishingRollback():
            return Move(state)
        case Scanning(round_, undoing=None) | Verifying(round_):
            return _out(_unscanned(state, event.now, round_))
        case Scanning(round_, outcomes=outcomes, undoing=Undoing() as undoing):
            return _out(undone(state, event.now, round_, undoing, outcomes))
        case _:
            return _out(Move(state))


def at_deadline(state: State, now: datetime, since: datetime) -> Move:
    """The last seconds are over, or not yet."""
    return Move(state) if left(since, LAST_SECONDS, now) else _out(Move(state))


def applied_at_the_end(state: State, event: Applied, phase: FinishingApply) -> Move:
    """The files of the round are there; the next life will have them scanned."""
    round_ = phase.round
    state = fulfilling(owing(state, round_), round_)
    end = _unscanned(state, event.now, round_)
    return _out(end.after(PublishChanges(round_.summary.changes)))


def _unscanned(state: State, now: datetime, round_: Round) -> Move:
    """The end of a round whose files are there, of which the gateway, if any, has not said all."""
    scan = PENDING if state.identity.has_gateway else ""
    status = SyncStatus.SYNCING if scan else SyncStatus.SYNCED
    standing = evolve(state.standing, status=status, error="", scan_result=scan)
    result = SyncResult.SYNCED if round_.summary.size else SyncResult.UNCHANGED
    return ended(evolve(state, standing=standing), now, round_, result, scan)


def drifted_at_the_end(state: State, _: ApplyDrifted, __: FinishingApply) -> Move:
    """What was written is settled at the next start, and the rest is planned anew there."""
    return _out(Move(state))


def apply_failed_at_the_end(state: State, event: ApplyFailed, phase: FinishingApply) -> Move:
    """There is no time to put it back: the next start settles what was written."""
    return _out(failed(state, event.now, phase.round, event.error))


def rolled_back_at_the_end(state: State, event: RolledBack, phase: FinishingRollback) -> Move:
    """The files are again what they were before the round."""
    last = phase.last
    return _out(undone(restored(state, last), event.now, last.round, last.undoing, {}))


def rollback_failed_at_the_end(
    state: State, event: RollbackFailed, phase: FinishingRollback
) -> Move:
    """The next start settles what is there."""
    return _out(not_rolled_back(state, event, phase.last))


def _out(move: Move) -> Move:
    return Move(evolve(move.state, phase=Stopped()), move.effects)
