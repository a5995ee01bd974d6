"""How often somebody may ask: a bucket of permissions that fills again at a steady rate.

A bucket is one number, the moment at which it is full again, so ten thousand of them cost little.
One that is full is as good as none at all: it may be forgotten, and whoever is new has a full one.
What is refused costs nothing, so who comes back in time is let in, however often it tried before.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen

_FINEST: Final = 1e-9
"""Seconds below which two moments are the same: what is left of sums of fractions."""


@frozen
class Rate:
    """So many at once, and so many in each second; a rate of nothing or less is no limit."""

    per_second: float
    burst: int = 1

    @property
    def is_limit(self) -> bool:
        """Whether there is anything to keep to."""
        return self.per_second > 0

    @property
    def pause(self) -> float:
        """Seconds in which one more becomes free."""
        return 1 / self.per_second

    @property
    def room(self) -> float:
        """Seconds that an empty bucket takes to be full."""
        return max(1, self.burst) * self.pause


@frozen
class Taken:
    """What is left of a bucket, and how long to wait; 0 for who is let in."""

    full_at: float
    wait: float


def take(full_at: float | None, rate: Rate, now: float) -> Taken:
    """Ask a bucket for one; None is a full one, `now` a clock that is not set back.

    One that claims to be full later than it can be, as it is after another clock began, is empty.
    """
    if not rate.is_limit:
        return Taken(now, 0.0)
    start = now if full_at is None else min(max(full_at, now), now + rate.room)
    wait = start + rate.pause - (now + rate.room)
    if wait > _FINEST:
        return Taken(start, wait)
    return Taken(start + rate.pause, 0.0)
