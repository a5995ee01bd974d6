"""Go durations: `60s`, `1m30s`, `1.5h`.

Parts are added up in whole nanoseconds, as Go does, so that a bound such as `5s` is met exactly.
"""

from __future__ import annotations

import re
from typing import Final, Self

from attrs import frozen

from stoker.core.errors import DecodeError

MAX_TEXT: Final = 100
"""Characters of a duration; the longest that Go itself writes has 25."""

_NANOSECONDS: Final = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,  # U+00B5
    "μs": 10**3,  # U+03BC, which Go accepts as well
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_PART: Final = re.compile(r"(?=\.?\d)(\d*)(?:\.(\d*))?(ns|[uµμ]s|ms|s|m|h)", re.ASCII)
_WHOLE: Final = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)
_LONGEST: Final = 2**63 - 1


@frozen
class Duration:
    """A length of time, with the text that it was written as."""

    text: str
    seconds: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a Go duration, or raise `DecodeError`."""
        if len(text) > MAX_TEXT:
            raise DecodeError(f"a duration has at most {MAX_TEXT} characters", cure="shorten it")
        negative = text.startswith("-")
        unsigned = text[1:] if text.startswith(("-", "+")) else text
        if unsigned == "0":
            return cls(text, 0.0)
        if not _WHOLE.fullmatch(unsigned):
            raise DecodeError(
                f"{text!r} is not a duration", cure="write a number and a unit, such as 60s or 5m"
            )
        nanoseconds = sum(_part(*found.groups()) for found in _PART.finditer(unsigned))
        if nanoseconds > _LONGEST + negative:
            raise DecodeError(f"{text!r} is longer than a duration can be", cure="shorten it")
        return cls(text, (-nanoseconds if negative else nanoseconds) / 10**9)


def _part(whole: str, fraction: str | None, unit: str) -> int:
    scale = _NANOSECONDS[unit]
    digits = fraction or ""
    below: int = int(digits or 0) * scale // 10 ** len(digits)
    return int(whole or 0) * scale + below
