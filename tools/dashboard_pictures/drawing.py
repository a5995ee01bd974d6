"""What panels look like: a number, bars, curves, a timeline, a table; in SVG, by a `Sheet`.

Whatever is drawn gets a box, in the coordinates of the picture. Colours and sizes are those of
Grafana's dark theme, near enough.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias
from xml.sax.saxutils import escape, quoteattr

from attrs import field, frozen
from tools.dashboard_pictures.texts import clock, cut, shown, ticks, width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.dashboard_pictures.asking import Range, Series

PAGE: Final = "#111217"
PANEL: Final = "#181B1F"
EDGE: Final = "#2B2F36"
TEXT: Final = "#CCCCDC"
FAINT: Final = "#8E8E99"
LINK: Final = "#6E9FFF"
SMALL: Final = 11.0
_ROW: Final = 17.0
_GRID: Final = "#2A2D33"
_LEGEND: Final = 3
"""Lines of a legend at most."""
_SHORT: Final = 600.0
"""Seconds below which the time of day needs its seconds."""

Points: TypeAlias = tuple[tuple[float, float], ...]
Scale: TypeAlias = Callable[[float], float]


@frozen
class Box:
    """A rectangle."""

    x: float
    y: float
    w: float
    h: float

    def inside(self, left: float, top: float, right: float, bottom: float) -> Box:
        """What is left within these margins."""
        return Box(self.x + left, self.y + top, self.w - left - right, self.h - top - bottom)


@frozen
class Sheet:
    """Where it is drawn."""

    parts: list[str] = field(factory=list)

    def rectangle(self, box: Box, fill: str, *, edge: str = "", round_: float = 0.0) -> None:
        """A filled one."""
        stroke = f' stroke="{edge}"' if edge else ""
        corner = f' rx="{round_:g}"' if round_ else ""
        place = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{max(box.w, 0):.1f}" height="{box.h:.1f}"'
        self.parts.append(f'<rect {place} fill="{fill}"{stroke}{corner}/>')

    def line(self, points: Sequence[tuple[float, float]], colour: str, thick: float = 1.0) -> None:
        """A line through these points."""
        where = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(
            f'<polyline points="{where}" fill="none" stroke="{colour}" stroke-width="{thick:g}"/>'
        )

    def area(self, points: Sequence[tuple[float, float]], colour: str, opacity: float) -> None:
        """What these points surround."""
        where = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polygon points="{where}" fill="{colour}" fill-opacity="{opacity:g}"/>')

    def text(  # noqa: PLR0913 - what a text is
        self, x: float, y: float, text: str, *, size: float = SMALL, colour: str = TEXT,
        anchor: str = "start", bold: bool = False, room: float = 0.0,
    ) -> None:  # fmt: skip
        """A line of text; with `room`, its beginning if it is longer."""
        said = escape(cut(text, size, room) if room else text)
        weight = ' font-weight="500"' if bold else ""
        place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor={quoteattr(anchor)}'
        self.parts.append(f'<text {place} fill="{colour}"{weight}>{said}</text>')


def stat(sheet: Sheet, box: Box, series: Sequence[Series], *, names: bool) -> None:
    """One large number, or name."""
    one = series[0]
    text = one.name if names else shown(one.last, one.shape)
    size = min(34.0, box.h * 0.6)
    while width(text, size) > box.w - 8 and size > SMALL:
        size -= 1
    colour = one.shape.colour_of(one.last, TEXT)
    middle = box.y + box.h / 2 + size * 0.35
    sheet.text(
        box.x + box.w / 2,
        middle,
        text,
        size=size,
        colour=colour,
        anchor="middle",
        bold=True,
        room=box.w,
    )


def bars(sheet: Sheet, box: Box, series: Sequence[Series]) -> None:
    """A bar for each, as long as it is large."""
    fits = max(1, int(box.h // (_ROW + 1)))
    listed = list(series)[:fits]
    most = max((one.last for one in listed), default=0.0) or 1.0
    left = min(box.w * 0.42, max(width(one.name, SMALL) for one in listed) + 10)
    right = max(width(shown(one.last, one.shape), SMALL) for one in listed) + 10
    high = min(26.0, box.h / len(listed))
    for at, one in enumerate(listed):
        top = box.y + at * high
        middle = top + high / 2 + SMALL * 0.36
        whole = Box(box.x + left, top + 2, box.w - left - right, high - 4)
        colour = one.shape.colour_of(one.last, one.colour)
        sheet.text(box.x, middle, one.name, room=left - 6)
        sheet.rectangle(whole, "#22252B")
        sheet.rectangle(Box(whole.x, whole.y, whole.w * max(one.last, 0) / most, whole.h), colour)
        sheet.text(box.x + box.w, middle, shown(one.last, one.shape), colour=colour, anchor="end")


def curves(  # noqa: PLR0913 - what curves are
    sheet: Sheet,
    box: Box,
    series: Sequence[Series],
    over: Range,
    *,
    stacked: bool,
    below: float | None,
) -> None:
    """Series over time, with axes and a legend."""
    paths = _stacked(series) if stacked else [(one, one.points, ()) for one in series]
    values = [value for _, points, _ in paths for _, value in points]
    low = min(values) if below is None else min(below, *values)
    marks = ticks(low, max(values), series[0].shape)
    labels = [shown(mark, series[0].shape) for mark in marks]
    left = max(width(label, SMALL) for label in labels) + 8
    lines = legend(sheet, box, series)
    plot = box.inside(left, 4, 6, 18 + lines * 15)
    across, up = _scales(plot, over, marks[0], marks[-1])
    for mark, label in zip(marks, labels, strict=True):
        sheet.line([(plot.x, up(mark)), (plot.x + plot.w, up(mark))], _GRID)
        sheet.text(plot.x - 5, up(mark) + 4, label, colour=FAINT, anchor="end")
    _times(sheet, plot, over)
    for one, points, under in paths:
        if len(points) == 1:
            points = ((over.end - over.step, points[0][1]), points[0])  # noqa: PLW2901 - a dot is no line
        drawn = [(across(at), up(value)) for at, value in _thinned(points)]
        floor = [(across(at), up(value)) for at, value in reversed(_thinned(under))]
        ground = floor or [(drawn[-1][0], up(marks[0])), (drawn[0][0], up(marks[0]))]
        sheet.area([*drawn, *ground], one.colour, 0.55 if stacked else 0.08)
        sheet.line(drawn, one.colour, 1.4)


def timeline(sheet: Sheet, box: Box, series: Sequence[Series], over: Range) -> None:
    """A band for each series, in the colour of what it was."""
    left = min(box.w * 0.36, max(width(one.name, SMALL) for one in series) + 10)
    plot = box.inside(left, 2, 6, 18)
    high = min(34.0, plot.h / len(series))
    across, _ = _scales(plot, over, 0, 1)
    for at, one in enumerate(series):
        top = plot.y + at * high
        middle = top + high / 2 + SMALL * 0.36
        sheet.text(plot.x - 6, middle, one.name, anchor="end", room=left - 8)
        for begin, end, value in _bands(one, over):
            band = Box(across(begin), top + high * 0.1, across(end) - across(begin), high * 0.8)
            sheet.rectangle(band, one.shape.colour_of(value, one.colour))
            said = shown(value, one.shape)
            if width(said, SMALL) + 8 < band.w:
                sheet.text(band.x + 5, middle, said, colour="#14151A", bold=True)
    _times(sheet, plot, over)


def legend(sheet: Sheet, box: Box, series: Sequence[Series]) -> int:
    """What the colours are, at the foot of the box; how many lines that takes."""
    lines: list[list[Series]] = [[]]
    used = 0.0
    for one in series:
        wide = min(width(one.name, SMALL), box.w * 0.6) + 30
        if lines[-1] and used + wide > box.w:
            lines.append([])
            used = 0.0
        lines[-1].append(one)
        used += wide
    lines = lines[:_LEGEND]
    for at, listed in enumerate(lines):
        x, y = box.x + 4, box.y + box.h - 4 - 15 * (len(lines) - 1 - at)
        for one in listed:
            sheet.rectangle(Box(x, y - 6, 12, 3), one.colour, round_=1.5)
            sheet.text(x + 16, y, one.name, room=box.w * 0.6)
            x += min(width(one.name, SMALL), box.w * 0.6) + 30
    return len(lines)


def _stacked(series: Sequence[Series]) -> list[tuple[Series, Points, Points]]:
    moments = sorted({at for one in series for at, _ in one.points})
    under = tuple((at, 0.0) for at in moments)
    found = []
    for one in series:
        own = dict(one.points)
        over = tuple((at, value + own.get(at, 0.0)) for at, value in under)
        found.append((one, over, under))
        under = over
    return found


def _thinned(points: Points) -> Points:
    """Without those between two of the same height."""
    inner = zip(points, points[1:], points[2:], strict=False)
    kept = tuple(here for before, here, after in inner if not before[1] == here[1] == after[1])
    return (*points[:1], *kept, *points[-1:]) if len(points) > 1 else points


def _bands(one: Series, over: Range) -> list[tuple[float, float, float]]:
    found: list[tuple[float, float, float]] = []
    for at, value in one.points:
        end = min(at + over.step, over.end)
        if found and found[-1][2] == value and at - found[-1][1] < over.step * 1.5:
            found[-1] = (found[-1][0], end, value)
        else:
            found.append((at, end, value))
    return found


def _scales(plot: Box, over: Range, low: float, high: float) -> tuple[Scale, Scale]:
    def across(at: float) -> float:
        return plot.x + plot.w * (at - over.begin) / (over.end - over.begin)

    def up(value: float) -> float:
        return plot.y + plot.h * (1 - (value - low) / ((high - low) or 1.0))

    return across, up


def _times(sheet: Sheet, plot: Box, over: Range) -> None:
    number = max(2, int(plot.w // 90))
    for at in range(number):
        share = (at + 0.5) / number
        moment = over.begin + share * (over.end - over.begin)
        short = over.end - over.begin < _SHORT
        sheet.text(
            plot.x + share * plot.w, plot.y + plot.h + 14, clock(moment, seconds=short),
            colour=FAINT, anchor="middle",
        )  # fmt: skip
