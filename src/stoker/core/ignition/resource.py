"""A `resource.json` as a document.

The gateway rewrites this file with every save: who saved, when, and a new signature.
`same_resource` is the equality that does not see these stamps. It is for people (drift reports,
diffs); what is written to a gateway is decided by bytes.

Reading is strict, because a wrong reading would call two files equal that are not: UTF-8 JSON, no
name twice in an object, bounded size and depth. Numbers keep their spelling. What is not such a
document is no document here, and is compared byte by byte.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, NoReturn

from attrs import frozen

from stoker.core.errors import DecodeError

MAX_BYTES: Final = 1 << 20
"""Size of a `resource.json`; real ones have a few hundred bytes."""
MAX_DEPTH: Final = 64
"""Containers inside one another."""

ATTRIBUTES: Final = "attributes"
MODIFICATION: Final = "lastModification"
SIGNATURE: Final = "lastModificationSignature"


@frozen
class Number:
    """A JSON number, as it is written: 1 and 1.0 are two documents."""

    text: str


Json = None | bool | str | Number | list["Json"] | dict[str, "Json"]
Document = Mapping[str, Json]


def parse_resource(content: bytes) -> Document:
    """The object that `content` holds, or `DecodeError`."""
    if len(content) > MAX_BYTES:
        raise _no_document(f"has more than {MAX_BYTES} bytes")
    try:
        value = json.loads(
            content.decode(),
            object_pairs_hook=_object,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_refused_constant,
        )
    except RecursionError:
        raise _no_document(f"has more than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise _no_document(f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise _no_document("does not hold a JSON object")
    _check_depth(value)
    return value


def _no_document(what: str) -> DecodeError:
    return DecodeError(f"the resource.json {what}", cure="export the resource again")


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object has one name twice")
    return members


def _refused_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def _check_depth(document: dict[str, Json]) -> None:
    level: list[dict[str, Json] | list[Json]] = [document]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for container in level
            for inner in (container.values() if isinstance(container, dict) else container)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return
    raise _no_document(f"has more than {MAX_DEPTH} levels")


def same_resource(before: bytes, after: bytes) -> bool:
    """Whether two versions of a `resource.json` differ by nothing but the stamps of a save."""
    if before == after:
        return True
    try:
        return _without_stamps(parse_resource(before)) == _without_stamps(parse_resource(after))
    except DecodeError:
        return False


def _without_stamps(document: Document) -> Document:
    attributes = document.get(ATTRIBUTES)
    if not isinstance(attributes, dict):
        return document
    kept = {name: value for name, value in attributes.items() if name not in _STAMPS}
    others = {name: value for name, value in document.items() if name != ATTRIBUTES}
    # A gateway that stamps a resource for the first time adds the attributes with the stamps.
    return {**others, ATTRIBUTES: kept} if kept else others


_STAMPS: Final = frozenset({MODIFICATION, SIGNATURE})
