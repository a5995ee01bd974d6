"""What both sides of glob matching need to know about the text of a pattern.

A pattern is text, and alternatives are *textual*: `{a,[}x]` stands for `ax]` and `[x]`. What is
known before any matching is which characters are escaped, and therefore which braces belong
together; classes do not count for that. Whether a pattern is well formed is a question about the
text alone; matching may still meet a malformed piece in a text that some alternatives make up.

Go works on bytes and reads an invalid byte as one rune U+FFFD. Text from the file system keeps such
bytes as lone surrogates (`surrogateescape`); `readable` and `rune_at` give what Go would read.
"""

from __future__ import annotations

import re
from typing import Final

REPLACEMENT: Final = "\ufffd"
"""What Go reads in place of a byte that is not UTF-8."""

# Possessive throughout: a failed attempt must not be tried again in another way.
_ESCAPED: Final = r"\\."
_CLASS: Final = r"\[[!^]?+(?!\])(?:\\.|[^\\\]])*+\]"
# A class that reads the same wherever reading starts inside it, and in whatever alternative.
_PLAIN_CLASS: Final = r"\[[!^]?+(?!\])(?:\\[^{},\[]|[^\\\]\[{},])*+\]"
_OTHER: Final = r"[^\\\[{}]"

_CLOSED: Final = re.compile(rf"(?:{_ESCAPED}|{_CLASS}|{_OTHER}|[{{}}])*+", re.DOTALL)
_BETWEEN_BRACES: Final = re.compile(rf"{_ESCAPED}|{_CLASS}|{_OTHER}++", re.DOTALL)
_PLAIN: Final = re.compile(rf"(?:{_ESCAPED}|{_PLAIN_CLASS}|{_OTHER}|[{{}}])*+", re.DOTALL)
_MARKS: Final = re.compile(r"\\.|[{},]", re.DOTALL)

_SURROGATES: Final = re.compile(r"[\ud800-\udfff]")
_OTHER_SURROGATES: Final = re.compile(r"[\ud800-\udc7f\udd00-\udfff]")
_LONGEST_RUNE: Final = 4


def is_well_formed(pattern: str) -> bool:
    """Whether every class and brace of `pattern` is closed and nothing is escaped at its end."""
    if not _CLOSED.fullmatch(pattern):
        return False
    depth = 0
    for brace in _BETWEEN_BRACES.sub("", pattern):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def is_plain(pattern: str) -> bool:
    """Whether every rest of `pattern`, cut wherever matching can stop, is well formed too."""
    return _PLAIN.fullmatch(pattern) is not None and is_well_formed(pattern)


def brace_groups(pattern: str) -> dict[int, tuple[int, ...]]:
    """Where each closed group opens: the places of its brace, its commas and its closing brace."""
    groups: dict[int, tuple[int, ...]] = {}
    open_groups: list[list[int]] = []
    for mark in _MARKS.finditer(pattern):
        place, kind = mark.start(), mark.group()
        if kind == "{":
            open_groups.append([place])
        elif open_groups and kind in {",", "}"}:
            open_groups[-1].append(place)
            if kind == "}":
                places = tuple(open_groups.pop())
                groups[places[0]] = places
    return groups


def readable(text: str) -> str:
    """The runes that Go reads in the bytes for which `text` stands."""
    if text.isascii() or not _SURROGATES.search(text):
        return text
    return _SURROGATES.sub(REPLACEMENT, joined(text))


def octets(text: str) -> str:
    """The bytes for which `text` stands, each as the character of that number."""
    return text if text.isascii() else _bytes(text).decode("latin-1")


def joined(text: str) -> str:
    """`text` with every lone surrogate that is not a byte as bytes, and whole runes as runes."""
    if text.isascii() or not _SURROGATES.search(text):
        return text
    return _bytes(text).decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    # A surrogate that stands for no byte can only come from a caller; it counts as three bytes.
    whole = _OTHER_SURROGATES.sub(_three_bytes, text)
    return whole.encode("utf-8", "surrogateescape")


def _three_bytes(surrogate: re.Match[str]) -> str:
    return surrogate.group().encode("utf-8", "surrogatepass").decode("ascii", "surrogateescape")


def rune_at(text: str, place: int) -> tuple[str, int]:
    """The rune at `place` and how many characters of `text` it takes; nothing at the end.

    Substitution may put the halves of a rune side by side, which makes it whole.
    """
    char = text[place : place + 1]
    if not "\ud800" <= char <= "\udfff":
        return char or REPLACEMENT, len(char)
    for width in range(2, _LONGEST_RUNE + 1):
        halves = text[place : place + width]
        if len(halves) == width and len(rune := joined(halves)) == 1:
            return rune, width
    return REPLACEMENT, 1
