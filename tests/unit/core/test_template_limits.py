"""Hostile templates stop soon, with the category that Go gives where Go itself gives up."""

from __future__ import annotations

import sys

import pytest

from stoker.core.errors import TemplateError
from stoker.core.template import Limits, TemplateContext, parse_template, render_template

CONTEXT = TemplateContext(
    gateway_name="gw",
    pod_name="p-0",
    pod_ordinal=0,
    namespace="n",
    ref="main",
    commit="abc",
    cr_name="cr",
    labels={},
    vars={"a": "x" * 1000},
)
# Small, so that the tests are quick; the defaults are a matter of degree.
SMALL = Limits(steps=20_000, output=100_000, work=200_000, words=20_000)
DOUBLING = '{{$x := "0123456789"}}' + "{{$x = print $x $x}}" * 40
GROWING = '{{$x := ""}}{{range 99999}}{{$x = print $x "0123456789"}}{{end}}'
BIG = '{{$x := printf "%99999d" 1}}{{range 99999}}'


def kind_of(text: str, limits: Limits = SMALL) -> str:
    """What the template ends with."""
    try:
        render_template(text, CONTEXT, limits=limits)
    except TemplateError as error:
        return error.kind
    return "text"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("{{range 9999}}{{range 9999}}{{range 9999}}{{end}}{{end}}{{end}}", "limit"),
        ("{{range 9223372036854775807}}{{end}}", "limit"),
        ("{{range 9999}}{{range 9999}}x{{end}}{{end}}", "limit"),
        ('{{printf "%999999999d" 1}}', "text"),
        ('{{printf "%9999d" 1 | len}}', "text"),
        ('{{printf "' + "%1000000d" * 50 + '" ' + "1 " * 50 + "}}", "limit"),
        ('{{printf "%.99990f" 1.5 | len}}', "text"),
        ('{{printf "%1000000s" .}}', "limit"),
        ('{{range 99}}{{printf "%99999s" ""}}{{end}}', "limit"),
        ('{{range 999999}}{{$x := printf "%99999d" .}}{{end}}', "limit"),
        (DOUBLING, "limit"),
        (GROWING, "limit"),
        (BIG + "{{if eq $x $x}}{{end}}{{end}}", "limit"),
        (BIG + "{{if len $x}}{{end}}{{end}}", "limit"),
        ("{{" + "(" * 6_000 + "1" + ")" * 6_000 + "}}", "text"),
        ("{{" + "(" * 10_001 + "1", "parse"),
        ("{{" + "(" * 9_000 + "1" + ")" * 8_999 + "}}", "parse"),
        ("{{if 1}}" * 2_000 + "x" + "{{end}}" * 2_000, "text"),
        ("{{range 1}}{{with 1}}" * 1_000 + "x" + "{{end}}{{end}}" * 1_000, "text"),
        ("{{if 0}}" + "{{else if 0}}" * 2_000 + "{{end}}", "text"),
        ("{{if 1}}" * 3_999, "parse"),
        ("{{if 1}}" * 4_001, "limit"),
        ("{{1" + "|print" * 2_000 + "}}", "text"),
        ("{{.Vars" + ".a" * 5_000 + "}}", "exec"),
        ("{{1e999999999}}", "parse"),
        ("{{0e999999999}}", "text"),
        ("{{0x1p999999999}}", "parse"),
        ("{{" + "9" * 100_000 + "}}", "parse"),
        ("{{0." + "9" * 100_000 + "}}", "text"),
        ("{{0x" + "f" * 100_000 + "}}", "parse"),
        ("{{" + "1_" * 50_000 + "1}}", "parse"),
        ('{{"' + "a" * 100_000 + '"}}', "text"),
        ('{{"' + r"\n" * 50_000 + '"}}', "text"),
        ('{{"' + "\\" * 100_001, "parse"),
        ("{{'" + "\\" * 100_001, "parse"),
        ("{{/*" + "*" * 100_000, "parse"),
        ("a{{/**/}}" * 10_000, "text"),
        (" {{- /**/ -}} " * 10_000, "text"),
        ("{{1}}" * 20_000, "limit"),
        ("{{ " * 200_000, "parse"),
        ("x" * 200_000 + "{{1}}", "limit"),
        ("".join(f"{{{{$x{i} := {i}}}}}" for i in range(1_500)) + "{{$x0}}" * 2_000, "text"),
        ("{{define `a`}}{{end}}" * 1_000, "text"),
    ],
)
def test_hostile_templates(text: str, kind: str) -> None:
    assert kind_of(text) == kind


@pytest.mark.parametrize(
    "body",
    [
        '{{template "a"}}',
        '{{template "a"}}{{template "a"}}',
        '{{range 2}}{{template "a"}}{{end}}',
        '{{if 1}}{{with 1}}{{template "a"}}{{end}}{{end}}',
    ],
)
def test_recursion_without_an_end_fails_as_in_go(body: str) -> None:
    assert kind_of(f'{{{{define "a"}}}}{body}{{{{end}}}}{{{{template "a"}}}}', Limits()) == "exec"


def test_nesting_does_not_lean_on_the_stack_of_the_interpreter() -> None:
    """With almost no stack left, deep templates still parse, render and print back."""
    text = "{{if 1}}" * 500 + "{{" + "(" * 500 + "1" + ")" * 500 + "}}" + "{{end}}" * 500

    def deep(levels: int) -> str:
        if levels:
            return deep(levels - 1)
        template = parse_template(text)
        return template.render(CONTEXT) + str(len(str(template)))

    frames, frame = 0, sys._getframe()  # noqa: SLF001 - there is no other way to count frames
    while frame.f_back is not None:
        frames, frame = frames + 1, frame.f_back
    assert deep(sys.getrecursionlimit() - frames - 60) == f"1{len(text)}"


@pytest.mark.parametrize(
    ("text", "name", "least"),
    [
        ("a{{1}}b", "output", 3),
        ('{{printf "%5d" 1 | len}}', "output", 5),
        ("{{print 1 2 3 | len}}", "output", 5),
        ("{{println 1 2 | len}}", "output", 4),
        ("{{.}}", "output", 1038),
        ("", "steps", 0),
        ("{{1}}", "steps", 3),
        ("{{range 3}}{{end}}", "steps", 14),
        ('{{print "ab" "c" | len}}', "work", 10),
        ("{{.Vars}}", "work", 1007),
        ("{{printf .Ref}}", "work", 8),
        ("a{{1}}b", "words", 6),
        ('{{define "a"}}{{.}}{{end}}{{template "a"}}', "depth", 1),
        ('{{define "a"}}{{if .}}{{template "a" (slice . 1)}}{{end}}{{end}}{{template "a" "abc"}}',
         "depth", 4),
    ],
)  # fmt: skip
def test_each_limit_holds_exactly(text: str, name: str, least: int) -> None:
    text = text or "x{{/**/}}"
    least = least or 2
    assert kind_of(text, Limits(**{name: least})) == "text"
    assert kind_of(text, Limits(**{name: least - 1})) == "limit"


@pytest.mark.parametrize(
    ("limits", "text", "message", "place"),
    [
        (Limits(steps=9), "\n{{range 99}}{{end}}", "the template takes more than 9 steps", (2, 9)),
        (Limits(output=3), "\nabcd{{1}}", "the text grows beyond 3 bytes", (1, 1)),
        (Limits(output=3), "\n {{1234}}", "the text grows beyond 3 bytes", (2, 4)),
        (Limits(output=3), "\n {{print 1234}}", "the text grows beyond 3 bytes", (2, 4)),
        (Limits(work=3), "\n {{print 1234}}",
         "functions handle more than 3 bytes of text", (2, 4)),
        (Limits(words=3), "\n {{1}}", "the template has more than 3 words", (2, 5)),
        (Limits(depth=3), "\n{{template ``}}", "more than 3 templates call each other", (2, 12)),
    ],
)  # fmt: skip
def test_what_limits_say(limits: Limits, text: str, message: str, place: tuple[int, int]) -> None:
    with pytest.raises(TemplateError) as caught:
        render_template(text, CONTEXT, limits=limits)
    error = caught.value
    assert (error.kind, error.message, error.line, error.column) == ("limit", message, *place)


def test_the_depth_of_go_is_a_failure_and_not_a_limit() -> None:
    for depth in (100_000, 100_001):
        with pytest.raises(TemplateError) as caught:
            render_template("{{template ``}}", CONTEXT, limits=Limits(depth=depth))
        assert caught.value.kind == "exec"
        assert caught.value.message == "more than 100000 templates call each other"


def test_the_defaults() -> None:
    limits = Limits()
    assert (limits.steps, limits.depth) == (3_000_000, 100_000)
    assert (limits.output, limits.work) == (16_777_216, 67_108_864)
    assert limits.words == 200_000
