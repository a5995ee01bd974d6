"""JSON Patch: the operations that a difference gives, and what applying them does."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from stoker.core.errors import PatchError
from stoker.core.jsonpatch import MAX_DEPTH, Operation, apply, diff


def add(path: str, value: Any) -> Operation:
    return Operation("add", path, value)


def remove(path: str) -> Operation:
    return Operation("remove", path)


def replace(path: str, value: Any) -> Operation:
    return Operation("replace", path, value)


@pytest.mark.parametrize(
    ("before", "after", "operations"),
    [
        (1, 1, []),
        (1, 1.0, []),
        (1, True, [Operation("replace", "", value=True)]),
        (False, 0, [replace("", 0)]),
        (None, False, [Operation("replace", "", value=False)]),
        ("1", 1, [replace("", 1)]),
        ({}, [], [replace("", [])]),
        ([], {}, [replace("", {})]),
        ({"a": {}}, {"a": None}, [replace("/a", None)]),
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
        ({}, {"a": {"b": 1}}, [add("/a", {"b": 1})]),
        ({"a": {"b": 1}}, {}, [remove("/a")]),
        ({"a": 1, "b": 2}, {"b": 3, "c": 4}, [remove("/a"), replace("/b", 3), add("/c", 4)]),
        ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1, {"c": 3}]}}, [replace("/a/b/1/c", 3)]),
        ({"a/b": 1, "m~n": 2, "~1": 3}, {}, [remove("/a~1b"), remove("/m~0n"), remove("/~01")]),
        ({}, {"": 1}, [add("/", 1)]),
        ([1, 2], [0, 1, 2], [add("/0", 0)]),
        ([1, 2], [1, 2, 3, 4], [add("/2", 3), add("/3", 4)]),
        ([1, 2], [1, 5, 6, 2], [add("/1", 5), add("/2", 6)]),
        ([1, 2, 3], [2, 3], [remove("/0")]),
        ([1, 2, 3, 4], [1, 4], [remove("/1"), remove("/1")]),
        ([1, 2, 3], [], [remove("/0"), remove("/0"), remove("/0")]),
        ([], [1], [add("/0", 1)]),
        ([1, 1], [1, 1, 1], [add("/2", 1)]),
        ([1, 1, 1], [1], [remove("/1"), remove("/1")]),
        ([1, 2, 3, 4, 5], [1, 9, 8, 5], [replace("/1", 9), replace("/2", 8), remove("/3")]),
        ([1, 2, 5], [1, 9, 8, 7, 5], [replace("/1", 9), add("/2", 8), add("/3", 7)]),
        ([True], [1], [replace("/0", 1)]),
        ([{"a": 1}, {"b": 1}], [{"a": 1}, {"b": 2}], [replace("/1/b", 2)]),
        ([{"a": [1, 2]}, 3], [0, {"a": [1, 2]}, 3], [add("/0", 0)]),
        ([[1], [2]], [[1], [2, 3]], [add("/1/1", 3)]),
        ([{"a": 1}], [{"b": 1}], [remove("/0/a"), add("/0/b", 1)]),
    ],
)
def test_the_difference_is_these_operations(
    before: Any, after: Any, operations: list[Operation]
) -> None:
    assert diff(before, after) == tuple(operations)
    assert apply(before, operations) == after


def test_an_operation_is_an_object_of_the_rfc() -> None:
    assert add("/a", None).as_json() == {"op": "add", "path": "/a", "value": None}
    assert replace("", [1]).as_json() == {"op": "replace", "path": "", "value": [1]}
    assert remove("/a/0").as_json() == {"op": "remove", "path": "/a/0"}


@pytest.mark.parametrize(
    ("document", "operation", "after"),
    [
        ({"a": 1}, add("/a", 2), {"a": 2}),
        ({"a": 1}, add("", 2), 2),
        ({"a": 1}, replace("", None), None),
        ([1], add("/-", 2), [1, 2]),
        ([1], add("/1", 2), [1, 2]),
        ([], add("/0", 2), [2]),
        ([1, 2], add("/1", 9), [1, 9, 2]),
        ({"0": {"-": 1}}, replace("/0/-", 2), {"0": {"-": 2}}),
        ({"a/b": {"m~n": [1, 2]}}, remove("/a~1b/m~0n/1"), {"a/b": {"m~n": [1]}}),
        ({"~1": 1}, remove("/~01"), {}),
        ({"": {"": 1}}, remove("//"), {"": {}}),
        (list(range(11)), remove("/10"), list(range(10))),
    ],
)
def test_an_operation_is_applied(document: Any, operation: Operation, after: Any) -> None:
    assert apply(document, [operation]) == after


@pytest.mark.parametrize(
    ("document", "op", "path", "what"),
    [
        ({}, "add", "a", "is not a JSON pointer"),
        ({}, "add", "/~2", "is not a JSON pointer"),
        ({}, "add", "/~", "is not a JSON pointer"),
        ({}, "remove", "", "points to the whole document, which cannot be removed"),
        ({}, "remove", "/a", "points to nothing"),
        ({}, "replace", "/a", "points to nothing"),
        ({}, "add", "/a/b", "points to nothing"),
        ([1], "remove", "/1", "points to nothing"),
        ([1], "remove", "/-", "points to nothing"),
        ([1], "replace", "/00", "points to nothing"),
        ([1], "replace", "/-1", "points to nothing"),
        ([1], "replace", "/\u0660", "points to nothing"),
        ([1], "add", "/2", "points to nothing"),
        ([1], "add", "/x", "points to nothing"),
        ([1], "replace", "/" + "9" * 5000, "points to nothing"),
        (1, "add", "/a", "leads through a value that holds nothing"),
        ({"a": "b"}, "add", "/a/b", "leads through a value that holds nothing"),
    ],
)
def test_an_operation_that_does_not_fit_is_refused(
    document: Any, op: Literal["add", "remove", "replace"], path: str, what: str
) -> None:
    with pytest.raises(PatchError) as caught:
        apply(document, [Operation(op, path, 1)])
    assert caught.value.message == f"the pointer {what}"
    assert (caught.value.kind, caught.value.where) == ("bad_path", path)
    assert caught.value.cure == "apply the patch to the document that it was made for"


def test_nothing_that_comes_in_is_changed() -> None:
    before = {"a": [1, {"b": [2]}], "c": {"d": 3}}
    operations = [add("/a/1/b/0", 9), remove("/a/0"), replace("/c/d", 4), add("/c/e", [])]
    after = apply(before, [*operations, add("/c/e/-", 1)])
    assert after == {"a": [{"b": [9, 2]}], "c": {"d": 4, "e": [1]}}
    assert before == {"a": [1, {"b": [2]}], "c": {"d": 3}}
    assert operations[3].value == []


def nested(levels: int, leaf: Any) -> Any:
    value = leaf
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def test_values_are_compared_a_hundred_levels_deep() -> None:
    (operation,) = diff(nested(MAX_DEPTH, 1), nested(MAX_DEPTH, 2))
    assert operation.value == 2
    with pytest.raises(PatchError) as caught:
        diff(nested(MAX_DEPTH + 1, 1), nested(MAX_DEPTH + 1, 2))
    assert caught.value.kind == "limit"
    assert caught.value.message == "the values nest deeper than 100 levels"
    assert caught.value.where.startswith("/0/a/0" if MAX_DEPTH % 2 else "/a/0/a")
    assert caught.value.cure


def test_values_as_deep_as_one_likes_are_found_equal_in_a_list() -> None:
    assert diff([nested(50_000, 1)], [0, nested(50_000, 1)]) == (add("/0", 0),)
