"""Places, and the order and number of problems."""

from __future__ import annotations

import pytest

from stoker.core.errors import PathError, Problem, TemplateError
from stoker.core.spec.problems import (
    MAX_PROBLEMS,
    MAX_SHOWN,
    Finding,
    Place,
    listed,
    nearest,
    place_text,
    ranks_of,
    refusal,
    shown,
    unrelated,
)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ((), ""),
        (("spec",), "spec"),
        (
            ("spec", "sync", "profiles", "blue", "mappings", 2, "source"),
            "spec.sync.profiles.blue.mappings[2].source",
        ),
        ((0, "a"), "[0].a"),
        (("a", "x-y_Z9"), "a.x-y_Z9"),
        (("a", "b.c"), 'a["b.c"]'),
        (("a", ""), 'a[""]'),
        (("a", 'q"\n'), 'a["q\\"\\n"]'),
        (("a", "ü"), 'a["\\u00fc"]'),
        (("k" * MAX_SHOWN,), "k" * MAX_SHOWN),
        (("k" * (MAX_SHOWN + 1), "x"), f'["{"k" * (MAX_SHOWN - 1)}\\u2026"].x'),
    ],
)
def test_places_as_text(place: Place, text: str) -> None:
    assert place_text(place) == text


def test_what_is_shown_is_short_and_printable() -> None:
    assert MAX_SHOWN == 60
    assert shown("plain") == '"plain"'
    assert shown("a\x1b[0m") == '"a\\u001b[0m"'
    assert shown("x" * 60) == f'"{"x" * 60}"'
    assert shown("x" * 61) == f'"{"x" * 59}\\u2026"'


def test_a_finding_is_a_problem() -> None:
    assert Finding(("a", 1), "is bad", "mend it").problem() == Problem("a[1]", "is bad", "mend it")
    assert Finding((), "is bad").problem() == Problem("", "is bad", "")


def test_refusals() -> None:
    def fails(error: Exception) -> list[Finding]:
        def parse(_: str) -> None:
            raise error

        return [*refusal(("at",), parse, "text")]

    assert [*refusal(("at",), str.upper, "text")] == []
    assert fails(PathError("is bad", where="secret", cure="mend")) == [
        Finding(("at",), "is bad", "mend")
    ]
    assert fails(TemplateError("no end", kind="parse", line=2, column=7, cure="close it")) == [
        Finding(("at",), "the template does not parse: line 2, column 7: no end", "close it")
    ]
    assert fails(TemplateError("no end", kind="parse")) == [
        Finding(("at",), "the template does not parse: no end", "")
    ]


def test_an_empty_text_is_for_its_bounds_to_refuse() -> None:
    def parse(_: str) -> None:
        raise PathError("never called")

    assert [*refusal(("at",), parse, "")] == []


def test_the_order_is_the_documents() -> None:
    document = {"z": {"y": 1, "x": [1, 2]}, "a": 3}
    ranks = ranks_of(document)
    assert ranks == {
        (): 0,
        ("z",): 1,
        ("z", "y"): 2,
        ("z", "x"): 3,
        ("z", "x", 0): 4,
        ("z", "x", 1): 5,
        ("a",): 6,
    }
    places: list[Place] = [("a",), ("z", "x", 1), ("z", "x", 0), ("z", "missing"), ("q", "q")]
    problems = listed((Finding(place, "bad") for place in places), ranks)
    assert [problem.path for problem in problems] == [
        "q.q",
        "z.missing",
        "z.x[0]",
        "z.x[1]",
        "a",
    ]
    assert ranks_of({"a": 1}, ("spec",)) == {("spec",): 0, ("spec", "a"): 1}


def test_the_same_is_said_once() -> None:
    one, other = Finding(("a",), "bad"), Finding(("a",), "worse")
    assert listed((one, other, one), {}) == (one.problem(), other.problem())


def test_the_list_is_bounded() -> None:
    assert MAX_PROBLEMS == 200
    findings = [Finding((index,), "bad") for index in range(MAX_PROBLEMS + 3)]
    exact = listed(findings[:MAX_PROBLEMS], {})
    assert exact == tuple(finding.problem() for finding in findings[:MAX_PROBLEMS])
    more = listed(findings, {})
    assert more[:-1] == exact
    assert more[-1] == Problem(
        "", "3 further problem(s) are not listed", "correct the others first"
    )


def test_unrelated_places() -> None:
    findings = [
        Finding(place, "bad")
        for place in ((), ("a",), ("a", "b"), ("a", "b", "c"), ("a", "bb"), ("x",))
    ]
    kept = unrelated(findings, [("a", "b")])
    assert [finding.place for finding in kept] == [("a", "bb"), ("x",)]
    assert [*unrelated(findings, [])] == findings
    assert [*unrelated(findings, [()])] == []


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("miror", "mirror"),
        ("MIRROR", "mirror"),
        ("ownd", "owned"),
        ("Non", "None"),
        ("xyz", None),
        ("", None),
        ("m" * (MAX_SHOWN + 1), None),
    ],
)
def test_nearest(word: str, near: str | None) -> None:
    assert nearest(word, ["mirror", "owned", "None"]) == near


def test_nearest_looks_at_a_bounded_number() -> None:
    known = [f"{index:04}" for index in range(200)]
    assert nearest("mirror", [*known[:199], "mirror"]) == "mirror"
    assert nearest("mirror", [*known, "mirror"]) is None
