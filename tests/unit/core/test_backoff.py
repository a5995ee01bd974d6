"""When to try again, and when to poll."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from stoker.core.backoff import Backoff, spread, until_poll
from stoker.core.errors import Permanent, Retryable

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_the_waits_are_those_of_the_contract() -> None:
    backoff, delays = Backoff(), []
    for _ in range(7):
        backoff = backoff.failed(NOON)
        delays.append(backoff.delay)
    assert delays == [30, 60, 120, 240, 300, 300, 300]
    assert backoff.failures == 7


def test_without_a_failure_everything_is_due() -> None:
    idle = Backoff()
    assert idle.is_due(NOON)
    assert idle.wait(NOON) == 0
    assert idle.not_before is None
    assert idle.failures == 0


def test_a_reset_forgets_everything() -> None:
    backoff = Backoff().failed(NOON).failed(NOON)
    assert backoff.reset() == Backoff()
    assert backoff.reset().failed(NOON).delay == 30


def test_a_wait_ends_when_it_is_over() -> None:
    backoff = Backoff().failed(NOON)
    assert backoff == Backoff(1, NOON, 30.0)
    assert backoff.not_before == after(30)
    assert backoff.wait(NOON) == 30
    assert backoff.wait(after(29.5)) == 0.5
    assert not backoff.is_due(after(29.999))
    assert backoff.is_due(after(30))
    assert backoff.wait(after(31)) == 0


@pytest.mark.parametrize(
    ("asked", "delay"),
    [
        (None, 30),
        (0, 30),
        (-5, 30),
        (29.9, 30),
        (30, 30),
        (31, 31),
        (90.5, 90.5),
        (3600, 3600),
        (3601, 3600),
        (math.inf, 3600),
        (-math.inf, 30),
        (math.nan, 30),
        (10**400, 3600),
    ],
)
def test_a_server_that_asks_for_more_time_gets_it_up_to_an_hour(
    asked: float | None, delay: float
) -> None:
    backoff = Backoff().failed(NOON, Retryable(after=asked))
    assert backoff.delay == delay
    assert isinstance(backoff.delay, float)


def test_what_a_server_asks_for_does_not_shorten_a_wait_or_outlive_it() -> None:
    backoff = Backoff().failed(NOON).failed(NOON).failed(NOON, Retryable(after=45))
    assert backoff.delay == 120
    assert Backoff().failed(NOON, Retryable(after=900)).failed(NOON).delay == 60
    assert Backoff().failed(NOON, Permanent()).delay == 30


def test_a_clock_that_goes_back_a_little_lengthens_a_wait_by_as_much() -> None:
    backoff = Backoff().failed(NOON)
    assert backoff.wait(after(-10)) == 40
    assert backoff.wait(after(-29.5)) == 59.5


def test_a_clock_that_goes_back_far_ends_a_wait_instead_of_stalling() -> None:
    backoff = Backoff().failed(NOON)
    assert backoff.is_due(after(-30))
    assert backoff.is_due(after(-86_400))
    again = backoff.failed(after(-86_400))
    assert again.wait(after(-86_400)) == 60


def test_the_end_of_time_is_a_time_to_wait_for() -> None:
    end = datetime.max.replace(tzinfo=UTC)
    assert Backoff().failed(end).not_before == end
    assert Backoff().failed(end).wait(end) == 30


def test_a_place_within_the_interval_is_fixed() -> None:
    assert spread("scada/site", 60) == spread("scada/site", 60)
    assert spread("scada/site", 120) == 2 * spread("scada/site", 60)
    assert spread("scada/site", 60) != spread("scada/site2", 60)
    assert spread("\ud800", 60) < 60


def test_places_are_spread_evenly() -> None:
    places = [spread(f"scada/site-{i}", 60) for i in range(1000)]
    tenths = [sum(lower <= place < lower + 6 for place in places) for lower in range(0, 60, 6)]
    assert sum(tenths) == 1000
    assert min(tenths) > 70
    assert max(tenths) < 130


def test_polls_come_once_in_an_interval() -> None:
    place = spread("scada/site", 60)
    poll = datetime.fromtimestamp(60_000 * 60 + place, UTC)
    for late in (0, 1e-5, 20, 56.9):
        wait = until_poll("scada/site", 60, poll + timedelta(seconds=late))
        assert wait == pytest.approx(60 - late, abs=1e-4)


def test_a_timer_that_fires_early_does_not_poll_twice() -> None:
    poll = datetime.fromtimestamp(60_000 * 60 + spread("scada/site", 60), UTC)
    early = until_poll("scada/site", 60, poll - timedelta(seconds=2.9))
    assert early == pytest.approx(62.9, abs=1e-4)
    soon = until_poll("scada/site", 60, poll - timedelta(seconds=3.1))
    assert soon == pytest.approx(3.1, abs=1e-4)
