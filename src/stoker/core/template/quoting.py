r"""Quoted constants, read and written: `"a\n"`, `'x'` and their escapes.

Reading takes the literal with its quotes and returns None when it is malformed. Writing is what
the verb `%q` prints: everything without a glyph becomes an escape, and a byte that is not UTF-8
becomes `\xNN`.
"""

from __future__ import annotations

import re

from stoker.core.template.characters import (
    REPLACEMENT,
    decode,
    encode,
    is_printable,
    is_stray,
    is_valid,
    utf8,
)

_ESCAPE = rb"""\\(?:
    (?P<letter>[abfnrtv\\])
  | (?P<quote>["'])
  | x(?P<byte>[0-9a-fA-F]{2})
  | (?P<octal>[0-3][0-7]{2})
  | u(?P<short>[0-9a-fA-F]{4})
  | U(?P<long>[0-9a-fA-F]{8})
)"""
_ONE_ESCAPE = re.compile(_ESCAPE, re.VERBOSE)
_LETTERS = dict(zip(b"abfnrtv\\", b"\a\b\f\n\r\t\v\\", strict=True))
_LETTER_OF = {chr(value): "\\" + chr(letter) for letter, value in _LETTERS.items()}
_BACKSLASH = re.compile(rb"\\.?", re.DOTALL)
_STRAY = re.compile("[\udc80-\udcff]")
_SUSPECT = re.compile("[^ !#-&(-\\[\\]-~]")
_NOT_RAW = re.compile("[\x00-\x08\x0a-\x1f`\x7f\ufeff\udc80-\udcff]")
_WIDE = 0x10000
_MAX_ASCII = 0x7F


def unquote(literal: bytes) -> bytes | None:
    """The text of a string constant, None if an escape in it is malformed."""
    body = literal[1:-1]
    if literal[:1] == b"`":
        return body.replace(b"\r", b"")
    if not body.isascii():
        body = encode(_STRAY.sub(chr(REPLACEMENT), decode(body)))
    if b"\\" not in body:
        return body
    pieces: list[bytes] = []
    start = 0
    while (found := _BACKSLASH.search(body, start)) is not None:
        pieces.append(body[start : found.start()])
        escape = _ONE_ESCAPE.match(body, found.start())
        value = None if escape is None else _escaped(escape, b'"')
        if escape is None or value is None:
            return None
        pieces.append(utf8(value) if escape["short"] or escape["long"] else bytes((value,)))
        start = escape.end()
    return b"".join([*pieces, body[start:]])


def unquote_character(literal: bytes) -> int | None:
    """The code point (or byte) of a character constant, None if it is malformed."""
    body = literal[1:-1]
    escape = _ONE_ESCAPE.fullmatch(body)
    if escape is not None:
        return _escaped(escape, b"'")
    runes = decode(body)
    if len(runes) != 1 or runes == "\\":
        return None
    return REPLACEMENT if is_stray(runes) else ord(runes)


def _escaped(escape: re.Match[bytes], quote: bytes) -> int | None:
    match escape.lastgroup:
        case "letter":
            return _LETTERS[ord(escape["letter"])]
        case "quote":
            return ord(quote) if escape["quote"] == quote else None
        case "octal":
            return int(escape["octal"], 8)
        case "byte":
            return int(escape["byte"], 16)
    rune = int(escape["short"] or escape["long"], 16)
    return rune if is_valid(rune) else None


def quote(data: bytes, *, ascii_only: bool = False) -> bytes:
    """The text as a constant in double quotes."""
    return encode(_quoted(decode(data), '"', ascii_only=ascii_only))


def quote_rune(rune: int, *, ascii_only: bool = False) -> bytes:
    """The code point as a character constant; one that is none becomes U+FFFD."""
    shown = chr(rune if is_valid(rune) else REPLACEMENT)
    return encode(_quoted(shown, "'", ascii_only=ascii_only))


def can_backquote(data: bytes) -> bool:
    """Whether the text can stand between backquotes without a change, on one line."""
    return _NOT_RAW.search(decode(data)) is None


def _quoted(text: str, quote: str, *, ascii_only: bool) -> str:
    def shown(found: re.Match[str]) -> str:
        character = found[0]
        rune = ord(character)
        if is_stray(character):
            return f"\\x{rune - 0xDC00:02x}"
        if character in {quote, "\\"}:
            return "\\" + character
        if is_printable(rune) and not (ascii_only and rune > _MAX_ASCII):
            return character
        return _LETTER_OF.get(character) or _numbered(rune)

    return quote + _SUSPECT.sub(shown, text) + quote


def _numbered(rune: int) -> str:
    if rune <= _MAX_ASCII:
        return f"\\x{rune:02x}"
    return f"\\u{rune:04x}" if rune < _WIDE else f"\\U{rune:08x}"
