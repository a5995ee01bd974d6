"""Flags, width and precision of one verb, and how they lay out each kind of value.

The functions return bytes and know nothing of verbs that do not fit their value; `printer` does.
"""

from __future__ import annotations

from attrs import define, evolve

from stoker.core.template.characters import (
    HIGHEST,
    REPLACEMENT,
    decode,
    encode,
    is_printable,
    rune_count,
    utf8,
)
from stoker.core.template.floats import digits
from stoker.core.template.quoting import can_backquote, quote, quote_rune

_UINT_MASK = (1 << 64) - 1
_BASES = {"d": "d", "v": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}
_FIXED_PRECISION = 6
_SHORTEST_UNICODE = 4


@define
class Layout:
    """What stands between the `%` and the verb."""

    minus: bool = False
    plus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    # `%+v` and `%#v` mean something else than the flags do for other verbs.
    plus_v: bool = False
    sharp_v: bool = False
    width: int | None = None
    precision: int | None = None

    def for_v(self) -> Layout:
        """The layout as the verb `v` understands it."""
        return evolve(self, sharp_v=self.sharp, sharp=False, plus_v=self.plus, plus=False)


PLAIN = Layout()


def padding(layout: Layout, length: int) -> bytes:
    """What is missing to the width for a text of that many runes."""
    missing = (layout.width or 0) - length
    return (b"0" if layout.zero and not layout.minus else b" ") * max(missing, 0)


def pad(layout: Layout, data: bytes) -> bytes:
    """The text, filled up to the width on the side that the flags say."""
    if not layout.width:
        return data
    fill = padding(layout, rune_count(data))
    return data + fill if layout.minus else fill + data


def _pad_blank(layout: Layout, data: bytes) -> bytes:
    return pad(evolve(layout, zero=False) if layout.zero else layout, data)


def text(layout: Layout, data: bytes) -> bytes:
    """A text: cut to the precision, filled up to the width."""
    return pad(layout, _cut(layout, data))


def _cut(layout: Layout, data: bytes) -> bytes:
    if layout.precision is None or layout.precision >= len(data):
        return data
    return encode(decode(data)[: layout.precision])


def quoted_text(layout: Layout, data: bytes) -> bytes:
    """`%q` of a text."""
    data = _cut(layout, data)
    if layout.sharp and can_backquote(data):
        return pad(layout, b"`" + data + b"`")
    return pad(layout, quote(data, ascii_only=layout.plus))


def hex_text(layout: Layout, data: bytes, *, upper: bool) -> bytes:
    """`%x` of a text: two digits for each byte."""
    if layout.precision is not None:
        data = data[: layout.precision]
    prefix = b"0x" if layout.sharp else b""
    if layout.space:
        shown = b" ".join(prefix + b"%02x" % byte for byte in data)
    else:
        shown = (prefix if data else b"") + data.hex().encode()
    return pad(layout, shown.upper() if upper else shown)


def integer(layout: Layout, value: int, verb: str) -> bytes:
    """An integer in the base of the verb."""
    if layout.precision == 0 and value == 0:
        return b" " * (layout.width or 0)
    base = _BASES[verb]
    shown = f"{abs(value):{base}}"
    sign = "-" if value < 0 else "+" if layout.plus else " " if layout.space else ""
    shown = shown.rjust(_least_digits(layout, len(sign)), "0")
    if layout.sharp and (base != "o" or not shown.startswith("0")):
        shown = {"b": "0b", "o": "0", "x": "0x", "X": "0X", "d": ""}[base] + shown
    if verb == "O":
        shown = "0o" + shown
    return _pad_blank(layout, (sign + shown).encode())


def _least_digits(layout: Layout, sign: int) -> int:
    if layout.precision is not None:
        return layout.precision
    fills = layout.zero and not layout.minus and layout.width is not None
    return (layout.width or 0) - sign if fills else 0


def character(layout: Layout, value: int, verb: str) -> bytes:
    """An integer as the character that it numbers: `%c`, `%q`, `%U`."""
    number = value & _UINT_MASK
    if verb == "U":
        return _unicode(layout, number)
    rune = number if number <= HIGHEST else REPLACEMENT
    return pad(layout, quote_rune(rune, ascii_only=layout.plus) if verb == "q" else utf8(rune))


def _unicode(layout: Layout, number: int) -> bytes:
    least = max(layout.precision or 0, _SHORTEST_UNICODE)
    shown = b"U+%s" % f"{number:X}".rjust(least, "0").encode()
    if layout.sharp and number <= HIGHEST and is_printable(number):
        shown += b" '" + utf8(number) + b"'"
    return _pad_blank(layout, shown)


def floating(layout: Layout, value: float, verb: str) -> bytes:
    """A float in the form of the verb."""
    form = {"v": "g", "F": "f"}.get(verb, verb)
    default = None if form in "bgGxX" else _FIXED_PRECISION
    precision = default if layout.precision is None else layout.precision
    shown = digits(value, form, precision)
    sign, shown = ("-", shown[1:]) if shown.startswith("-") else ("+", shown)
    if layout.space and sign == "+" and not layout.plus:
        sign = " "
    if layout.sharp and form != "b":
        shown = _with_point(shown, form, precision)
    if sign == "+" and not layout.plus:
        return pad(layout, shown.encode())
    width = layout.width or 0
    if layout.zero and not layout.minus and width > len(shown) + 1:
        return (sign + shown.rjust(width - 1, "0")).encode()
    return pad(layout, (sign + shown).encode())


def _with_point(shown: str, form: str, precision: int | None) -> str:
    """The flag `#`: always a decimal point, and the zeros that the precision asks for."""
    wanted = 0
    if form in "gGx":
        wanted = _FIXED_PRECISION if precision is None else precision
    marks = "pP" if form in "xX" else "eE"
    cut = next((index for index, mark in enumerate(shown) if mark in marks), len(shown))
    mantissa, tail = shown[:cut], shown[cut:]
    significant = mantissa.replace(".", "").lstrip("0")
    wanted -= len(significant)
    if "." not in mantissa:
        wanted -= mantissa == "0"
        mantissa += "."
    return mantissa + "0" * max(wanted, 0) + tail


def complex_parts(layout: Layout, value: complex, verb: str) -> bytes:
    """A complex number: both parts laid out on their own, the second always with a sign."""
    real = floating(layout, value.real, verb)
    imaginary = floating(evolve(layout, plus=True), value.imag, verb)
    return b"(" + real + imaginary + b"i)"
