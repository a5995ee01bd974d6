"""What an agent writes over there: nothing is lost, nothing old comes late, nothing is a storm.

The world is a place that can be written to. A try succeeds, or fails; of those that fail some were
carried out all the same. `Slot` and `Diary` are those of `stoker.entrypoints.agent.reporting`.

Seen to fail: when a try that failed left in place what was known to stand there, when something new
to say ended the wait, when waits did not grow, and when the diary forgot to refill.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from stoker.entrypoints.agent.reporting.diary import BURST, QUIET, REFILL, Diary
from stoker.entrypoints.agent.reporting.outbox import HURRIED, LONGEST, MAX_ASKED, Slot, waiting

VALUES = (b"a", b"b", b"c")


@define
class World:
    """A place, a clock, and what was tried when."""

    slot: Slot = field(factory=Slot)
    there: bytes | None = None
    now: float = 0.0
    numbers: list[int] = field(factory=list)
    """Which of the things that were said were written, in order."""
    said: int = 0
    tries: list[float] = field(factory=list)

    def say(self, value: bytes) -> None:
        self.slot = self.slot.put(value)
        self.said += 1

    def work(self, outcome: str, chance: float = 0.5, asked: float = 0.0) -> None:
        """Try, if it is time."""
        if self.slot.due(self.now) != 0.0:
            return
        value = self.slot.said
        assert value is not None
        if self.slot.written is not None:
            assert value != self.there, "the same was written twice"
        self.tries.append(self.now)
        self.slot = self.slot.begun()
        if outcome != "refused":
            self.there = value
            self.numbers.append(self.said)
        if outcome == "done":
            self.slot = self.slot.done(value)
        else:
            self.slot = self.slot.failed(self.now, chance, asked)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.sampled_from(VALUES)),
        st.tuples(st.just("rest"), st.floats(0.0, 40.0)),
        st.tuples(st.just("work"), st.sampled_from(["done", "refused", "lost"])),
        st.tuples(st.just("tell"), st.sampled_from(VALUES), st.sampled_from(["done", "lost"])),
        st.tuples(st.just("anew")),
    ),
    max_size=40,
)


@given(steps)
def test_in_the_end_the_newest_stands_there(steps: list[tuple[object, ...]]) -> None:
    world = World()
    last: bytes | None = None
    for step in steps:
        match step:
            case "say", bytes() as last:
                world.say(last)
            case "tell", bytes() as last, str() as outcome:
                world.say(last)
                world.now += LONGEST
                world.work(outcome)
            case "rest", float() as seconds:
                world.now += seconds
            case "work", str() as outcome:
                world.work(outcome)
            case _:
                world.there, world.slot = None, world.slot.lost()
    world.now += LONGEST + MAX_ASKED
    world.work("done")
    assert world.there == last
    assert world.slot.due(world.now) is None
    assert world.numbers == sorted(world.numbers)


@given(
    st.lists(
        st.tuples(st.floats(0.0, 2.0), st.sampled_from(["refused", "lost"]), st.floats(0.0, 1.0)),
        min_size=30,
        max_size=60,
    )
)
def test_a_server_that_fails_is_not_asked_more_often_for_all_that_is_new(
    moments: list[tuple[float, str, float]],
) -> None:
    world = World()
    for number, (rest, outcome, chance) in enumerate(moments):
        world.now += rest
        world.say(str(number).encode())
        world.work(outcome, chance)
    gaps = [after - before for before, after in pairwise(world.tries)]
    for failures, gap in enumerate(gaps, 1):
        assert gap >= waiting(failures, 0.0)


@given(st.integers(1, 10_000), st.floats(0.0, 1.0))
def test_waits_grow_and_have_an_end(failures: int, chance: float) -> None:
    assert 0.0 < waiting(failures, chance) <= LONGEST
    assert waiting(failures, chance) <= waiting(failures + 1, chance)
    assert waiting(100, chance) >= LONGEST / 2


@given(st.integers(0, 50), st.floats(0.0, 1e6), st.floats(0.0, 1.0))
def test_what_is_new_goes_out_at_once_after_a_success(
    failures: int, now: float, chance: float
) -> None:
    slot = Slot().put(b"a")
    for _ in range(failures):
        slot = slot.begun().failed(now, chance)
    assert slot.begun().done(b"a").put(b"b").due(now) == 0.0
    assert slot.hurried().due(now) == 0.0


@given(st.integers(1, 50), st.floats(0.0, 1e6), st.floats(0.0, 1.0))
def test_who_is_hurried_waits_a_moment_also_when_a_try_that_was_on_its_way_fails(
    failures: int, now: float, chance: float
) -> None:
    slot = Slot().put(b"a").begun().hurried()
    for _ in range(failures):
        slot = slot.failed(now, chance, asked=30.0)
        assert slot.due(now) == pytest.approx(HURRIED, abs=1e-6)


@given(st.floats(0.0, 1e5))
def test_a_server_that_asks_for_time_gets_it(asked: float) -> None:
    due = Slot().put(b"a").begun().failed(0.0, 0.0, asked).due(0.0)
    assert due is not None
    assert min(asked, MAX_ASKED) <= due <= MAX_ASKED


# --- Events ---


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0.0, 30.0)), max_size=80),
    st.integers(0, 60),
)
def test_events_are_few_and_none_is_told_twice(
    wanted: list[tuple[str, float]], others: int
) -> None:
    diary, now = Diary(), 0.0
    told: list[tuple[str, float]] = []
    for key, rest in [*wanted, *((str(number), 0.0) for number in range(others))]:
        now += rest
        if (after := diary.admitted((key,), now)) is not None:
            diary = after
            told.append((key, now))
    for key in {key for key, _ in told}:
        moments = [at for one, at in told if one == key]
        assert all(b - a >= QUIET for a, b in pairwise(moments))
    for start in (at for _, at in told):
        within = [at for _, at in told if start <= at < start + 60.0]
        assert len(within) <= BURST + 60.0 / REFILL


def test_what_is_told_seldom_is_always_told() -> None:
    diary = Diary()
    for number in range(200):
        after = diary.admitted((str(number),), number * REFILL)
        assert after is not None
        diary = after
    assert diary.admitted(("199",), 199 * REFILL + 1) is None
    assert diary.admitted(("199",), 200 * REFILL + QUIET) is not None
    assert len(diary.told) <= QUIET / REFILL
