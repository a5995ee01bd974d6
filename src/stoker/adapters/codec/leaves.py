"""The hooks by which cattrs reads values that hold no others: text, numbers, words, times.

Each is as exact as JSON: a number is not text, and true is not a number. What does not fit is a
`MisfitError`, which says what a person would do about it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import Any, Final

from stoker.adapters.codec.plain import kind_of
from stoker.core.errors import DecodeError
from stoker.core.spec.durations import Duration
from stoker.core.spec.problems import nearest, shown

Hook = Callable[[Any, Any], Any]

_RFC3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


class MisfitError(Exception):
    """A JSON value that is none of its field; cattrs carries it to the top."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure


def misfit(wanted: str, value: object, cure: str) -> MisfitError:
    """The error for `value` where `wanted` should stand."""
    if value is None:
        return MisfitError(f"must be {wanted}, not null", "write a value, or remove the entry")
    return MisfitError(f"must be {wanted}, not {kind_of(value)}", cure)


def _text(value: object, _: object) -> str:
    if not isinstance(value, str):
        raise misfit("text", value, "put quotes round it")
    return value


def _whole_number(value: object, _: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise misfit("a whole number", value, "write digits only, without quotes")
    return value


def _boolean(value: object, _: object) -> bool:
    if not isinstance(value, bool):
        raise misfit("true or false", value, "write true or false, without quotes")
    return value


def _duration(value: object, _: object) -> Duration:
    cure = "write a number and a unit in quotes, such as 60s or 5m"
    if not isinstance(value, str):
        raise misfit("a duration", value, cure)
    try:
        return Duration.parse(value)
    except DecodeError as error:
        raise MisfitError(error.message, error.cure) from error


def _moment(value: object, _: object) -> datetime:
    cure = "write it as 2026-01-31T12:00:00Z"
    if not isinstance(value, str):
        raise misfit("a time", value, cure)
    try:
        if not _RFC3339.fullmatch(value):
            raise MisfitError(f"{shown(value)} is not a time", cure)
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise MisfitError(f"{shown(value)} is not a time", cure) from error


def _word(value: object, cls: type[Enum]) -> Enum:
    words = [str(member.value) for member in cls]
    if not isinstance(value, str):
        raise misfit(f"one of {', '.join(words)}", value, "choose one of them, in quotes")
    if value not in words:
        near = nearest(value, words)
        raise MisfitError(
            f"{shown(value)} is none of {', '.join(words)}",
            f"did you mean {near}?" if near else "choose one of them",
        )
    return cls(value)


LEAF_HOOKS: Final[Mapping[type, Hook]] = {
    str: _text,
    int: _whole_number,
    bool: _boolean,
    Duration: _duration,
    datetime: _moment,
    Enum: _word,
    StrEnum: _word,
}
