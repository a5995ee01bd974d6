"""A few threads that run what `Lanes` chooses: started when needed, ended when idle."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from stoker.entrypoints.controller.asking.lanes import Verdict

if TYPE_CHECKING:
    from stoker.entrypoints.controller.asking.lanes import Lanes, Taken

Job: TypeAlias = Callable[[], Verdict]

IDLE: Final = 20.0
"""Seconds that a thread waits for something to do before it ends."""


class Slots:
    """Runs jobs; at most `lanes.slots` at once."""

    def __init__(
        self,
        name: str,
        lanes: Lanes[Job],
        complain: Callable[[str, Exception], None],
        idle: float = IDLE,
    ) -> None:
        """No thread is started before there is a job."""
        self._name = name
        self._lanes = lanes
        self._complain = complain
        self._idle_time = idle
        self._changed = threading.Condition()
        self._ready: deque[Taken[Job]] = deque()
        self._threads: set[threading.Thread] = set()
        self._idle = 0
        self._over = False

    def put(self, host: str, job: Job) -> None:
        """Run the job when it is its turn; it must end soon once the asker is closed."""
        with self._changed:
            if not self._over:
                self._lanes.put(host, job)
                self._hand_out()

    def tidy(self) -> None:
        """Forget old hosts, and try again to start threads that could not be started."""
        with self._changed:
            self._lanes.tidy(time.monotonic())
            self._hand_out()

    def close(self) -> None:
        """Begin nothing any more."""
        with self._changed:
            self._over = True
            self._ready.clear()
            self._changed.notify_all()

    def join(self, until: float) -> None:
        """Wait for what is under way, at most until then."""
        with self._changed:
            threads = tuple(self._threads)
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _hand_out(self) -> None:
        while not self._over and (taken := self._lanes.take(time.monotonic())) is not None:
            self._ready.append(taken)
        self._changed.notify(len(self._ready))
        while self._idle < len(self._ready):
            thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # No more threads for now: those that there are, or the next `tidy`, take it.
                return
            self._threads.add(thread)
            self._idle += 1

    def _work(self) -> None:
        while (taken := self._next()) is not None:
            verdict = self._run(taken.job)
            with self._changed:
                self._lanes.done(taken, verdict, time.monotonic())
                self._idle += 1
                self._hand_out()

    def _next(self) -> Taken[Job] | None:
        """What to do now; nothing, when the thread is to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._over, self._idle_time)
            self._idle -= 1
            if self._ready and not self._over:
                return self._ready.popleft()
            self._threads.discard(threading.current_thread())
            return None

    def _run(self, job: Job) -> Verdict:
        try:
            return job()
        except Exception as error:  # noqa: BLE001 - one job's fault is not the others'
            self._complain("ask", error)
            return Verdict.NOTHING
