"""Sightings that come twice, late and in the wrong order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stoker.entrypoints.shelf import MOST_DELETIONS, Change, Shelf

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


def test_a_watch_that_lags_behind_our_own_write_changes_nothing() -> None:
    shelf = a_shelf()
    shelf.put(seen(5, "ours"), ours=True)
    for old in (4, 0, ""):
        assert shelf.put(seen(old, "old")) is None
        assert shelf.gone(seen(old)) is None
    assert shelf.get(NAME) == "ours"
    assert shelf.put(seen(6, "theirs")) == Change(NAME, "ours", "theirs")


def test_what_a_watch_tells_of_our_own_write_is_not_read_again() -> None:
    """Seen to fail without that: each status that we write was read twice."""
    read: list[str] = []

    def reading(document: Mapping[str, Any], _: str | None) -> str:
        read.append(document["value"])
        return read[-1]

    shelf: Shelf[str] = Shelf(reading)
    shelf.put(seen(5, "ours"), ours=True)
    assert shelf.put(seen(5, "ours")) is None
    assert len(read) == 1
    shelf.put(seen(4, "set back"))  # from now on a watch is believed again
    assert shelf.get(NAME) == "set back"


def test_what_it_is_read_as_can_be_given() -> None:
    shelf = a_shelf()
    assert shelf.put(seen(5, "text"), ours=True, value="known") == Change(NAME, None, "known")


def test_the_answer_to_a_write_that_was_overtaken_changes_nothing() -> None:
    shelf = a_shelf()
    shelf.put(seen(7, "theirs"))
    assert shelf.put(seen(6, "ours"), ours=True) is None
    assert shelf.get(NAME) == "theirs"


def test_an_answer_that_comes_after_the_deletion_brings_nothing_back() -> None:
    shelf = a_shelf()
    shelf.put(seen(5))
    shelf.gone(seen(7))
    assert shelf.put(seen(6, "ours"), ours=True) is None
    assert shelf.get(NAME) is None
    # Also where the watch told of the deletion of what had never been seen.
    shelf.gone(seen(9, name="other"))
    assert shelf.put(seen(8, name="other"), ours=True) is None
    # Made anew since:
    assert shelf.put(seen(10, "new"), ours=True) == Change(NAME, None, "new")


def test_deletions_are_not_remembered_for_ever() -> None:
    shelf = a_shelf()
    for number in range(3 * MOST_DELETIONS):
        shelf.gone(seen(number + 2, name=f"n{number}"))
    assert shelf.put(seen(1, name="n0"), ours=True) is not None
    assert shelf.put(seen(1, name=f"n{number}"), ours=True) is None


def test_a_server_that_was_set_back_is_believed() -> None:
    shelf = a_shelf()
    shelf.put(seen(900, "new"))
    assert shelf.put(seen(17, "from the backup")) == Change(NAME, "new", "from the backup")
    assert shelf.gone(seen(18)) is not None


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


@given(st.lists(st.sampled_from(("watch", "answer")), max_size=20), st.sets(st.integers(1, 7)))
def test_watch_and_answers_in_any_mixture_end_at_the_newest(
    turns: list[str], ours: set[int]
) -> None:
    """Seen failing without either look at the version."""
    shelf = a_shelf()
    watched, answers = list(range(1, 8)), sorted(ours, reverse=True)
    newest = 0
    for turn in turns:
        queue = watched if turn == "watch" else answers
        if not queue:
            continue
        version = queue.pop(0)
        shelf.put(seen(version, f"v{version}"), ours=turn == "answer")
        newest = max(newest, version)
        assert shelf.get(NAME) == f"v{newest}"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("put", "gone", "drop", "keep")),
            st.sampled_from(("plant", "mill")),
            st.sampled_from("abc"),
            st.sampled_from(("red", "blue", None)),
        ),
        max_size=40,
    )
)
def test_groups_hold_what_a_look_at_everything_finds(
    steps: list[tuple[str, str, str, str | None]],
) -> None:
    """Seen failing with a group that an object did not leave, and with one that it did not join."""
    shelf: Shelf[str] = Shelf(lambda document, _: document["value"], lambda value: value[:1])
    for number, (what, space, name, value) in enumerate(steps, start=1):
        document = seen(number, value, name)
        document["metadata"]["namespace"] = space
        match what:
            case "put":
                shelf.put(document)
            case "gone":
                shelf.gone(document)
            case "drop":
                shelf.drop((space, name))
            case _:
                shelf.keep_only(space, {(space, name)})
        for place in ("plant", "mill"):
            for group in ("r", "b", "x"):
                found = {one: text for one, text in shelf.of(place) if text[:1] == group}
                assert dict(shelf.of_group(place, group)) == found
