"""Field patches: what comes in and out, limits, errors; sjson itself is in the vectors."""

from __future__ import annotations

from contextlib import suppress

import pytest

from stoker.core.errors import PatchError, Permanent
from stoker.core.fieldpatch import (
    PathPart,
    PlainPath,
    QueryPath,
    get_field,
    parse_path,
    set_field,
    set_fields,
)
from stoker.core.fieldpatch.gjson.meter import (
    MAX_QUERY_LENGTH,
    MAX_QUERY_STEPS,
    MAX_QUERY_WORK,
    Meter,
)
from stoker.core.fieldpatch.syntax import MAX_DEPTH, fault, is_json

ONES = (int("1" * 2000) + 2**63) % 2**64 - 2**63


def refused(document: str, path: str, value: str = "1") -> PatchError:
    with pytest.raises(PatchError) as caught:
        set_field(document, path, value)
    return caught.value


# Documents


@pytest.mark.parametrize(
    "document",
    [
        *(
            '{"a":1}',
            " [1, 2]\n",
            "1",
            '"x"',
            "null",
            "true",
            "false",
            "-0.5e-10",
            "[]",
            "{}",
            "[[]]",
        ),
        *('{"a":{"b":[1,{"c":[]}]}}', '[[1],{"a":[2]},3]', '{"a":[[]],"b":{}}', "\t\r\n{ }"),
        *(
            '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00fF"',
            '"\x7fé\udcff"',
            "[ [ [ ] ] , [ { } ] ]",
            "1E5",
            "10.25",
        ),
    ],
)
def test_json_is_json(document: str) -> None:
    data = document.encode("utf-8", "surrogateescape").decode("latin-1")
    assert fault(data) is None
    assert is_json(data)


@pytest.mark.parametrize(
    ("document", "line"),
    [
        *(
            ("", 1),
            ("\n", 2),
            ("\n\nx", 3),
            ("{", 1),
            ("[", 1),
            ("[1", 1),
            ("[1,]", 1),
            ("[,1]", 1),
        ),
        *(('{"a"}', 1), ('{"a":}', 1), ('{"a":1,}', 1), ("{1:2}", 1), ('{"a" 1}', 1), ("{,}", 1)),
        *(("01", 1), ("-", 1), ("1.", 1), (".5", 1), ("1e", 1), ("+1", 1), ("NaN", 1), ("nul", 1)),
        *(
            ('"', 1),
            ('"\\x"', 1),
            ('"\\u12g4"', 1),
            ('"\x1f"', 1),
            ("'a'", 1),
            ("[1] 2", 1),
            ("{}}", 1),
        ),
        *(
            ("[[1],\n[2]\n3]", 3),
            ("[[[1]],\n2,\n3,\nx]", 4),
            ('{\n"a":1,\n"b":x}', 3),
            ("[[1]}", 1),
        ),
        *(
            ("{[]}", 1),
            ('{"a":[[1]]]', 1),
            ("[[[1]]\n[2]]", 2),
            ("[[[]]]\n\n,", 3),
            ("\x0b1", 1),
            ("[1\xa0]", 1),
        ),
        *(
            ('{"a":[[1]],\n"b":{"c":[2]\n"d":1}}', 3),
            ("[[[1]],", 1),
            ("[[[1]],]", 1),
            ("tru", 1),
            ("[1}", 1),
        ),
    ],
)
def test_what_is_not_json_is_refused_with_the_line(document: str, line: int) -> None:
    assert fault(document) == f"is not valid JSON (line {line})"
    assert not is_json(document)
    error = refused(document, "a")
    assert error.kind == "invalid_json"
    assert error.message == f"the document is not valid JSON (line {line})"
    assert error.where == ""
    assert error.cure
    assert error.disposition == Permanent()
    with pytest.raises(PatchError):
        get_field(document, "a")


@pytest.mark.parametrize(
    ("opening", "inner", "closing"),
    [("[", "1", "]"), ('{"a":', "1", "}"), ("[", "[]", "]"), ("[1,", '{"a":1}', ",2]")],
)
def test_a_document_may_nest_ten_thousand_levels(opening: str, inner: str, closing: str) -> None:
    levels = MAX_DEPTH - inner.count("[") - inner.count("{")
    assert fault(opening * levels + inner + closing * levels) is None
    deeper = opening * (levels + 1) + inner + closing * (levels + 1)
    assert fault(deeper) == "nests deeper than 10000 levels"
    error = refused(deeper, "0")
    assert (error.kind, error.message) == (
        "invalid_json",
        "the document nests deeper than 10000 levels",
    )


def test_text_that_stands_for_no_bytes_is_refused() -> None:
    assert refused('"\ud800"', "a").message == "the document is not valid text"
    assert refused('"\ud800"', "a").kind == "invalid_json"
    assert refused("{}", "\ud800").message == "the path is not valid text"
    assert refused("{}", "\ud800").kind == "bad_path"
    assert refused("{}", "a", "\ud800").message == "the value is not valid text"
    assert refused("{}", "a", "\ud800").kind == "broken"


# Paths


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("a", [("a", False)]),
        ("a.b", [("a", False), ("b", False)]),
        (".", [("", False), ("", False)]),
        (":0.:-1", [("0", True), ("-1", True)]),
        ("::a", [(":a", True)]),
        ("a:b", [("a:b", False)]),
        ("a\\.b.c\\|\\\\", [("a\\.b", False), ("c\\|\\\\", False)]),
        ("a\\", [("a\\", False)]),
        ("\\:a", [("\\:a", False)]),
    ],
)
def test_a_plain_path_is_its_parts(path: str, parts: list[tuple[str, bool]]) -> None:
    parsed = parse_path(path)
    assert parsed == PlainPath(tuple(PathPart(*part) for part in parts))
    assert str(parsed) == path


@pytest.mark.parametrize("path", ["#", "a.*", "a|b", "@this", "a.b?c", ":#", "a\\.#", "é*"])
def test_a_path_with_a_sign_of_gjson_is_a_query(path: str) -> None:
    parsed = parse_path(path)
    assert isinstance(parsed, QueryPath)
    assert str(parsed) == path


@pytest.mark.parametrize(
    ("written", "key", "index", "literal", "appends"),
    [
        ("a", "a", None, None, False),
        ("a\\.b\\\\", "a.b\\", None, None, False),
        ("a\\", "a", None, None, False),
        ("0", "0", 0, 0, False),
        ("007", "007", 7, 7, False),
        ("", "", 0, None, False),
        ("\\1", "1", 1, None, False),
        ("1x", "1x", None, None, False),
        ("-1", "-1", None, None, True),
        ("\\-1", "-1", None, None, True),
        ("-2", "-2", None, None, False),
        ("9223372036854775807", "9223372036854775807", 2**63 - 1, 2**63 - 1, False),
        ("9223372036854775808", "9223372036854775808", -(2**63), -(2**63), False),
        ("18446744073709551617", "18446744073709551617", 1, 1, False),
        ("1" + "0" * 2000, "1" + "0" * 2000, 0, 0, False),
        ("1" * 2000, "1" * 2000, ONES, ONES, False),
    ],
)
def test_a_part_is_a_key_and_maybe_an_index(
    written: str, key: str, index: int | None, literal: int | None, *, appends: bool
) -> None:
    part = PathPart(written)
    assert (part.key, part.index, part.appends) == (key, index, appends)
    assert part.literal_index == literal
    forced = PathPart(written, forced=True)
    assert (forced.key, forced.index, forced.appends) == (key, None, False)
    assert forced.literal_index == part.literal_index


@pytest.mark.parametrize(
    ("document", "path", "kind", "message"),
    [
        ("{}", "", "bad_path", "the path is empty"),
        ("[1]", "a", "bad_path", "the array has no item 'a'"),
        ("[1]", "é", "bad_path", "the array has no item 'é'"),
        ('{"a":[]}', "a.:0", "bad_path", "the array has no item '0'"),
        ("[1]", "-2", "bad_path", "the array has no item '-2'"),
        ('{"a":"[1]"}', "a.0", "broken", "the path leads into a string that looks like an array"),
        (
            "[[1,2],[3]]",
            "#.#",
            "broken",
            "the query finds something that has no place of its own in the document",
        ),
        (
            '["",1]',
            '#.@pretty:{"prefix":"                    "}',
            "broken",
            "the query finds something outside of the document",
        ),
    ],
)
def test_what_cannot_be_set_is_refused(document: str, path: str, kind: str, message: str) -> None:
    error = refused(document, path, "x")
    assert (error.kind, error.message, error.where) == (kind, message, path)
    assert error.cure


# Limits


def test_an_array_is_padded_with_ten_thousand_nulls_and_no_more() -> None:
    assert set_field("[]", "10000", "1") == "[" + "null," * 10_000 + "1]"
    assert set_field("[5]", "10001", "1") == "[5," + "null," * 10_000 + "1]"
    assert set_field("{}", "a.4000.6000", "1").count("null") == 10_000
    for document, path in (
        *(("[]", "10001"), ("[5]", "10002"), ("{}", "a.4000.6001"), ("[]", "4000.6001")),
        *(("{}", "a.10000000"), ("[]", "9223372036854775807"), ("[1]", "9223372036854775808")),
        ("{}", "a.9223372036854775807.9223372036854775807"),
    ):
        error = refused(document, path)
        assert error.kind == "limit"
        assert error.message == "the patch would pad arrays with more than 10000 nulls"


def test_a_refused_path_is_the_place_of_its_error() -> None:
    for path, kind in (("", "bad_path"), ("\ud800", "bad_path"), ("." * 10_000, "limit")):
        with pytest.raises(PatchError) as caught:
            parse_path(path)
        assert caught.value.kind == kind
        assert caught.value.where == path[:200] + ("…" if len(path) > 200 else "")
    assert refused("[]", "a" * 200).where == "a" * 200
    assert refused("[]", "a" * 201).where == "a" * 200 + "…"


def test_a_path_has_its_limits() -> None:
    assert refused("{}", "a" * 65_537).message == "the path is longer than 65536 bytes"
    assert set_field("{}", "a" * 65_536, "1") == '{"' + "a" * 65_536 + '":1}'
    assert refused("{}", "." * 10_000).message == "the path has more than 10000 parts"
    deepest = set_field("{}", "." * 9_999, "1")
    assert deepest.startswith('{"":[[')
    assert fault(deepest) is None
    assert {refused("{}", path).kind for path in ("a" * 65_537, "." * 10_000)} == {"limit"}


def test_a_result_may_not_nest_deeper_than_a_document() -> None:
    assert set_field("{}", "." * 9_998, "[]").endswith("[]" + "]" * 9_998 + "}")
    error = refused("{}", "." * 9_999, "[]")
    assert (error.kind, error.message) == (
        "limit",
        "the result would nest deeper than 10000 levels",
    )
    assert refused("{}", "a", "[" * 10_000 + "]" * 10_000).kind == "limit"
    flat = "[" + "[]," * 10_000 + "0]"
    assert set_field("{}", "a", flat) == '{"a":' + flat + "}"


def test_a_value_that_nests_too_deep_is_a_string() -> None:
    deep = "[" * 10_001 + "]" * 10_001
    assert set_field("1", "a", deep) == '{"a":"' + deep + '"}'


def test_a_query_has_its_limits() -> None:
    long = "*" + "a" * (MAX_QUERY_LENGTH - 1)
    assert set_field("{}", long, "1") == "{}"
    error = refused("{}", long + "a")
    assert (error.kind, error.message) == ("limit", "the query is longer than 4096 bytes")
    steps = "*" + ".*" * MAX_QUERY_STEPS
    assert set_field("{}", steps, "1") == "{}"
    error = refused("{}", steps + ".*")
    assert (error.kind, error.message) == ("limit", "the query has more than 64 steps")
    error = refused("{}", "[" * 65 + "a" + "]" * 65)
    assert (error.kind, error.message) == ("limit", "the query has more than 64 steps")


def test_a_query_that_nests_everything_stays_within_the_stack() -> None:
    for path in (
        *("#(" * 32 + "a" + ")" * 32, "#." * 32 + "a", "[" * 60 + "a" + "]" * 60 + "|#"),
        *("#|" * 32, "@this|" * 30 + "a*", "{a:" * 60 + "a" + "}" * 60 + ".*", "*." * 60 + "a"),
    ):
        with suppress(PatchError):
            set_field("[" * 200 + '{"a":1}' + "]" * 200, path, "1")


def test_a_query_pays_for_its_work() -> None:
    meter = Meter(200)
    meter.pay(72)
    with pytest.raises(PatchError, match="looks at too much") as caught:
        meter.pay(0)
    assert caught.value.kind == "limit"
    assert Meter().left == MAX_QUERY_WORK
    meter = Meter(128 + 10)
    meter.pay_match("a" * 20, "b" * 8)
    assert meter.left == 0
    large = '{"a":"' + "x" * (1 << 20) + '"}'
    assert set_field(large, "|".join(["@this"] * 10), "1") == large
    error = refused(large, "|".join(["@this"] * 16))
    assert (error.kind, error.where) == ("limit", "|".join(["@this"] * 16))
    assert error.message == "the query looks at too much of the document"


@pytest.mark.parametrize(
    ("path", "doing"), [('@flatten:{"deep":true}', "flattens"), ("#(@pretty=1)", "lays out")]
)
def test_a_modifier_follows_containers_only_so_deep(path: str, doing: str) -> None:
    fine = "[" * 63 + "]" * 63
    assert set_field(f"[{fine}]", path, "1") == f"[{fine}]"
    error = refused(f"[[[{fine}]]]", path)
    assert error.kind == "limit"
    assert error.message == f"the query {doing} more than 64 levels"


# Values


@pytest.mark.parametrize(
    ("value", "written"),
    [
        *((" 5 ", "5"), ("1.0", "1"), ("-0", "-0"), ("1e2", "100"), ("1e21", "1" + "0" * 21)),
        *(("1e-7", "0.0000001"), ("1e400", '"1e400"'), ("-1e400", '"-1e400"'), ("1e-400", "0")),
        *(
            ("9007199254740993", "9007199254740992"),
            ("0.1", "0.1"),
            ("5e-324", "0." + "0" * 323 + "5"),
        ),
        *(("true", "true"), ("false", "false"), ("null", "null"), ("nul", '"nul"'), ("", '""')),
        *(
            ("a b", '"a b"'),
            ("<b>", '"<b>"'),
            ("<é>", '"\\u003cé\\u003e"'),
            ("a\"&'", '"a\\"\\u0026\'"'),
        ),
        *(
            ("\x7f", '"\x7f"'),
            ("\t", '"\\t"'),
            ("\x01", '"\\u0001"'),
            ("\b\f\n\r", '"\\b\\f\\n\\r"'),
        ),
        *(("\u2028\u2029", '"\\u2028\\u2029"'), ("\ufffd", '"\ufffd"'), ("\udcff", '"\\ufffd"')),
        *(
            ('"x"', '"x"'),
            ('"\\u003c"', '"<"'),
            ('"\\ud800"', '"\ufffd"'),
            ('"\\ud83d\\ude00"', '"😀"'),
        ),
        *(
            ('"\\ud800\\u0041"', '"\ufffdA"'),
            ('"\udcff"', '"\ufffd"'),
            ("'x'", "\"'x'\""),
            ("\\", '"\\\\"'),
        ),
        *(
            ("[ 1 , 2 ]", "[1,2]"),
            ("[]", "[]"),
            ("{ }", "{}"),
            ("[1e400]", '"[1e400]"'),
            ("[1,]", '"[1,]"'),
        ),
        ('{"b":1,"a":[{"d":"<","c":1e21}],"b":2}', '{"a":[{"c":1e+21,"d":"\\u003c"}],"b":2}'),
        (
            "[1e20,1e21,1e-6,1e-7,1e-10,0,-0,1.5e300]",
            "[100000000000000000000,1e+21,0.000001,1e-7,1e-10,0,-0,1.5e+300]",
        ),
        ('{"é":1,"e":{"":null,"\\u0000":true}}', '{"e":{"":null,"\\u0000":true},"é":1}'),
        ('["\\ud800","\udcff",{"\udcff":1,"\ufffd":2}]', '["\ufffd","\ufffd",{"\ufffd":2}]'),
    ],
)
def test_a_value_is_json_as_go_writes_it_or_a_string(value: str, written: str) -> None:
    assert set_field('{"a":0}', "a", value) == f'{{"a":{written}}}'
    assert set_field("[0]", "-1", value) == f"[0,{written}]"


# Several at once, and reading


def test_changes_are_made_in_the_order_of_their_paths() -> None:
    changes = {"b": "2", "a.-1": "x", "a": "[]", "b.c": "3"}
    assert set_fields('{"z":1}', changes) == '{"z":1,"a":["x"],"b":{"c":3}}'
    assert set_fields(" {}\n", {}) == " {}\n"
    with pytest.raises(PatchError) as caught:
        set_fields("{}", {"a": "1", "b.*.": "2", "c|d": "3", "": "4"})
    assert caught.value.where == ""
    with pytest.raises(PatchError) as caught:
        set_fields("[]", {"0": "1", "k": "2"})
    assert (caught.value.where, caught.value.kind) == ("k", "bad_path")


@pytest.mark.parametrize(
    ("document", "path", "found"),
    [
        (' {"a": [1, {"b" : "é"} ], "a":2} ', "a", '[1, {"b" : "é"} ]'),
        (' {"a": [1, {"b" : "é"} ]} ', "a.1.b", '"é"'),
        ('{"a":[[1],[2 ,3]]}', "a.1.1", "3"),
        ('{"a":{"x":{}},"c":-1.5 }', "c", "-1.5"),
        ('{"a\\u002eb":null}', "a\\.b", "null"),
        ('{"a\\b":1}', "a\\\\b", None),
        ('{"a":1}', "b", None),
        ('{"a":1}', "a.b", None),
        ("[1,2]", "2", None),
        ("[1,2]", "-1", None),
        ("[1,2]", "x", None),
        ("[]", "0", None),
        ('{"a":"[1,2]"}', "a.1", None),
        ('{"a":{"b":"\udcff"}}', "a", '{"b":"\udcff"}'),
        ('{"a":1}', "!x", None),
        ('{"":1}', "[a", "1"),
        ('{"[a]":1}', "[a]", None),
    ],
)
def test_a_field_is_read_as_it_is_written(document: str, path: str, found: str | None) -> None:
    assert get_field(document, path) == found


def test_a_query_reads_no_field() -> None:
    with pytest.raises(PatchError) as caught:
        get_field("{}", "a.*")
    assert (caught.value.kind, caught.value.where) == ("bad_path", "a.*")
    assert caught.value.message == "the path is a query"
