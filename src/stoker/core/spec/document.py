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
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from attrs import has

from stoker.core.conditions import Conditions
from stoker.core.spec.durations import Duration
from stoker.core.spec.schema import fields_of

if TYPE_CHECKING:
    from collections.abc import Callable


def to_document(value: object) -> Any:  # noqa: ANN401 - JSON of any type
    """`value`, one of the spec's types or a part of one, as JSON values."""
    kind: Any = type(value)  # mypy takes no type for hashable
    if kind in _PLAIN:
        return value
    return _writer(kind)(value)


_PLAIN: Final = frozenset({str, int, bool, float, type(None)})


@cache
def _writer(kind: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - see above
    """How values of a type are written; a status has hundreds of a few types."""
    if issubclass(kind, Duration):
        return attrgetter("text")
    if issubclass(kind, Enum):
        return attrgetter("value")
    if issubclass(kind, datetime):
        return rfc3339
    if issubclass(kind, Mapping):
        return lambda value: {key: to_document(below) for key, below in value.items()}
    if issubclass(kind, tuple | Conditions):
        return lambda value: [to_document(item) for item in value]
    return _object if has(kind) else lambda value: value


def _object(value: object) -> dict[str, Any]:
    document: dict[str, Any] = {}
    cls: type[Any] = type(value)
    for described in fields_of(cls):
        content = getattr(value, described.name)
        if content is None:
            continue
        schema = described.schema
        plain = content if schema.opaque else to_document(content)
        if schema.inline:
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
