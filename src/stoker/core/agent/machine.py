"""The agent as a step machine: `step(state, event)` is the next state, and what is to be done.

The loop around it takes an event, calls `step`, carries out the effects in their order, and has no
decision of its own. Answers to effects come back as events, in any order, late, or twice: an
answer counts in the phase that waits for it, if it bears the ticket of the last question. That
phase is left by the answer, so it counts once.

    metadata ─► fetch ─► plan ─► Designers ─► lock ─► apply ─► scan, scan ─► verify ─► rest
                  │        │         │          │       │          │           │
                  └────────┴── wait, try again ─┘       └──► roll back ◄───────┘

Three things are the same after every step, so they are done here: when a round has ended, what
comes next is decided (`resting`); what is new is told (`reporting`); and the timer is set to the
moment at which time alone changes something (`timing`).

`step` takes every event in every state. It is total: no pair of them raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from stoker.core.agent import hearing, judging, preparing, stopping
from stoker.core.agent.effects import Effect, Exit, SetTimer
from stoker.core.agent.events import (
    Applied,
    ApplyDrifted,
    ApplyFailed,
    DesignersListed,
    DesignersUnavailable,
    DriftChecked,
    DriftCheckFailed,
    Event,
    Fetched,
    FetchFailed,
    GatewaySeen,
    Locked,
    LockFailed,
    MetadataChanged,
    MetadataGone,
    PlanFailed,
    Planned,
    PodInfoChanged,
    Recovered,
    RecoverFailed,
    RollbackFailed,
    RolledBack,
    ScanFinished,
    Sigterm,
    Started,
    SyncRequested,
    Tick,
    Verified,
    VerifyFailed,
)
from stoker.core.agent.moving import Move
from stoker.core.agent.reporting import with_report
from stoker.core.agent.resting import rest
from stoker.core.agent.state import (
    Applying,
    AskingForDesigners,
    Fetching,
    FinishingApply,
    FinishingRollback,
    Locking,
    Looking,
    Planning,
    Recovering,
    Resting,
    RollingBack,
    Scanning,
    State,
    Stopped,
    Verifying,
)
from stoker.core.agent.timing import alarm, is_heartbeat, is_regular, tick

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ANSWERS: Final[Mapping[tuple[type, type], Callable[[State, Any, Any], Move]]] = {
    (Recovering, Recovered): hearing.recovered,
    (Recovering, RecoverFailed): hearing.not_recovered,
    (Looking, Fetched): preparing.looked,
    (Looking, FetchFailed): preparing.not_fetched,
    (Fetching, Fetched): preparing.fetched,
    (Fetching, FetchFailed): preparing.not_fetched,
    (Planning, Planned): preparing.planned,
    (Planning, PlanFailed): preparing.not_planned,
    (AskingForDesigners, DesignersListed): preparing.designers_listed,
    (AskingForDesigners, DesignersUnavailable): preparing.designers_unknown,
    (Locking, Locked): preparing.locked,
    (Locking, LockFailed): preparing.not_locked,
    (Applying, Applied): judging.applied,
    (Applying, ApplyDrifted): preparing.apply_drifted,
    (Applying, ApplyFailed): judging.apply_failed,
    (Scanning, ScanFinished): judging.scan_finished,
    (Verifying, Verified): judging.verified,
    (Verifying, VerifyFailed): judging.not_verified,
    (RollingBack, RolledBack): judging.rolled_back,
    (RollingBack, RollbackFailed): judging.not_rolled_back,
    (FinishingApply, Applied): stopping.applied_at_the_end,
    (FinishingApply, ApplyDrifted): stopping.drifted_at_the_end,
    (FinishingApply, ApplyFailed): stopping.apply_failed_at_the_end,
    (FinishingRollback, RolledBack): stopping.rolled_back_at_the_end,
    (FinishingRollback, RollbackFailed): stopping.rollback_failed_at_the_end,
}
"""Which answer each phase waits for."""

_NEWS: Final[Mapping[type, Callable[[State, Any], Move]]] = {
    Started: hearing.started,
    MetadataChanged: hearing.metadata_changed,
    MetadataGone: hearing.metadata_gone,
    PodInfoChanged: hearing.pod_info_changed,
    SyncRequested: hearing.requested,
    GatewaySeen: hearing.gateway_seen,
    DriftChecked: hearing.drift_checked,
    DriftCheckFailed: hearing.drift_unknown,
    Tick: tick,
    Sigterm: stopping.stop,
}
"""What can be heard in any phase."""


def step(state: State, event: Event) -> tuple[State, tuple[Effect, ...]]:
    """The state after `event`, and the effects to carry out, in their order."""
    if isinstance(state.phase, Stopped):
        return state, ()
    regular, heartbeat = is_regular(state, event), is_heartbeat(state, event)
    move = _taken(state, event)
    if isinstance(move.state.phase, Resting):
        next_ = rest(move.state, event.now, regular=regular)
        move = Move(next_.state, (*move.effects, *next_.effects))
    move = with_report(move, event.now, heartbeat=heartbeat)
    last: Effect = SetTimer(alarm(move.state, event.now))
    if isinstance(move.state.phase, Stopped):
        last = Exit(0)
    return move.state, (*move.effects, last)


def _taken(state: State, event: Event) -> Move:
    news = _NEWS.get(type(event))
    if news is not None:
        return news(state, event)
    answer = _ANSWERS.get((type(state.phase), type(event)))
    if answer is None or getattr(event, "ticket", None) != state.ticket:
        return Move(state)
    return answer(state, event, state.phase)
