"""The functions that templates may call: these, and no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from attrs import frozen

from stoker.core.template import escapes
from stoker.core.template.compare import equal, less, less_or_equal
from stoker.core.template.limits import Failure
from stoker.core.template.printer import shown, sprint, sprintln
from stoker.core.template.printf import sprintf
from stoker.core.template.values import Byte, StringMap, Value, described, truth

Run = Callable[[list[Value], int], Value]
_MAX_SLICE_BOUNDS = 2


@frozen
class Builtin:
    """A function: what it does with arguments and a limit, and how many arguments it wants."""

    run: Run
    least: int = 0
    most: int | None = None
    wants_text: bool = False

    def refuses(self, count: int) -> bool:
        """Whether it cannot be called with that many arguments."""
        return count < self.least or (self.most is not None and count > self.most)


def _length(values: list[Value], _: int) -> Value:
    match values[0]:
        case bytes() as text:
            return len(text)
        case StringMap(pairs=pairs):
            return len(pairs)
    raise Failure(f"{described(values[0])} has no length")


def _index(values: list[Value], _: int) -> Value:
    item = values[0]
    if item is None:
        raise Failure("there is no value to index")
    for key in values[1:]:
        match item:
            case bytes() as text:
                item = Byte(text[_position(key, len(text) - 1)])
            case StringMap(entries=entries) if isinstance(key, bytes):
                item = entries.get(key, b"")
            case StringMap():
                raise Failure(f"a map cannot be indexed with {described(key)}")
            case _:
                raise Failure(f"{described(item)} cannot be indexed")
    return item


def _slice(values: list[Value], _: int) -> Value:
    text, bounds = values[0], values[1:]
    if not isinstance(text, bytes):
        raise Failure(f"{described(text)} cannot be sliced")
    if len(bounds) > _MAX_SLICE_BOUNDS:
        raise Failure("a text is sliced by a start and an end only")
    positions = [_position(bound, len(text)) for bound in bounds]
    start, end = (*positions, len(text))[:2] if positions else (0, len(text))
    if start > end:
        raise Failure(f"the slice starts at {start}, behind its end {end}")
    return text[start:end]


def _position(value: Value, largest: int) -> int:
    number = value.value if isinstance(value, Byte) else value
    if type(number) is not int:
        raise Failure(f"{described(value)} is no index")
    if not 0 <= number <= largest:
        raise Failure(f"the index {number} is out of range")
    return number


def _call(values: list[Value], _: int) -> Value:
    raise Failure(f"{described(values[0])} is no function")


def _print_format(values: list[Value], limit: int) -> Value:
    # The machine has checked that the format is text.
    return sprintf(cast("bytes", values[0]), values[1:], limit)


def _escaped(escape: Callable[[bytes], bytes]) -> Builtin:
    def run(values: list[Value], limit: int) -> Value:
        if len(values) == 1 and isinstance(values[0], bytes):
            return escape(values[0])
        return escape(sprint([shown(value) for value in values], limit))

    return Builtin(run)


LOGIC = Builtin(_call, 1)
"""`and` and `or`: the machine decides after each argument whether to go on, nobody calls this."""

BUILTINS: dict[bytes, Builtin] = {
    b"not": Builtin(lambda values, _: not truth(values[0]), 1, 1),
    b"call": Builtin(_call, 1),
    b"eq": Builtin(lambda values, _: equal(values[0], values[1:]), 1),
    b"ne": Builtin(lambda values, _: not equal(values[0], values[1:]), 2, 2),
    b"lt": Builtin(lambda values, _: less(values[0], values[1]), 2, 2),
    b"le": Builtin(lambda values, _: less_or_equal(values[0], values[1]), 2, 2),
    b"gt": Builtin(lambda values, _: not less_or_equal(values[0], values[1]), 2, 2),
    b"ge": Builtin(lambda values, _: not less(values[0], values[1]), 2, 2),
    b"len": Builtin(_length, 1, 1),
    b"index": Builtin(_index, 1),
    b"slice": Builtin(_slice, 1),
    b"print": Builtin(sprint),
    b"println": Builtin(sprintln),
    b"printf": Builtin(_print_format, 1, wants_text=True),
    b"html": _escaped(escapes.html),
    b"js": _escaped(escapes.script),
    b"urlquery": _escaped(escapes.query),
}
NAMES = frozenset((b"and", b"or", *BUILTINS))
