"""The agent's machine is total: every event has an answer in every state.

Rule: `step` never raises; it ends in a phase that waits for something; it sets the timer or ends
the process, as its last effect and once; it asks at most one question; and an event that nobody
waits for changes nothing that counts.
"""

from __future__ import annotations

from typing import get_args

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from property.strategies.agents import answer, answers, events, news, phase, states
from stoker.core.agent import State, effects, step
from stoker.core.agent import events as ev
from stoker.core.agent import state as at
from stoker.core.agent.machine import _ANSWERS, _NEWS

QUESTIONS = (
    effects.Recover,
    effects.Fetch,
    effects.Plan,
    effects.ListDesigners,
    effects.Lock,
    effects.Apply,
    effects.Scan,
    effects.Verify,
    effects.Rollback,
)


@settings(max_examples=200)
@given(states(), events)
def test_every_event_has_an_answer_in_every_state(state: State, event: ev.Event) -> None:
    """Seen to fail when the regular look was measured from a start that had not been."""
    after, done = step(state, event)
    assert not isinstance(after.phase, at.Resting)
    if isinstance(state.phase, at.Stopped):
        assert (after, done) == (state, ())
        return
    assert isinstance(done[-1], effects.SetTimer | effects.Exit)
    assert isinstance(done[-1], effects.Exit) is isinstance(after.phase, at.Stopped)
    assert not any(isinstance(one, effects.SetTimer | effects.Exit) for one in done[:-1])
    if isinstance(done[-1], effects.SetTimer):
        # A clock that is set back a little makes a wait at most twice as long.
        assert 0 <= done[-1].seconds < 60
    asked = [one for one in done if isinstance(one, QUESTIONS)]
    assert len(asked) <= 1
    assert all(one.ticket == after.ticket > state.ticket for one in asked)


@st.composite
def waited_for(draw: st.DrawFn) -> tuple[State, ev.Event]:
    """A state that waits for an answer, and this answer."""
    waiting, kind = draw(st.sampled_from(list(_ANSWERS)))
    state = draw(states(phase(waiting)))
    return state, draw(answer(kind, st.just(state.ticket)))


def _but_for_reports(state: State) -> State:
    return evolve(state, seq=None, told=None, told_at=None)


@settings(max_examples=200)
@given(waited_for())
def test_every_answer_that_is_waited_for_leads_on(pair: tuple[State, ev.Event]) -> None:
    """Seen to fail when `failed` did not leave the round."""
    state, event = pair
    after, done = step(state, event)
    assert after.phase != state.phase
    assert done


@given(waited_for(), st.sampled_from((-1, 1, 1_000)))
def test_an_answer_to_another_question_changes_nothing(
    pair: tuple[State, ev.Event], other: int
) -> None:
    """Seen to fail when the ticket was not compared."""
    state, event = pair
    after, done = step(evolve(state, ticket=state.ticket + other), event)
    assert _but_for_reports(after) == _but_for_reports(evolve(state, ticket=state.ticket + other))
    assert not any(isinstance(one, QUESTIONS) for one in done)


@settings(max_examples=200)
@given(waited_for())
def test_an_answer_counts_once(pair: tuple[State, ev.Event]) -> None:
    """Seen to fail when every question had the same ticket."""
    state, event = pair
    after, _ = step(state, event)
    again, done = step(after, event)
    assert _but_for_reports(again) == _but_for_reports(after)
    assert not any(isinstance(one, QUESTIONS) for one in done)


@given(states(), answers(st.just(1_000)))
def test_an_answer_that_nobody_waits_for_changes_nothing(state: State, event: ev.Event) -> None:
    """Seen to fail when the ticket was not compared."""
    after, _ = step(state, event)
    assert _but_for_reports(after) == _but_for_reports(state)


in_flight = st.sampled_from([waiting for waiting, _ in _ANSWERS]).flatmap(phase)


@given(states(in_flight), news)
def test_what_is_in_flight_is_never_asked_for_twice(state: State, event: ev.Event) -> None:
    """Seen to fail when any news began a round while one was in flight."""
    _, done = step(state, event)
    assert not any(isinstance(one, QUESTIONS) for one in done)


def test_every_event_and_every_waiting_phase_is_in_the_tables() -> None:
    told = {*_NEWS, *(event for _, event in _ANSWERS)}
    assert told == {*get_args(ev.Event)}
    waiting = {phase for phase, _ in _ANSWERS}
    assert waiting == {
        at.Recovering,
        *(set(get_args(at.InRound)) - {at.AwaitingDesigners}),
        at.FinishingApply,
        at.FinishingRollback,
    }
