"""Columns, wrapped lines and ages, for terminals of any width and for what is no terminal.

A width of None is that of a file or a pipe: nothing is cut or wrapped there, so that `grep` finds
whole lines. A terminal that is too narrow cuts names in their middle, because it is the ends by
which gateways differ.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.entrypoints.cli.presenting.wording import Paint, painted, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

GAP: Final = 2
NARROWEST: Final = 8
"""Characters that a column keeps, however narrow the terminal is."""

_PASSWORD: Final = re.compile(r"://[^/\s@]*:[^/\s]*@")
_LAST: Final = 20
"""Characters of the last column for which the others give way."""
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_UNITS: Final = ((_DAY, "d", 2), (_HOUR, "h", 2), (_MINUTE, "m", 2), (1, "s", 0))


@frozen
class Cell:
    """A text in a column, and its colour."""

    text: str
    paint: Paint | None = None

    def shown(self, width: int, *, colour: bool) -> str:
        """It in so many characters."""
        cut = middle_cut(self.text, width)
        filling = " " * (width - len(cut))
        return (painted(cut, self.paint, colour=colour) if self.paint else cut) + filling


@frozen(kw_only=True)
class Look:
    """How wide and colourful the place is where something is shown."""

    width: int | None = None
    colour: bool = False

    def paint(self, text: str, paint: Paint) -> str:
        """`text` in a colour, where there are colours."""
        return painted(text, paint, colour=self.colour)


def plain(text: str) -> str:
    """Text from outside as one line that does no more than be read."""
    return printable(" ".join(text.split()))


def without_password(address: str) -> str:
    """An address of a repository, as it may be shown."""
    return _PASSWORD.sub("://***@", address)


def age(now: datetime, then: datetime | None) -> str:
    """How long ago: `45s`, `12m`, `3h`, `5d`; "-" where nobody knows. A clock ahead of ours: `0s`.

    The unit is the largest of which there are at least two, so no more than half of it is lost.
    """
    if then is None:
        return "-"
    seconds = max(int((now - then).total_seconds()), 0)
    size, unit, _ = next(one for one in _UNITS if seconds >= one[0] * one[2])
    return f"{seconds // size}{unit}"


def middle_cut(text: str, width: int) -> str:
    """`text` in at most `width` characters; what is left out is in its middle."""
    if len(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    tail = (width - 1) // 2
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :] if tail else ''}"


def end_cut(text: str, width: int | None) -> str:
    """`text` in at most `width` characters; what is left out is at its end."""
    if width is None or len(text) <= width:
        return text
    return f"{text[: max(width - 1, 0)]}…"


def widths(rows: Sequence[Sequence[str]], room: int | None) -> tuple[int, ...]:
    """How wide the columns of these rows are, so that they have room together."""
    wide = [max(len(text) for text in column) for column in zip(*rows, strict=True)]
    if room is not None:
        room -= GAP * (len(wide) - 1)
        while sum(wide) > room and max(wide) > NARROWEST:
            widest = wide.index(max(wide))
            wide[widest] -= 1
    return tuple(wide)


def table(
    heads: Sequence[str], rows: Sequence[Sequence[Cell]], look: Look, *, margin: int = 0
) -> Iterator[str]:
    """A head, and a line for each row; the last column is cut at its end, and not filled."""
    every = [[Cell(head, Paint.FAINT) for head in heads], *rows]
    first = [[cell.text for cell in row[:-1]] for row in every]
    last: int | None = None
    room = None
    if look.width is not None:
        # The last column gets what is left; where that is too little, the others give way.
        whole = look.width - margin - GAP
        least = min(max(len(row[-1].text) for row in every), max(_LAST, whole // 4))
        room = whole - least
    wide = widths(first, room)
    if look.width is not None:
        last = max(look.width - margin - sum(wide) - GAP * len(wide), 1)
    for row in every:
        shown = [
            cell.shown(each, colour=look.colour) for cell, each in zip(row, wide, strict=False)
        ]
        end = end_cut(row[-1].text, last)
        shown.append(look.paint(end, row[-1].paint) if row[-1].paint else end)
        yield (" " * margin + (" " * GAP).join(shown)).rstrip()


def wrapped(text: str, look: Look, *, margin: int = 0, first: str = "") -> Iterator[str]:
    """`text` in lines that fit, each behind `margin` blanks, the first one behind `first`."""
    begin = first.ljust(margin)
    if look.width is None:
        yield (begin + text).rstrip()
        return
    room = max(look.width - margin, 20)
    # A path or a command is not broken: whoever copies it needs it whole.
    lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    for number, line in enumerate(lines):
        yield ((" " * margin if number else begin) + line).rstrip()
