"""Words, numbers and untrusted text, as a terminal may show them.

Everything that comes from a repository, a disk or a gateway goes through `printable` before it is
shown: a name may hold terminal escapes, line breaks, or characters that turn a line's direction.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORT: Final = 7
"""Digits of a commit that people are shown."""
_COMMIT_LENGTHS: Final = (40, 64)
_MINUTE: Final = 60
_KILO: Final = 1000


class Paint(StrEnum):
    """The colours of a terminal that are used, as the escapes that switch them on."""

    GREEN = "\x1b[32m"
    YELLOW = "\x1b[33m"
    RED = "\x1b[31m"
    CYAN = "\x1b[36m"
    BOLD = "\x1b[1m"
    FAINT = "\x1b[2m"


_PLAIN: Final = "\x1b[0m"


def painted(text: str, paint: Paint, *, colour: bool) -> str:
    """`text` in that colour; as it is where no colour is asked for."""
    return f"{paint}{text}{_PLAIN}" if colour and text else text


def printable(text: str, *, keep: str = "") -> str:
    """`text` with every character that is not plainly visible written as an escape."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in keep else char.encode("unicode_escape").decode()
        for char in text
    )


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 file`, `12,000 files`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def commit_words(commit: str, ref: str) -> str:
    """`3f2a1b9 (main)`: the short commit, and the ref where there is one."""
    named = printable(ref)
    short = printable(commit[:_SHORT] if len(commit) in _COMMIT_LENGTHS else commit)
    if not short:
        return named
    return f"{short} ({named})" if named and ref != commit else short


def duration(seconds: float) -> str:
    """`0.3 s`, `12 s`, `2 min 5 s`."""
    if seconds < 10:  # noqa: PLR2004 - below that, tenths are of interest
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    return f"{whole // _MINUTE} min {whole % _MINUTE} s"


def size(number: int) -> str:
    """`812 B`, `4.2 kB`, `1.5 MB`."""
    if number < _KILO:
        return f"{number} B"
    if number < _KILO * _KILO:
        return f"{number / _KILO:.1f} kB"
    return f"{number / _KILO / _KILO:.1f} MB"


def tally(words: Iterable[str]) -> str:
    """`2 protected, 1 excluded`: how often each word is there, the most frequent first."""
    counted = Counter(words)
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number:,} {word}" for word, number in ordered)
