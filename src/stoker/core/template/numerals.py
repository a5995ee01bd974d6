"""Number constants: what a numeral in a template is worth, and as which type.

A constant has no type until it is used; without a context its spelling decides: an imaginary part
makes it complex, a point or an exponent makes it a float, everything else is an integer. A few
corners are odd but fixed: `-0x1e` is a float because of the `e` in it, an exponent counts only up
to its first five digits, and an integer that needs the 64th bit is accepted but must not be used
(its worth is `TOO_LARGE`).
"""

from __future__ import annotations

import math
import re
from typing import Final

TOO_LARGE: Final = None
"""An unsigned 64-bit constant: legal to write, an error to use."""

Number = int | float | complex | None

_INTEGER = re.compile(
    rb"([+-]?)(?:0[xX]([0-9a-fA-F_]+)|0[oO]([0-7_]+)|0[bB]([01_]+)|0([0-7_]*)|([1-9][0-9_]*))"
)
_BASES = (0, 0, 16, 8, 2, 8, 10)
_DECIMAL = re.compile(rb"([+-]?)([0-9_]*)(?:\.([0-9_]*))?(?:[eE]([+-]?)([0-9][0-9_]*))?")
_HEX = re.compile(rb"([+-]?)0[xX]([0-9a-fA-F_]*)(?:\.([0-9a-fA-F_]*))?[pP]([+-]?)([0-9][0-9_]*)")
_TOKEN = (
    rb"(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?"
    rb"|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)"
)
_COMPLEX = re.compile(rb"([+-]?" + _TOKEN + rb")([+-]" + _TOKEN + rb")i")
_STRAY_UNDERSCORE = re.compile(rb"(?<![0-9])_|_(?![0-9])")
_STRAY_IN_HEX = re.compile(rb"(?<![0-9a-fA-F])_|_(?![0-9a-fA-F])")
_PREFIX = re.compile(rb"[+-]?0[xXoObB]")
_FLOAT_MARKS = frozenset(b".eEpP")
_INT_END, _UINT_END = 1 << 63, 1 << 64
_EXPONENT_CAP = 10_000
_LONGEST = 66


def number(text: bytes) -> Number:
    """The worth of a numeral; a `ValueError` says what is wrong with it."""
    if text.endswith(b"i"):
        imaginary = _float(text[:-1])
        if imaginary is not None:
            return complex(0, imaginary)
    has_float_mark = not _FLOAT_MARKS.isdisjoint(text)
    whole = _integer(text)
    if whole is not None and -_INT_END <= whole < _INT_END:
        is_hex = text[:2] in {b"0x", b"0X"}
        return float(whole) if has_float_mark and not is_hex else whole
    if whole is not None and text[:1].isdigit() and whole < _UINT_END:
        return TOO_LARGE
    real = _float(text)
    if real is None:
        raise ValueError("is no number")
    if not has_float_mark and whole is None:
        raise ValueError("is no number: digits behind a leading 0 are octal")
    if not has_float_mark:
        raise ValueError("does not fit into 64 bits")
    return real


def complex_number(text: bytes) -> complex:
    """The worth of a numeral such as `1+2i`; a `ValueError` says what is wrong with it."""
    parts = _COMPLEX.match(text)
    if parts is not None:
        real, imaginary = _float(parts[1]), _float(parts[2])
        if real is not None and imaginary is not None:
            return complex(real, imaginary)
    raise ValueError("is no complex number")


def _underscores_ok(text: bytes) -> bool:
    """An underscore stands between digits, or between the prefix of a base and a digit."""
    if b"_" not in text:
        return True
    stray = _STRAY_IN_HEX if b"x" in text or b"X" in text else _STRAY_UNDERSCORE
    return stray.search(_PREFIX.sub(b"0", text, count=1)) is None


def _integer(text: bytes) -> int | None:
    parts = _INTEGER.fullmatch(text)
    if parts is None or not _underscores_ok(text):
        return None
    group = parts.lastindex or 0
    digits = parts[group].replace(b"_", b"").lstrip(b"0")
    # Beyond this length the value is out of range in every base: do not compute it.
    size = int(digits or b"0", _BASES[group]) if len(digits) < _LONGEST else _UINT_END
    return -size if parts[1] == b"-" else size


def _float(text: bytes) -> float | None:
    """A decimal or hexadecimal float; None if it is malformed or out of range."""
    is_hex = b"x" in text or b"X" in text
    parts = (_HEX if is_hex else _DECIMAL).fullmatch(text)
    if parts is None or not _underscores_ok(text):
        return None
    sign, whole, fraction, exponent_sign, exponent = (
        (part or b"").replace(b"_", b"").decode() for part in parts.groups()
    )
    if not whole and not fraction:
        return None
    power = exponent_sign + _capped(exponent)
    try:
        if is_hex:
            value = float.fromhex(f"{sign}0x{whole}.{fraction or 0}p{power}")
        else:
            value = float(f"{sign}{whole or 0}.{fraction or 0}e{power}")
    except OverflowError:
        return None
    return None if math.isinf(value) else value


def _capped(exponent: str) -> str:
    value = 0
    for digit in exponent:
        if value >= _EXPONENT_CAP:
            break
        value = value * 10 + int(digit)
    return str(value)
