"""Numbers as people read them, times of day, and how wide a text is."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tools.dashboard_pictures.asking import Shape

_SPANS: Final = (("d", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 0.001))
_SIZES: Final = (("GiB", 2.0**30), ("MiB", 2.0**20), ("KiB", 2.0**10), ("B", 1.0))
_COUNTS: Final = (("M", 1e6), ("K", 1e3), ("", 1.0))
_SUFFIXES: Final = {"reqps": " req/s", "ops": " ops/s"}
_WIDE: Final = 0.56
_NICE: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


def shown(value: float, shape: Shape) -> str:
    """A value as its panel says."""
    if value in shape.words:
        return shape.words[value][0]
    match shape.unit:
        case "s":
            return _scaled(value, _SPANS, shape.decimals)
        case "bytes":
            return _scaled(value, _SIZES, shape.decimals)
        case "percentunit":
            return f"{_rounded(value * 100, shape.decimals)}%"
        case unit:
            return _scaled(value, _COUNTS, shape.decimals) + _SUFFIXES.get(unit, "")


def ticks(low: float, high: float, shape: Shape, most: int = 4) -> list[float]:
    """Round numbers from one that is not above `low` to one that is not below `high`."""
    span = (high - low) or abs(high) or 1.0
    scale = _scale(shape.unit, high)
    rough = span / most / scale
    if shape.decimals == 0:
        rough = max(rough, 1.0)
    power = 10.0 ** math.floor(math.log10(rough))
    step = scale * next(power * nice for nice in _NICE if power * nice >= rough * 0.999)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [at * step for at in range(first, max(last, first + 1) + 1)]


def _scale(unit: str, high: float) -> float:
    """In what people count: minutes and hours, mebibytes."""
    scales = {"s": [size for _, size in _SPANS if size >= 1], "bytes": [size for _, size in _SIZES]}
    return next((size for size in scales.get(unit, ()) if high >= size * 1.5), 1.0)


def clock(at: float, *, seconds: bool = False) -> str:
    """The time of day."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S" if seconds else "%H:%M")


def width(text: str, size: float) -> float:
    """How wide a text is, roughly."""
    narrow = sum(one in "iljtfI.,:;|!'()[] " for one in text)
    wide = sum(one.isupper() or one in "mwMW@%" for one in text)
    return size * _WIDE * (len(text) - 0.5 * narrow + 0.25 * wide)


def cut(text: str, size: float, room: float) -> str:
    """The text, or its beginning, so that it fits."""
    if width(text, size) <= room:
        return text
    while text and width(text + "…", size) > room:
        text = text[:-1]
    return text + "…"


def _scaled(value: float, units: tuple[tuple[str, float], ...], decimals: int | None) -> str:
    if not value:
        return "0"
    fitting = [one for one in units if abs(value) >= one[1]]
    name, size = (fitting or [units[-1]])[0]
    return f"{_rounded(value / size, decimals)} {name}".rstrip()


def _rounded(value: float, decimals: int | None) -> str:
    """Three digits that count, where nothing else is said."""
    if decimals is None:
        before = len(str(int(abs(value))))
        decimals = max(0, 3 - before) if value != round(value) else 0
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
