"""Law 24: backoff grows, is capped, resets; and no jump of the clock makes it storm or stall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from stoker.core.backoff import DELAYS, MAX_ASKED, Backoff, spread, until_poll
from stoker.core.errors import Permanent, Retryable

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
moments = st.floats(-1e7, 1e7).map(lambda seconds: START + timedelta(seconds=seconds))
dispositions = st.just(Permanent()) | st.builds(Retryable, st.none() | st.floats())
steps = st.lists(st.tuples(moments, dispositions), min_size=1, max_size=9)


@given(st.lists(moments, min_size=1, max_size=9))
def test_it_grows_is_capped_and_resets(times: list[datetime]) -> None:
    """Seen to fail with the cap one step too far, and with a reset that kept the count."""
    backoff, waits = Backoff(), []
    for now in times:
        backoff = backoff.failed(now)
        waits.append(backoff.wait(now))
    assert waits == sorted(waits)
    assert waits == [DELAYS[min(i, 4)] for i in range(len(times))]
    assert backoff.reset() == Backoff()
    assert backoff.reset().is_due(times[-1])


@given(steps)
def test_a_server_is_given_the_time_that_it_asks_for(
    failures: list[tuple[datetime, Permanent | Retryable]],
) -> None:
    """Seen to fail without the cap: a `Retry-After` of infinity waits for ever."""
    backoff = Backoff()
    for now, disposition in failures:
        least = DELAYS[min(backoff.failures, 4)]
        backoff = backoff.failed(now, disposition)
        asked = disposition.after if isinstance(disposition, Retryable) else None
        wanted = asked if asked is not None and asked == asked else 0  # noqa: PLR0124 - NaN
        assert backoff.wait(now) == max(least, min(wanted, MAX_ASKED))


@given(steps, moments)
def test_no_jump_makes_a_wait_longer_than_twice_its_delay(
    failures: list[tuple[datetime, Permanent | Retryable]], now: datetime
) -> None:
    """Seen to fail when only the end of the wait was compared with the clock."""
    backoff = Backoff()
    for then, disposition in failures:
        backoff = backoff.failed(then, disposition)
    assert 0 <= backoff.wait(now) < 2 * backoff.delay
    assert backoff.is_due(now) is (backoff.wait(now) == 0)


jumps_of_the_clock = st.sampled_from([0.0] * 8 + [-1e5, 1e5, -40.0, 40.0])


@given(st.lists(st.tuples(st.floats(0, 40), jumps_of_the_clock), min_size=20, max_size=60))
def test_no_jump_makes_a_storm(ticks: list[tuple[float, float]]) -> None:
    """Seen to fail when a wait began at the latest time that was ever seen.

    Time goes on and the clock jumps; whatever is due is tried and fails. Each try needs either
    its wait in real time, or a jump of its own.
    """
    backoff, elapsed, jumps, tries, offset = Backoff(), 0.0, 0, 0, 0.0
    for passed, jump in ticks:
        elapsed += passed
        offset += jump
        jumps += jump != 0
        now = START + timedelta(seconds=elapsed + offset)
        if backoff.is_due(now):
            backoff = backoff.failed(now)
            tries += 1
    needed = sum(DELAYS[min(i, 4)] for i in range(max(0, tries - 1 - jumps)))
    assert needed <= elapsed + 1e-3


@given(st.text(max_size=20), st.floats(5, 86_400), moments)
def test_polls_are_never_far_away_and_never_doubled(
    key: str, interval: float, now: datetime
) -> None:
    """Seen to fail when a moment before a poll did not count as that poll."""
    assert 0 <= spread(key, interval) < interval
    wait = until_poll(key, interval, now)
    assert 0.05 * interval <= wait <= 1.05 * interval
    poll = now + timedelta(seconds=wait)
    following = until_poll(key, interval, poll)
    assert abs(following - interval) < 1e-2
