"""Numbers as Go's `strconv` reads and writes them."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Final

_DIGITS: Final = "[0-9]++(?:_[0-9]++)*+"
_HEX_DIGITS: Final = "[0-9a-fA-F]++(?:_[0-9a-fA-F]++)*+"
_DECIMAL: Final = re.compile(
    rf"[+-]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?"
    r"|[+-]?(?i:inf(?:inity)?)|(?i:nan)"
)
_HEXADECIMAL: Final = re.compile(
    rf"[+-]?0[xX](?:_?{_HEX_DIGITS}(?:\.(?:{_HEX_DIGITS})?)?|\.{_HEX_DIGITS})[pP][+-]?{_DIGITS}"
)

_SIGN: Final = 1 << 63
_CHUNK: Final = 1000
"""Digits that are converted at once; Python refuses to convert more than a few thousand."""


def wrapped(number: int) -> int:
    """The number as it is left in a signed integer of 64 bits: Go lets them overflow."""
    return (number + _SIGN) % (2 * _SIGN) - _SIGN


def parse_index(digits: str) -> int:
    """The number that `digits` say, wrapped."""
    value = 0
    for start in range(0, len(digits), _CHUNK):
        chunk = digits[start : start + _CHUNK]
        value = wrapped(value * 10 ** len(chunk) + int(chunk))
    return value


def parse_float(text: str) -> float:
    """The number that `text` says; 0 when it says none, an infinity when it is too large."""
    if _DECIMAL.fullmatch(text):
        return float(text.replace("_", ""))
    if not _HEXADECIMAL.fullmatch(text):
        return 0.0
    try:
        return float.fromhex(text.replace("_", ""))
    except OverflowError:
        return -math.inf if text[0] == "-" else math.inf


def in_full(number: float) -> str:
    """The shortest digits that mean this number, without an exponent."""
    return format(Decimal(repr(number)), "f").removesuffix(".0")
