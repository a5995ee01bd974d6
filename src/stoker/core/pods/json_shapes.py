"""Reading JSON that may be of any shape: what is not of the wanted type is as good as absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def text(value: object) -> str:
    """A string, or the empty one."""
    return value if isinstance(value, str) else ""


def members(value: object) -> Mapping[str, Any]:
    """An object's members; none for anything else."""
    if not isinstance(value, Mapping):
        return {}
    return {key: member for key, member in value.items() if isinstance(key, str)}


def texts(value: object) -> Mapping[str, str]:
    """The members of an object that are strings, such as labels."""
    return {key: member for key, member in members(value).items() if isinstance(member, str)}


def objects(value: object) -> tuple[Mapping[str, Any], ...]:
    """The objects in a list; none for anything else."""
    if not isinstance(value, (list, tuple)):
        return ()
    return tuple(members(entry) for entry in value if isinstance(entry, Mapping))
