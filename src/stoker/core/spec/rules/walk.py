"""From the top of a document to its end: each field against its bounds, each object to its rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import has

from stoker.core.spec.problems import Finding, Place, shown
from stoker.core.spec.schema import Schema, fields_of

Rule = Callable[[Any, Place], Iterator[Finding]]
"""What is wrong with one object, at its place."""


def _nothing(_value: object, _place: Place) -> Iterator[Finding]:
    return iter(())


def check_bounds(value: object, place: Place) -> tuple[Finding, ...]:
    """What is outside its bounds, without a look at any rule."""
    return tuple(walk(value, place, _nothing))


def walk(value: object, place: Place, rule: Rule) -> Iterator[Finding]:
    """What the bounds of the fields and `rule` have against `value` and everything inside it."""
    match value:
        case Mapping():
            for key, below in value.items():
                yield from walk(below, (*place, key), rule)
        case tuple():
            for index, item in enumerate(value):
                yield from walk(item, (*place, index), rule)
        case _ if has(type(value)):
            yield from _walk_object(value, place, rule)


def _walk_object(value: object, place: Place, rule: Rule) -> Iterator[Finding]:
    cls: type[Any] = type(value)
    yield from rule(value, place)
    for described in fields_of(cls):
        content = getattr(value, described.name)
        below = place if described.schema.inline else (*place, described.json_name)
        yield from bounds(described.schema, content, below)
        if not described.schema.opaque:
            yield from walk(content, below, rule)


def bounds(schema: Schema, content: object, place: Place) -> Iterator[Finding]:
    """What the schema of a field has against its content."""
    match content:
        case bool() | None:
            return
        case int():
            yield from _range(schema, content, place)
        case str():
            if len(content) < (schema.min_length or 0):
                yield Finding(place, "is empty", "write a value, or remove the field")
        case tuple() | Mapping():
            if len(content) < (schema.min_items or 0):
                yield Finding(place, "is empty", "add at least one entry")
            if schema.key_pattern is not None and isinstance(content, Mapping):
                yield from _names(schema.key_pattern, content, place)


def _range(schema: Schema, number: int, place: Place) -> Iterator[Finding]:
    low, high = schema.minimum, schema.maximum
    if low is not None and number < low:
        limit = f"at least {low}" if high is None else f"from {low} to {high}"
    elif high is not None and number > high:
        limit = f"at most {high}" if low is None else f"from {low} to {high}"
    else:
        return
    yield Finding(place, f"is {number}, but must be {limit}", "choose a number in this range")


def _names(pattern: str, content: Mapping[str, object], place: Place) -> Iterator[Finding]:
    legal = re.compile(pattern)
    for key in content:
        if not legal.fullmatch(key):
            yield Finding(
                (*place, key),
                f"{shown(key)} is not a legal name for a variable",
                "use letters, digits and '_', with no digit in front",
            )
