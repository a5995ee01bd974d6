"""What time alone does: the regular look, the end of waits, and the timer that leads to both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import evolve

from stoker.core.agent.effects import Recover
from stoker.core.agent.events import Event, Tick
from stoker.core.agent.moving import Move, asking, left
from stoker.core.agent.preparing import designers_due
from stoker.core.agent.state import (
    AwaitingDesigners,
    BackingOff,
    FinishingApply,
    FinishingRollback,
    Idle,
    Paused,
    Recovering,
    Resting,
    State,
    Unrecovered,
    WaitingForMetadata,
)
from stoker.core.agent.stopping import LAST_SECONDS, at_deadline
from stoker.core.errors import StokerError

if TYPE_CHECKING:
    from datetime import datetime

DEFAULT_PERIOD: Final = 30.0
"""Seconds between two regular looks where no profile says it."""
_SILENCE: Final = 1.2
"""Periods: more than one, and so little more that the second look comes after it."""
DESIGNER_POLL: Final = 10.0
"""Seconds between two looks at the Designers."""


def _period(state: State) -> float:
    try:
        assignment = state.assignment
    except StokerError:
        assignment = None
    return DEFAULT_PERIOD if assignment is None else float(assignment.profile.sync_period)


def _until_beat(state: State, now: datetime) -> float:
    period = _period(state)
    return period if state.beat is None else left(state.beat, period, now)


def is_regular(state: State, event: Event) -> bool:
    """Whether `event` is the time for the regular look."""
    return isinstance(event, Tick) and not _until_beat(state, event.now)


def is_heartbeat(state: State, event: Event) -> bool:
    """Whether to give a sign of life: at every second regular look, if nothing was told since.

    The controller takes an agent for lost after three periods.
    """
    silent = state.told_at is None or not left(state.told_at, _SILENCE * _period(state), event.now)
    return silent and is_regular(state, event)


def tick(state: State, event: Tick) -> Move:
    """The timer rang, for whatever reason: everything that is due is done."""
    now = event.now
    if is_regular(state, event):
        state = evolve(state, beat=now)
        if isinstance(state.phase, (WaitingForMetadata, Idle, Paused)):
            return Move(evolve(state, phase=Resting()))
    match state.phase:
        case BackingOff():
            return Move(evolve(state, phase=Resting()))
        case Unrecovered() if state.backoff.is_due(now):
            return asking(state, Recovering(), Recover)
        case AwaitingDesigners() as phase if not left(phase.asked, DESIGNER_POLL, now):
            return designers_due(state, phase)
        case FinishingApply(since=since) | FinishingRollback(since=since):
            return at_deadline(state, now, since)
        case _:
            return Move(state)


def alarm(state: State, now: datetime) -> float:
    """Seconds until time alone may change something."""
    beat = _until_beat(state, now)
    match state.phase:
        case BackingOff() | Unrecovered():
            return min(beat, state.backoff.wait(now))
        case AwaitingDesigners(asked=asked):
            return min(beat, left(asked, DESIGNER_POLL, now))
        case FinishingApply(since=since) | FinishingRollback(since=since):
            return min(beat, left(since, LAST_SECONDS, now))
        case _:
            return beat
