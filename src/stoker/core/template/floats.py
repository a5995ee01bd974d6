"""The digits of floating-point numbers, as the verbs `%b %e %f %g %x` want them."""

from __future__ import annotations

import math

_EXPONENT_FROM = 6
_EXPONENT_BELOW = -4
_MANTISSA_BITS = 52
_SMALLEST_EXPONENT = -1074


def digits(value: float, verb: str, precision: int | None) -> str:
    """The number in the form of the verb; None asks for as few digits as tell it apart.

    Only `g` and `x` (in either case) take None.
    """
    form = verb.lower()
    if form == "b":
        mantissa, exponent = _integral(abs(value))
        text = f"{mantissa}p{exponent:+d}"
    elif form == "x":
        text = _hexadecimal(abs(value), precision)
    elif precision is None:
        text = _shortest(abs(value))
    else:
        text = f"{abs(value):.{precision}{form}}"
    if verb.isupper():
        text = text.upper()
    return "-" + text if math.copysign(1, value) < 0 else text


def _shortest(value: float) -> str:
    """Few digits; an exponent when the number has more than six digits before the point."""
    mantissa, _, power = f"{value!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    significant = (whole + fraction).strip("0")
    if not significant:
        return "0"
    lead = whole.lstrip("0")
    zeros = len(fraction) - len(fraction.lstrip("0"))
    exponent = int(power or 0) + (len(lead) - 1 if lead else -zeros - 1)
    if _EXPONENT_BELOW <= exponent < _EXPONENT_FROM:
        return f"{value:.{max(len(significant) - 1 - exponent, 0)}f}"
    point = "." if len(significant) > 1 else ""
    return f"{significant[0]}{point}{significant[1:]}e{exponent:+03d}"


def _integral(value: float) -> tuple[int, int]:
    """Mantissa and power of two, the mantissa an integer of 53 bits where it can be."""
    fraction, exponent = math.frexp(value)
    exponent = (
        max(exponent - _MANTISSA_BITS - 1, _SMALLEST_EXPONENT) if value else (_SMALLEST_EXPONENT)
    )
    return int(math.ldexp(value, -exponent)) if fraction else 0, exponent


def _hexadecimal(value: float, precision: int | None) -> str:
    if not value:
        return f"0x0{'.' if precision else ''}{'0' * (precision or 0)}p+00"
    mantissa, exponent = math.frexp(value)
    # One hexadecimal digit before the point, 13 behind it: exact.
    scaled, exponent = int(math.ldexp(mantissa, _MANTISSA_BITS + 1)), exponent - 1
    if precision is not None and precision * 4 < _MANTISSA_BITS:
        drop = _MANTISSA_BITS - precision * 4
        kept, rest = scaled >> drop, scaled & ((1 << drop) - 1)
        half = 1 << (drop - 1)
        scaled = (kept + (rest > half or (rest == half and kept & 1))) << drop
        if scaled >> (_MANTISSA_BITS + 1):
            scaled, exponent = scaled >> 1, exponent + 1
    fraction = f"{scaled & ((1 << _MANTISSA_BITS) - 1):013x}"
    shown = (
        fraction.rstrip("0") if precision is None else fraction[:precision].ljust(precision, "0")
    )
    return f"0x1{'.' if shown else ''}{shown}p{exponent:+03d}"
