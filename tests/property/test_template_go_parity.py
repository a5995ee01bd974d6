"""Parity: templates do what Go's `text/template` does with `missingkey=error`.

The same text, or an error of the same category at the same line and column.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from property.strategies.templates import (
    context_of,
    contexts,
    templates,
    vectors,
)
from stoker.core.errors import TemplateError
from stoker.core.template import render_template
from support.oracle import Oracle, decode

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = {"parse": "parse_error", "exec": "exec_error", "missing_key": "missing_key"}
# What runs for seconds in Go hits a limit here; what grows beyond 4 MiB fails in the oracle.
KINDS |= {"limit": "timeout"}
PLACE = re.compile(r"template: :(\d+)(?::(\d+))?: ")
# An address is different in every run; the type has the package of whoever built the program.
INCOMPARABLE = re.compile(r"%[^a-zA-Z%]*p|%[^a-zA-Z%]*\d[^a-zA-Z%]*T")
SAMPLES = [
    case["input"]["template"]
    for case in vectors()
    if len(case["input"]["template"]) < 500 and case["cat"] != "recursion"
]


@pytest.fixture(scope="module")
def go() -> Iterator[Oracle]:
    """The real library."""
    with Oracle() as oracle:
        yield oracle


def ours(text: str, fields: dict[str, Any]) -> tuple[object, ...]:
    """Our answer: the text, or the category and place of the error."""
    try:
        return (render_template(text, context_of(fields)),)
    except TemplateError as error:
        column = () if error.kind == "parse" else (error.column,)
        return KINDS[error.kind], error.line, *column


def theirs(go: Oracle, text: str, fields: dict[str, Any]) -> tuple[object, ...]:
    """Go's answer in the same form."""
    answer = go.template(text, fields)
    if "error" not in answer:
        want = decode(answer.get("want", ""))
        return (want.replace("main.templateContext", "agent.TemplateContext"),)
    place = PLACE.match(answer.get("message", ""))
    assume(place is not None)
    assert place
    column = () if place[2] is None else (int(place[2]) + 1,)
    return answer["error"], int(place[1]), *column


@given(templates(SAMPLES), contexts())
def test_templates_do_what_go_does(go: Oracle, text: str, fields: dict[str, Any]) -> None:
    """Broken on purpose: `sprint` without a look at `after_text`; fails on `print`."""
    if not INCOMPARABLE.search(text):
        assert ours(text, fields) == theirs(go, text, fields)


VALUES = (
    *("0", "-1", "255", "128512", "-9223372036854775808", "1.5", "-0.0", "123456789.0", "5e-324"),
    *("1.7976931348623157e308", "100000.0", "-1.5-2e3i", '"abc"', '"größe"', r'"a\xff\n`"'),
    *("true", "nil", ".Vars", ".", '(index "é" 0)', "'x'"),
)
EMPTY = dict.fromkeys(("GatewayName", "PodName", "Namespace", "Ref", "Commit", "CRName"), "x")
FIELDS: dict[str, Any] = {**EMPTY, "PodOrdinal": -3, "Labels": {}, "Vars": {"a": "b", "ü": ""}}


@given(
    st.lists(
        st.tuples(
            st.text("+-# 0", max_size=2),
            st.sampled_from(("", "1", "6", "12", "30")),
            st.sampled_from(("", ".", ".0", ".1", ".3", ".15", ".30")),
            st.sampled_from("vdsqxXbcoOUteEfFgGwz%"),
            st.sampled_from(VALUES),
        ),
        max_size=20,
    )
)
def test_formats_print_what_go_prints(go: Oracle, formats: list[tuple[str, ...]]) -> None:
    """Broken on purpose: `_least_digits` without the sign; fails on `%06d` of -1."""
    text = "|".join(f'{{{{printf "%{"".join(verb)}" {value}}}}}' for *verb, value in formats)
    assert ours(text, FIELDS) == theirs(go, text, FIELDS)


ALPHABET = st.sampled_from(
    ["0", "1", "7", "8", "9", "_", ".", "e", "p", "x", "X", "b", "o", "a", "F", "+", "-", "i", "'"]
)


@given(st.lists(ALPHABET, min_size=1, max_size=9).map("".join))
@example("1__0")
def test_numbers_are_read_as_go_reads_them(go: Oracle, numeral: str) -> None:
    """Broken on purpose: underscores dropped before they are checked; `1__0` is accepted."""
    text = '{{printf "%v %T" ' + f"{numeral} {numeral}" + "}}"
    assert ours(text, FIELDS) == theirs(go, text, FIELDS)


@given(st.text(st.sampled_from('{}-/* \t\r\nax.1"`|()$:=\udcffé'), max_size=24))
@example("b a-\r1x")
def test_any_text_parses_as_in_go(go: Oracle, text: str) -> None:
    r"""Broken on purpose: `_LEFT_TRIM` without `\r`; fails when the generator finds `{{-\\r`."""
    text = text.replace("a", "{{").replace("x", "}}")
    assert ours(text, FIELDS) == theirs(go, text, FIELDS)
