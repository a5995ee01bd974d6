"""Documents: what is read as one, how elements are matched, and how a change is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stoker.core.differences import ChangeKind, DocumentChanges, TextChanges, compare_contents
from stoker.core.differences.changes import Added, Element, Key, Reordered, carry_out, inverse
from stoker.core.differences.comparison import compare_documents, label_of
from stoker.core.differences.documents import read_document
from stoker.core.differences.limits import MAX_CHANGES, MAX_DEPTH, MAX_PATH, MAX_VALUE
from stoker.core.differences.showing import ValueChange, spelled
from stoker.core.errors import DecodeError
from stoker.core.exactjson import Number
from stoker.core.paths import RelPath

VIEW = RelPath("projects/p/com.inductiveautomation.perspective/views/V/view.json")
TAGS = RelPath("config/resources/core/ignition/tag-definition/default/A/tags.json")


def changes(before: Any, after: Any, path: RelPath = VIEW, folder: str = "") -> list[ValueChange]:
    detail = compare_contents(path, json.dumps(before).encode(), json.dumps(after).encode(), folder)
    assert isinstance(detail, DocumentChanges)
    return list(detail.changes)


def told(before: Any, after: Any, folder: str = "") -> list[str]:
    """Each change as one line."""
    return [
        " ".join(filter(None, (change.kind.value, change.subject, change.path))) + _values(change)
        for change in changes(before, after, folder=folder)
    ]


def _values(change: ValueChange) -> str:
    if change.withheld:
        return ": withheld"
    values = " -> ".join(value for value in (change.before, change.after) if value is not None)
    return f": {values or change.note}" + (f" ({change.note})" if values and change.note else "")


def parsed(value: Any) -> Any:
    return read_document(json.dumps(value))


def named(*names: str, **members: Any) -> list[dict[str, Any]]:
    return [{"name": name, **members} for name in names]


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"a": 1}, {"a": 2}, ["changed a: 1 -> 2"]),
        ({"a": 1}, {"b": 1}, ["removed a: 1", "added b: 1"]),
        ({"a": {"b c": True}}, {"a": {"b c": None}}, ['changed a["b c"]: true -> null']),
        ([1, 2, 3], [1, 9, 2, 3], ["added [1]: 9"]),
        ([1, 2, 3], [1, 3], ["removed [1]: 2"]),
        ([1, 2, 3], [1, 8, 3], ["changed [1]: 2 -> 8"]),
        ({"a": []}, {"a": {}}, ["changed a: [] -> {}"]),
        (1, [1], ["changed: 1 -> [1]"]),
        (
            {"x": named("A", "B")},
            {"x": named("A", "N", "B")},
            ['added x[1] "N": {"name":"N"}'],
        ),
        (
            {"x": named("A", "B", "C")},
            {"x": named("C", "A", "B")},
            ["moved x: other order; 1 of 3 elements moved"],
        ),
        (
            {"x": [{"meta": {"name": "A"}, "v": 1}, {"meta": {"name": "B"}, "v": 1}]},
            {"x": [{"meta": {"name": "N"}, "v": 1}, {"meta": {"name": "B"}, "v": 2}]},
            [
                'removed x[0] "A": {"meta":{"name":"A"},"v":1}',
                'added x[0] "N": {"meta":{"name":"N"},"v":1}',
                'changed x[1] "B" → v: 1 -> 2',
            ],
        ),
        # One name twice: what is equal stays, and the rest is matched by what it is.
        (
            {"x": named("A", "A", v=1)},
            {"x": [*named("A", v=1), *named("A", v=2), *named("B", v=3)]},
            ['changed x[1] "A" → v: 1 -> 2', 'added x[2] "B": {"name":"B","v":3}'],
        ),
        # Identities that are numbers, and elements without any.
        ([{"id": 7, "v": 1}], [{"id": 7, "v": 2}], ['changed [0] "7" → v: 1 -> 2']),
        ([{"v": 1}, [1]], [{"v": 2}, [2]], ["changed [0].v: 1 -> 2", "changed [1][0]: 1 -> 2"]),
    ],
)  # fmt: skip
def test_changes_are_told_as_people_see_them(before: Any, after: Any, lines: list[str]) -> None:
    """Seen to fail with elements matched by their index alone."""
    assert told(before, after) == lines


def test_numbers_are_compared_as_written() -> None:
    def shown(before: bytes, after: bytes) -> ValueChange:
        detail = compare_contents(VIEW, b'{"a":%s}' % before, b'{"a":%s}' % after)
        assert isinstance(detail, DocumentChanges)
        (change,) = detail.changes
        return change

    same = shown(b"1", b"1.0")
    assert (same.before, same.after) == ("1", "1.0")
    assert "same number" in same.note
    large = shown(b"9" * 39 + b"8", b"9" * 40)
    assert large.before == "9" * 39 + "8"
    assert not large.note
    assert not shown(b"1" * 41, b"1" * 41 + b".0").note
    assert not shown(b"1e9999999999999999999", b"2").note
    assert not shown(b'"1"', b"1").note


def test_long_texts_are_cut_to_where_they_differ() -> None:
    start = "a long expression that both sides have, " * 10
    (change,) = changes({"e": start + "if(1)"}, {"e": start + "if(2)"})
    assert change.before is not None
    assert change.before.endswith('if(1)"')
    assert change.before.startswith('"…')
    assert len(change.before) < MAX_VALUE + 5
    (change,) = changes({"e": "x" * 200}, {"e": "y" * 300})
    assert change.after == '"' + "y" * MAX_VALUE + '…"'
    (change,) = changes({"e": "x" * 30_000 + "1"}, {"e": "x" * 30_000 + "22"})
    assert change.before == "text of 30,001 characters, other further on"
    assert change.after == "text of 30,002 characters"


def test_long_values_and_paths_are_cut() -> None:
    (change,) = changes({}, {"list": list(range(1000))})
    assert change.after is not None
    assert change.after.startswith("[0,1,2,")
    assert len(change.after) == MAX_VALUE
    assert change.after.endswith("…")
    deep: Any = 1
    deeper: Any = 2
    for _ in range(40):
        deep, deeper = {"a_rather_long_name": deep}, {"a_rather_long_name": deeper}
    (change,) = changes(deep, deeper)
    assert len(change.path) == MAX_PATH
    assert change.path.startswith("…")
    (change,) = changes({"k" * 500: 1}, {"k" * 500: 2})
    assert len(change.path) < 100
    assert len(label_of({"name": "n" * 500})) < 70


def test_components_and_tags_are_shown_by_what_they_are() -> None:
    flex = {"type": "ia.container.flex", "meta": {"name": "Row"}}
    full = {**flex, "children": [flex, flex]}
    assert told([], [flex]) == ['added [0] "Row": ia.container.flex']
    assert told([], [full]) == ['added [0] "Row": ia.container.flex with 2 inside']
    inner = [{"name": "Speed"}]
    tag = {"name": "P", "tagType": "UdtInstance", "typeId": "Motors/Pump", "tags": inner}
    assert told([tag], [], "[default]A") == [
        "removed [default]A/P: UdtInstance, Motors/Pump, with 1 inside"
    ]


def test_changes_of_tags_start_with_the_tag() -> None:
    def tag(value: int, **members: Any) -> dict[str, Any]:
        return {"name": "Level", "tagType": "AtomicTag", "value": value, **members}

    def folder(*tags: dict[str, Any]) -> dict[str, Any]:
        return {"name": "Tank", "tagType": "Folder", "tags": list(tags)}

    assert told([folder(tag(1))], [folder(tag(2))], "[default]A") == [
        "changed [default]A/Tank/Level value: 1 -> 2"
    ]
    assert told({"tags": [tag(1)]}, {"tags": [tag(2)]}, "[default]") == [
        "changed [default]Level value: 1 -> 2"
    ]
    alarms = [{"name": "High", "setpoint": 80}], [{"name": "High", "setpoint": 90}]
    assert told([tag(1, alarms=alarms[0])], [tag(1, alarms=alarms[1])], "[default]A") == [
        'changed [default]A/Level alarms[0] "High" → setpoint: 80 -> 90'
    ]
    assert told({"name": "x"}, {"name": "y"}, "[default]A") == [
        'changed [default]A name: "x" -> "y"'
    ]
    assert told({"tags": 1}, {"tags": 2}, "[default]A") == ["changed [default]A tags: 1 -> 2"]
    assert told([[1]], [[2]], "[default]A") == ["changed [default]A [0][0]: 1 -> 2"]


def test_scripts_in_documents_are_hunks() -> None:
    before = {"script": "\tlevel = 1\n\tif level:\n\t\tpass"}
    after = {"script": "\tlevel = 2\n\tif level:\n\t\tpass"}
    (change,) = changes(before, after)
    assert change.lines is not None
    (hunk,) = change.lines.hunks
    assert [line.sign + line.text for line in hunk.lines][:2] == ["-\tlevel = 1", "+\tlevel = 2"]
    assert change.weight == 5
    (change,) = changes({}, before)
    assert change.kind is ChangeKind.ADDED
    assert change.lines is not None
    assert change.lines.added == 3


def test_more_changes_than_are_shown_are_counted() -> None:
    before = {f"k{at}": at for at in range(MAX_CHANGES + 12)}
    after = {name: value + 1 for name, value in before.items()}
    detail = compare_contents(VIEW, json.dumps(before).encode(), json.dumps(after).encode())
    assert isinstance(detail, DocumentChanges)
    assert len(detail.changes) == MAX_CHANGES
    assert detail.cut == 12


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting"),
        ("", "Expecting"),
        ('{"a":1,"a":2}', "one name twice"),
        ("[NaN]", "NaN is not a JSON number"),
        ("[" * 100_000, "levels"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "levels"),
    ],
)
def test_what_is_no_document_is_compared_as_text(text: str, why: str) -> None:
    """Seen to fail with the depth unchecked, and with the error of the parser let through."""
    with pytest.raises(DecodeError, match=why):
        read_document(text)
    detail = compare_contents(VIEW, b"{}", b"\n" + text.encode())
    assert isinstance(detail, TextChanges)
    assert why in detail.problem
    assert detail.broken
    healed = compare_contents(VIEW, b"\n" + text.encode(), b"{}")
    assert isinstance(healed, TextChanges)
    assert healed.problem
    assert not healed.broken


def test_as_deep_as_allowed_is_a_document() -> None:
    depth = MAX_DEPTH
    before, after = ("[" * depth + value + "]" * depth for value in "12")
    assert told(json.loads(before), json.loads(after)) == ["changed " + "[0]" * depth + ": 1 -> 2"]
    assert read_document("[1, 1.50]") == [Number("1"), Number("1.50")]


def test_carrying_out_moves_and_inserts() -> None:
    before: Any = [{"name": name, "v": 1} for name in "ABCD"]
    after: Any = [{"name": name, "v": 2 if name == "B" else 1} for name in "DXBA"]
    found = compare_documents(before, after)
    assert any(isinstance(change, Reordered) for change in found)
    assert carry_out(before, found) == after
    assert carry_out(after, [inverse(change) for change in found]) == before


def test_changes_of_another_document_are_refused() -> None:
    for document, path in (({}, (Element(0, 0),)), ([], (Key("a"),))):
        with pytest.raises(DecodeError, match="another document"):
            carry_out(document, [Added(path, None)])
    assert carry_out("x", [Added((Key("a"),), None)]) == "x"
    before, after = {"a": 1, "b": {"c": 2}}, {"b": {"d": 3}}
    assert carry_out(parsed(before), compare_documents(parsed(before), parsed(after))) == parsed(
        after
    )


def test_paths() -> None:
    path = (Key("root"), Element(1, 2, "TankLevel"), Key("props"), Key("a.b"), Element(0, None))
    assert spelled(path) == 'root[2] "TankLevel" → props["a.b"][0]'
    assert spelled(()) == ""
