"""Rows of Markdown tables: cells are one line each, and nothing in them ends a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

MARK: Final = "<!-- Written by `python tools/reference`: change what it is made from, not this. -->"
"""The first line of every page that is generated."""


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A table as the lines of a page."""
    columns = list(heads)
    return [_row(columns), _row("---" for _ in columns), *map(_row, rows)]


def code(text: str) -> str:
    """Text as it is written in a manifest."""
    return f"`{text}`"


def alternatives(values: Iterable[object]) -> str:
    """`a`, `b` or `c`."""
    *head, last = (code(str(value)) for value in values)
    return f"{', '.join(head)} or {last}" if head else last


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"
