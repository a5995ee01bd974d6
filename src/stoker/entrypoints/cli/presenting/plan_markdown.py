"""A plan as Markdown, for a comment on a pull request.

What comes from files is put where no renderer looks for markup: into `<code>` with every
character of meaning written as an entity (mentions, references and links are not made there
either), or into a fence that is longer than any run of backticks inside.

A comment has a largest size. The tables of resources come first, the changes inside resources
after them, resource by resource, as long as there is room; what was left out is said.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import define, field

from stoker.core.differences import HomeDifference, State
from stoker.entrypoints.cli.presenting import gist
from stoker.entrypoints.cli.presenting.body import Row, RowKind, rows
from stoker.entrypoints.cli.presenting.occasion import SIGNS, Occasion, cautions
from stoker.entrypoints.cli.presenting.wording import commit_words, count, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stoker.core.differences import Differences, ResourceDifference
    from stoker.entrypoints.cli.presenting.occasion import Caution

MAX_BYTES: Final = 60_000
"""GitHub takes 65,536 characters; the rest is for what a bot may want to add."""

MARKER: Final = "<!-- stoker-plan -->"
"""The first line, by which a bot finds the comment that it wrote before."""

_SHARE_OF_TABLES: Final = 0.5
_RESERVED: Final = 600
"""Bytes for what is said of what was left out."""
_LISTED: Final = 5
_LONGEST_NAME: Final = 300
_HOMES_TOLD: Final = 50
_MEANINGFUL: Final = re.compile(r"[^\w /.,-]|_|(?<=[wW]{3})\.", re.ASCII)
_FENCE: Final = re.compile("`{3,}")
_DIFF_SIGNS: Final = {
    RowKind.ADDED: "+ ",
    RowKind.REMOVED: "- ",
    RowKind.CHANGED: "! ",
    RowKind.SAME: "  ",
    RowKind.NOTE: "# … ",
}


def code(text: str) -> str:
    """`text` as code within a line, with nothing left in it that a renderer could take for more."""
    shown = printable(text)
    if len(shown) > _LONGEST_NAME:
        shown = f"{shown[: _LONGEST_NAME - 1]}…"
    return f"<code>{_MEANINGFUL.sub(_entity, shown)}</code>" if shown else ""


def _entity(match: re.Match[str]) -> str:
    character = match.group()
    return character if not character.isascii() else f"&#{ord(character)};"


def fenced(lines: Sequence[str], language: str) -> str:
    """A block of code that nothing in `lines` can end."""
    runs = [len(run) for line in lines for run in _FENCE.findall(line)]
    fence = "`" * (max(runs, default=2) + 1)
    return "\n".join((f"{fence}{language}", *lines, fence))


def markdown(
    differences: Differences,
    occasion: Occasion,
    *,
    limit: int = MAX_BYTES,
    marker: str = MARKER,
) -> str:
    """The plan as Markdown of at most `limit` bytes."""
    head = "\n".join(_head(differences, occasion, marker))
    foot = "\n".join(_foot(differences))
    room = _Room(limit - _bytes(head) - _bytes(foot) - _RESERVED)
    sections = [_Section(home) for home in differences.homes[:_HOMES_TOLD]]
    for section in sections:
        room.left -= _bytes(section.framed("", ""))
    tables = _Room(int(room.left * _SHARE_OF_TABLES))
    for section in sections:
        section.fill_table(tables)
    room.left -= sum(_bytes(row) for section in sections for row in section.rows)
    for section in sections:
        section.fill_blocks(room)
    parts = [head, *(section.text() for section in sections), *_left_out(differences, sections)]
    return "\n".join([*parts, foot]) + "\n"


@define
class _Room:
    left: int

    def take(self, text: str) -> bool:
        """Whether `text` still fits; then its room is taken."""
        size = _bytes(text)
        if size > self.left:
            return False
        self.left -= size
        return True


def _bytes(text: str) -> int:
    return len(text.encode()) + 1


def _head(differences: Differences, occasion: Occasion, marker: str) -> Iterator[str]:
    yield marker
    totals = differences.totals
    if differences.is_empty:
        yield "### Stoker plan: no changes"
    else:
        yield (
            f"### Stoker plan: {totals.added:,} to add, {totals.modified:,} to change, "
            f"{totals.deleted:,} to delete"
        )
    yield ""
    words = [
        f"{word} {code(name)}"
        for word, name in (
            ("Commit", commit_words(occasion.commit, occasion.ref)),
            ("gateway", occasion.gateway),
            ("profile", occasion.profile),
        )
        if name
    ]
    if words:
        yield ", ".join(words)
        yield ""
    for caution in cautions(differences, occasion):
        yield from _caution(caution)


def _caution(caution: Caution) -> Iterator[str]:
    yield "> [!WARNING]"
    yield f"> {caution.message}"
    yield from (f"> - {code(path)}" for path in caution.paths[:_LISTED])
    more = len(caution.paths) - _LISTED
    if more > 0:
        yield f"> - … and {more:,} more"
    yield ""


def _foot(differences: Differences) -> Iterator[str]:
    scans = gist.scans(differences.scans)
    yield f"Plan: {gist.counts(differences)}." + (f" Scans that follow: {scans}." if scans else "")


def _left_out(differences: Differences, sections: Iterable[_Section]) -> Iterator[str]:
    shown = list(sections)
    homes = len(differences.homes) - len(shown)
    unlisted = sum(section.unlisted for section in shown)
    undetailed = sum(section.undetailed for section in shown)
    words = [
        words
        for number, words in (
            (
                homes,
                f"{count(homes, 'more project or collection', 'more projects or collections')}",
            ),
            (unlisted, f"{count(unlisted, 'more resource')}"),
            (undetailed, f"the changes inside {count(undetailed, 'resource')}"),
        )
        if number
    ]
    if words:
        yield f"> [!NOTE]\n> Left out for the size of a comment: {', '.join(words)}."
        yield "> `stoker plan` shows everything.\n"


@define
class _Section:
    """A home: its table, and the changes inside its resources, as far as there is room."""

    home: HomeDifference
    rows: list[str] = field(factory=list)
    blocks: list[str] = field(factory=list)
    unlisted: int = 0
    undetailed: int = 0

    def fill_table(self, room: _Room) -> None:
        """List the resources."""
        for resource in self.home.notable:
            row = _table_row(resource)
            if self.unlisted or not room.take(row):
                self.unlisted += 1
            else:
                self.rows.append(row)

    def fill_blocks(self, room: _Room) -> None:
        """Add the changes inside the listed resources."""
        for resource in self.home.notable[: len(self.rows)]:
            block = _block(resource)
            if not block:
                continue
            if room.take(block):
                self.blocks.append(block)
            else:
                self.undetailed += 1

    def text(self) -> str:
        """The section, as far as it was filled."""
        return self.framed("\n".join(self.rows), "\n".join(self.blocks))

    def framed(self, table: str, blocks: str) -> str:
        """The section around a table and blocks."""
        words, name = gist.home_title(self.home)
        title = f"{words} {code(name)}".rstrip()
        lines = [
            "<details open>",
            f"<summary><b>{title}</b>: {gist.home_counts(self.home)}</summary>",
            "",
        ]
        if self.home.notable:
            lines += ["| | Resource | Changes |", "| :-: | :-- | :-- |"]
        return "\n".join([*lines, table, "", blocks, "</details>", ""])


def _table_row(resource: ResourceDifference) -> str:
    state = {State.ADDED: "added", State.REMOVED: "removed"}.get(resource.state, "")
    parts = [f"{code(name)} {words}".lstrip() for name, words in gist.parts(resource)]
    said = ": ".join(filter(None, (state, "; ".join(parts))))
    drift = "**drifted**, " if resource.drifted else ""
    return f"| `{SIGNS[resource.state]}` | {_named(resource)} | {drift}{said} |"


def _named(resource: ResourceDifference) -> str:
    # A kind that is not known here is made of the ids in the path.
    kind = resource.name.kind
    words = code(kind) if "/" in kind else kind
    return f"{words} {code(resource.name.name)}".rstrip()


def _block(resource: ResourceDifference) -> str:
    """The changes inside a resource; empty where the table says all."""
    pieces = []
    for file in resource.files:
        lines = [_diff_line(row) for row in rows(file.detail)]
        if lines:
            name = code(file.path.name)
            pieces.append(f"{_named(resource)}, {name}\n\n{fenced(lines, 'diff')}\n")
    return "\n".join(pieces)


def _diff_line(row: Row) -> str:
    if row.kind is RowKind.HEADING:
        return f"@@ {row.text} @@"
    return (_DIFF_SIGNS[row.kind] + row.text).rstrip()
