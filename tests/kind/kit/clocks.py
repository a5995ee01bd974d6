"""A clock that a test moves while a process runs by it: `clocks.py FILE PROGRAM…`.

The product asks the machine for the time of day in one place, `adapters.clock`, which lint holds it
to. A program that is begun by `Clock.words` gets the time there shifted by what a file says, and so
from `time.time`; `jump` changes it. What counts seconds (the monotonic clock) and every wait stay
real, as on a machine whose clock somebody sets. (libfaketime does it for any program, but ends a
wait whose end has passed with an error that no kernel gives, and so breaks what it is to test.)
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_PROGRAMS: Final = {
    "stoker-agent": "stoker.entrypoints.agent",
    "stoker-controller": "stoker.entrypoints.controller",
}


@dataclass(frozen=True)
class Clock:
    """One clock; it is right until it is moved."""

    file: Path

    @property
    def words(self) -> tuple[str, ...]:
        """What comes before a program that runs by it."""
        return (sys.executable, "-P", __file__, str(self.file))

    def jump(self, seconds: float) -> None:
        """Be so much ahead of the real one from now on; less than nothing is behind."""
        written = self.file.with_suffix(".new")
        written.write_text(f"{seconds:.0f}")
        written.replace(self.file)


def clock(folder: Path) -> Clock:
    """A clock that is right; its file is in the folder."""
    made = Clock(folder / "clock")
    made.jump(0)
    return made


def _shift(file: Path) -> None:
    """Have this process live by it; before anything of the product is imported."""
    ask: Any = import_module("stoker.adapters.clock")
    times: Any = time
    right, right_ns = time.time, time.time_ns

    def ahead() -> float:
        return float(file.read_text())

    ask.utc_now = lambda: datetime.now(UTC) + timedelta(seconds=ahead())  # noqa: TID251 - this is the machine
    times.time = lambda: right() + ahead()
    times.time_ns = lambda: right_ns() + int(ahead() * 1e9)


def _main(words: Sequence[str]) -> int:
    file, program, *arguments = words
    _shift(Path(file))
    sys.argv = [program, *arguments]
    code: int = import_module(_PROGRAMS[Path(program).name]).main()
    return code


if __name__ == "__main__":
    from stoker.entrypoints.programs import leave

    leave(_main(sys.argv[1:]))
