"""Any Python value as plain JSON values, or what is not JSON about it.

What a YAML file, an API client or an embedder hands over is copied once, with bounds on its depth
and size, so that everything behind it works on dicts, lists, text, numbers, booleans and None, and
on nothing that could be cyclic, endless, or different at a second look.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import count
from typing import Any, Final

from attrs import field, frozen

from stoker.adapters.codec.sharing import shared
from stoker.core.errors import DecodeError
from stoker.core.spec.problems import Finding, Place, place_text, shown

MAX_DEPTH: Final = 40
"""Objects and lists inside each other; the CRD itself needs nine."""
MAX_VALUES: Final = 50_000
"""Values in one document: some 5,000 mappings, and more than anybody reviews."""

_INTEGERS: Final = range(-(2**63), 2**63)


def plain(document: object) -> tuple[Any, tuple[Finding, ...]]:
    """A copy of `document` that is JSON, and what had to be left out of it."""
    copier = _Copier()
    return copier.copy(document, ()), tuple(copier.findings)


def kind_of(value: object) -> str:
    """What a person calls the type of a JSON value."""
    return _KINDS.get(type(value), f"a {type(value).__name__}")


_KINDS: Final[dict[type, str]] = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "text",
    dict: "an object",
    list: "a list",
}


@frozen
class _Copier:
    findings: list[Finding] = field(factory=list)
    _counter: Iterator[int] = field(factory=lambda: count(1))

    def copy(self, value: object, place: Place) -> Any:  # noqa: ANN401 - JSON of any type
        if len(place) > MAX_DEPTH:
            raise DecodeError(
                f"the document is nested more than {MAX_DEPTH} levels deep",
                where=place_text(place),
                cure="flatten it",
            )
        if next(self._counter) > MAX_VALUES:
            raise DecodeError(
                f"the document holds more than {MAX_VALUES} values", cure="split it up"
            )
        match value:
            case dict():
                return self._object(value, place)
            case list() | tuple():
                return [self.copy(item, (*place, index)) for index, item in enumerate(value)]
            case _:
                return self._leaf(value, place)

    def _object(self, value: dict[Any, Any], place: Place) -> dict[str, Any]:
        plain_object = {}
        for key, below in value.items():
            if isinstance(key, str) and _is_unicode(key):
                plain_object[key] = self.copy(below, (*place, key))
            else:
                name = key if isinstance(key, str) else kind_of(key)
                self.findings.append(
                    Finding(
                        place, f"has a key that is not text: {shown(name)}", "put quotes round it"
                    )
                )
        return plain_object

    def _leaf(self, value: object, place: Place) -> object:
        match value:
            case None | bool():
                return value
            case str() if not _is_unicode(value):
                fault, cure = "is not valid Unicode", "write it in UTF-8"
            case int() if value not in _INTEGERS:
                fault, cure = "is a number that does not fit into 64 bits", "write a smaller one"
            case float() if not math.isfinite(value):
                fault, cure = "is not a finite number", "write a number"
            case str():
                return shared(value)
            case int() | float():
                return value
            case _:
                fault, cure = f"is {kind_of(value)}, which is not JSON", "put quotes round it"
        self.findings.append(Finding(place, fault, cure))
        return None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
