"""A dashboard as one SVG: its head, and each panel in the place that its grid has for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tools.dashboard_pictures import drawing
from tools.dashboard_pictures.drawing import EDGE, FAINT, PAGE, PANEL, Box, Sheet
from tools.dashboard_pictures.tables import table
from tools.dashboard_pictures.texts import clock, width

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.dashboard_pictures.asking import Asking

Json = dict[str, Any]

_COLUMN: Final = 58.0
_ROW: Final = 30.0
_GAP: Final = 8.0
_HEAD: Final = 46.0
_TITLE: Final = 12.5
_FONT: Final = "Inter, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"


def picture(dashboard: Json, asking: Asking, values: Mapping[str, str]) -> str:
    """The whole of it."""
    panels = dashboard["panels"]
    lowest = max(one["gridPos"]["y"] + one["gridPos"]["h"] for one in panels)
    wide, high = 24 * _COLUMN + _GAP, lowest * _ROW + _HEAD + _GAP
    sheet = Sheet()
    sheet.rectangle(Box(0, 0, wide, high), PAGE)
    _head(sheet, dashboard, asking, values, wide)
    for panel in panels:
        _panel(sheet, panel, asking)
    size = f'viewBox="0 0 {wide:g} {high:g}" width="{wide:g}" height="{high:g}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{_FONT}">'
    return "\n".join([head, f"<title>{dashboard['title']}</title>", *sheet.parts, "</svg>", ""])


def _head(
    sheet: Sheet, dashboard: Json, asking: Asking, values: Mapping[str, str], wide: float
) -> None:
    sheet.text(_GAP + 4, 29, dashboard["title"], size=16, bold=True)
    x = _GAP + 24 + width(dashboard["title"], 16)
    for variable in dashboard["templating"]["list"]:
        if variable["name"] in values:
            said = values[variable["name"]].replace(".*", "All")
            room = width(variable["label"], 11) + width(said, 11) + 28
            sheet.rectangle(Box(x, 12, room, 24), PANEL, edge=EDGE, round_=2)
            sheet.text(x + 8, 28, variable["label"], colour=FAINT)
            sheet.text(x + 18 + width(variable["label"], 11), 28, said)
            x += room + 8
    times = f"{clock(asking.over.begin)} to {clock(asking.over.end)} UTC"
    sheet.text(wide - _GAP - 4, 28, times, colour=FAINT, anchor="end")


def _panel(sheet: Sheet, panel: Json, asking: Asking) -> None:
    place = panel["gridPos"]
    box = Box(
        place["x"] * _COLUMN + _GAP, place["y"] * _ROW + _HEAD,
        place["w"] * _COLUMN - _GAP, place["h"] * _ROW - _GAP,
    )  # fmt: skip
    if panel["type"] == "row":
        sheet.text(box.x + 4, box.y + 16, f"▾ {panel['title']}", size=14, bold=True)
        return
    sheet.rectangle(box, PANEL, edge=EDGE, round_=2)
    sheet.text(box.x + 9, box.y + 19, panel["title"], size=_TITLE, bold=True, room=box.w - 16)
    series = asking.of(panel)
    inner = box.inside(10, 28, 10, 8)
    if not series:
        middle = inner.y + inner.h / 2 + 4
        sheet.text(inner.x + inner.w / 2, middle, "No data", colour=FAINT, anchor="middle")
        return
    over, options = asking.over, panel["options"]
    defaults = panel["fieldConfig"]["defaults"]
    match panel["type"]:
        case "stat":
            drawing.stat(sheet, inner, series, names=options["textMode"] == "name")
        case "bargauge":
            drawing.bars(sheet, inner, series)
        case "timeseries":
            stacked = defaults["custom"]["stacking"]["mode"] == "normal"
            drawing.curves(sheet, inner, series, over, stacked=stacked, below=defaults.get("min"))
        case "state-timeline":
            drawing.timeline(sheet, inner, series, over)
        case "table":
            table(sheet, inner, panel, series)
        case kind:
            raise AssertionError(f"nobody has drawn a panel of type {kind} so far")
