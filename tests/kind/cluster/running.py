"""Other programs, run to their end, and how long things take.

Everything that this tool has other programs do goes through `run`: an argument list, never a shell,
and a `Problem` with the last lines that the program wrote when it fails. `Steps` prints each step
with its time, so that a log answers what was slow.
"""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from cluster.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    Say = Callable[[str], None]

LINES: Final = 15


def last_lines(text: str, count: int = LINES) -> str:
    """The end of a log, indented, as errors quote it."""
    return "\n".join(f"    {line}" for line in text.strip().splitlines()[-count:])


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> str:
    """What the program printed; a `Problem` when it fails, with what it said."""
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(  # noqa: S603 - an argument list that this tool put together
            words,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError:
        raise Problem(f"{words[0]} is not there; it has to be on the PATH") from None
    except subprocess.TimeoutExpired:
        raise Problem(f"no end after {timeout:.0f} s: {' '.join(words)}") from None
    if done.returncode != 0:
        said = last_lines(done.stderr or done.stdout)
        raise Problem(f"failed with {done.returncode}: {' '.join(words)}\n{said}")
    return done.stdout


def succeeds(argv: Sequence[str | Path], *, timeout: float = 30) -> bool:
    """Whether the program is there and ends with 0."""
    try:
        run(argv, timeout=timeout)
    except Problem:
        return False
    return True


class Steps:
    """Says what was done, and how long each step took."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self._began = time.monotonic()

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Time one step; a step that fails is left to the error to describe."""
        began = time.monotonic()
        yield
        self.say(f"{time.monotonic() - began:7.1f} s  {what}")

    def total(self, what: str) -> None:
        """Say how long all of it took."""
        self.say(f"{time.monotonic() - self._began:7.1f} s  in all: {what}")
