"""What a list is made of, as the API answers it."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from stoker.adapters.kube.errors import Unreadable


@frozen
class Page:
    """Some objects of a list, and the version of the whole; `first`: the list begins with it."""

    items: list[dict[str, Any]]
    resource_version: str
    first: bool = False


def listed(answer: dict[str, Any], where: str) -> tuple[list[dict[str, Any]], str, str]:
    """The items of a list, its version, and its continuation."""
    metadata, items = answer.get("metadata"), answer.get("items")
    items = [] if items is None else items
    if not isinstance(metadata, dict) or not isinstance(items, list):
        raise Unreadable("the answer is not a list", where=where)
    if not all(isinstance(item, dict) for item in items):
        raise Unreadable("the list holds what is no object", where=where)
    version, place = metadata.get("resourceVersion"), metadata.get("continue")
    if not isinstance(version, str) or not version:
        raise Unreadable("the list has no version", where=where)
    return items, version, place if isinstance(place, str) else ""
