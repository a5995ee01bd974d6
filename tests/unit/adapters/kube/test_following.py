"""How a watch goes on, case by case; the laws are in tests/property/test_watch_laws.py."""

from __future__ import annotations

from typing import Any

import pytest

from stoker.adapters.kube.errors import (
    ApiFailed,
    Busy,
    Forbidden,
    Gone,
    NotFound,
    Silent,
    Unreachable,
    Unreadable,
)
from stoker.adapters.kube.following import (
    Dropped,
    Followed,
    Listed,
    Noted,
    NotListed,
    Position,
    Put,
    Strange,
    after,
    hear,
    key_of,
)
from stoker.core.errors import Retryable

AT_5 = Position("5")


def ended(
    error: ApiFailed | None = None, *, heard: bool = False, lasted: float = 100.0
) -> Followed:
    return Followed("7" if heard else "5", heard, lasted, error)


def test_a_list_is_followed_at_once() -> None:
    assert after(Position(), Listed("5"), 0.5) == AT_5


def test_a_list_that_fails_is_tried_again_later() -> None:
    assert after(AT_5, NotListed(Forbidden("no")), 0.0) == Position("", 1.0, failures=1)
    busy = Busy("later", retry=Retryable(20.0))
    assert after(AT_5, NotListed(busy), 0.0).wait == 20.0
    assert after(AT_5, NotListed(ValueError("a defect")), 0.0).wait == 1.0


def test_an_ordinary_end_is_resumed_from_what_was_heard_last() -> None:
    assert after(AT_5, ended(heard=True), 0.5) == Position("7")
    assert after(Position("5", failures=3, silences=1), ended(), 0.5) == AT_5


def test_an_end_at_once_is_resumed_after_a_wait() -> None:
    assert after(AT_5, ended(lasted=0.2), 0.0) == Position("5", 1.0, failures=1)


def test_waits_grow_to_half_a_minute_and_begin_anew_after_an_event() -> None:
    position, waits = AT_5, []
    for _ in range(7):
        position = after(position, ended(Unreachable("reset")), 1.0)
        waits.append(position.wait)
    assert waits == [2, 4, 8, 16, 30, 30, 30]
    assert after(position, ended(Unreachable("reset"), heard=True), 1.0) == Position("7", 2.0, 1)
    assert after(position, ended(Unreachable("reset")), 0.0).wait == 1.0


@pytest.mark.parametrize("error", [Unreachable("reset"), Busy("later")])
def test_what_passes_keeps_the_version(error: ApiFailed) -> None:
    assert after(AT_5, ended(error), 0.5).version == "5"


@pytest.mark.parametrize(
    "error", [Gone("old"), Unreadable("?"), Forbidden("no"), NotFound("no"), ApiFailed("odd")]
)
def test_what_does_not_pass_lists_anew(error: ApiFailed) -> None:
    assert after(AT_5, ended(error), 0.5).version == ""
    assert after(AT_5, ended(error, heard=True), 0.5).version == ""


def test_the_first_expired_version_costs_no_time_and_the_next_does() -> None:
    first = after(AT_5, ended(Gone("old")), 0.0)
    assert first.wait == 0.0
    again = after(after(first, Listed("6"), 0.0), ended(Gone("old")), 0.0)
    assert again.wait == 1.0


def test_silence_is_resumed_once() -> None:
    once = after(AT_5, ended(Silent("nothing")), 0.5)
    assert once == Position("5", silences=1)
    assert after(once, ended(Silent("nothing")), 0.5).version == ""
    assert after(once, ended(Silent("nothing"), heard=True), 0.5) == Position("7", silences=1)


def document(version: object = "7", **more: Any) -> dict[str, Any]:
    return {"metadata": {"resourceVersion": version, "name": "one", "namespace": "plant"} | more}


def test_events_say_what_they_are() -> None:
    assert hear("5", "ADDED", document()) == Put(document(), "7")
    assert hear("5", "MODIFIED", document()) == Put(document(), "7")
    assert hear("7", "MODIFIED", document()) == Put(document(), "7")
    assert hear("5", "DELETED", document()) == Dropped(document(), "7")
    assert hear("5", "BOOKMARK", document(name="")) == Noted("7")


def test_versions_that_are_no_numbers_are_not_compared() -> None:
    assert isinstance(hear("b", "ADDED", document("a")), Put)
    assert isinstance(hear("5", "ADDED", document("a")), Put)
    assert isinstance(hear("9" * 50, "ADDED", document("1")), Put)
    assert isinstance(hear("10", "ADDED", document("9")), Strange)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("ADDED", {}),
        ("ADDED", {"metadata": []}),
        ("ADDED", document(7)),
        ("ADDED", document("")),
        ("ADDED", document(name="")),
        ("ADDED", document(namespace=7)),
        ("MELTED", document()),
        ("BOOKMARK", document("4")),
        ("DELETED", document("4")),
    ],
)
def test_what_is_no_event_is_strange(kind: str, wrong: dict[str, Any]) -> None:
    assert isinstance(hear("5", kind, wrong), Strange)


def test_keys_of_objects() -> None:
    assert key_of(document()) == ("plant", "one")
    assert key_of({"metadata": {"name": "cluster-wide"}}) == ("", "cluster-wide")
    assert key_of({"metadata": None}) is None
