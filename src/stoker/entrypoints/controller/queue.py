"""Which CR is looked at next: each at most once at a time, the longest waiting one first.

- A key that is added twice is handed out once; one that is added while it is worked on is handed
  out again afterwards.
- A key that has just been worked on rests for a moment (`REST`), so that a CR whose hundred
  gateways all report is looked at ten times a second and not a hundred times.
- A key can be told to come later: by a failure, after waits that grow, or at a time of its own.

`Agenda` is the rules as a plain structure without clock or lock; `WorkQueue` puts both around it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count
from typing import Final

from attrs import define, field

Key = tuple[str, str]
"""Namespace and name of a CR."""

REST: Final = 0.1
"""Seconds between two looks at one CR."""
FIRST_RETRY: Final = 0.5
LAST_RETRY: Final = 60.0
MOST_REST: Final = 5.0
"""Seconds that a key which failed rests, whatever else happens to it before its next try."""


@define
class Agenda:
    """When each key is due, what is worked on, and what failed how often."""

    due: dict[Key, float] = field(factory=dict)
    working: set[Key] = field(factory=set)
    again: dict[Key, float] = field(factory=dict)
    """Keys that are worked on, and when they are due after that."""
    failures: dict[Key, int] = field(factory=dict)
    begun: dict[Key, float] = field(factory=dict)
    """When a key was last handed out, for as long as that matters."""
    _heap: list[tuple[float, int, Key]] = field(factory=list)
    _order: Iterator[int] = field(factory=count)

    def add(self, key: Key, at: float) -> None:
        """Have `key` handed out at `at`, or earlier if that was said already."""
        if key in self.working:
            self.again[key] = min(at, self.again.get(key, at))
            return
        if (begun := self.begun.get(key)) is not None:
            at = max(at, begun + self._rest(key))
        if key not in self.due or at < self.due[key]:
            self.due[key] = at
            heappush(self._heap, (at, next(self._order), key))

    def take(self, now: float) -> Key | None:
        """The key that has been due for longest, now being worked on."""
        self._drop_outdated()
        if not self._heap or self._heap[0][0] > now:
            return None
        _, _, key = heappop(self._heap)
        del self.due[key]
        self.working.add(key)
        self.begun[key] = now
        return key

    def wait(self, now: float) -> float | None:
        """Seconds until the next key is due; None: there is none."""
        self._drop_outdated()
        return max(0.0, self._heap[0][0] - now) if self._heap else None

    def done(self, key: Key) -> None:
        """The work on `key` is over."""
        self.working.discard(key)
        if (at := self.again.pop(key, None)) is not None:
            self.add(key, at)

    def failed(self, key: Key, now: float) -> float:
        """Count a failure of `key`, have it handed out later; in how many seconds."""
        self.failures[key] = self.failures.get(key, 0) + 1
        delay = self._delay(key)
        self.add(key, now + delay)
        return delay

    def succeeded(self, key: Key) -> None:
        """Forget the failures of `key`."""
        self.failures.pop(key, None)

    def forget(self, key: Key) -> None:
        """There is no such CR any more; if it was added since, it is handed out all the same."""
        self.failures.pop(key, None)
        self.begun.pop(key, None)

    def _delay(self, key: Key) -> float:
        failures = self.failures.get(key, 0)
        return min(FIRST_RETRY * 2.0 ** min(failures - 1, 30), LAST_RETRY) if failures else 0.0

    def _rest(self, key: Key) -> float:
        return max(REST, min(self._delay(key), MOST_REST))

    def _drop_outdated(self) -> None:
        # A key that was told to come earlier has two places in the heap, and the later is void.
        while self._heap and self.due.get(self._heap[0][2]) != self._heap[0][0]:
            heappop(self._heap)


@define
class WorkQueue:
    """An `Agenda` for several threads; times are those of `clock`."""

    clock: Callable[[], float] = time.monotonic
    _agenda: Agenda = field(factory=Agenda)
    _changed: threading.Condition = field(factory=threading.Condition)
    _is_open: bool = True
    _is_halted: bool = False

    def add(self, key: Key, after: float = 0.0) -> None:
        """Have `key` handed out after so many seconds."""
        with self._changed:
            self._agenda.add(key, self.clock() + after)
            self._changed.notify()

    def take(self) -> Key | None:
        """Wait for the next key; None when the queue was closed."""
        with self._changed:
            while self._is_open:
                if (key := self.take_now()) is not None:
                    return key
                idle = None if self._is_halted else self._agenda.wait(self.clock())
                self._changed.wait(idle)
            return None

    def take_now(self) -> Key | None:
        """The next key, if one is due."""
        with self._changed:
            return None if self._is_halted else self._agenda.take(self.clock())

    def done(self, key: Key) -> None:
        """The work on `key` is over."""
        with self._changed:
            self._agenda.done(key)
            self._changed.notify()

    def failed(self, key: Key) -> float:
        """The work on `key` failed; in how many seconds it is handed out again."""
        with self._changed:
            return self._agenda.failed(key, self.clock())

    def succeeded(self, key: Key) -> None:
        """The work on `key` went well."""
        with self._changed:
            self._agenda.succeeded(key)

    def forget(self, key: Key) -> None:
        """There is no such CR any more."""
        with self._changed:
            self._agenda.forget(key)

    def halt(self) -> None:
        """Hand out nothing until `resume`; what is added is kept."""
        with self._changed:
            self._is_halted = True

    def resume(self) -> None:
        """Hand out again."""
        with self._changed:
            self._is_halted = False
            self._changed.notify_all()

    def close(self) -> None:
        """Hand out nothing any more, and let those go who wait."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()

    @property
    def is_crowded(self) -> bool:
        """Whether others wait for a look that is due."""
        with self._changed:
            return self._agenda.wait(self.clock()) == 0.0

    @property
    def backlog(self) -> int:
        """How many keys are due now or worked on."""
        with self._changed:
            now = self.clock()
            due = sum(at <= now for at in self._agenda.due.values())
            return due + len(self._agenda.working)
