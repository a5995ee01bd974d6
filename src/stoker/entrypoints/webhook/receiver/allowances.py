"""Who has how much left of a rate: a bounded table of buckets.

The one that was asked for longest ago gives way. A bucket that is full is as good as none, so what
is lost by that is the memory of somebody who has been quiet while thousands of others were not.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from attrs import define, field

from stoker.core.payload import Rate, take

MOST: Final = 20_000
"""How many there are at the most: some two megabytes."""


@define
class Allowances:
    """The buckets of all who share a rate; for one thread."""

    rate: Rate
    most: int = MOST
    _full_at: OrderedDict[Hashable, float] = field(factory=OrderedDict, repr=False)

    def wait(self, whose: Hashable, now: float) -> float:
        """Let one more in and return 0.0, or the seconds after which that may be tried again."""
        taken = take(self._full_at.get(whose), self.rate, now)
        self._full_at[whose] = taken.full_at
        self._full_at.move_to_end(whose)
        if len(self._full_at) > self.most:
            self._full_at.popitem(last=False)
        return taken.wait

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._full_at)
