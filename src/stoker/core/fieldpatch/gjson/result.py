"""What gjson finds: a piece of some text, and where it lies.

A `Slice` is a piece of a text that knows which text it was cut from. gjson compares addresses in
memory to learn whether an answer is part of the document; a slice of the very same text is what
says so here. Everything else in a `Result` follows from the raw text of a value.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from stoker.core.fieldpatch.lexical import (
    STRING,
    bracket_end,
    literal_end,
    number_end,
    reach,
    unescape,
)
from stoker.core.fieldpatch.numbers import in_full, parse_float

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEPARATORS: Final = re.compile(r"[\x00-\x20,:]*+")
_BLANKS: Final = re.compile(r"[\x00-\x20]*+")
_TO_QUOTE: Final = re.compile(r'[^"]*+')
_INTEGER: Final = re.compile("-?[0-9]*")
_STARTS: Final = frozenset('"{[ntf+-0123456789iIN')
TO_VALUE: Final = re.compile(r'[^"{\[ntf+\-0-9iIN]*+')
"""Everything before the next character that starts a value."""


@frozen
class Slice:
    """A piece of `text` that remembers where it was cut."""

    text: str
    start: int
    end: int

    @classmethod
    def of(cls, text: str) -> Slice:
        """The whole of a text."""
        return cls(text, 0, len(text))

    def __len__(self) -> int:
        """The number of its bytes."""
        return self.end - self.start

    def __str__(self) -> str:
        """What it says."""
        return self.text[self.start : self.end]

    def offset_in(self, whole: Slice) -> int:
        """Where it starts in `whole`; 0 when it was not cut from it."""
        offset = self.start - whole.start
        return offset if self.text is whole.text and 0 <= offset < len(whole) else 0


NOTHING: Final = Slice("", 0, 0)


class Kind(Enum):
    """What a value is."""

    NULL = auto()
    FALSE = auto()
    NUMBER = auto()
    STRING = auto()
    TRUE = auto()
    CONTAINER = auto()


@frozen
class Result:
    """A value, or nothing; `index` is where it lies (0: nobody knows), `indexes` where its items.

    `meaning` is what a string means. `cut` says that a container ends in the middle of a string,
    together with the text; a walk is over behind it.
    """

    kind: Kind = Kind.NULL
    raw: Slice = NOTHING
    meaning: Slice = NOTHING
    index: int = 0
    indexes: tuple[int, ...] | None = None
    cut: bool = False

    @property
    def exists(self) -> bool:
        """Whether it is anything at all."""
        return self.kind is not Kind.NULL or len(self.raw) > 0

    @property
    def opens_with(self) -> str:
        """The bracket of a container, else nothing."""
        return self.raw.text[self.raw.start] if self.kind is Kind.CONTAINER else ""

    @property
    def number(self) -> float:
        """The number that it is."""
        return parse_float(str(self.raw))

    def says(self) -> Slice:
        """The text for people: what a string means, what anything else looks like."""
        match self.kind:
            case Kind.STRING:
                return self.meaning
            case Kind.NULL:
                return NOTHING
            case Kind.NUMBER if not _INTEGER.fullmatch(str(self.raw)):
                return Slice.of(in_full(self.number))
            case _:
                return self.raw


def read(text: str, at: int, end: int) -> Result | None:
    """The value that starts at `at` with one of the characters that start a value.

    None for a string that is not closed.
    """
    match text[at]:
        case '"':
            return _string(text, at, end)
        case "{" | "[":
            stop = bracket_end(text, at, end)
            return Result(Kind.CONTAINER, Slice(text, at, min(stop, end)), cut=stop > end)
        case "t":
            return Result(Kind.TRUE, Slice(text, at, literal_end(text, at, end)))
        case "f":
            return Result(Kind.FALSE, Slice(text, at, literal_end(text, at, end)))
        case "n" if text[at + 1 : min(at + 2, end)] in {"", "u"}:
            return Result(Kind.NULL, Slice(text, at, literal_end(text, at, end)))
        case _:
            return Result(Kind.NUMBER, Slice(text, at, number_end(text, at, end)))


def _string(text: str, at: int, end: int) -> Result | None:
    if (string := STRING.match(text, at, end)) is None:
        return None
    meaning = Slice(text, at + 1, string.end() - 1)
    if "\\" in str(meaning):
        meaning = Slice.of(unescape(str(meaning)))
    return Result(Kind.STRING, Slice(text, at, string.end()), meaning)


def value_from(text: str, at: int, end: int) -> Result | None:
    """The next value from `at` on, whatever stands before it; None if there is none."""
    at = reach(TO_VALUE, text, at, end)
    return read(text, at, end) if at < end else None


def parse(view: Slice) -> Result:
    """The value at the start of a text; a container takes everything that follows it."""
    text, end = view.text, view.end
    at = reach(_BLANKS, text, view.start, end)
    if at == end or text[at] not in _STARTS:
        return Result()
    if text[at] in "{[":
        return Result(Kind.CONTAINER, Slice(text, at, end), index=at - view.start)
    value = read(text, at, end)
    if value is None:  # a string that is not closed
        meaning = unescape(text[at + 1 : end])
        return Result(Kind.STRING, Slice(text, at, end), Slice.of(meaning), at - view.start)
    return evolve(value, index=at - view.start)


def members(whole: Result) -> Iterator[tuple[Result, Result]]:
    """Keys and values of an object, nothing and values of an array; anything else is one value."""
    if whole.kind is not Kind.CONTAINER:
        if whole.exists:
            yield Result(), whole
        return
    text, at, end = whole.raw.text, whole.raw.start + 1, whole.raw.end
    key = Result()
    while at < end:
        if whole.opens_with == "{":
            at = reach(_TO_QUOTE, text, at, end)
            named = _string(text, at, end)
            if named is None:
                return
            key = named
            at = key.raw.end
        value = value_from(text, reach(_SEPARATORS, text, at, end), end)
        if value is None:
            return
        yield key, value
        at = value.raw.end + 1
