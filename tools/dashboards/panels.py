"""The pieces that dashboards are put together from, as Grafana's JSON has them.

A panel is made without a place: `dashboard` lays panels out in lines of 24 columns, each line as
high as it is said to be, and numbers them. Whatever is the same everywhere (the datasource, how a
curve is drawn, where a legend stands) is said here, so that a dashboard's own module has only what
is asked and what it means. Colours are written as numbers, since not only Grafana draws them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Json = dict[str, Any]

GREEN: Final = "#73BF69"
YELLOW: Final = "#F2CC0C"
ORANGE: Final = "#FF9830"
RED: Final = "#F2495C"
DARK_RED: Final = "#C4162A"
BLUE: Final = "#5794F2"
LIGHT_BLUE: Final = "#8AB8FF"
PURPLE: Final = "#B877D9"
GREY: Final = "#8E8E93"

COLUMNS: Final = 24
_SCHEMA: Final = 39
_SOURCE: Final[Json] = {"type": "prometheus", "uid": "${datasource}"}


@frozen
class Query:
    """One expression, and how each of its series is called."""

    expr: str
    legend: str = ""
    is_instant: bool = field(default=False, kw_only=True)
    is_table: bool = field(default=False, kw_only=True)

    def target(self, ref: str) -> Json:
        """As a panel has it."""
        made: Json = {
            "refId": ref,
            "datasource": _SOURCE,
            "editorMode": "code",
            "expr": " ".join(self.expr.split()),
            "legendFormat": self.legend or "__auto",
            "range": not self.is_instant,
            "instant": self.is_instant,
        }
        return {**made, "format": "table"} if self.is_table else made


def steps(*given: tuple[float | None, str]) -> Json:
    """Thresholds: from each value on its colour; the first one is from None on."""
    return {
        "mode": "absolute",
        "steps": [{"value": value, "color": colour} for value, colour in given],
    }


def words(given: Mapping[float, tuple[str, str]]) -> list[Json]:
    """Value mappings: the word and the colour of each number."""
    options = {
        f"{value:g}": {"text": text, "color": colour, "index": at}
        for at, (value, (text, colour)) in enumerate(given.items())
    }
    return [{"type": "value", "options": options}]


def named(name: str, **properties: object) -> Json:
    """What is different about the field or series of this name."""
    listed = [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": listed}


def fixed(colour: str) -> Json:
    """A colour that does not depend on the value."""
    return {"mode": "fixed", "fixedColor": colour}


def stat(title: str, query: Query, *, text: str, named_only: bool = False, **shown: object) -> Json:
    """One number, or with `named_only` the name of the series alone."""
    options = {
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "textMode": "name" if named_only else "value",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    return _panel("stat", (title, text), [_now(query)], options, shown)


def bars(title: str, queries: Sequence[Query], *, text: str, **shown: object) -> Json:
    """A bar for each series, as it is now."""
    options = {
        "displayMode": "basic",
        "orientation": "horizontal",
        "showUnfilled": True,
        "valueMode": "color",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    return _panel("bargauge", (title, text), list(map(_now, queries)), options, shown)


def curves(
    title: str, queries: Sequence[Query], *, text: str, stacked: bool = False, **shown: object
) -> Json:
    """Series over time."""
    custom = {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 60 if stacked else 10,
        "showPoints": "never",
        "spanNulls": True,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
    }
    options = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return _panel("timeseries", (title, text), queries, options, {"custom": custom, **shown})


def timeline(title: str, queries: Sequence[Query], *, text: str, **shown: object) -> Json:
    """What each series was when."""
    options = {
        "mergeValues": True,
        "showValue": "auto",
        "rowHeight": 0.8,
        "alignValue": "left",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    shown = {"custom": {"fillOpacity": 80, "lineWidth": 0}, **shown}
    return _panel("state-timeline", (title, text), queries, options, shown)


def rows(  # noqa: PLR0913 - a table is all of these
    title: str,
    queries: Sequence[Query],
    *,
    text: str,
    columns: Mapping[str, str],
    sort: tuple[str, bool],
    overrides: Iterable[Json] = (),
) -> Json:
    """A table: the queries' series side by side. `columns` has the fields in order, and titles.

    `sort` has a column's title, and whether its largest value comes first.
    """
    hidden = {"Time": True, **{f"Time {at + 1}": True for at in range(len(queries))}}
    order = {name: at for at, name in enumerate(columns)}
    organized = {"excludeByName": hidden, "indexByName": order, "renameByName": dict(columns)}
    by, descending = sort
    made = _panel(
        "table",
        (title, text),
        queries,
        {
            "showHeader": True,
            "cellHeight": "sm",
            "sortBy": [{"displayName": by, "desc": descending}],
        },
        {"custom": {"align": "auto", "filterable": True}, "overrides": list(overrides)},
    )
    transformations = [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": organized},
    ]
    return {**made, "transformations": transformations}


def section(title: str) -> Json:
    """A line that says what the panels below are about."""
    return {"type": "row", "title": title, "collapsed": False, "panels": []}


def dashboard(uid: str, title: str, text: str, given: Json, lines: Iterable[Line]) -> Json:
    """A dashboard of these lines of panels; `given` has what else it says."""
    placed: list[Json] = []
    top = 0
    for line in lines:
        left = 0
        for panel, width in line.panels:
            place = {"x": left, "y": top, "w": width, "h": line.height}
            placed.append({"id": len(placed) + 1, "gridPos": place, **panel})
            left += width
        assert left == COLUMNS, f"{left} columns in line {top}"
        top += line.height
    return {
        "uid": uid,
        "title": title,
        "description": text,
        "tags": ["stoker"],
        "schemaVersion": _SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "browser",
        "refresh": "30s",
        "annotations": {"list": []},
        **given,
        "panels": placed,
    }


@frozen
class Line:
    """Panels beside each other, with the columns that each is wide."""

    height: int
    panels: tuple[tuple[Json, int], ...]


def line(height: int, *panels: Json) -> Line:
    """A line of panels of one width."""
    return Line(height, tuple((panel, COLUMNS // len(panels)) for panel in panels))


def source() -> Json:
    """The variable by which another Prometheus is chosen."""
    return {
        "type": "datasource",
        "name": "datasource",
        "label": "Prometheus",
        "query": "prometheus",
        "current": {},
        "refresh": 1,
    }


def choice(name: str, label: str, of: str, *, several: bool) -> Json:
    """A variable whose values are those of a label."""
    made: Json = {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": _SOURCE,
        "definition": of,
        "query": {"query": of, "refId": "variable"},
        "refresh": 2,
        "sort": 1,
        "multi": several,
        "includeAll": several,
        "current": {},
    }
    every = {"text": ["All"], "value": ["$__all"]}
    return {**made, "allValue": ".*", "current": every} if several else made


def _now(query: Query) -> Query:
    """Asked over time, a series that has ended would be shown as it was last."""
    return evolve(query, is_instant=True)


def _panel(
    kind: str, said: tuple[str, str], queries: Sequence[Query], options: Json, shown: Json
) -> Json:
    title, text = said
    overrides = shown.pop("overrides", [])
    defaults = {"color": {"mode": "palette-classic"}, **shown}
    if "thresholds" in shown and "color" not in shown:
        defaults["color"] = {"mode": "thresholds"}
    return {
        "type": kind,
        "title": title,
        "description": " ".join(text.split()),
        "datasource": _SOURCE,
        "targets": [one.target(chr(ord("A") + at)) for at, one in enumerate(queries)],
        "fieldConfig": {"defaults": defaults, "overrides": overrides},
        "options": options,
    }
