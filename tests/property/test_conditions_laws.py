"""A transition time moves only when a status does (of law 17), and the API takes any condition."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from stoker.core.conditions import Condition, Conditions, ConditionStatus

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
times = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - Hypothesis wants the zone apart
    datetime(2027, 1, 1),  # noqa: DTZ001
    timezones=st.timezones(),
)
conditions = st.builds(
    Condition,
    st.sampled_from(["Ready", "Drifted", "Stalled", "Custom"]),
    st.sampled_from(ConditionStatus),
    st.sampled_from(["One", "Two"]),
    st.sampled_from(["", "text"]),
    times,
    st.integers(0, 3),
)


@given(st.lists(conditions, max_size=12))
def test_times_move_with_the_status_alone(sequence: list[Condition]) -> None:
    """Seen to fail when the time moved with the reason, and when it never moved."""
    kept = Conditions()
    for new in sequence:
        old = kept.get(new.type)
        kept = kept.with_condition(new)
        now = kept.get(new.type)
        assert now is not None
        moved = old is None or old.status is not new.status
        time = new.last_transition_time if old is None or moved else old.last_transition_time
        assert now.last_transition_time == time
        assert (now.status, now.reason, now.message) == (new.status, new.reason, new.message)
        assert now.observed_generation == new.observed_generation


@given(st.lists(conditions, max_size=12), st.sampled_from(["Ready", "Drifted", "Stalled", "None"]))
def test_it_is_a_map_with_an_order(sequence: list[Condition], kind: str) -> None:
    """Seen to fail when a condition that was set again moved to the end."""
    kept = Conditions()
    for new in sequence:
        kept = kept.with_condition(new)
    types = [one.type for one in kept]
    assert types == list(dict.fromkeys(one.type for one in sequence))
    assert [one.type for one in kept.without(kind)] == [one for one in types if one != kind]
    assert [one.type for one in Conditions.of(sequence)] == types


@given(conditions, conditions)
def test_setting_twice_is_setting_once(first: Condition, new: Condition) -> None:
    """Seen to fail when the time was taken from the clock of the second call."""
    once = Conditions((first,)).with_condition(new)
    assert once.with_condition(new) == once


texts = st.text(st.characters())


@given(texts, texts, times)
@example("1x", "\ud800", NOON)
def test_the_api_takes_whatever_stands_in_an_error(
    reason: str, message: str, time: datetime
) -> None:
    """Seen to fail without the replacement of half characters, and with reasons as they come."""
    for factor in (1, 3000):
        one = Condition("Ready", ConditionStatus.TRUE, reason * factor, message * factor, time)
        assert re.fullmatch(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?", one.reason)
        assert len(one.reason) <= 1024
        assert len(one.message) <= 32_768
        json.dumps(one.message, ensure_ascii=False).encode()
        assert one.last_transition_time.microsecond == 0
        assert one.last_transition_time.tzinfo is UTC
        assert Condition("Ready", one.status, one.reason, one.message, time) == one
