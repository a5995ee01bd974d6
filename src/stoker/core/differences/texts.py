"""Two texts, compared line by line, as the hunks that people read in a unified diff.

How lines end is looked at apart: two texts that differ by nothing else are said to do so. Secrets
are withheld from the lines that are shown, after the lines were compared: a changed password is a
changed line.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.differences.alignment import Pair, align
from stoker.core.differences.limits import MAX_LINE, MAX_LINES
from stoker.core.differences.secrecy import WITHHELD, key_lines, veiled_text

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONTEXT: Final = 3
"""Unchanged lines that are shown around a change."""

_LOOKED_AT: Final = 4 * MAX_LINE
"""Characters of a line in which secrets are looked for; no more than these could be shown."""


class Sign(StrEnum):
    """What happened to a line."""

    SAME = " "
    ADDED = "+"
    REMOVED = "-"


@frozen
class Line:
    """A line of a hunk."""

    sign: Sign
    text: str


@frozen
class Hunk:
    """Lines that stand together; numbers count from 1, as in a unified diff."""

    before: int
    after: int
    lines: tuple[Line, ...]


@frozen(kw_only=True)
class LineChanges:
    """The difference of two texts: as much as is shown, and how much there is."""

    hunks: tuple[Hunk, ...] = ()
    added: int = 0
    removed: int = 0
    cut: int = 0
    """Lines of hunks that are not shown."""
    endings: str = ""
    """`LF to CRLF`, `no line break at the end any more` …; empty if lines end as before."""

    @property
    def shown(self) -> int:
        """How many lines are shown."""
        return sum(len(hunk.lines) for hunk in self.hunks)


def compare_texts(
    before: str, after: str, *, code: bool = False, limit: int = MAX_LINES
) -> LineChanges:
    """The difference of two texts; `code`: what is assigned to a name is a name, or a literal."""
    old, new = _lines(before), _lines(after)
    pairs = align(old, new)
    edits = _edits(len(old), len(new), pairs)
    page = _Page(old, new, key_lines(old), key_lines(new), code)
    hunks: list[Hunk] = []
    room = limit
    total = 0
    for group in _grouped(edits):
        total += len(group)
        if room > 0:
            hunks.append(page.hunk(group[:room]))
            room -= len(group)
    return LineChanges(
        hunks=tuple(hunks),
        added=len(new) - len(pairs),
        removed=len(old) - len(pairs),
        cut=max(0, total - limit),
        endings=_endings(before, after),
    )


def _lines(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _endings(before: str, after: str) -> str:
    old, new = _ending(before), _ending(after)
    if old != new and before and after:
        return f"{old} to {new}"
    ended, ends = before.endswith("\n"), after.endswith("\n")
    if ended == ends or not before or not after:
        return ""
    return "line break at the end added" if ends else "line break at the end removed"


def _ending(text: str) -> str:
    crlf = text.count("\r\n")
    if not crlf:
        return "LF"
    return "CRLF" if crlf == text.count("\n") else "mixed line endings"


_Edit = tuple[int | None, int | None]
"""A line: its old position and its new one, as far as it has them."""


def _edits(old: int, new: int, pairs: list[Pair]) -> list[_Edit]:
    edits: list[_Edit] = []
    at, to = 0, 0
    for here, there in [*pairs, (old, new)]:
        edits += [(gone, None) for gone in range(at, here)]
        edits += [(None, come) for come in range(to, there)]
        if here < old:
            edits.append((here, there))
        at, to = here + 1, there + 1
    return edits


def _grouped(edits: Sequence[_Edit]) -> Iterator[Sequence[_Edit]]:
    """Runs of edits with their context; runs that would touch are one."""
    changed = [at for at, (here, there) in enumerate(edits) if here is None or there is None]
    start = stop = 0
    for at in changed:
        if stop and at - _CONTEXT > stop:
            yield edits[start:stop]
            stop = 0
        if not stop:
            start = max(0, at - _CONTEXT)
        stop = min(len(edits), at + _CONTEXT + 1)
    if stop:
        yield edits[start:stop]


@frozen
class _Page:
    """The lines of both texts, as they may be shown."""

    old: Sequence[str]
    new: Sequence[str]
    old_keys: frozenset[int]
    new_keys: frozenset[int]
    code: bool

    def hunk(self, edits: Sequence[_Edit]) -> Hunk:
        """The hunk of these edits."""
        before = next((here + 1 for here, _ in edits if here is not None), 0)
        after = next((there + 1 for _, there in edits if there is not None), 0)
        return Hunk(before, after, tuple(self._line(edit) for edit in edits))

    def _line(self, edit: _Edit) -> Line:
        match edit:
            case int(here), None:
                return Line(Sign.REMOVED, self._shown(self.old[here], here in self.old_keys))
            case None, int(there):
                return Line(Sign.ADDED, self._shown(self.new[there], there in self.new_keys))
            case _:
                place = edit[1] or 0
                return Line(Sign.SAME, self._shown(self.new[place], place in self.new_keys))

    def _shown(self, line: str, in_key: bool) -> str:  # noqa: FBT001 - one of two lines' facts
        if in_key:
            return WITHHELD
        veiled = veiled_text(line[:_LOOKED_AT], code=self.code)
        if len(veiled) <= MAX_LINE:
            return veiled
        return f"{veiled[: MAX_LINE - 1]}…"
