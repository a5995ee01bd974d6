"""What a Prometheus says to the questions of a panel, as the series that the panel shows.

The questions are those that Grafana would send: variables are replaced, `instant` ones are asked
for one moment, the others over the range with a step of its width. A series is called by the
panel's legend, and has the unit, the words and the colour that the panel and its overrides say.
"""

from __future__ import annotations

import json
import math
import re
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]

_PALETTE: Final = (
    "#7EB26D", "#EAB839", "#6ED0E0", "#EF843C", "#E24D42", "#5794F2", "#BA43A9", "#9A8CD1",
    "#B7DBAB", "#F9BA8F",
)  # fmt: skip
_STEPS: Final = 180


@frozen
class Range:
    """From when to when, in seconds."""

    begin: float
    end: float

    @property
    def step(self) -> float:
        """Between two points of a curve."""
        return max(1.0, (self.end - self.begin) / _STEPS)


@frozen
class Shape:
    """How values are shown."""

    unit: str = ""
    decimals: int | None = None
    words: Mapping[float, tuple[str, str]] = field(factory=dict)
    """The text and the colour of single values."""
    steps: tuple[tuple[float, str], ...] = ()
    """From which value on which colour."""
    colour: str = ""

    def colour_of(self, value: float, otherwise: str) -> str:
        """The colour of one value."""
        if value in self.words:
            return self.words[value][1]
        if self.steps and not self.colour:
            return [colour for least, colour in self.steps if value >= least][-1]
        return self.colour or otherwise


@frozen
class Series:
    """One series, with what it is called."""

    name: str
    points: tuple[tuple[float, float], ...]
    shape: Shape
    colour: str
    labels: Mapping[str, str] = field(factory=dict)
    ref: str = ""

    @property
    def last(self) -> float:
        """What it is now."""
        return self.points[-1][1]


@frozen
class Asking:
    """Asks one Prometheus, about one range, with these values of variables."""

    url: str
    over: Range
    values: Mapping[str, str]

    def of(self, panel: Json) -> list[Series]:
        """The series of a panel, in the order in which it shows them."""
        found = [(target, one) for target in panel["targets"] for one in self._asked(target)]
        return [
            self._series(panel, target, one, _PALETTE[at % len(_PALETTE)])
            for at, (target, one) in enumerate(found)
        ]

    def _series(self, panel: Json, target: Json, one: Json, colour: str) -> Series:
        labels = {key: value for key, value in one["metric"].items() if key != "__name__"}
        legend = target["legendFormat"]
        name = panel["title"] if legend == "__auto" else _filled(legend, labels)
        title, shape = shape_of(panel, name)
        points = one["values"] if "values" in one else [one["value"]]
        read = tuple((float(at), float(text)) for at, text in points)
        good = tuple(point for point in read if math.isfinite(point[1]))
        return Series(
            title,
            good or ((self.over.end, 0.0),),
            shape,
            shape.colour or colour,
            labels,
            target["refId"],
        )

    def _asked(self, target: Json) -> list[Json]:
        over = self.over
        expression = re.sub(r"\$\{?(\w+)\}?", lambda one: self.values[one[1]], target["expr"])
        given: dict[str, object] = {"query": expression}
        if target["instant"]:
            path, given = "query", {**given, "time": over.end}
        else:
            path = "query_range"
            given = {**given, "start": over.begin, "end": over.end, "step": over.step}
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(given)}"
        with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - what we are told
            found: list[Json] = json.load(answer)["data"]["result"]
        return sorted(found, key=lambda one: sorted(one["metric"].items()))


def shape_of(panel: Json, name: str) -> tuple[str, Shape]:
    """What a series or field of this name is called in the end, and how it is shown."""
    config = panel["fieldConfig"]
    told = dict(config["defaults"])
    for override in config["overrides"]:
        if override["matcher"]["options"] == name:
            told |= {one["id"]: one["value"] for one in override["properties"]}
    colour = told.get("color", {})
    shape = Shape(
        unit=told.get("unit", ""),
        decimals=told.get("decimals"),
        words=_words(told.get("mappings", ())),
        steps=_steps(told.get("thresholds", {})),
        colour=colour.get("fixedColor", "") if colour.get("mode") == "fixed" else "",
    )
    return told.get("displayName", name), shape


def _words(mappings: Iterable[Json]) -> dict[float, tuple[str, str]]:
    return {
        float(value): (one["text"], one["color"])
        for mapping in mappings
        for value, one in mapping["options"].items()
    }


def _steps(thresholds: Json) -> tuple[tuple[float, str], ...]:
    return tuple(
        (-math.inf if one["value"] is None else float(one["value"]), one["color"])
        for one in thresholds.get("steps", ())
    )


def _filled(legend: str, labels: Mapping[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda one: labels.get(one[1], ""), legend)
