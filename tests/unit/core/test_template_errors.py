"""What is wrong with a template, where, and what it is called: one row for each message."""

from __future__ import annotations

import pytest

from stoker.core.errors import TemplateError
from stoker.core.template import TemplateContext, render_template

CONTEXT = TemplateContext(
    gateway_name="gw",
    pod_name="p-0",
    pod_ordinal=0,
    namespace="n",
    ref="main",
    commit="abc",
    cr_name="cr",
    labels={"a": "b"},
    vars={"site": "x", "port": "8088"},
)
FUNCTIONS = (
    "there are and, call, eq, ge, gt, html, index, js, le, len, lt, ne, not, or, print, printf,"
    " println, slice, urlquery"
)
FIELDS = "it has GatewayName, PodName, PodOrdinal, Namespace, Ref, Commit, CRName, Labels, Vars"
INDEX = 'set it, or use `index`, which gives "" for a key that is not there'
CURES = {
    "there is no function foo": FUNCTIONS,
    "the context has no field Nope": FIELDS,
    "the map has no key nope": INDEX,
}

# Each template stands behind one blank on the second line.
ERRORS = [
    ("{{/* x", "parse", 2, 4, "the comment is not closed"),
    ("{{/* x */ }}", "parse", 2, 4, "a comment must end right before the `}}` of its action"),
    ("{{ .X", "parse", 2, 7, "the action is not closed: `}}` is missing"),
    ('{{"abc', "parse", 2, 4, "the quoted string is not closed on its line"),
    ("{{`abc", "parse", 2, 4, "the raw string is not closed"),
    ("{{'a", "parse", 2, 4, "the character constant is not closed on its line"),
    ("{{$x : 1}}", "parse", 2, 7, "the variable $x is not declared"),
    ("{{(1}}", "parse", 2, 6, "a `(` is not closed"),
    ("{{1)}}", "parse", 2, 5, "a `)` has no `(`"),
    ("{{.a+b}}", "parse", 2, 4, "unexpected character '+' after a name"),
    ("{{€}}", "parse", 2, 4, "unexpected character '\\u20ac'"),
    ("{{a€}}", "parse", 2, 4, "unexpected character '\\u20ac' after a name"),
    ("{{x\udcff}}", "parse", 2, 4, "unexpected character '\\udcff' after a name"),
    ("{{1a}}", "parse", 2, 4, "malformed number '1a'"),
    ("{{1+2}}", "parse", 2, 4, "malformed number '1+2}'"),
    ("{{08}}", "parse", 2, 4, "08 is no number: digits behind a leading 0 are octal"),
    ("{{18446744073709551616}}", "parse", 2, 4, "18446744073709551616 does not fit into 64 bits"),
    ("{{1+0x1i}}", "parse", 2, 4, "1+0x1i is no complex number"),
    ("{{0b1+1i}}", "parse", 2, 4, "0b1+1i is no complex number"),
    ('{{"\\q"}}', "parse", 2, 4, "malformed escape in a string"),
    ("{{'ab'}}", "parse", 2, 4, "malformed character constant"),
    ("{{foo}}", "parse", 2, 4, "there is no function foo"),
    ("{{$x}}", "parse", 2, 6, "the variable $x is not declared"),
    ("{{}}", "parse", 2, 4, "missing value for command"),
    ("{{1 | 2}}", "parse", 2, 9, "stage 2 of the pipeline is a value, nothing that can be called"),
    ("{{nil.x}}", "parse", 2, 9, "a constant has no fields"),
    ('{{"a"b}}', "parse", 2, 7, "unexpected 'b' in operand"),
    ("{{if .X}}", "parse", 2, 11, "if is not closed by an {{end}}"),
    ("{{end}}", "parse", 2, 7, "unexpected {{end}} in the template"),
    ("{{else}}", "parse", 2, 8, "unexpected {{else}} in the template"),
    (
        "{{if 1}}{{else}}{{else}}{{end}}",
        "parse",
        2,
        24,
        "a second {{else}} where {{end}} is expected",
    ),
    ('{{define "a"}}{{else}}{{end}}', "parse", 2, 22, "unexpected {{else}} in define"),
    ('{{block "a" .}}{{else}}{{end}}', "parse", 2, 15, "unexpected {{else}} in block"),
    ("{{break}}", "parse", 2, 9, "{{break}} outside of {{range}}"),
    ("{{continue 1}}", "parse", 2, 13, "unexpected '1' in continue"),
    ("{{template x}}", "parse", 2, 13, "unexpected 'x' in template clause"),
    ('{{template "\\q"}}', "parse", 2, 13, "malformed escape in a name"),
    ('{{define "a" 1}}{{end}}', "parse", 2, 15, "unexpected '1' in define clause"),
    (
        '{{if 1}}{{define "a"}}{{end}}{{end}}',
        "parse",
        2,
        12,
        "{{define}} is allowed at the top only, not inside of a block",
    ),
    (
        '{{define "a"}}x{{end}}{{define "a"}}y{{end}}',
        "parse",
        2,
        44,
        'the template "a" is defined twice',
    ),
    ("{{$x, $y := 1}}", "parse", 2, 6, "too many declarations in command"),
    ("{{range $x, $y, $z := 1}}{{end}}", "parse", 2, 16, "too many declarations in range"),
    ("{{range $x, 1}}{{end}}", "parse", 2, 14, "a range can only declare variables"),
    ("{{if 1 := 2}}{{end}}", "parse", 2, 9, "unexpected ':=' in operand"),
    ("{{with .x}}{{else if 1}}{{end}}{{end}}", "parse", 2, 20, "unexpected 'if' in input"),
    ("{{.a .b | .c}}{{range .x}", "parse", 2, 24, "unexpected character '}' after a name"),
    ("{{.Nope}}", "exec", 2, 4, "the context has no field Nope"),
    ("{{.Vars.nope}}", "missing_key", 2, 9, "the map has no key nope"),
    ("{{.Ref.x}}", "exec", 2, 8, "a text has no field x"),
    ("{{.Ref 1}}", "exec", 2, 4, "Ref is not a function and takes no arguments"),
    ("{{.Vars.site 1}}", "exec", 2, 9, "site is not a function and takes no arguments"),
    ("{{.Vars.nope 1}}", "exec", 2, 9, "nope is not a function and takes no arguments"),
    ("{{1 2}}", "exec", 2, 4, "only a function can be given arguments"),
    ("{{$ 1}}", "exec", 2, 4, "only a function can be given arguments"),
    ("{{(1) 2}}", "exec", 2, 4, "only a function can be given arguments"),
    ("{{nil}}", "exec", 2, 4, "nil cannot stand alone"),
    ("{{nil | print}}", "exec", 2, 4, "nil cannot stand alone"),
    ("{{18446744073709551615}}", "exec", 2, 4, "the number is larger than an integer can be"),
    ("{{len 1}}", "exec", 2, 4, "an integer has no length"),
    ("{{len nil}}", "exec", 2, 4, "nil has no length"),
    ("{{len . }}", "exec", 2, 4, "the context has no length"),
    ("{{index nil}}", "exec", 2, 4, "there is no value to index"),
    ("{{index 1 2}}", "exec", 2, 4, "an integer cannot be indexed"),
    ("{{index .Vars 1}}", "exec", 2, 4, "a map cannot be indexed with an integer"),
    ("{{index .Vars nil}}", "exec", 2, 4, "a map cannot be indexed with nil"),
    ('{{index "abc" 3}}', "exec", 2, 4, "the index 3 is out of range"),
    ('{{index "abc" -1}}', "exec", 2, 4, "the index -1 is out of range"),
    ('{{index "abc" "a"}}', "exec", 2, 4, "a text is no index"),
    ('{{index "abc" true}}', "exec", 2, 4, "a truth value is no index"),
    ("{{slice 1}}", "exec", 2, 4, "an integer cannot be sliced"),
    ("{{slice nil}}", "exec", 2, 4, "nil cannot be sliced"),
    ('{{slice "abc" 1 2 3}}', "exec", 2, 4, "a text is sliced by a start and an end only"),
    ('{{slice "abc" 4}}', "exec", 2, 4, "the index 4 is out of range"),
    ('{{slice "abc" 2 1}}', "exec", 2, 4, "the slice starts at 2, behind its end 1"),
    ("{{call .Ref}}", "exec", 2, 4, "a text is no function"),
    ("{{call nil}}", "exec", 2, 4, "nil is no function"),
    ("{{printf 1}}", "exec", 2, 11, "a text is wanted here, not a number"),
    ("{{printf nil}}", "exec", 2, 11, "a text is wanted here, not nil"),
    ("{{printf true}}", "exec", 2, 11, "a text is wanted here, not a truth value"),
    ("{{printf .Vars}}", "exec", 2, 11, "a text is wanted here, not a map"),
    ("{{1 | printf}}", "exec", 2, 8, "a text is wanted here, not an integer"),
    ("{{printf}}", "exec", 2, 4, "printf cannot be called with 0 argument(s)"),
    ("{{not 1 2}}", "exec", 2, 4, "not cannot be called with 2 argument(s)"),
    ("{{eq}}", "exec", 2, 4, "eq cannot be called with 0 argument(s)"),
    ("{{eq 1}}", "exec", 2, 4, "eq needs something to compare with"),
    ('{{eq 1 "a"}}', "exec", 2, 4, "an integer and a text cannot be compared"),
    ("{{eq .Vars .Labels}}", "exec", 2, 4, "a map and a map cannot be compared"),
    ("{{eq . .Vars}}", "exec", 2, 4, "the context and a map cannot be compared"),
    ("{{lt true false}}", "exec", 2, 4, "a truth value and a truth value cannot be compared"),
    ("{{lt 1 1.5}}", "exec", 2, 4, "an integer and a float cannot be compared"),
    ("{{lt nil 1}}", "exec", 2, 4, "nil and an integer cannot be compared"),
    ("{{ge 1i 2i}}", "exec", 2, 4, "a complex number and a complex number cannot be compared"),
    ("{{range 1.5}}{{end}}", "exec", 2, 10, "a float cannot be ranged over"),
    ("{{range .}}{{end}}", "exec", 2, 10, "the context cannot be ranged over"),
    ("{{range $a, $b := 3}}{{end}}", "exec", 2, 20, "a range over a number has one variable only"),
    ("{{$x = 1}}", "exec", 2, 9, "the variable $x is not declared here"),
    ("{{and false ($x := 1)}}{{$x}}", "exec", 2, 27, "the variable $x is not declared here"),
    ('{{template "x"}}', "exec", 2, 13, 'the template "x" is not defined'),
    (
        '{{define "x"}}{{.A}}{{end}}{{template "x"}}',
        "missing_key",
        2,
        18,
        "there is no value to take A of",
    ),
    ("{{html (.Vars.nope)}}", "missing_key", 2, 15, "the map has no key nope"),
]


@pytest.mark.parametrize(("text", "kind", "line", "column", "message"), ERRORS)
def test_errors(text: str, kind: str, line: int, column: int, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render_template(f"a\n {text}", CONTEXT)
    error = caught.value
    assert (error.kind, error.line, error.column, error.message) == (kind, line, column, message)
    assert error.cure == CURES.get(message, "")
    assert error.where == ""


def test_a_byte_that_is_not_utf8_shows_as_an_escape() -> None:
    with pytest.raises(TemplateError) as caught:
        render_template("{{template `\udcff`}}", CONTEXT)
    assert caught.value.message == r'the template "\xff" is not defined'
    with pytest.raises(TemplateError) as caught:
        render_template("{{1\udcff}}", CONTEXT)
    assert caught.value.message == r"unexpected character '\udcff'"


def test_a_surrogate_that_is_no_byte_is_refused() -> None:
    with pytest.raises(TemplateError) as caught:
        render_template("a\nb{{\ud800}}", CONTEXT)
    error = caught.value
    assert (error.kind, error.line, error.column) == ("parse", 2, 4)
    assert error.message == "the text holds a surrogate, which no file can hold"
