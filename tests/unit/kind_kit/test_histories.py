"""What becomes of the events of a watch: nothing but what the history says."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from kit.histories import History, Told

LINES = [f'{{"type":"ADDED","object":{number}}}'.encode() for number in range(60)]
BOOKMARK = b'{"type":"BOOKMARK","object":{}}'
SEEDS = st.integers(0, 1 << 16)
LIKELY = st.sampled_from((0.0, 0.3, 0.9))


def told(history: History, lines: list[bytes] = LINES) -> list[Told]:
    """What is passed on of lines that come one second after the other."""
    stream = history.stream("pods", "the first")
    passed = [one for at, line in enumerate(lines) for one in stream.told(line, float(at))]
    return [*passed, *stream.rest(float(len(lines)))]


def lines_of(passed: list[Told]) -> list[bytes]:
    return [one.line for one in passed]


@given(SEEDS)
def test_without_faults_all_is_as_it_was(seed: int) -> None:
    passed = told(History(name="h", seed=seed))
    assert lines_of(passed) == LINES
    assert [one.due for one in passed] == [float(at) for at in range(len(LINES))]
    assert not any(one.last for one in passed)


@given(SEEDS, LIKELY, LIKELY, LIKELY)
def test_nothing_is_lost_that_is_not_to_be_dropped(
    seed: int, repeats: float, echoes: float, swaps: float
) -> None:
    history = History(
        name="h", seed=seed, repeats=repeats, echoes=echoes, swaps=swaps, uneven=3.0, cuts=0.2
    )
    passed = told(history)
    counts = Counter(lines_of(passed))
    assert set(counts) == set(LINES)
    if not repeats and not echoes:
        assert set(counts.values()) == {1}
    if not swaps and not echoes:
        assert sorted(lines_of(passed), key=LINES.index) == lines_of(passed)
    dues = [one.due for one in passed]
    assert dues == sorted(dues)


@given(SEEDS, st.floats(0.1, 5.0))
def test_what_is_late_is_late_and_overtakes_nothing(seed: int, late: float) -> None:
    history = History(name="h", seed=seed, late={"pods": late}, uneven=2.0)
    passed = told(history)
    assert lines_of(passed) == LINES
    assert all(at + late <= one.due <= at + late + 4.0 for at, one in enumerate(passed))
    other = history.stream("roles", "the first").told(LINES[0], 0.0)
    assert other[0].due <= 2.0


def test_each_fault_happens_and_is_counted() -> None:
    faults: dict[str, dict[str, Any]] = {
        "an event never came": {"drops": 0.5},
        "an event came after the next one": {"swaps": 0.5},
        "an event came twice": {"repeats": 0.5},
        "an event came again after later ones": {"echoes": 0.5},
        "a watch broke off after an event": {"cuts": 0.5},
    }
    for what, how in faults.items():
        history = History(name="h", **how)
        stream = history.stream("pods", "x")
        passed = [one for at, line in enumerate(LINES) for one in stream.told(line, float(at))]
        assert stream.counts[what] > 10
        assert passed != [Told(float(at), line) for at, line in enumerate(LINES)]


def test_a_quiet_stream_lets_everything_pass_and_gives_back_what_it_held() -> None:
    history = History(name="h", swaps=1.0, drops=0.0)
    stream = history.stream("pods", "x")
    assert stream.told(LINES[0], 0.0) == []
    assert lines_of(stream.told(LINES[1], 1.0, quiet=True)) == LINES[:2]
    lossy = History(name="h", drops=1.0).stream("pods", "x")
    assert lossy.told(LINES[0], 0.0) == []
    assert lines_of(lossy.told(LINES[1], 1.0, quiet=True)) == [LINES[1]]


def test_bookmarks_come_after_what_they_vouch_for_or_not_at_all() -> None:
    stream = History(name="h", swaps=1.0).stream("pods", "x")
    stream.told(LINES[0], 0.0)
    assert lines_of(stream.told(BOOKMARK, 1.0)) == [LINES[0], BOOKMARK]
    deaf = History(name="h", bookmarks=False).stream("pods", "x")
    assert deaf.told(BOOKMARK, 0.0) == []


def test_the_same_seed_draws_the_same_history() -> None:
    drawn = [History.drawn(seed) for seed in range(50)]
    assert drawn == [History.drawn(seed) for seed in range(50)]
    assert len({repr(one) for one in drawn}) == 50
    assert any(one.deaths for one in drawn)
    assert not any(one.drops for one in drawn)
