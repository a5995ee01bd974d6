"""The values that a template can get hold of. There are no others, so nothing else can be reached.

Numbers and truth values are Python's own; text is `bytes`; None is what has no value at all. The
context is a `Pointer` to a `Record`, which prints differently from the record itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from stoker.core.template.characters import decode
from stoker.core.template.limits import Failure


@frozen
class Byte:
    """An unsigned byte: what indexing a text gives."""

    value: int


@frozen(eq=False)
class StringMap:
    """A map of texts, in the order of its keys' bytes."""

    entries: Mapping[bytes, bytes]
    pairs: tuple[tuple[bytes, bytes], ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "pairs", tuple(sorted(self.entries.items())))


@frozen(eq=False)
class Record:
    """A struct: named fields in a fixed order."""

    fields: Mapping[bytes, Value]


@frozen(eq=False)
class Pointer:
    """A pointer to a record; equal only to itself."""

    record: Record


Value = bool | int | float | complex | bytes | Byte | StringMap | Record | Pointer | None

RECORD_TYPE = b"agent.TemplateContext"
_TYPE_NAMES: dict[type, bytes] = {
    bool: b"bool",
    int: b"int",
    float: b"float64",
    complex: b"complex128",
    bytes: b"string",
    Byte: b"uint8",
    StringMap: b"map[string]string",
    Record: RECORD_TYPE,
    Pointer: b"*" + RECORD_TYPE,
    type(None): b"nil",
}
_DESCRIPTIONS: dict[type, str] = {
    bool: "a truth value",
    int: "an integer",
    float: "a float",
    complex: "a complex number",
    bytes: "a text",
    Byte: "a byte",
    StringMap: "a map",
    Record: "the context",
    Pointer: "the context",
    type(None): "nil",
}


def type_name(value: Value) -> bytes:
    """The type as Go spells it."""
    return _TYPE_NAMES[type(value)]


def described(value: Value) -> str:
    """What kind of value it is, for messages."""
    return _DESCRIPTIONS[type(value)]


def truth(value: Value) -> bool:
    """Whether `if` takes it for true: not zero, not empty, not nothing."""
    match value:
        case StringMap(pairs=pairs):
            return bool(pairs)
        case Byte(value=number):
            return number != 0
    return bool(value)


def follow(value: Value, names: tuple[bytes, ...], *, called: bool) -> Value:
    """The field at the end of `.A.B`; `called` says that the last one was given arguments."""
    last = len(names) - 1
    for index, name in enumerate(names):
        value = _field(value, name, called=called and index == last)
    return value


def _field(value: Value, name: bytes, *, called: bool) -> Value:
    match value:
        case Pointer(record=record):
            found = record.fields.get(name, _ABSENT)
            if found is _ABSENT:
                names = decode(b", ".join(record.fields))
                raise Failure(f"the context has no field {decode(name)}", cure=f"it has {names}")
        case StringMap(entries=entries):
            # A call is refused before anybody looks whether the key is there.
            found = b"" if called else entries.get(name, _ABSENT)
            if found is _ABSENT:
                message = f"the map has no key {decode(name)}"
                raise Failure(message, "missing_key", cure=_MISSING_KEY_CURE)
        case None:
            raise Failure(f"there is no value to take {decode(name)} of", "missing_key")
        case _:
            raise Failure(f"{described(value)} has no field {decode(name)}")
    if called:
        raise Failure(f"{decode(name)} is not a function and takes no arguments")
    return found


_ABSENT = Record({})
_MISSING_KEY_CURE = 'set it, or use `index`, which gives "" for a key that is not there'
