"""Which events are worth telling: nothing twice within minutes, and not too many in all.

A `Diary` is a value. It remembers what was told lately, and how many more may be told: a burst, and
after that one every few seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self, TypeAlias

from attrs import evolve, field, frozen

QUIET: Final = 600.0
"""Seconds in which nothing is told twice."""
BURST: Final = 20
REFILL: Final = 3.0
"""Seconds after which one more may be told, so 20 a minute for ever."""

Key: TypeAlias = tuple[str, ...]


@frozen
class Diary:
    """What was told, by when, on the monotonic clock."""

    told: Mapping[Key, float] = field(factory=dict)
    left: float = BURST
    since: float = 0.0

    def admitted(self, key: Key, now: float) -> Self | None:
        """The diary after telling this; None: it is not to be told."""
        told = {one: at for one, at in self.told.items() if now - at < QUIET}
        left = min(float(BURST), self.left + max(now - self.since, 0.0) / REFILL)
        if key in told or left < 1.0:
            return None
        return evolve(self, told={**told, key: now}, left=left - 1.0, since=now)
