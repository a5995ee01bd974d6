r"""Where things end in text that looks like JSON, and how its strings are read and written.

Two kinds of text come here. A document was checked before, so that its first quote or bracket
tells what follows. What sjson finds *inside a string* (it does look there) may be anything; the
functions therefore never fail: what is not closed ends where the text ends. A string ends at the
first quote with an even number of backslashes before it; brackets of all three kinds count as one
kind, as gjson counts them.
"""

from __future__ import annotations

import re
from typing import Final

from stoker.core.fieldpatch.bytetext import to_bytes, to_text

STRING_PATTERN: Final = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_INNER: Final = rf'(?:[^"{{}}()\[\]]++|{STRING_PATTERN})*+'
_PAIR: Final = rf"[{{(\[]{_INNER}[)}}\]]"

STRING: Final = re.compile(STRING_PATTERN, re.DOTALL)
_LEVEL: Final = re.compile(rf"(?:{_INNER}{_PAIR})*+{_INNER}", re.DOTALL)
"""Everything up to the next bracket that opens or closes more than one level."""
_NUMBER: Final = re.compile(r"[^\x00-\x20,\]}]*+")
_LITERAL: Final = re.compile(r"[a-z]*+")

_PIECE: Final = re.compile(
    r'(?P<plain>[^\\\x00-\x1f]++)|\\u(?P<unit>.{4})|\\(?P<short>["\\/bfnrt])', re.DOTALL
)
_UNIT: Final = re.compile(r"\\u(.{4})", re.DOTALL)
_HEX: Final = re.compile(r"[0-9a-fA-F]{4}")
_SHORT: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

_SURROGATES: Final = range(0xD800, 0xE000)
_LOW_SURROGATES: Final = range(0xDC00, 0xE000)

_MUST_QUOTE: Final = re.compile(r"[^ !#-\[\]-\x7f]")
_ESCAPED: Final = re.compile('[\x00-\x1f"\\\\<>&\u2028\u2029\udc80-\udcff]')
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"'} | {char: f"\\{name}" for name, char in _SHORT.items()}


def reach(pattern: re.Pattern[str], text: str, at: int, end: int) -> int:
    """How far `pattern` matches from `at`; `at` itself if it does not."""
    match = pattern.match(text, at, end)
    return match.end() if match else at


def bracket_end(text: str, at: int, end: int) -> int:
    """Where the bracket that opens at `at` is closed; `end` if it is not.

    One more than `end` if it is not because a string in it is not: gjson then steps over the end.
    """
    depth = 1
    at += 1
    while at < end:
        at = reach(_LEVEL, text, at, end)
        if at == end or text[at] == '"':
            return end + (at < end)
        depth += 1 if text[at] in "{[(" else -1
        at += 1
        if depth == 0:
            return at
    return end


def squash_end(text: str, at: int, end: int) -> int:
    """As `bracket_end`, or the end of the string that starts at `at`."""
    if text[at] != '"':
        return bracket_end(text, at, end)
    string = STRING.match(text, at, end)
    return string.end() if string else end


def number_end(text: str, at: int, end: int) -> int:
    """Where the number that starts at `at` ends."""
    return reach(_NUMBER, text, at + 1, end)


def literal_end(text: str, at: int, end: int) -> int:
    """Where the word that starts at `at` ends."""
    return reach(_LITERAL, text, at + 1, end)


def unescape(inner: str) -> str:
    r"""What the inside of a string means; it ends before the first thing that JSON forbids.

    A `\\u` escape that is half of a pair, or no pair, is U+FFFD; so is a pair that does not fit.
    """
    pieces: list[str] = []
    at = 0
    while piece := _PIECE.match(inner, at):
        at = piece.end()
        if (plain := piece["plain"]) is not None:
            pieces.append(plain)
        elif (short := piece["short"]) is not None:
            pieces.append(_SHORT.get(short, short))
        else:
            unit = _code_unit(piece["unit"])
            if unit in _SURROGATES and (second := _UNIT.match(inner, at)):
                at = second.end()
                unit = _join(unit, _code_unit(second[1]))
            pieces.append("\xef\xbf\xbd" if unit in _SURROGATES else to_bytes(chr(unit)))
    return "".join(pieces)


def _code_unit(digits: str) -> int:
    return int(digits, 16) if _HEX.fullmatch(digits) else 0


def _join(high: int, low: int) -> int:
    if high in _LOW_SURROGATES or low not in _LOW_SURROGATES:
        return 0xFFFD
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)


def quote(data: str) -> str:
    """`data` as a JSON string the way Go writes it: safe for HTML, and always valid UTF-8."""
    return f'"{to_bytes(_ESCAPED.sub(_escape, to_text(data)))}"'


def stringify(data: str) -> str:
    """`data` as a JSON string the way sjson writes it: as it is, unless a byte of it must not be.

    Only then is it quoted as Go does; so `<` stays as it is beside ASCII and does not beside `é`.
    """
    return quote(data) if _MUST_QUOTE.search(data) else f'"{data}"'


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    code = 0xFFFD if char >= "\udc80" else ord(char)
    return _ESCAPES.get(char) or f"\\u{code:04x}"
