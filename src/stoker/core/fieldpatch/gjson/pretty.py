"""gjson's `@pretty`: a text laid out over lines, arrays on one line where they fit.

The layout is printed as it is found out: an array is first tried on one line and taken back when
it holds an object or is too wide. The options are those of the modifier's argument.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import define, evolve, frozen

from stoker.core.fieldpatch.gjson.comparison import is_truth
from stoker.core.fieldpatch.gjson.meter import MAX_QUERY_DEPTH
from stoker.core.fieldpatch.gjson.result import Kind, Result, Slice, members, parse
from stoker.core.fieldpatch.lexical import reach
from stoker.core.fieldpatch.numbers import parse_float, parse_index, wrapped
from stoker.core.fieldpatch.refusals import over_limit
from stoker.core.fieldpatch.value import decoded

_TO_VALUE: Final = re.compile(r'[^"{\[\-0-9iI+Nntf]*+')
_TO_KEY: Final = re.compile(r'[^"}]*+')
_BLANKS: Final = re.compile(r"[\x00-\x20]*+")
_STRING: Final = re.compile(r'"(?:[^"\\]++|\\.)*+\\?"?', re.DOTALL)
_NUMBER: Final = re.compile(r"[^\x00-\x20,:\]}]*+")
_INTEGER: Final = re.compile("-?[0-9]+")
_WORDS: Final = {"t": "true", "f": "false", "n": "null"}
_NULL_KIND, _FALSE_KIND, _NUMBER_KIND, _STRING_KIND, _TRUE_KIND, _CONTAINER_KIND = range(6)
_KINDS: Final = {
    "": _NULL_KIND,
    "n": _NULL_KIND,
    "f": _FALSE_KIND,
    '"': _STRING_KIND,
    "t": _TRUE_KIND,
    "[": _CONTAINER_KIND,
    "{": _CONTAINER_KIND,
}
_NARROWEST: Final = 3
"""An array is not tried on a line that has no more room than this."""
_EXACT: Final = 1 << 53


@frozen
class _Style:
    width: int = 80
    prefix: str = ""
    indent: str = "  "
    sorts: bool = False


def pretty(text: str, argument: str) -> str:
    """The text laid out with the options in `argument`."""
    style = _Style()
    for key, value in members(parse(Slice.of(argument))):
        match str(key.meaning):
            case "sortKeys":
                style = evolve(style, sorts=is_truth(value))
            case "indent":
                style = evolve(style, indent=_blanks(str(value.says())))
            case "prefix":
                style = evolve(style, prefix=_blanks(str(value.says())))
            case "width":
                style = evolve(style, width=_integer(value))
    printer = _Printer(text, style, bytearray(style.prefix, "latin-1"))
    printer.value(0, tabs=0)
    return printer.printed()


def _blanks(text: str) -> str:
    return "".join(char for char in text if char in " \t\n\r")


def _integer(value: Result) -> int:
    """A value as an integer, by gjson's rules."""
    match value.kind:
        case Kind.TRUE:
            return 1
        case Kind.STRING | Kind.NUMBER as kind:
            said = str(value.meaning if kind is Kind.STRING else value.raw)
            if _INTEGER.fullmatch(said):
                sign = -1 if said[0] == "-" else 1
                return wrapped(sign * parse_index(said.lstrip("-")))
            return _truncated(value.number) if kind is Kind.NUMBER else 0
        case _:
            return 0


def _truncated(number: float) -> int:
    return int(number) if abs(number) < _EXACT else 0


@frozen
class _Member:
    """A member of an object, and from where to where it was printed."""

    key: str
    start: int
    end: int

    def order(self, written: str) -> tuple[str, int, float, str]:
        """What members are sorted by: the key, then the kind of the value, then the value."""
        value = written.strip()[len(self.key) + 1 :].strip()
        rank = _KINDS.get(value[:1], _NUMBER_KIND)
        if rank == _STRING_KIND:
            return decoded(self.key), rank, 0, decoded(value)
        if rank == _NUMBER_KIND:
            return decoded(self.key), rank, parse_float(value), ""
        return decoded(self.key), rank, 0, value


@define
class _Printer:
    """Prints `text` from left to right; `line` is where the current line starts in what it wrote.

    `budget` is the width for an array on one line while that is tried.
    """

    text: str
    style: _Style
    out: bytearray
    line: int = 0
    budget: int | None = None
    depth: int = 0

    def printed(self) -> str:
        """What was printed."""
        return self.out.decode("latin-1") + ("\n" if self.out else "")

    def _put(self, text: str) -> None:
        self.out += text.encode("latin-1")

    def value(self, at: int, tabs: int) -> tuple[int, bool]:
        """Print the next value; where it ends, and whether it may stand on a line with others."""
        at = reach(_TO_VALUE, self.text, at, len(self.text))
        sign = self.text[at : at + 1]
        if sign == '"':
            return self._copy(at, reach(_STRING, self.text, at, len(self.text))), True
        if sign in {"{", "["}:
            return self._container(at, tabs)
        if sign in _WORDS and not (sign == "n" and self.text[at + 1 : at + 2] not in {"", "u"}):
            self._put(_WORDS[sign])
            return at + len(_WORDS[sign]), True
        end = reach(_NUMBER, self.text, at + 1, len(self.text)) if sign else at
        return self._copy(at, end), True

    def _copy(self, at: int, end: int) -> int:
        self._put(self.text[at:end])
        return end

    def _container(self, at: int, tabs: int) -> tuple[int, bool]:
        if self.depth == MAX_QUERY_DEPTH:
            raise over_limit(f"the query lays out more than {MAX_QUERY_DEPTH} levels")
        is_array = self.text[at] == "["
        if self.style.width > 0:
            if self.budget is not None and not is_array:
                return at, False
            if self.budget is None and is_array and (end := self._on_one_line(at)):
                return end, True
        self.depth += 1
        end, fits = self._array(at, tabs) if is_array else self._object(at, tabs)
        self.depth -= 1
        return end, fits

    def _on_one_line(self, at: int) -> int:
        """Print an array on one line; where it ends, or 0 if it does not fit and was taken back."""
        start = len(self.out)
        budget = self.style.width - (start - self.line)
        if budget <= _NARROWEST:
            return 0
        self.budget = budget
        end, fits = self._array(at, 0)
        self.budget = None
        if fits and len(self.out) - start <= budget:
            return end
        del self.out[start:]
        return 0

    def _array(self, at: int, tabs: int) -> tuple[int, bool]:
        self._put("[")
        at += 1
        first = True
        while (at := reach(_BLANKS, self.text, at, len(self.text))) < len(self.text):
            if self.text[at] == "]":
                self._close("]", tabs, empty=first)
                return at + 1, True
            if not first:
                self._put("," if self.style.width == -1 else ", ")
            self._line(tabs + 1)
            at, fits = self.value(at, tabs + 1)
            if self.budget is not None and not fits:
                return at, False
            first = False
        return at, True

    def _object(self, at: int, tabs: int) -> tuple[int, bool]:
        self._put("{")
        at += 1
        members: list[_Member] = []
        while (at := reach(_TO_KEY, self.text, at, len(self.text))) < len(self.text):
            if self.text[at] == "}":
                self._sort(members)
                self._close("}", tabs, empty=not members)
                return at + 1, False
            if members:
                self._put(",")
            start = self._line(tabs + 1)
            colon = self._copy(at, reach(_STRING, self.text, at, len(self.text)))
            key = self.text[at:colon]
            self._put(": ")
            at, _ = self.value(colon, tabs + 1)
            members.append(_Member(key, start, len(self.out)))
        return at, False

    def _line(self, tabs: int) -> int:
        """Begin a line, unless everything goes on one; where it begins."""
        if self.budget is None:
            self.line = len(self.out)
            if self.out.endswith(b" "):
                del self.out[-1:]
            self._put("\n")
            start = len(self.out)
            self._put(self.style.prefix + self.style.indent * tabs)
            return start
        return self.line

    def _close(self, bracket: str, tabs: int, *, empty: bool) -> None:
        if not empty:
            self._line(tabs)
        self._put(bracket)

    def _sort(self, members: list[_Member]) -> None:
        if not self.style.sorts or not members:
            return
        printed = [(m, self.out[m.start : m.end].decode("latin-1")) for m in members]
        printed.sort(key=lambda pair: pair[0].order(pair[1]))
        self.out[members[0].start :] = ",\n".join(text for _, text in printed).encode("latin-1")
