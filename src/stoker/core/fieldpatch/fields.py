"""Field patches: values set, and read, at paths of a JSON document.

Text comes in, is checked and becomes byte text; each change is one `set_raw`, which leaves JSON,
so that a document is checked once, however many fields of it are set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.core.errors import PatchError
from stoker.core.fieldpatch.bytetext import to_bytes, to_text
from stoker.core.fieldpatch.edit import set_raw
from stoker.core.fieldpatch.path import QueryPath, parse_path
from stoker.core.fieldpatch.places import end_of, follow
from stoker.core.fieldpatch.refusals import at, bad_path, broken, invalid_json
from stoker.core.fieldpatch.syntax import fault
from stoker.core.fieldpatch.value import infer

if TYPE_CHECKING:
    from collections.abc import Mapping


def set_field(document: str, path: str, value: str) -> str:
    """The document with `value` at `path`, as sjson sets it.

    The value is JSON if it parses, else a string. Raises `PatchError`.
    """
    return set_fields(document, {path: value})


def set_fields(document: str, changes: Mapping[str, str]) -> str:
    """The document with every value at its path, in the order of the paths."""
    text = _checked(document)
    for path in sorted(changes):
        try:
            text = set_raw(text, parse_path(path), _raw(changes[path]))
        except PatchError as error:
            raise at(path, error) from None
    return to_text(text)


def get_field(document: str, path: str) -> str | None:
    """The JSON text at a plain path; None if there is nothing."""
    text = _checked(document)
    parsed = parse_path(path)
    if isinstance(parsed, QueryPath):
        error = bad_path("the path is a query", cure="name one field by keys and indexes")
        raise at(path, error)
    place, missing = follow(text, parsed.parts)
    if missing or not place.sound:
        return None
    return to_text(text[place.start : end_of(text, place)])


def _checked(document: str) -> str:
    try:
        text = to_bytes(document)
    except UnicodeEncodeError:
        raise invalid_json("is not valid text") from None
    if (wrong := fault(text)) is not None:
        raise invalid_json(wrong)
    return text


def _raw(value: str) -> str:
    try:
        return infer(to_bytes(value))
    except UnicodeEncodeError:
        raise broken("the value is not valid text") from None
