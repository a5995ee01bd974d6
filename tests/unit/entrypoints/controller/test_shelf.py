"""Sightings that come twice, late and in the wrong order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stoker.entrypoints.controller.shelf import Change, Shelf

NAME = ("plant", "one")


def seen(version: int | str, value: str | None = "x", name: str = "one") -> dict[str, Any]:
    metadata = {"namespace": "plant", "name": name, "resourceVersion": str(version)}
    return {"metadata": metadata, "value": value}


def a_shelf() -> Shelf[str]:
    def read(document: Mapping[str, Any], _: str | None) -> str | None:
        value: str | None = document["value"]
        return value

    return Shelf(read)


def test_tells_what_changed() -> None:
    shelf = a_shelf()
    assert shelf.put(seen(1, "a")) == Change(NAME, None, "a")
    assert shelf.put(seen(2, "b")) == Change(NAME, "a", "b")
    assert shelf.put(seen(3, "b")) is None
    assert shelf.gone(seen(4, "b")) == Change(NAME, "b", None)
    assert shelf.get(NAME) is None


def test_what_is_older_or_the_same_changes_nothing() -> None:
    shelf = a_shelf()
    shelf.put(seen(5, "new"))
    for old in (4, 5, 0, ""):
        assert shelf.put(seen(old, "old")) is None
    assert shelf.get(NAME) == "new"


def test_an_old_deletion_does_not_take_away_what_was_made_since() -> None:
    shelf = a_shelf()
    shelf.put(seen(9))
    assert shelf.gone(seen(8)) is None
    assert shelf.get(NAME) == "x"


def test_what_is_of_no_interest_takes_no_place() -> None:
    shelf = a_shelf()
    assert shelf.put(seen(1, None)) is None
    assert shelf.names() == []
    shelf.put(seen(2, "a"))
    assert shelf.put(seen(3, None)) == Change(NAME, "a", None)
    assert shelf.names() == []


def test_a_list_of_one_namespace_says_nothing_of_others() -> None:
    shelf = a_shelf()
    for space in ("plant", "mill"):
        for name in ("one", "two"):
            document = seen(1, name=name)
            document["metadata"]["namespace"] = space
            shelf.put(document)
    gone = shelf.keep_only("plant", {("plant", "one")})
    assert [change.name for change in gone] == [("plant", "two")]
    assert len(shelf.names()) == 3
    gone = shelf.keep_only("", {("mill", "two")})
    assert {change.name for change in gone} == {("plant", "one"), ("mill", "one")}


@given(st.permutations(range(1, 8)), st.lists(st.integers(1, 7), max_size=7))
def test_in_whatever_order_sightings_come_the_newest_stands(
    order: list[int], again: list[int]
) -> None:
    """Seen failing without the look at the version."""
    shelf = a_shelf()
    for version in (*order, *again):
        shelf.put(seen(version, f"v{version}"))
    assert shelf.get(NAME) == "v7"
