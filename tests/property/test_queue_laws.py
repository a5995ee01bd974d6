"""Laws of the agenda: nothing is lost, nothing is worked on twice at once, nobody starves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stoker.entrypoints.controller.queue import LAST_RETRY, REST, Agenda, Key

KEYS = [("plant", name) for name in "abcd"]
keys = st.sampled_from(KEYS)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), keys, st.floats(0, 5)),
        st.tuples(st.just("take"), st.none(), st.floats(0, 1)),
        st.tuples(st.just("done"), keys, st.just(0.0)),
        st.tuples(st.just("failed"), keys, st.just(0.0)),
        st.tuples(st.just("forget"), keys, st.just(0.0)),
    ),
    max_size=60,
)


def _take_all(agenda: Agenda, now: float) -> list[Key]:
    found: list[Key] = []
    while (key := agenda.take(now)) is not None:
        assert key not in found
        found.append(key)
        agenda.done(key)
    return found


@given(steps)
def test_whatever_was_added_is_handed_out_after_that(told: list[tuple[str, Key, float]]) -> None:
    """Seen failing with a `forget` that dropped what was added since, and without `again`."""
    agenda, now = Agenda(), 0.0
    owed: dict[Key, float] = {}
    """By when each key has to be handed out."""
    for what, key, number in told:
        match what:
            case "add":
                agenda.add(key, now + number)
                owed[key] = min(owed.get(key, 1e9), now + number)
            case "take":
                now += number
                got = agenda.take(now)
                if got is not None:
                    assert owed.pop(got) <= now
            case "done":
                if key in agenda.working:
                    agenda.done(key)
            case "failed":
                delay = agenda.failed(key, now)
                assert 0 < delay <= LAST_RETRY
                owed[key] = min(owed.get(key, 1e9), now + delay)
            case "forget":
                agenda.forget(key)
    for key in list(agenda.working):
        agenda.done(key)
    handed = _take_all(agenda, now + 2 * LAST_RETRY)
    assert set(handed) == owed.keys()
    assert agenda.due == {}
    assert agenda.again == {}
    assert agenda.working == set()


@given(st.lists(st.tuples(keys, st.floats(0, 0.5)), max_size=60))
def test_no_key_is_worked_on_twice_at_once_nor_more_often_than_its_rest_lets_it(
    told: list[tuple[Key, float]],
) -> None:
    """Seen failing without the rest."""
    agenda, now = Agenda(), 0.0
    begun: dict[Key, float] = {}
    for key, pause in told:
        agenda.add(key, now)
        now += pause
        got = agenda.take(now)
        if got is None:
            continue
        assert now - begun.get(got, -1.0) >= REST - 1e-9
        begun[got] = now
        agenda.add(got, now)
        assert agenda.take(now) != got
        agenda.done(got)


@given(st.lists(keys, min_size=1, max_size=40))
def test_a_busy_key_starves_nobody(others: list[Key]) -> None:
    """Seen failing with a key that came first again once it was added again."""
    agenda, now = Agenda(), 0.0
    busy = ("plant", "busy")
    for key in dict.fromkeys(others):
        agenda.add(key, now)
    waiting = set(others)
    for _ in range(len(waiting) + 1):
        agenda.add(busy, now)
        got = agenda.take(now + REST)
        assert got is not None
        waiting.discard(got)
        agenda.done(got)
        now += REST
    assert waiting == set()
