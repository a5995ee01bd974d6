"""Escaping for HTML, JavaScript and URL queries."""

from __future__ import annotations

import re

from stoker.core.template.characters import decode, encode, is_printable, is_stray

_HTML = re.compile(rb"[\0\"'&<>]")
_ENTITIES = {
    b"\0": "\N{REPLACEMENT CHARACTER}".encode(),
    b'"': b"&#34;",
    b"'": b"&#39;",
    b"&": b"&amp;",
    b"<": b"&lt;",
    b">": b"&gt;",
}
_SCRIPT = re.compile("[\\\\'\"<>&=\x00-\x1f\x80-\U0010ffff]")
_UNSAFE = re.compile(rb"[^A-Za-z0-9_.~ -]")
_ASCII_END = 0x80


def html(data: bytes) -> bytes:
    """The text for the inside of an element or a quoted attribute."""
    return _HTML.sub(lambda found: _ENTITIES[found[0]], data)


def script(data: bytes) -> bytes:
    """The text for the inside of a JavaScript string."""
    return encode(_SCRIPT.sub(_script_escape, decode(data)))


def _script_escape(found: re.Match[str]) -> str:
    character = found[0]
    if character in "\\'\"":
        return "\\" + character
    rune = ord(character)
    if rune >= _ASCII_END and (is_stray(character) or is_printable(rune)):
        return character
    return f"\\u{rune:04X}"


def query(data: bytes) -> bytes:
    """The text for a value in the query of a URL."""
    return _UNSAFE.sub(lambda found: b"%%%02X" % found[0][0], data).replace(b" ", b"+")
