"""What is to stand in one place over there, and when to try to write it.

A `Slot` is a value. It knows what is to stand there (`said`, only the newest counts) and what does
(`written`, None while that is not known: nothing was heard yet, a write is on its way, or nobody
knows what became of it). There is something to do as long as these two differ.

Waits after failures grow, with some chance in them so that agents do not come back all at once, and
start anew after a success. Something new to say does not shorten them: it goes out with the next
try. While nothing fails, it goes out at once. Who is hurried waits no longer than a moment, also
after a try that was on its way then.
"""

from __future__ import annotations

import math
from typing import Final, Self

from attrs import evolve, frozen

SHORTEST: Final = 0.5
LONGEST: Final = 30.0
"""Seconds to wait after failures, at the least and at the most."""
HURRIED: Final = 0.1
"""Seconds to wait after a failure where there may be no later."""
MAX_ASKED: Final = 60.0
"""The most that `Retry-After` can make us wait."""

_DOUBLINGS: Final = 6


@frozen
class Slot:
    """One place that is written to."""

    said: bytes | None = None
    written: bytes | None = None
    failures: int = 0
    not_before: float = -math.inf
    is_hurried: bool = False

    def put(self, value: bytes) -> Self:
        """This is to stand there now."""
        return evolve(self, said=value)

    def due(self, now: float) -> float | None:
        """Seconds until the next try; None: there is nothing to do."""
        if self.said is None or self.said == self.written:
            return None
        return max(self.not_before - now, 0.0)

    def begun(self) -> Self:
        """It is being written: until that has ended nobody knows what stands there."""
        return evolve(self, written=None)

    def done(self, value: bytes) -> Self:
        """This was written."""
        return evolve(self, written=value, failures=0, not_before=-math.inf)

    def failed(self, now: float, chance: float, asked: float = 0.0) -> Self:
        """It was not, or nobody knows; `chance` is a random number from 0 to 1."""
        failures = self.failures + 1
        if self.is_hurried:
            return evolve(self, failures=failures, not_before=now + HURRIED)
        wait = max(waiting(failures, chance), min(asked, MAX_ASKED))
        return evolve(self, failures=failures, not_before=now + wait)

    def hurried(self) -> Self:
        """Try at once and without long waits from now on, as there may be no later."""
        return evolve(self, not_before=-math.inf, is_hurried=True)

    def lost(self) -> Self:
        """What was written does not stand there any more."""
        return evolve(self, written=None)


def waiting(failures: int, chance: float) -> float:
    """Seconds to wait after so many failures in a row."""
    most = min(LONGEST, SHORTEST * 2.0 ** min(failures, _DOUBLINGS))
    return most * (1.0 + chance) / 2.0
