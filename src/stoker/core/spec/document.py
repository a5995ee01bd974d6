"""From the types back to the document: plain JSON values under the document's own names.

This is the one encoder of everything that `described` describes. A field that is None is left out,
and so is an object that has nothing to say. `canonical` turns a document into the one text that
stands for it, whatever the order of its keys: what is digested, compared and stored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from attrs import has

from stoker.core.conditions import Conditions
from stoker.core.spec.durations import Duration
from stoker.core.spec.schema import fields_of


def to_document(value: object) -> Any:  # noqa: ANN401 - JSON of any type
    """`value`, one of the spec's types or a part of one, as JSON values."""
    plain: Any = value
    match value:
        case Duration():
            plain = value.text
        case Enum():
            plain = value.value
        case datetime():
            plain = rfc3339(value)
        case Mapping():
            plain = {key: to_document(below) for key, below in value.items()}
        case tuple() | Conditions():
            plain = [to_document(item) for item in value]
        case _ if has(type(value)):
            plain = _object(value)
    return plain


def _object(value: object) -> dict[str, Any]:
    document: dict[str, Any] = {}
    cls: type[Any] = type(value)
    for described in fields_of(cls):
        content = getattr(value, described.name)
        if content is None:
            continue
        plain = content if described.schema.opaque else to_document(content)
        if described.schema.inline:
            document |= plain
        elif plain != {} or not has(type(content)):
            document[described.json_name] = plain
    return document


def rfc3339(moment: datetime) -> str:
    """`2026-01-31T12:00:00Z`, with microseconds where there are some; UTC, as Kubernetes does."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def canonical(document: object) -> str:
    """The one JSON text of `document`: keys sorted, nothing but ASCII, no blanks."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
