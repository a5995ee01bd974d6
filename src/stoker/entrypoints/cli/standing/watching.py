"""The same look again and again, until somebody stops it.

On a terminal each look takes the place of the one before; elsewhere a look is written when it has
changed, so that a log has what happened and no more. A cluster that is away for a while is told in
the look's place, and looked for again.
"""

from __future__ import annotations

import re
import shutil
import time
from typing import TYPE_CHECKING, Final

from stoker.core.errors import StokerError
from stoker.entrypoints.cli.answers import INTERRUPTED, Answer, error_line
from stoker.entrypoints.cli.saying import Unheard, say

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

BETWEEN: Final = 2.0
"""Seconds between two looks."""

_TOP: Final = "\x1b[H"
_REST_OF_LINE: Final = "\x1b[K"
_REST: Final = "\x1b[J"
_AGES: Final = re.compile(r"\b\d+[smhd]\b")


def watched(
    look: Callable[[], str],
    stream: TextIO,
    *,
    between: float = BETWEEN,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """Show it until Ctrl-C. The first look fails as any command does."""
    out, before = look(), None
    try:
        while True:
            if stream.isatty():
                rows = shutil.get_terminal_size().lines
                say(stream, _in_place(fitting(out, rows), begins=before is None))
            elif before is None or without_ages(out) != without_ages(before):
                say(stream, out if before is None else f"\n{out}")
            before = out
            sleep(between)
            out = _again(look)
    except KeyboardInterrupt:
        return Answer(code=INTERRUPTED)
    except Unheard as unheard:
        return unheard.answer


def without_ages(text: str) -> str:
    """What is left of a look that does not change by the time alone."""
    return re.sub(r" +", " ", _AGES.sub("", text))


def fitting(text: str, rows: int) -> str:
    """As much of a look as a terminal has lines for; one that scrolls cannot be written over."""
    lines = text.splitlines()
    if len(lines) < rows:
        return text
    kept = lines[: max(rows - 2, 0)]
    return "".join(f"{line}\n" for line in (*kept, f"… and {len(lines) - len(kept)} more lines"))


def _again(look: Callable[[], str]) -> str:
    try:
        return look()
    except StokerError as error:
        return f"{error_line(error)}\n"


def _in_place(text: str, *, begins: bool) -> str:
    """The look over the one before, without a flicker in between."""
    head = _TOP + (_REST if begins else "")
    return head + text.replace("\n", f"{_REST_OF_LINE}\n") + _REST
