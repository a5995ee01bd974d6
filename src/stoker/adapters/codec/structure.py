"""From plain JSON values to the spec's types with cattrs, and from its errors to findings.

cattrs walks the types and collects every error on the way. The hooks here make it as exact as JSON
is (a number is not text, a list is not an object), give fields the document's names, and leave out
what is null, as the API server does.

A document is read to its end in spite of errors: a stand-in takes the place of whatever could not
be read, so that the rest can be judged all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from functools import cache, partial
from typing import Any, Final, Generic, TypeGuard, TypeVar, get_args, get_origin

from attrs import frozen, has
from cattrs import (
    BaseValidationError,
    ClassValidationError,
    Converter,
    ForbiddenExtraKeysError,
    IterableValidationError,
)
from cattrs.cols import homogenous_tuple_structure_factory, mapping_structure_factory
from cattrs.gen import make_dict_structure_fn, override

from stoker.adapters.codec.leaves import LEAF_HOOKS, Hook, MisfitError, misfit
from stoker.core.conditions import Condition, Conditions
from stoker.core.spec.problems import Finding, Place, nearest
from stoker.core.spec.schema import Schema, fields_of

_T = TypeVar("_T")

_STAND_INS: Final[Mapping[object, object]] = {
    str: "stand-in-for-what-could-not-be-read",
    int: 1,
    bool: False,
    datetime: "1970-01-01T00:00:00Z",
}


@frozen
class _Misreading:
    """A place that could not be read, and what may stand there instead; None removes it."""

    finding: Finding
    stand_in: object


@frozen
class Reading(Generic[_T]):
    """What came of a document."""

    value: _T
    misread: tuple[Finding, ...]
    """What could not be read; the value has defaults or stand-ins at these places."""


def read(document: object, cls: type[_T], *, strict: bool = False) -> Reading[_T]:
    """`document` as a `cls`, as far as it can be read.

    Unless `strict`, fields that nobody knows are passed over, and an empty text in a field that
    may be absent counts as absent, because that is how Go writes one.
    """
    converter = _converter(strict)
    try:
        return Reading(converter.structure(document, cls), ())
    except (BaseValidationError, MisfitError) as error:
        misreadings = tuple(_misreadings(error, (), _stand_in(cls), ()))
    mended = _mended(document, misreadings)
    findings = tuple(misreading.finding for misreading in misreadings)
    return Reading(converter.structure(mended, cls), findings)


def _mended(document: object, misreadings: tuple[_Misreading, ...]) -> object:
    """`document`, changed in place, with a stand-in wherever it could not be read."""
    root = [document]
    for misreading in misreadings:
        *steps, last = (0, *misreading.finding.place)
        holder: Any = root
        for step in steps:
            holder = holder[step]
        if misreading.stand_in is None:
            holder.pop(last, None)
        else:
            holder[last] = misreading.stand_in
    return root[0]


@cache
def _converter(strict: bool) -> Converter:  # noqa: FBT001 - the key of the cache
    converter = Converter(detailed_validation=True, forbid_extra_keys=strict)
    for cls, hook in LEAF_HOOKS.items():
        converter.register_structure_hook(cls, hook)
    for is_meant, factory in (
        (_is_list, _list_factory),
        (_is_map, _map_factory),
        (_is_object, partial(_object_factory, strict=strict)),
    ):
        converter.register_structure_hook_factory(is_meant, factory)
    converter.register_structure_hook(
        Conditions,
        lambda value, _: Conditions.of(converter.structure(value, tuple[Condition, ...])),
    )
    return converter


# --- Hooks of what holds other values ---


def _list_factory(cls: type, converter: Converter) -> Hook:
    read = homogenous_tuple_structure_factory(cls, converter)

    def hook(value: object, _: object) -> object:
        if not isinstance(value, list):
            raise misfit("a list", value, "start each item on a line of its own with '- '")
        return read(value, cls)

    return hook


def _map_factory(cls: type, converter: Converter) -> Hook:
    opaque = get_args(cls)[1] is Any
    read: Hook = mapping_structure_factory(cls, converter)

    def hook(value: object, _: object) -> object:
        if not isinstance(value, dict):
            raise misfit("an object", value, "write its entries as 'name: value'")
        return value if opaque else read(value, cls)

    return hook


def _is_list(kind: object) -> bool:
    return get_origin(kind) is tuple


def _is_map(kind: object) -> bool:
    return get_origin(kind) is Mapping


def _is_object(kind: object) -> TypeGuard[type[Any]]:
    return isinstance(kind, type) and has(kind) and kind not in LEAF_HOOKS


def _object_factory(cls: type, converter: Converter, *, strict: bool) -> Hook:
    fields = {described.json_name: described for described in fields_of(cls)}
    renamed: dict[str, Any] = {one.name: override(rename=one.json_name) for one in fields.values()}
    read: Hook = make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=strict, **renamed)
    inline = next((one.json_name for one in fields.values() if one.schema.inline), None)

    def is_absent(name: str, value: object) -> bool:
        known = fields.get(name)
        optional = known is not None and not known.required
        return value is None or (value == "" and optional and not strict)

    def hook(value: object, _: object) -> object:
        if not isinstance(value, dict):
            raise misfit("an object", value, "write its fields as 'name: value'")
        if inline is not None:
            own = {name: item for name, item in value.items() if name in fields.keys() - {inline}}
            beside = {name: item for name, item in value.items() if name not in own}
            value = own | {inline: beside}
        return read({k: v for k, v in value.items() if not is_absent(k, v)}, cls)

    return hook


# --- From cattrs' errors to misreadings ---


def _misreadings(
    error: Exception, place: Place, stand_in: object, outer: tuple[str, ...]
) -> Iterator[_Misreading]:
    match error:
        case ClassValidationError():
            yield from _in_object(error, place, outer)
        case IterableValidationError():
            for below, note in error.group_exceptions()[0]:
                item = _stand_in(note.type)
                yield from _misreadings(below, (*place, note.index), item, ())
        case MisfitError():
            yield _Misreading(Finding(place, error.message, error.cure), stand_in)
        case _:
            yield _Misreading(Finding(place, "cannot be read", "correct it"), stand_in)


def _in_object(
    error: ClassValidationError, place: Place, outer: tuple[str, ...]
) -> Iterator[_Misreading]:
    fields = {described.name: described for described in fields_of(error.cl)}
    names = (*outer, *(one.json_name for one in fields.values() if not one.schema.inline))
    noted, others = error.group_exceptions()
    for below, note in noted:
        described = fields[note.name]
        inline = described.schema.inline
        where = place if inline else (*place, described.json_name)
        stand_in = _stand_in(described.type) if described.required else None
        if isinstance(below, KeyError):
            yield _Misreading(_missing(where, described.schema), stand_in)
        else:
            yield from _misreadings(below, where, stand_in, names if inline else ())
    for other in others:
        if isinstance(other, ForbiddenExtraKeysError):
            for name in sorted(other.extra_fields):
                yield _Misreading(_unknown(name, (*place, name), names), None)


def _missing(place: Place, schema: Schema) -> Finding:
    words = schema.description.removesuffix(".")
    # An abbreviation keeps its capitals.
    start = words[:1] if words[1:2].isupper() else words[:1].lower()
    return Finding(place, "is required", f"add it: {start}{words[1:]}")


def _unknown(name: str, place: Place, known: tuple[str, ...]) -> Finding:
    near = nearest(name, known)
    cure = f"did you mean {near}?" if near else f"the fields here are: {', '.join(known)}"
    return Finding(place, "is not a field that is known here", cure)


def _stand_in(kind: object) -> object:
    """The least that can be read as a `kind`."""
    key: Any = kind  # mypy takes no type for hashable
    return _least(key)


@cache
def _least(kind: object) -> object:
    if get_origin(kind) is tuple:
        return []
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind)).value
    if _is_object(kind):
        return {one.json_name: _stand_in(one.type) for one in fields_of(kind) if one.required}
    return _STAND_INS.get(kind, {})
