"""The time of a fake gateway.

Everything that a gateway does by itself (starting, scanning, letting go of a lock) takes time of
its clock, which may run faster than the world's or stand still until a test moves it. What it
writes down for others (`lastScanTimestamp`, `lastcomm`, the log) is in milliseconds of the world's
calendar, since others compare it with theirs.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock(Protocol):
    """What a gateway asks of a clock."""

    def now(self) -> float:
        """Seconds of the gateway's own time; only differences mean anything."""
        ...

    def epoch_ms(self) -> int:
        """Milliseconds of the calendar."""
        ...

    def sleep_for(self, seconds: float) -> float | None:
        """Real seconds until so many of this clock have passed; None if only `wake` can tell."""
        ...

    def subscribe(self, wake: Callable[[], None]) -> None:
        """Have `wake` called whenever the clock was moved by hand."""
        ...


class ScaledClock:
    """A clock that runs by itself, `speed` times as fast as the world's."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed

    def now(self) -> float:
        """As the protocol says."""
        return time.monotonic() * self._speed

    def epoch_ms(self) -> int:
        """As the protocol says; the calendar is not scaled."""
        return time.time_ns() // 1_000_000

    def sleep_for(self, seconds: float) -> float | None:
        """As the protocol says."""
        return max(seconds, 0.0) / self._speed

    def subscribe(self, wake: Callable[[], None]) -> None:
        """Nobody moves this clock by hand."""


class ManualClock:
    """A clock that stands until a test moves it; its calendar moves with it."""

    def __init__(self, epoch_ms: int = 1_700_000_000_000) -> None:
        self._start = epoch_ms
        self._now = 0.0
        self._wakers: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def advance(self, seconds: float) -> None:
        """Let so much time pass at once, and wake everybody who waits for it."""
        with self._lock:
            self._now += seconds
            wakers = tuple(self._wakers)
        for wake in wakers:
            wake()

    def jump(self, milliseconds: int) -> None:
        """Set the calendar forward or back, as when somebody corrects it; no time passes."""
        with self._lock:
            self._start += milliseconds

    def now(self) -> float:
        """As the protocol says."""
        return self._now

    def epoch_ms(self) -> int:
        """As the protocol says."""
        return self._start + round(self._now * 1000)

    def sleep_for(self, seconds: float) -> float | None:
        """As the protocol says: nothing passes by itself."""
        return 0.0 if seconds <= 0 else None

    def subscribe(self, wake: Callable[[], None]) -> None:
        """As the protocol says."""
        with self._lock:
            self._wakers.append(wake)
