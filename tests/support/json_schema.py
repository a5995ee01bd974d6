"""As much of JSON Schema as the chart's schema uses, and an error for a word that it has more.

`flaws` walks value and schema together. Words that say something of the value itself are a table of
predicates; words that lead to other schemas are a table of functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from attrs import evolve, frozen

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
_SILENT: Final = frozenset(
    {"title", "description", "$schema", "definitions", "default", "then", "else", "$comment"}
)


@frozen
class _Place:
    """A value, the schema that it is held against, and where both are."""

    value: Any
    schema: Mapping[str, Any]
    root: Mapping[str, Any]
    path: str = ""

    def flaws(self) -> Iterator[str]:
        """What is wrong here and below."""
        if "type" in self.schema and not _is(self.value, self.schema["type"]):
            yield f"{self.path}: {self.value!r} is not {self.schema['type']}"
            return
        for word, said in self.schema.items():
            if word in _PREDICATES:
                if not _PREDICATES[word](self.value, said):
                    yield f"{self.path}: {self.value!r} breaks {word} {said!r}"
            elif word in _WALKS:
                yield from _WALKS[word](self, said)
            elif word not in _SILENT:
                raise AssertionError(f"{self.path}: tests/support/json_schema.py lacks {word!r}")

    def at(self, schema: Any, step: str = "", value: Any = ...) -> Iterator[str]:
        """The flaws of another schema, or of a part of the value."""
        below = self.value if value is ... else value
        return evolve(self, schema=schema, value=below, path=f"{self.path}{step}").flaws()

    def properties(self, said: Mapping[str, Any]) -> Iterator[str]:
        """Each member that the schema names."""
        if isinstance(self.value, dict):
            for name in self.value.keys() & said.keys():
                yield from self.at(said[name], f".{name}", self.value[name])

    def others(self, said: Any) -> Iterator[str]:
        """Each member that it does not name."""
        if not isinstance(self.value, dict):
            return
        for name in sorted(self.value.keys() - self.schema.get("properties", {}).keys()):
            if said is False:
                yield f"{self.path}.{name} is not known"
            elif isinstance(said, dict):
                yield from self.at(said, f".{name}", self.value[name])

    def items(self, said: Mapping[str, Any]) -> Iterator[str]:
        """Each element."""
        if isinstance(self.value, list):
            for at, one in enumerate(self.value):
                yield from self.at(said, f"[{at}]", one)

    def required(self, said: list[str]) -> Iterator[str]:
        """What has to be there."""
        if isinstance(self.value, dict):
            yield from (f"{self.path}.{name} is missing" for name in said if name not in self.value)

    def reference(self, said: str) -> Iterator[str]:
        """The schema that is named."""
        found: Any = self.root
        for name in said.removeprefix("#/").split("/"):
            found = found[name]
        return self.at(found)

    def every(self, said: list[Any]) -> Iterator[str]:
        """All of these."""
        for one in said:
            yield from self.at(one)

    def some(self, said: list[Any]) -> Iterator[str]:
        """One of these at least."""
        if all(any(True for _ in self.at(one)) for one in said):
            yield f"{self.path}: {self.value!r} fits none of {said!r}"

    def never(self, said: Any) -> Iterator[str]:
        """Not this."""
        if not any(True for _ in self.at(said)):
            yield f"{self.path}: {self.value!r} is what it must not be"

    def branch(self, said: Any) -> Iterator[str]:
        """One schema or the other."""
        holds = not any(True for _ in self.at(said))
        return self.at(self.schema.get("then" if holds else "else", {}))


def flaws(value: Any, schema: Mapping[str, Any]) -> list[str]:
    """What is wrong with `value`, each with its path."""
    return list(_Place(value, schema, schema).flaws())


def _is(value: Any, said: str | list[str]) -> bool:
    if isinstance(said, list):
        return any(_is(value, one) for one in said)
    if isinstance(value, bool):
        return said == "boolean"
    return isinstance(value, _TYPES[said])


_PREDICATES: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "type": _is,
    "enum": lambda value, bound: value in bound,
    "const": lambda value, bound: value == bound,
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "minLength": lambda value, bound: len(value) >= bound,
    "maxLength": lambda value, bound: len(value) <= bound,
    "minItems": lambda value, bound: len(value) >= bound,
    "maxItems": lambda value, bound: len(value) <= bound,
    "pattern": lambda value, bound: not isinstance(value, str) or bool(re.search(bound, value)),
    "uniqueItems": lambda value, _: all(one not in value[:at] for at, one in enumerate(value)),
}
_WALKS: Final[Mapping[str, Callable[[_Place, Any], Iterator[str]]]] = {
    "properties": _Place.properties,
    "additionalProperties": _Place.others,
    "items": _Place.items,
    "required": _Place.required,
    "$ref": _Place.reference,
    "allOf": _Place.every,
    "anyOf": _Place.some,
    "oneOf": _Place.some,
    "not": _Place.never,
    "if": _Place.branch,
}
