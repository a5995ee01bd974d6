"""Signs of life while somebody waits.

On a terminal there is a bar, which is gone in the end; elsewhere plain lines, one for each stage
and at most one a second, so that a CI's log stays short. A document for machines comes without
them, unless somebody watches all the same.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO

from attrs import define, field

from stoker.entrypoints.cli.answers import one_line
from stoker.entrypoints.engine.progress import Progress, Stage, Step, nobody_waits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.progress import Progress as Bar
    from rich.progress import TaskID

SECONDS_BETWEEN_LINES: Final = 1.0

_DOING: Final = {
    Stage.FETCH: "Fetching the commit",
    Stage.PLAN: "Planning",
    Stage.APPLY: "Writing files",
    Stage.SCAN: "Waiting for the gateway's scan",
}
_PERCENT: Final = re.compile(r"\b(\d{1,3})%")
_WHOLE: Final = 100


def describe(step: Step) -> str:
    """A step in words."""
    what = _DOING[step.stage]
    if step.total:
        return f"{what}: {step.done:,} of {step.total:,}"
    return f"{what}: {one_line(step.text)}" if step.text.strip() else what


def share_of(step: Step) -> int | None:
    """How many percent of its stage are done; None where nobody knows."""
    if step.total:
        return min(_WHOLE, _WHOLE * step.done // step.total)
    # Git says so in its own lines: `Receiving objects:  45% (9/20)`.
    told = _PERCENT.search(step.text)
    return min(_WHOLE, int(told[1])) if told else None


@contextmanager
def progress_on(
    stream: TextIO, *, quiet: bool, as_json: bool, environ: Mapping[str, str] = os.environ
) -> Iterator[Progress]:
    """Where the engine tells how far it is."""
    watched = stream.isatty() and environ.get("TERM") != "dumb"
    if quiet or (as_json and not stream.isatty()):
        yield nobody_waits
    elif watched:
        with _bar(stream) as progress:
            yield progress
    else:
        yield Lines(stream).tell


@define
class Lines:
    """A line for each stage, and for what happens in it no more than one a second."""

    stream: TextIO
    monotonic: Callable[[], float] = time.monotonic
    _stage: Stage | None = field(default=None, init=False)
    _told_at: float = field(default=0.0, init=False)

    def tell(self, step: Step) -> None:
        """Say it, or leave it."""
        now = self.monotonic()
        if step.stage is self._stage and now - self._told_at < SECONDS_BETWEEN_LINES:
            return
        self._stage, self._told_at = step.stage, now
        try:
            self.stream.write(describe(step) + "\n")
            self.stream.flush()
        except OSError:
            # Nobody looks any more; that is no reason to stop half-way.
            self._told_at = float("inf")


@contextmanager
def _bar(stream: TextIO) -> Iterator[Progress]:
    # Only terminals need it, and it takes a while to import.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as RichProgress  # noqa: PLC0415

    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with RichProgress(*columns, console=console, transient=True) as bar:
        yield _Painted(bar).tell


class _Painted:
    """One bar, which starts anew with each stage."""

    def __init__(self, bar: Bar) -> None:
        self.bar = bar
        self._task: TaskID | None = None
        self._stage: Stage | None = None

    def tell(self, step: Step) -> None:
        """Move the bar."""
        share = share_of(step)
        if self._task is None or step.stage is not self._stage:
            if self._task is not None:
                self.bar.remove_task(self._task)
            self._task = self.bar.add_task(describe(step), total=None)
            self._stage = step.stage
        total = None if share is None else _WHOLE
        self.bar.update(self._task, description=describe(step), completed=share or 0, total=total)
