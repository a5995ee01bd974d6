"""The changes inside a file, as rows: a sign, and text that may be shown as it is.

Two layouts: *brief*, for terminals, has one row for a changed value where both sides fit on it;
otherwise, for blocks of a diff, each change is a heading and a row for each side.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.differences import (
    ChangeKind,
    DocumentChanges,
    NotCompared,
    Sign,
    TextChanges,
    ValueChange,
)
from stoker.entrypoints.cli.presenting.wording import count, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.core.differences import Detail, LineChanges

_BRIEF: Final = 60
"""Characters of both values together that fit behind a path."""


class RowKind(StrEnum):
    """What a row is; the value is the sign that it is shown with in a terminal."""

    HEADING = "@"
    ADDED = "+"
    REMOVED = "-"
    CHANGED = "~"
    SAME = " "
    NOTE = "…"


@frozen
class Row:
    """One line of output."""

    kind: RowKind
    text: str
    depth: int = 0


_OF_LINE: Final = {
    Sign.SAME: RowKind.SAME,
    Sign.ADDED: RowKind.ADDED,
    Sign.REMOVED: RowKind.REMOVED,
}
_OF_CHANGE: Final = {
    ChangeKind.ADDED: RowKind.ADDED,
    ChangeKind.REMOVED: RowKind.REMOVED,
    ChangeKind.CHANGED: RowKind.CHANGED,
    ChangeKind.MOVED: RowKind.CHANGED,
}


def rows(detail: Detail, *, brief: bool = False) -> Iterator[Row]:
    """What changes inside a file; nothing where the gist says all."""
    match detail:
        case DocumentChanges(changes=changes, cut=cut):
            for change in changes:
                yield from _change_rows(change, brief=brief)
            if cut:
                yield Row(RowKind.NOTE, f"and {count(cut, 'more change')}")
        case TextChanges(lines=lines, problem=problem):
            if problem:
                yield Row(RowKind.NOTE, printable(problem))
            yield from _line_rows(lines, depth=0)
        case NotCompared(why):
            yield Row(RowKind.NOTE, f"not compared: {why}")
        case _:
            return


def _change_rows(change: ValueChange, *, brief: bool) -> Iterator[Row]:
    place = " → ".join(printable(part) for part in (change.subject, change.path) if part)
    place = place or "the whole document"
    kind = _OF_CHANGE[change.kind]
    if change.lines is not None:
        yield _headed(place, kind, brief=brief)
        yield from _line_rows(change.lines, depth=1 if brief else 0)
    elif change.withheld or change.before == change.after:
        said = f"({change.kind.value}, not shown)" if change.withheld else change.note
        yield Row(kind, f"{place}: {said}")
    else:
        yield from _value_rows(place, kind, change, brief=brief)


def _headed(place: str, kind: RowKind, *, brief: bool) -> Row:
    return Row(kind, f"{place}:") if brief else Row(RowKind.HEADING, place)


def _value_rows(place: str, kind: RowKind, change: ValueChange, *, brief: bool) -> Iterator[Row]:
    note = f" ({change.note})" if change.note else ""
    values = [printable(each) for each in (change.before, change.after) if each is not None]
    if brief and (len(values) == 1 or sum(map(len, values)) <= _BRIEF):
        yield Row(kind, f"{place}: {' → '.join(values)}{note}")
        return
    yield _headed(f"{place}{note}", kind, brief=brief)
    depth = 1 if brief else 0
    if change.before is not None:
        yield Row(RowKind.REMOVED, printable(change.before), depth)
    if change.after is not None:
        yield Row(RowKind.ADDED, printable(change.after), depth)


def _line_rows(lines: LineChanges, depth: int) -> Iterator[Row]:
    for at, hunk in enumerate(lines.hunks):
        start = hunk.after or hunk.before
        if at or start > 1:
            yield Row(RowKind.HEADING, f"line {start}", depth)
        for line in hunk.lines:
            yield Row(_OF_LINE[line.sign], printable(line.text, keep="\t"), depth)
    if lines.cut:
        yield Row(RowKind.NOTE, f"and {count(lines.cut, 'more line')}", depth)
