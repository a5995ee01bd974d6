"""How long, and how often, to ask for something that takes its time.

The first questions come quickly one after the other, since most scans are short; later ones come
seldom, since a scan that has taken a minute does not end in this very moment. The clock and the
sleep are given, so that tests need neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_PAUSE: Final = 0.05
GROWTH: Final = 1.5
LONGEST_PAUSE: Final = 1.0
SHORTEST_REQUEST: Final = 0.1
"""Seconds that a request has even when patience is at its end."""


class Patience:
    """So many seconds for everything, and a pause that grows."""

    def __init__(
        self, seconds: float, sleep: Callable[[float], None], monotonic: Callable[[], float]
    ) -> None:
        self.seconds = seconds
        self._sleep = sleep
        self._monotonic = monotonic
        self._end = monotonic() + seconds
        self._pause = FIRST_PAUSE

    @property
    def now(self) -> float:
        """The time, by the clock that was given."""
        return self._monotonic()

    @property
    def left(self) -> float:
        """Seconds until patience ends."""
        return max(self._end - self._monotonic(), 0.0)

    def request(self, most: float) -> float:
        """Seconds for one request that may take `most` at other times."""
        return max(min(most, self.left), SHORTEST_REQUEST)

    def wait(self, at_least: float = 0.0) -> bool:
        """Wait for the next question; False, and no wait, if it would come too late."""
        pause = max(self._pause, at_least)
        if self.left <= pause:
            return False
        self._sleep(pause)
        self._pause = min(self._pause * GROWTH, LONGEST_PAUSE)
        return True
