"""JSON as values that can be compared exactly.

Numbers keep their spelling: 1 and 1.0 are two documents, and an integer of forty digits is exact.
What has one name twice in an object, is nested too deeply, or is not JSON at all, is no document
here: a wrong reading would call two texts equal that are not.
"""

from __future__ import annotations

import json
from typing import NamedTuple, NoReturn


class Number(NamedTuple):
    """A number as it is written; a tuple, because JSON has none and they compare fast."""

    text: str


Json = None | bool | str | Number | list["Json"] | dict[str, "Json"]


class TooDeep(ValueError):
    """More containers inside one another than the reader takes."""


def read_exactly(text: str, depth: int) -> Json:
    """The document that `text` holds, of so many levels at most; raises `ValueError`."""
    try:
        value: Json = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_refused_constant,
        )
    except RecursionError:
        raise _too_deep(depth) from None
    _check_depth(value, depth)
    return value


def _too_deep(depth: int) -> TooDeep:
    return TooDeep(f"it has more than {depth} levels")


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object has one name twice")
    return members


def _refused_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def _check_depth(value: Json, depth: int) -> None:
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for container in level
            for inner in _inside(container)
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return
    raise _too_deep(depth)


def _inside(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
