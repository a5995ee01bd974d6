"""Tables: the series of all questions side by side, as the panel's transformations say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tools.dashboard_pictures.asking import shape_of
from tools.dashboard_pictures.drawing import EDGE, FAINT, LINK, SMALL, TEXT, Box, Sheet
from tools.dashboard_pictures.texts import shown, width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.dashboard_pictures.asking import Series

Json = dict[str, Any]
Cell = tuple[str, str]
"""A text, and its colour."""

_ROW: Final = 24.0


def table(sheet: Sheet, box: Box, panel: Json, series: Sequence[Series]) -> None:
    """As many rows as there is room for."""
    columns = _columns(panel)
    listed = _sorted(panel, _rows(series))
    cells = [[_cell(panel, row, field) for field in columns] for row in listed]
    titles = list(columns.values())
    widths = _widths(box.w, titles, cells)
    for at, row in enumerate([[(title, FAINT) for title in titles], *cells]):
        bottom = box.y + (at + 1) * _ROW
        if bottom > box.y + box.h + 2:
            break
        x = box.x
        for (text, colour), wide in zip(row, widths, strict=True):
            sheet.text(x + 4, bottom - 8, text, colour=colour, room=wide - 8, bold=at == 0)
            x += wide
        sheet.line([(box.x, bottom), (box.x + box.w, bottom)], EDGE)


def _columns(panel: Json) -> dict[str, str]:
    """The fields in their order, and what each is called."""
    (organized,) = [one["options"] for one in panel["transformations"] if one["id"] == "organize"]
    order: dict[str, int] = organized["indexByName"]
    names: dict[str, str] = organized["renameByName"]
    return {field: names[field] for field in sorted(order, key=order.__getitem__)}


def _rows(series: Sequence[Series]) -> list[dict[str, str | float]]:
    found: dict[tuple[tuple[str, str], ...], dict[str, str | float]] = {}
    for one in series:
        row = found.setdefault(tuple(sorted(one.labels.items())), dict(one.labels))
        row[f"Value #{one.ref}"] = one.last
    return list(found.values())


def _sorted(panel: Json, listed: list[dict[str, str | float]]) -> list[dict[str, str | float]]:
    ((by),) = panel["options"]["sortBy"]
    (field,) = [name for name, title in _columns(panel).items() if title == by["displayName"]]
    return sorted(listed, key=lambda row: row.get(field, 0.0), reverse=by["desc"])


def _cell(panel: Json, row: dict[str, str | float], field: str) -> Cell:
    title = _columns(panel)[field]
    value = row.get(field, "")
    has_link = any(
        one["matcher"]["options"] == title and one["properties"][0]["id"] == "links"
        for one in panel["fieldConfig"]["overrides"]
    )
    if isinstance(value, str):
        return value, LINK if has_link else TEXT
    _, shape = shape_of(panel, title)
    return shown(value, shape), shape.colour_of(value, TEXT)


def _widths(room: float, titles: Sequence[str], cells: Sequence[Sequence[Cell]]) -> list[float]:
    wanted = [
        max(width(text, SMALL) for text in (title, *(row[at][0] for row in cells))) + 16
        for at, title in enumerate(titles)
    ]
    return [one * room / sum(wanted) for one in wanted]
