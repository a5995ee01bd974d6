"""Counters, gauges and histograms, and the text that Prometheus reads.

The official library would take 5 MB of an agent that has forty. What is here is what an agent
needs of it: series by labels, and the text format 0.0.4. The lock is the caller's.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final, Literal, TypeAlias

from attrs import define, field

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Labels: TypeAlias = tuple[str, ...]
Kind: TypeAlias = Literal["counter", "gauge", "histogram"]

_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@define
class Family:
    """Numbers of one name, by the values of their labels."""

    name: str
    text: str
    labels: tuple[str, ...] = ()
    kind: Kind = "gauge"
    _series: dict[Labels, float] = field(factory=dict, init=False)

    def set(self, value: float, *labels: str) -> None:
        """It is this now."""
        self._series[labels] = value

    def add(self, value: float, *labels: str) -> None:
        """It is so much more."""
        self._series[labels] = self._series.get(labels, 0.0) + value

    def clear(self) -> None:
        """There is nothing to tell."""
        self._series.clear()

    def lines(self) -> Iterator[str]:
        """The family as text; nothing as long as there are no numbers."""
        if self._series:
            yield from _head(self.name, self.text, self.kind)
        for values, number in sorted(self._series.items()):
            yield f"{self.name}{_labelled(self.labels, values)} {_written(number)}"


@define
class Histogram:
    """How long things took, by the values of their labels."""

    name: str
    text: str
    bounds: Sequence[float]
    labels: tuple[str, ...] = ()
    _counts: dict[Labels, list[int]] = field(factory=dict, init=False)
    _sums: dict[Labels, float] = field(factory=dict, init=False)

    def observe(self, value: float, *labels: str) -> None:
        """One took this long."""
        counts = self._counts.setdefault(labels, [0] * (len(self.bounds) + 1))
        counts[bisect_left(self.bounds, value)] += 1
        self._sums[labels] = self._sums.get(labels, 0.0) + value

    def lines(self) -> Iterator[str]:
        """The family as text; nothing as long as there are no numbers."""
        if self._counts:
            yield from _head(self.name, self.text, "histogram")
        names = (*self.labels, "le")
        for values, counts in sorted(self._counts.items()):
            for bound, below in zip((*self.bounds, math.inf), accumulate(counts), strict=True):
                labelled = _labelled(names, (*values, _written(bound)))
                yield f"{self.name}_bucket{labelled} {below}"
            own = _labelled(self.labels, values)
            yield f"{self.name}_sum{own} {_written(self._sums[values])}"
            yield f"{self.name}_count{own} {sum(counts)}"


def _head(name: str, text: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"


def _labelled(names: Sequence[str], values: Sequence[str]) -> str:
    if not names:
        return ""
    pairs = (
        f'{name}="{value.translate(_ESCAPES)}"' for name, value in zip(names, values, strict=True)
    )
    return "{" + ",".join(pairs) + "}"


def _written(number: float) -> str:
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    return str(int(number)) if float(number).is_integer() else repr(float(number))
