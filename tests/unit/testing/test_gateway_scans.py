"""Scans and locks of the fake gateway, on a clock that stands.

Seen failing: with the lock ignored when a scan begins, with a scan that takes the files of its end
instead of its beginning, and with `MERGE` and `FOLLOW` the same.
"""

from __future__ import annotations

import pytest
from attrs import define, field

from stoker.testing.gateway.scans import NEVER, Moment, Reply, Scans, Timing
from stoker.testing.gateway.settings import Coalescing, LockedScan

MERGE, FOLLOW = Coalescing.MERGE, Coalescing.FOLLOW
WAIT, REFUSE = LockedScan.WAIT, LockedScan.REFUSE
TIMING = Timing(seconds=2.0, every=0.0)


@define
class Bench:
    """Scans, and the moments that they went through."""

    scans: Scans = field(factory=Scans)
    timing: Timing = TIMING
    moments: list[tuple[float, Moment]] = field(factory=list)
    now: float = 0.0

    def ask(self, holder: str = "us", coalescing: Coalescing = MERGE) -> Reply:
        self.scans, reply = self.scans.asked(holder, coalescing, WAIT, self.now)
        return reply

    def until(self, now: float) -> Bench:
        while self.scans.due() <= now:
            self.now = max(self.scans.due(), self.now)
            self.scans, moment = self.scans.at(self.now, round(self.now * 1000), self.timing)
            if moment is not None:
                self.moments.append((self.now, moment))
            if moment is Moment.BEGAN:
                self.scans = self.scans.has_read()
        self.now = now
        return self

    def lock(self, holder: str, seconds: float) -> bool:
        locked = self.scans.locked_by(holder, seconds, self.now)
        self.scans = locked or self.scans
        return locked is not None


def test_a_scan_takes_its_time() -> None:
    bench = Bench()
    assert bench.ask() is Reply.WANTED
    bench.until(1.9)
    assert bench.scans.active
    assert not bench.until(2.0).scans.active
    assert (bench.scans.last_timestamp, bench.scans.last_duration) == (2000, 2000)
    assert bench.moments == [(0.0, Moment.BEGAN), (2.0, Moment.ENDED)]
    assert bench.scans.due() == NEVER


def test_a_scan_is_not_over_before_the_disk_was_read() -> None:
    scans, _ = Scans().asked("us", MERGE, WAIT, 0.0)
    scans, moment = scans.at(0.0, 0, TIMING)
    assert moment is Moment.BEGAN
    assert scans.due() == NEVER
    scans, moment = scans.at(50.0, 50_000, TIMING)
    assert moment is None
    _, moment = scans.has_read().at(50.0, 50_000, TIMING)
    assert moment is Moment.ENDED


def test_a_request_during_a_scan_is_merged_or_follows() -> None:
    merged, follows = Bench(), Bench()
    merged.ask()
    follows.ask()
    merged.until(1.0)
    follows.until(1.0)
    assert merged.ask(coalescing=MERGE) is Reply.MERGED
    assert follows.ask(coalescing=FOLLOW) is Reply.FOLLOWS
    assert merged.until(10).scans.count == 1
    assert follows.until(10).scans.count == 2


def test_while_a_lock_is_held_no_scan_begins() -> None:
    bench = Bench()
    assert bench.lock("them", 60)
    assert bench.ask("us") is Reply.WANTED
    assert not bench.until(59.9).moments
    assert bench.until(60.0).moments == [(60.0, Moment.BEGAN)]


def test_the_gateways_own_scan_waits_for_the_lock_as_well() -> None:
    bench = Bench(Scans(own=5.0), Timing(seconds=1.0, every=5.0))
    bench.lock("them", 12)
    assert bench.until(20.0).moments[:2] == [(12.0, Moment.BEGAN), (13.0, Moment.ENDED)]


def test_the_gateway_scans_by_itself() -> None:
    bench = Bench(Scans(own=5.0), Timing(seconds=1.0, every=5.0)).until(16.5)
    assert [at for at, moment in bench.moments if moment is Moment.BEGAN] == [5.0, 10.0, 15.0]


def test_without_an_interval_there_is_one_own_scan_at_most() -> None:
    assert Bench(Scans(own=5.0)).until(100).scans.count == 1


def test_asking_for_a_scan_gives_the_own_lock_back() -> None:
    bench = Bench()
    bench.lock("us", 60)
    bench.ask("us")
    assert bench.until(2.0).scans.count == 1
    assert bench.scans.hold is None


def test_a_locked_scan_may_be_refused() -> None:
    locked = Scans().locked_by("them", 60, 0.0)
    assert locked is not None
    assert locked.asked("us", MERGE, REFUSE, 0.0) == (locked, Reply.LOCKED)
    assert locked.asked("them", MERGE, REFUSE, 0.0)[1] is Reply.WANTED


@pytest.mark.parametrize(
    ("held_by", "scanning", "granted"),
    [("", False, True), ("us", False, True), ("them", False, False), ("", True, False)],
)
def test_who_gets_the_lock(held_by: str, *, scanning: bool, granted: bool) -> None:
    bench = Bench()
    if held_by:
        bench.lock(held_by, 60)
    if scanning:
        bench.ask()
        bench.until(0.1)
    assert bench.lock("us", 10) is granted


def test_a_lock_ends_by_itself() -> None:
    bench = Bench()
    bench.lock("them", 60)
    bench.until(60)
    assert bench.scans.hold is None
    assert bench.lock("us", 1)


def test_a_lock_is_released() -> None:
    locked = Scans().locked_by("them", 60, 0.0)
    assert locked is not None
    assert locked.released().hold is None


def test_a_lock_during_a_scan_ends_too() -> None:
    """A lock cannot be had during a scan, but a scan that waited may begin while one expires."""
    bench = Bench()
    bench.lock("us", 1.0)
    bench.ask("us")
    assert bench.until(5.0).scans.count == 1


def test_two_scans_in_a_millisecond_are_told_apart() -> None:
    timing = Timing(seconds=0.0, every=0.0)
    scans = Scans(last_timestamp=7)
    for number in range(1, 4):
        scans, _ = scans.asked("us", MERGE, WAIT, 0.0)
        scans, _ = scans.at(0.0, 7, timing)
        scans, _ = scans.has_read().at(0.0, 7, timing)
        assert scans.last_timestamp == 7 + number


def test_a_calendar_that_was_set_back_shows() -> None:
    bench = Bench(Scans(last_timestamp=3_600_000))
    bench.ask()
    assert bench.until(5.0).scans.last_timestamp == 2000


def test_a_stuck_scan_never_ends_until_the_restart() -> None:
    bench = Bench(Scans(stuck=True))
    bench.ask()
    assert bench.until(1e6).scans.active
    after = bench.scans.broken_off(NEVER)
    assert not after.active
    assert not after.stuck
