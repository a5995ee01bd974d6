"""YAML and JSON texts as values with lines, and everything that a text may not do."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest

from stoker.adapters.codec.documents import Document, Documents, read_documents
from stoker.adapters.codec.plain import MAX_DEPTH, MAX_VALUES
from stoker.adapters.codec.yaml_words import plain_value
from stoker.core.spec.problems import Finding


def one(text: str) -> Document:
    read = read_documents(text)
    assert read.fault is None, read.fault
    (document,) = read.documents
    return document


def flaw(text: str, *, json_only: bool = False) -> tuple[str, int]:
    # Not the documents: whoever writes down what a bomb has become never ends.
    fault = read_documents(text, json_only=json_only).fault
    assert fault is not None
    assert fault.finding.cure
    return fault.finding.message, fault.line


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("on", True),
        ("Yes", True),
        ("no", False),
        ("OFF", False),
        ("y", "y"),
        ("nO", "nO"),
        ("0", 0),
        ("-12", -12),
        ("1_000", 1000),
        ("017", 15),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b101", 5),
        ("0x_", "0x_"),
        ("08", 8.0),
        ("1.10", 1.1),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.2.3", "1.2.3"),
        ("-.inf", -math.inf),
        (".inf", math.inf),
        ("2026-01-31", "2026-01-31"),
        ("12:30:45", "12:30:45"),
        ("9" * 500, "9" * 500),
        ("v1", "v1"),
    ],
)
def test_words_mean_what_kubernetes_tools_take_them_for(word: str, meaning: object) -> None:
    value = plain_value(word)
    assert (type(value), value) == (type(meaning), meaning)


def test_not_a_number_is_none_that_equals_itself() -> None:
    value = plain_value(".NaN")
    assert isinstance(value, float)
    assert math.isnan(value)


def test_quoted_words_are_text() -> None:
    assert one("a: 'no'\nb: \"1\"\nc: |\n  true\nd: !!str on\ne: ! 5\n").value == {
        "a": "no",
        "b": "1",
        "c": "true\n",
        "d": "on",
        "e": "5",
    }


def test_every_place_has_its_line() -> None:
    text = "# first\na: 1\nb:\n  - x\n  - c: 2\n    d:\n      'e f': 3\n---\ng: 4\n"
    first, second = read_documents(text).documents
    lines = {
        "": 2,
        "a": 2,
        "b": 3,
        "b[0]": 4,
        "b[1]": 5,
        "b[1].c": 5,
        "b[1].d": 6,
        'b[1].d["e f"]': 7,
        # What is not there stands where its parent does.
        "b[1].missing": 5,
        "b[7].missing[2].also": 3,
        "else.where": 2,
        "%": 2,
    }
    assert {place: first.line_of(place) for place in lines} == lines
    assert second.line_of("g") == 9


@pytest.mark.parametrize(
    ("text", "value", "place"),
    [
        ("a: 1\nb: 2\na: 3\n", {"a": 1, "b": 2}, ("a",)),
        ("x: {b: 1, b: 2}\n", {"x": {"b": 1}}, ("x", "b")),
        ("- {1: a, 1: b}\n", [{1: "a"}], (0, "1")),
        ("x: &a {p: 1}\ny: {<<: *a, p: 2, p: 3}\n", {"x": {"p": 1}, "y": {"p": 2}}, ("y", "p")),
    ],
)
def test_a_key_that_is_there_twice_is_found(
    text: str, value: object, place: tuple[str | int, ...]
) -> None:
    document = one(text)
    assert document.value == value
    (fault,) = document.faults
    assert fault.finding == Finding(place, "is there twice", "remove one of them")


def test_the_line_of_a_double_key_is_that_of_the_second() -> None:
    document = one("a: 1\nb: 2\na: 3\n")
    assert document.faults[0].line == 3
    assert document.line_of("a") == 1


def test_merge_keys_fill_in_what_is_not_there() -> None:
    text = (
        "one: &one {a: 1, b: 1}\ntwo: &two {b: 2, c: 2}\n"
        "both: {<<: [*one, *two], c: 3}\nbefore: {a: 0, <<: *one}\n"
    )
    value = one(text).value
    assert value["both"] == {"c": 3, "a": 1, "b": 1}
    assert value["before"] == {"a": 0, "b": 1}


def test_a_quoted_merge_key_is_a_key() -> None:
    assert one("'<<': {a: 1}\n").value == {"<<": {"a": 1}}


@pytest.mark.parametrize("text", ["a: {<<: 1}", "a: {<<: [1]}", "a: {<<: text}"])
def test_only_objects_can_be_merged(text: str) -> None:
    (fault,) = one(text).faults
    assert fault.finding.place == ("a", "<<")
    assert fault.finding.message == "merges what is no object"
    assert fault.line == 1


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: !!binary aGk=\n", ("a",)),
        ("!!python/object/apply:os.system ['true']\n", ()),
        ("a: [!thing {b: 1}]\n", ("a", 0)),
        ("a: !!timestamp 2026-01-01\n", ("a",)),
    ],
)
def test_tags_make_no_objects(text: str, place: tuple[str | int, ...]) -> None:
    (fault,) = one(text).faults
    assert fault.finding.place == place
    assert fault.finding.message.startswith("has the tag ")
    assert fault.finding.cure == "remove the tag"


def test_the_tags_of_plain_values_say_nothing_new() -> None:
    assert one("!!map {a: !!seq [!!str 1]}\n") == one("{a: ['1']}\n")


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: [1\n", "is not YAML: did not find expected ',' or ']' in column 1", 2),
        ("a: 1\n b: 2\n", "is not YAML: mapping values are not allowed in this context", 2),
        ("ok: 1\n---\n@\n", "is not YAML: found character that cannot start any token", 3),
        ("a: 1\nb: \x07\n", "contains a control character", 2),
        ("a: *b\n", 'the alias "*b" has no anchor before it', 1),
        ("a: &a\n  - *a\n", 'the alias "*a" stands inside of what it means', 2),
        ("a: 1\n? [b]\n: c\n", "has a key that is not text", 2),
        ("a: &a [1]\n*a : 2\n", "has a key that is not text", 2),
        ("[" * 2000, f"is nested more than {MAX_DEPTH} levels deep", 1),
        ("- " * 2000, f"is nested more than {MAX_DEPTH} levels deep", 1),
        ("\n".join(["- x"] * (MAX_VALUES + 2)), "holds, or grows to, more than", 50_000),
    ],
)
def test_what_cannot_be_read_on_says_why_and_where(text: str, message: str, line: int) -> None:
    told, where = flaw(text)
    assert told.startswith(message)
    assert where == line


def bomb(leaf: str) -> str:
    """Nine lists, each ten times the one before it."""
    names = "abcdefghi"
    lines = [f"{names[0]}: &{names[0]} [{leaf}]"]
    for before, name in pairwise(names):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        bomb(", ".join("x" * 10)),
        bomb("'" + "x" * 100_000 + "'"),
        f"a: &a '{'x' * 500_000}'\nb: [{', '.join(['*a'] * 1000)}]",
        "a: &a {k: 1}\n" + "\n".join(f"b{n}: &b{n} {{<<: *a, j{n}: *a}}" for n in range(30_000)),
    ],
)
def test_an_alias_cannot_multiply(text: str) -> None:
    """Failed when an alias cost nothing, whatever it stood for."""
    message, _ = flaw(text)
    assert message.startswith("holds, or grows to, more than")


def test_the_documents_before_a_flaw_are_there() -> None:
    read = read_documents("a: 1\n---\nb: 2\n---\n[\n")
    assert [each.value for each in read.documents] == [{"a": 1}, {"b": 2}]
    assert read.fault is not None


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_nothing_is_no_document(text: str) -> None:
    assert read_documents(text) == Documents(())


def test_anchors_end_with_their_document() -> None:
    message, line = flaw("a: &x 1\n---\nb: *x\n")
    assert message == 'the alias "*x" has no anchor before it'
    assert line == 3


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, true, null, "x"]}', {"a": [1, True, None, "x"]}),
        ('\n{\t"a":\t"\\ud83d\\ude00"\n}', {"a": "\U0001f600"}),
        ("{a: no}", {"a": False}),  # no JSON, so it is YAML
    ],
)
def test_json_is_read_as_json(text: str, value: Any) -> None:
    assert one(text).value == value


def test_json_has_no_lines() -> None:
    assert one('{"a": 1}').line_of("a") == 0


def test_a_double_key_of_json_is_found() -> None:
    assert one('{"a": {"b": 1, "b": 2}}').faults[0].finding.place == ("b",)


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ('{"a": 1,\n}', "is not JSON: ", 2),
        ("a: 1", "is not JSON: Expecting value in column 1", 1),
        ("[" * 100_000, f"is nested more than {MAX_DEPTH} levels deep", 0),
        (f'{{"a": {"9" * 5000}}}', "holds a number that is too long", 0),
    ],
)
def test_a_json_file_says_what_is_no_json(text: str, message: str, line: int) -> None:
    told, where = flaw(text, json_only=True)
    assert told.startswith(message)
    assert where == line
