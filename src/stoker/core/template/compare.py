"""Equality and order, as `eq ne lt le gt ge` see them.

Values compare within their kind only; an integer and an unsigned one are of one kind. Whatever
else is asked for is a failure, unless one side has no value at all.
"""

from __future__ import annotations

from stoker.core.template.limits import Failure
from stoker.core.template.values import Byte, Pointer, Value, described

_KINDS: dict[type, str] = {
    bool: "bool",
    int: "integer",
    Byte: "integer",
    float: "float",
    complex: "complex",
    bytes: "text",
}


def equal(first: Value, others: list[Value]) -> bool:
    """Whether the first value equals any of the others; those behind the match do not count."""
    if not others:
        raise Failure("eq needs something to compare with")
    return any(_same(first, other) for other in others)


def _same(first: Value, second: Value) -> bool:
    kind = _KINDS.get(type(first))
    if kind != _KINDS.get(type(second)):
        if first is None or second is None:
            return False
        raise _incomparable(first, second)
    if kind is not None:
        return bool(_plain(first) == _plain(second))
    if first is None or second is None:
        return first is second
    if isinstance(first, Pointer) and isinstance(second, Pointer):
        return first is second
    raise _incomparable(first, second)


def less(first: Value, second: Value) -> bool:
    """Whether the first value comes before the second."""
    match _plain(first), _plain(second):
        case (bool(), _) | (_, bool()):
            pass
        case (bytes() as one, bytes() as two):
            return one < two
        case (int() as one, int() as two):
            return one < two
        case (float() as one, float() as two):
            return one < two
    raise _incomparable(first, second)


def less_or_equal(first: Value, second: Value) -> bool:
    """Whether the first value does not come after the second."""
    return less(first, second) or _same(first, second)


def _plain(value: Value) -> Value:
    return value.value if isinstance(value, Byte) else value


def _incomparable(first: Value, second: Value) -> Failure:
    return Failure(f"{described(first)} and {described(second)} cannot be compared")
