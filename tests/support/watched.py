"""What can be seen of processes from outside while they run."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import define, field, frozen

from support.server_processes import children


@frozen
class Sight:
    """One process, seen once."""

    pid: int
    command: str
    environment: str


@define
class Watch:
    """Everything that was seen of the processes below one, and the most memory that each had."""

    root: int
    without: frozenset[int] = frozenset()
    sights: dict[tuple[int, str], Sight] = field(factory=dict)
    peaks: dict[str, int] = field(factory=dict)
    """Name of the program → the most kilobytes of its own that one of them had."""

    def look(self) -> None:
        for pid in children(self.root):
            if pid in self.without:
                continue
            with suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
                environment = Path(f"/proc/{pid}/environ").read_text(errors="replace")
                self.sights[pid, command] = Sight(pid, command, environment)
                name = " ".join(command.split("\0")[:6])
                self.peaks[name] = max(self.peaks.get(name, 0), _resident(pid))

    @property
    def commands(self) -> list[str]:
        return [one.command.replace("\0", " ").strip() for one in self.sights.values()]


def _resident(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


@contextmanager
def watching(without: frozenset[int] = frozenset()) -> Iterator[Watch]:
    """Look at all processes below this one, all the time, until the end of the `with`."""
    watch = Watch(os.getpid(), without)
    over = threading.Event()

    def run() -> None:
        while not over.wait(0.003):
            watch.look()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()
