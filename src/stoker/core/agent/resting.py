"""What to do when nothing is in flight.

Every round ends here, and everything that is learnt between two rounds leads here. One function
looks at what is wanted and at what is known, in the order of what overrules what: no metadata, a
pause, nothing to do, a wait after a failure; and if none of these holds, a round begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from stoker.core.agent.effects import (
    Announce,
    AnnouncementReason,
    CheckDrift,
    CountSkip,
    Effect,
    SkipReason,
)
from stoker.core.agent.moving import Move, with_earlier_files, with_open_gate
from stoker.core.agent.preparing import begin_look, begin_scan, begin_sync
from stoker.core.agent.state import BackingOff, Idle, Paused, State, WaitingForMetadata
from stoker.core.errors import StokerError
from stoker.core.spec import DriftAction, SyncStatus

if TYPE_CHECKING:
    from datetime import datetime

    from stoker.core.agent.assignment import Assignment

GONE = "the metadata of the GatewaySync is gone; the files stay as they are"
UNRESOLVED = "the ref is not resolved yet"


def rest(state: State, now: datetime, *, regular: bool = False) -> Move:
    """Decide what comes next; `regular`: the look that is due every `syncPeriod`."""
    move = _decide(state, now, regular=regular)
    if regular:
        return move
    # Between the regular looks nothing was to be skipped.
    kept = tuple(effect for effect in move.effects if not isinstance(effect, CountSkip))
    return Move(move.state, kept)


def _decide(state: State, now: datetime, *, regular: bool) -> Move:
    if state.metadata is None:
        return _wait(state, GONE if state.orphaned else "", regular=regular)
    if state.is_paused:
        return _pause(state)
    try:
        assignment = state.assignment
    except StokerError as error:
        return _without_profile(state, error)
    if assignment is None:
        return _wait(state, UNRESOLVED, regular=regular)
    return _follow(state, now, assignment, regular=regular)


def _without_profile(state: State, error: StokerError) -> Move:
    """Nobody knows what the gateway is to be; it may start with what it was."""
    told = str(error)
    news = told != state.standing.error
    state = evolve(
        state,
        phase=Idle(),
        standing=evolve(state.standing, status=SyncStatus.ERROR, error=told),
    )
    move = with_earlier_files(Move(state, (_skip(SkipReason.PROFILE_ERROR, state),)))
    message = f"{state.pod.gateway_name}: {told}"
    told_once = (Announce(AnnouncementReason.PROFILE_ERROR, message, warning=True),) if news else ()
    return move.after(*told_once)


def _follow(state: State, now: datetime, assignment: Assignment, *, regular: bool) -> Move:
    sync = assignment != state.settled or state.demanded
    scans = bool(state.owed) and state.gateway.answers and not assignment.profile.dry_run
    look = regular and assignment.moves
    if not (sync or scans or look):
        return _idle(state, assignment, regular=regular)
    if not state.backoff.is_due(now):
        return Move(evolve(state, phase=BackingOff()), (_skip(SkipReason.BACKOFF, state),))
    if sync:
        return begin_sync(state, now, assignment)
    if scans:
        return begin_scan(state, now, assignment)
    return begin_look(state, now, assignment)


def _skip(reason: SkipReason, state: State) -> CountSkip:
    return CountSkip(reason, state.pod.profile)


def _wait(state: State, why: str, *, regular: bool) -> Move:
    """Nobody says what to do; a gateway that has files does not wait for long."""
    standing = evolve(state.standing, status=SyncStatus.PENDING, error=why)
    move = Move(evolve(state, phase=WaitingForMetadata(), standing=standing))
    return with_earlier_files(move) if regular else move


def _pause(state: State) -> Move:
    """A paused sync must not keep a gateway from starting."""
    standing = evolve(state.standing, status=SyncStatus.PAUSED, error="", designers=0)
    return with_open_gate(
        Move(evolve(state, phase=Paused(), standing=standing), (_skip(SkipReason.PAUSED, state),))
    )


def _idle(state: State, assignment: Assignment, *, regular: bool) -> Move:
    state = evolve(state, phase=Idle())
    if not state.backoff.failures:
        status = _fulfilled(state, assignment)
        state = evolve(state, standing=evolve(state.standing, status=status, error=""))
    effects: tuple[Effect, ...] = (_skip(SkipReason.COMMIT_UNCHANGED, state),)
    wants_check = assignment.profile.drift_action is not DriftAction.OFF
    if not regular or state.checking or not wants_check:
        return Move(state, effects)
    check = state.check + 1
    return Move(evolve(state, check=check, checking=True), (*effects, CheckDrift(check)))


def _fulfilled(state: State, assignment: Assignment) -> SyncStatus:
    if assignment.profile.dry_run:
        return SyncStatus.DRY_RUN
    return SyncStatus.SYNCING if state.owed else SyncStatus.SYNCED
