"""However somebody asks, no more than the rate is let in, and whoever waits is let in.

Rule: in any time no more are let in than the burst and what the rate gives in that time; what is
refused costs nothing; who waits as long as told is let in; nobody ever waits for longer than one
takes to become free; and a full bucket is as good as none.
"""

from __future__ import annotations

from itertools import accumulate, pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from stoker.core.payload import Rate, take
from stoker.entrypoints.webhook.receiver.allowances import Allowances

rates = st.builds(
    Rate,
    st.floats(0.01, 1_000, allow_nan=False),
    st.integers(1, 100),
)
pauses = st.lists(st.floats(0, 20) | st.just(0.0), min_size=1, max_size=150)


def asked(rate: Rate, gaps: list[float]) -> list[tuple[float, float]]:
    """When somebody asks after these gaps, and how long each time they are told to wait."""
    full_at, told = None, []
    for now in accumulate(gaps, initial=1_000.0):
        taken = take(full_at, rate, now)
        full_at = taken.full_at
        told.append((now, taken.wait))
    return told


@given(rates, pauses)
@example(Rate(1, 20), [0.0] * 60)
def test_no_more_are_let_in_than_the_rate_gives(rate: Rate, gaps: list[float]) -> None:
    """Seen to fail when a refusal set the bucket to full."""
    times = [now for now, wait in asked(rate, gaps) if wait == 0]
    for first, began in enumerate(times):
        for last in range(first, len(times)):
            most = rate.burst + rate.per_second * (times[last] - began)
            assert last - first + 1 <= most + 1e-3


@given(rates, pauses)
def test_who_waits_is_let_in(rate: Rate, gaps: list[float]) -> None:
    """Seen to fail when the wait left out the one that is asked for."""
    full_at, now = None, 5.0
    for gap in gaps:
        now += gap
        taken = take(full_at, rate, now)
        full_at = taken.full_at
        assert 0 <= taken.wait <= rate.pause * (1 + 1e-6) + 1e-6
        if taken.wait:
            assert take(full_at, rate, now + taken.wait).wait == 0


@given(rates, st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_what_is_refused_costs_nothing(rate: Rate, gaps: list[float]) -> None:
    """Seen to fail when each refusal moved the bucket on."""
    full_at = None
    for now in accumulate(gaps, initial=0.0):
        taken = take(full_at, rate, now)
        if taken.wait:
            assert full_at is not None
            assert abs(taken.full_at - max(full_at, now)) < 1e-9
        full_at = taken.full_at


@given(rates, st.floats(0, 1e6))
def test_a_full_bucket_is_as_good_as_none(rate: Rate, now: float) -> None:
    """Seen to fail with a bucket that never had been asked and held one less."""
    assert take(None, rate, now) == take(now, rate, now) == take(now - 7.0, rate, now)


@given(rates, st.floats(0, 1e6))
def test_a_moment_far_ahead_is_an_empty_bucket_and_no_longer_wait(rate: Rate, now: float) -> None:
    """Seen to fail without the bound: a clock that begins anew stopped everybody."""
    assert take(now + 1e9, rate, now).wait <= rate.pause + 1e-6


@given(pauses)
def test_no_rate_is_no_limit(gaps: list[float]) -> None:
    """Seen to fail when a rate of nothing let nobody in."""
    assert all(wait == 0 for _, wait in asked(Rate(0, 1), gaps))


@given(st.lists(st.integers(0, 30), max_size=200), st.integers(1, 10))
def test_the_table_is_bounded_and_forgets_the_quietest(asking: list[int], most: int) -> None:
    """Seen to fail when a new one took the place of the last that had asked."""
    table, latest = Allowances(Rate(1, 1), most), list[int]()
    for now, who in enumerate(asking):
        remembered = who in latest[-most:]
        wait = table.wait(who, now * 1e-6)
        assert (wait > 0) is remembered
        latest = [one for one in latest if one != who] + [who]
        assert len(table) <= most


def test_buckets_of_different_people_are_different() -> None:
    table = Allowances(Rate(1, 2))
    waits = [table.wait(who, 0.0) for who in "aab"]
    assert waits == [0, 0, 0]
    assert table.wait("a", 0.0) == 1.0
    assert all(later >= sooner for sooner, later in pairwise(waits))
