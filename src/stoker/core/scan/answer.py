"""An answer of the gateway, as plain values: nothing in it can be trusted to have a form.

Behind one address there may be the gateway, its start-up page, a login form, or another server.
So every reader takes any status with any body, and a body that is not what was asked for reads
as None.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

MAX_BODY: Final = 16 << 20
"""Bytes of a body that are read as JSON; an adapter should not take more either."""
MAX_EXCERPT: Final = 200
"""Characters of a body that are worth showing."""

_LONGEST_NUMBER: Final = 18


@frozen
class Answer:
    """Status, body and headers; the names of the headers are lower case."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        return self.status in range(200, 300)

    def document(self) -> Mapping[str, object] | None:
        """The JSON object in the body, if that is what it holds."""
        if len(self.body) > MAX_BODY:
            return None
        try:
            value = json.loads(self.body.decode())
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def items(self) -> tuple[Mapping[str, object] | None, ...] | None:
        """The list under `items` in the body; None for an item that is no object."""
        found = (self.document() or {}).get("items")
        if not isinstance(found, list):
            return None
        return tuple(item if isinstance(item, dict) else None for item in found)

    def why(self) -> str:
        """What the body says of a failure, cut short; empty for a page or for nothing."""
        document = self.document() or {}
        told = document.get("message") or document.get("error")
        return told[:MAX_EXCERPT] if isinstance(told, str) else ""


def whole_number(value: object) -> int | None:
    """`value` as a whole number, however the gateway spelt it; None if it is none."""
    match value:
        case bool():
            return None
        case int():
            return value
        case float() if value.is_integer():
            return int(value)
        case str() if value.isascii() and value.isdigit() and len(value) <= _LONGEST_NUMBER:
            return int(value)
        case _:
            return None
