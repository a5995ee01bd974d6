"""A program that is killed at a system call: `traced.py COUNTED 17 before PROGRAM…`.

It runs below `crash.tracer`, with all its threads and children: at the call of that number, of
those that change files, the whole tree is killed, before the call or `after` it. With 0 it never
is. How many such calls there were is written to the file COUNTED in the end. As the tracer forks,
it is a process apart from the tests; who kills it kills the tree.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_TESTS: Final = Path(__file__).resolve().parents[2]


def traced(counted: Path, at: int = 0, *, after: bool = False) -> tuple[str, ...]:
    """The words before a program that is to be killed there."""
    words = (sys.executable, "-P", __file__, str(counted), str(at))
    return (*words, "after" if after else "before")


def points_of(counted: Path, within: float = 20.0) -> int:
    """How many calls there were; it is told when all have ended."""
    until = time.monotonic() + within
    while not counted.exists() and time.monotonic() < until:
        time.sleep(0.05)
    return int(json.loads(counted.read_text())["points"])


def _main(words: Sequence[str]) -> int:
    # Not at the top: the tests import this file and have no use for the tracer.
    sys.path.insert(0, str(_TESTS))
    from crash.tracer import Kill, Scope, trace  # noqa: PLC0415 - as above

    counted, at, when, *program = words
    kill = Kill(int(at), after=when == "after") if int(at) else None

    def launch() -> None:
        os.execv(program[0], program)  # noqa: S606 - no shell wanted

    went = trace(launch, Scope.CHANGES, kill)
    text = json.dumps({"points": went.points, "killed": went.killed, "last": went.last})
    written = Path(f"{counted}.new")
    written.write_text(text)
    written.rename(counted)
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
