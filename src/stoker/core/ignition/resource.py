"""A `resource.json` as a document.

The gateway rewrites this file with every save: who saved, when, and a new signature.
`same_resource` is the equality that does not see these stamps. It is for people (drift reports,
diffs); what is written to a gateway is decided by bytes.

Reading is strict, because a wrong reading would call two files equal that are not: UTF-8 JSON, no
name twice in an object, bounded size and depth. Numbers keep their spelling. What is not such a
document is no document here, and is compared byte by byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stoker.core.errors import DecodeError
from stoker.core.exactjson import Json, TooDeep, read_exactly

MAX_BYTES: Final = 1 << 20
"""Size of a `resource.json`; real ones have a few hundred bytes."""
MAX_DEPTH: Final = 64
"""Containers inside one another."""

ATTRIBUTES: Final = "attributes"
MODIFICATION: Final = "lastModification"
SIGNATURE: Final = "lastModificationSignature"


Document = Mapping[str, Json]


def parse_resource(content: bytes) -> Document:
    """The object that `content` holds, or `DecodeError`."""
    if len(content) > MAX_BYTES:
        raise _no_document(f"has more than {MAX_BYTES} bytes")
    try:
        value = read_exactly(content.decode(), MAX_DEPTH)
    except TooDeep:
        raise _no_document(f"has more than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise _no_document(f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise _no_document("does not hold a JSON object")
    return value


def _no_document(what: str) -> DecodeError:
    return DecodeError(f"the resource.json {what}", cure="export the resource again")


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
