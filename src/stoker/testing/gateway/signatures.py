"""What a gateway thinks of a resource's signature, and how it signs one anew."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from stoker.core.errors import DecodeError
from stoker.core.ignition import Dialect, Resource, signature, verify

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTOR: Final = "external"
_SIGNATURE: Final = "lastModificationSignature"


class Signature(StrEnum):
    """The three states of a signature."""

    NONE = "none"
    VALID = "valid"
    STALE = "stale"


def signature_state(document: bytes, files: Mapping[str, bytes], *, unary: bool) -> Signature:
    """The state of a resource's signature; `document` is a JSON object."""
    attributes = json.loads(document).get("attributes")
    if not isinstance(attributes, dict) or _SIGNATURE not in attributes:
        return Signature.NONE
    fits = verify(Resource(document, files, unary=unary)) is not None
    return Signature.VALID if fits else Signature.STALE


def restamped(
    document: bytes, files: Mapping[str, bytes], *, unary: bool, timestamp: str, dialect: Dialect
) -> bytes | None:
    """A `resource.json` as the gateway writes it anew; None if it cannot be signed."""
    value = json.loads(document)
    attributes = value["attributes"]
    attributes["lastModification"] = {"actor": ACTOR, "timestamp": timestamp}
    attributes.pop(_SIGNATURE, None)
    try:
        resource = Resource(_written(value), files, unary=unary)
        attributes[_SIGNATURE] = signature(resource, dialect)
    except DecodeError:
        return None
    return _written(value)


def _written(value: object) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode()
