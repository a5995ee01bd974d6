"""JSON as values that can be compared exactly.

Numbers keep their spelling: 1 and 1.0 are two documents, and an integer of forty digits is exact.
What has one name twice in an object, is nested too deeply, or is not JSON at all, is no document
here; it is compared as text.
"""

from __future__ import annotations

import json
from typing import NamedTuple, NoReturn

from stoker.core.differences.limits import MAX_DEPTH
from stoker.core.errors import DecodeError


class Number(NamedTuple):
    """A number as it is written; a tuple, because JSON has none and they compare fast."""

    text: str


Json = None | bool | str | Number | list["Json"] | dict[str, "Json"]


def read_document(text: str) -> Json:
    """The document that `text` holds, or `DecodeError`."""
    try:
        value: Json = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_refused_constant,
        )
    except RecursionError:
        raise _no_document(f"it has more than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise _no_document(str(error)) from None
    _check_depth(value)
    return value


def _no_document(why: str) -> DecodeError:
    return DecodeError(f"not valid JSON: {why}", cure="correct the file")


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object has one name twice")
    return members


def _refused_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def _check_depth(value: Json) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for container in level
            for inner in _inside(container)
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return
    raise _no_document(f"it has more than {MAX_DEPTH} levels")


def _inside(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
