r"""How gjson takes a query path apart, one step at a time.

What the next step of a path means depends on where it meets the document: in an object a part is
a key, maybe with wildcards; in an array it is an index, `#`, or a query in brackets. `.` goes on
inside what the step finds, `|` hands the answer of everything before it to everything after it,
and a dot before a modifier or a selector is a pipe. Escapes count in objects only.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import evolve, frozen

from stoker.core.fieldpatch.lexical import reach, squash_end, unescape
from stoker.core.fieldpatch.numbers import parse_index

MODIFIERS: Final = frozenset(
    {
        *("pretty", "ugly", "reverse", "this", "flatten", "join", "valid"),
        *("keys", "values", "tostr", "fromstr", "group", "dig"),
    }
)

_ESCAPE: Final = re.compile(r"\\(.?)", re.DOTALL)
_OBJECT_PART: Final = re.compile(r"(?:[^.|\\]++|\\.)*+\\?", re.DOTALL)
_ARRAY_PART: Final = re.compile(r"[^.|]*+")
_MODIFIER_NAME: Final = re.compile(r"[^.|:]*+")
_BLANKS: Final = "".join(map(chr, range(33)))
_DIGITS: Final = "0123456789"
_STRING: Final = r'"(?:[^"\\]++|\\.)*+\\?"?'
_QUERY_TOKEN: Final = re.compile(
    rf"(?P<operator>[!=<>%])|(?P<open>[\[(])|(?P<close>[\])])|(?P<string>{_STRING})|\\.?",
    re.DOTALL,
)
_SELECTOR_TOKEN: Final = re.compile(rf"[@:,\[\](){{}}]|{_STRING}|\\.?", re.DOTALL)
_PIPE_TOKEN: Final = re.compile(r"\\.?|\.#.?|\|", re.DOTALL)
_NOT_SIMPLE: Final = re.compile(r"[\x00-\x1f\[\]{}()#|!]")
_OPERATORS: Final = ("!=", "!%", "<=", ">=", "==", "<", ">", "=", "%")


@frozen
class KeyStep:
    """In an object: a key, or a pattern; `rest` follows inside, `pipe` gets the answer."""

    key: str
    wild: bool
    rest: str | None
    pipe: str | None


@frozen
class Condition:
    """A query in brackets: the items whose `path` compares to `value`; `every` or the first."""

    path: str = ""
    operator: str = ""
    value: str = ""
    every: bool = False


@frozen
class ItemStep:
    """In an array: an index, a count, a query, or `#.path` (`each`), which asks every item."""

    index: int | None
    counts: bool
    each: str | None
    condition: Condition | None
    rest: str | None = None
    pipe: str | None = None


@frozen
class Selection:
    """One part of a selector: `name` is empty if none was given."""

    name: str
    path: str


def key_step(path: str) -> KeyStep:
    """The next step in an object."""
    end = reach(_OBJECT_PART, path, 0, len(path))
    written = path[:end]
    unescaped = _ESCAPE.sub("", written)
    wild = "*" in unescaped or "?" in unescaped
    rest, pipe = _continuation(path, end, dot_may_pipe=True)
    return KeyStep(_ESCAPE.sub(r"\1", written), wild, rest, pipe)


def item_step(path: str) -> ItemStep:
    """The next step in an array."""
    start = 0
    each = path[2:] if path.startswith("#.") else None
    condition = None
    if path.startswith(("#(", "#[")):
        if (found := _condition(path)) is None:  # a query that is not closed takes any item
            return ItemStep(None, counts=False, each=None, condition=Condition())
        condition, start = found
    end = reach(_ARRAY_PART, path, start, len(path))
    written = path[:end]
    asks = condition is not None or "#" in written
    rest, pipe = _continuation(path, end, dot_may_pipe=not asks)
    index = parse_index(written) if not written.strip(_DIGITS) and written else None
    return ItemStep(index, written == "#", each, condition, rest, pipe)


def _continuation(path: str, end: int, *, dot_may_pipe: bool) -> tuple[str | None, str | None]:
    """What follows a step that ends at `end`: inside what it finds, or through a pipe."""
    if end == len(path):
        return None, None
    follows = path[end + 1 :]
    if path[end] == "|" or (dot_may_pipe and _is_piped(follows)):
        return None, follows
    return follows, None


def _is_piped(follows: str) -> bool:
    """Whether a dot before this is a pipe: before a selector and before a modifier."""
    if follows.startswith("@"):
        return follows[1 : reach(_MODIFIER_NAME, follows, 1, len(follows))] in MODIFIERS
    return follows.startswith(("[", "{"))


def _condition(path: str) -> tuple[Condition, int] | None:
    """The query at the start of a path and where it ends; None if it is not closed."""
    depth = 1
    operator_at = 0
    escapes = False
    for token in _QUERY_TOKEN.finditer(path, 2):
        match token.lastgroup:
            case "operator" if depth == 1 and not operator_at:
                operator_at = token.start()
            case "open":
                depth += 1
            case "close":
                depth -= 1
            case "string":
                escapes = escapes or "\\" in token[0]
        if depth == 0:
            every = path.startswith("#", token.end())
            found = _compared(path[2 : token.start()], operator_at - 2, escapes=escapes)
            return evolve(found, every=every), token.end()
    return None


def _compared(inside: str, operator_at: int, *, escapes: bool) -> Condition:
    """The query with this text inside its brackets; `escapes`: a string of it has some."""
    if operator_at < 0:
        return Condition(inside.strip(_BLANKS))
    compared = inside[operator_at:].strip(_BLANKS)
    operator = next(filter(compared.startswith, _OPERATORS), "")
    if compared == "!":  # an operator of one character, which nothing fulfils
        operator = compared
    value = compared[len(operator) :].strip(_BLANKS)
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = unescape(value[1:-1]) if escapes else value[1:-1]
    path = inside[:operator_at].strip(_BLANKS)
    return Condition(path, "=" if operator == "==" else operator, value)


def selections(path: str) -> tuple[list[Selection], str] | None:
    """The parts of the selector that a path starts with, and the rest; None if it is not closed."""
    found: list[Selection] = []
    depth = 1
    start = 1
    colon = 0
    modified = False
    for token in _SELECTOR_TOKEN.finditer(path, 1):
        match token[0][0]:
            case "@" if path[token.start() - 1] in ".|":
                modified = True
            case ":" if depth == 1 and not modified and not colon:
                colon = token.start()
            case "[" | "(" | "{":
                depth += 1
            case "]" | ")" | "}":
                depth -= 1
        if depth == 0 or (depth == 1 and token[0] == ","):
            name = path[start:colon] if colon else ""
            found.append(Selection(name, path[colon + 1 if colon else start : token.start()]))
            start, colon, modified = token.end(), 0, False
        if depth == 0:
            return found, path[token.end() :]
    return None


def split_pipe(path: str) -> tuple[str, str] | None:
    """What stands before and after the first pipe of a path that is not inside a query.

    Whatever follows `.#` is no pipe, not even a pipe; so gjson reads it.
    """
    if path.startswith("{") and "|" in path:
        end = squash_end(path, 1, len(path))
        return (path[:end], path[end + 1 :]) if path.startswith("|", end) else None
    at = 0
    while token := _PIPE_TOKEN.search(path, at):
        at = token.end()
        if token[0] == "|":
            return path[: token.start()], path[at:]
        if token[0] in {".#(", ".#["}:
            at = _after_query(path, at)
    return None


def _after_query(path: str, at: int) -> int:
    """Where the query whose bracket stands before `at` is over."""
    opening = path[at - 1]
    depth = 1
    for token in _QUERY_TOKEN.finditer(path, at):
        if token[0] == opening:
            depth += 1
        elif token[0] == {"(": ")", "[": "]"}[opening]:
            depth -= 1
        if depth == 0:
            return token.end()
    return len(path)


def last_name(path: str) -> str:
    """The last part of a path."""
    for at in range(len(path) - 1, -1, -1):
        if path[at] in "|." and path[at - 1 : at] != "\\":
            return path[at + 1 :]
    return path


def is_simple_name(name: str) -> bool:
    """Whether a selector may use the last part of a path as a name."""
    return _NOT_SIMPLE.search(name) is None


def modification(path: str) -> tuple[str, str, str] | None:
    """The name and the argument of the modifier that a path starts with, and the rest.

    None if there is no such modifier: then `@` is the start of a key.
    """
    end = reach(_MODIFIER_NAME, path, 1, len(path))
    name = path[1:end]
    if name not in MODIFIERS:
        return None
    if not path.startswith(":", end):
        return name, "", path[end:]
    start = at = end + 1
    if path.startswith(("{", "[", '"'), start):
        at = squash_end(path, start, len(path))
    else:
        while at < len(path) and path[at] != "|":
            at = squash_end(path, at, len(path)) if path[at] in '{["(' else at + 1
    return name, path[start:at], path[at:]
