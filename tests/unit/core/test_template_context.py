"""The context of templates: read-only, comparable, and whatever text it holds can be rendered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import pytest

from stoker.core.template import TemplateContext, references, render_template
from stoker.core.template.template import parse_template

FIELDS: dict[str, Any] = {
    "gateway_name": "gw",
    "pod_name": "gw-1",
    "pod_ordinal": 1,
    "namespace": "ns",
    "ref": "main",
    "commit": "abc",
    "cr_name": "cr",
    "labels": {"b": "2", "a": "1"},
    "vars": {"site": "x"},
}
CONTEXT = TemplateContext(**FIELDS)
ALL = (
    "{{.GatewayName}} {{.PodName}} {{.PodOrdinal}} {{.Namespace}} {{.Ref}} {{.Commit}} {{.CRName}}"
    " {{.Labels}} {{.Vars}}"
)


def test_every_field_has_its_name() -> None:
    assert render_template(ALL, CONTEXT) == "gw gw-1 1 ns main abc cr map[a:1 b:2] map[site:x]"
    assert (
        render_template("{{.}}", CONTEXT) == "{gw gw-1 1 ns main abc cr map[a:1 b:2] map[site:x]}"
    )
    names = "GatewayName PodName PodOrdinal Namespace Ref Commit CRName Labels Vars"
    assert " ".join(CONTEXT.named()) == names


def test_the_context_prints_under_its_type() -> None:
    text = '{{printf "%T %T %#v" . .Vars .}}'
    assert render_template(text, CONTEXT) == (
        '*agent.TemplateContext map[string]string &agent.TemplateContext{GatewayName:"gw", '
        'PodName:"gw-1", PodOrdinal:1, Namespace:"ns", Ref:"main", Commit:"abc", CRName:"cr", '
        'Labels:map[string]string{"a":"1", "b":"2"}, Vars:map[string]string{"site":"x"}}'
    )


def test_an_address_is_always_the_same() -> None:
    assert render_template('{{printf "%p %#p" . .Vars}}', CONTEXT) == "0xc000000000 c000000000"


def test_it_keeps_copies_that_nobody_can_change() -> None:
    labels = {"a": "1"}
    context = attrs.evolve(CONTEXT, labels=labels)
    labels["a"] = "2"
    assert context.labels == {"a": "1"}
    assert render_template("{{.Labels.a}}", context) == "1"
    with pytest.raises(TypeError):
        context.labels["a"] = "2"  # type: ignore[index]  # this is the point
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        context.ref = "x"  # type: ignore[misc]  # this is the point


def test_it_is_a_value() -> None:
    same = TemplateContext(**FIELDS)
    assert same == CONTEXT
    assert hash(same) == hash(CONTEXT)
    assert attrs.evolve(CONTEXT, vars={}) != CONTEXT
    assert isinstance(CONTEXT.vars, Mapping)
    assert "pointer" not in repr(CONTEXT)
    with pytest.raises(TypeError):
        TemplateContext(*FIELDS.values())  # type: ignore[call-arg]  # this is the point


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("\udcff", "\udcff"),
        ("\udcc3\udca9", "é"),
        ("x\ud800", "x\ufffd"),
        ("a\udfffb\udcff", "a\ufffdb\udcff"),
        ("\U0001f600", "\U0001f600"),
    ],
)
def test_values_that_are_not_utf8(value: str, printed: str) -> None:
    context = attrs.evolve(CONTEXT, gateway_name=value)
    assert render_template("{{.GatewayName}}", context) == printed


def test_text_without_an_action_is_returned_as_it_is() -> None:
    text = "no \ud800 { { action }}"
    assert render_template(text, CONTEXT) is text


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("plain", []),
        ("{{.Vars.site}}", [(("Vars", "site"), 1, 3)]),
        ("\n {{.GatewayName}}{{$.Ref}}", [(("GatewayName",), 2, 4), (("Ref",), 2, 20)]),
        ("{{with .Labels}}{{.a}}{{$.Ref}}{{else}}{{.Commit}}{{end}}",
         [(("Labels",), 1, 8), (("Ref",), 1, 25), (("Commit",), 1, 42)]),
        ("{{range .Vars}}{{.}}{{.b}}{{else}}{{.Ref}}{{end}}",
         [(("Vars",), 1, 9), (("Ref",), 1, 37)]),
        ("{{if .Ref}}{{.A}}{{else if .B}}{{.C}}{{end}}",
         [(("Ref",), 1, 6), (("A",), 1, 14), (("B",), 1, 28), (("C",), 1, 34)]),
        ('{{define "t"}}{{.X}}{{$.Y}}{{end}}{{template "t" .Ref}}{{template "t"}}',
         [(("Ref",), 1, 50)]),
        ("{{printf .A (print .B | html .C) | print .D}}",
         [(("A",), 1, 10), (("B",), 1, 20), (("C",), 1, 30), (("D",), 1, 42)]),
        ("{{(.Vars).site}}{{(index $.Labels `a`).b}}",
         [(("Vars",), 1, 4), (("Labels",), 1, 26)]),
        ("{{$.A}}{{$ := .Vars}}{{$.B}}{{$x := .C}}{{$x.D}}",
         [(("A",), 1, 3), (("Vars",), 1, 15), (("C",), 1, 37)]),
        ("{{$}}{{.}}", []),
        ("{{.Größe}}", [(("Größe",), 1, 3)]),
        ("{{range 3}}{{break}}{{end}}{{.Ref}}", [(("Ref",), 1, 30)]),
    ],
)  # fmt: skip
def test_references(text: str, paths: list[tuple[tuple[str, ...], int, int]]) -> None:
    found = references(parse_template(text))
    assert [(one.path, one.line, one.column) for one in found] == paths


@pytest.mark.parametrize(
    ("text", "certain"),
    [
        ("{{.A}}{{$.B}}{{(.C).d}}{{print .D (print .E)}}", "ABCDE"),
        ("{{if .A}}{{.B}}{{else if .C}}{{.D}}{{else}}{{.E}}{{end}}{{.F}}", "AF"),
        ("{{with .A}}{{$.B}}{{else}}{{.C}}{{end}}", "A"),
        ("{{range .A}}{{$.B}}{{end}}", "A"),
        ("{{if .A}}{{if .B}}{{end}}{{end}}", "A"),
        ("{{and .A .B (or .C .D)}}{{or (and .E .F) .G}}", "AE"),
        ("{{if and .A .B}}{{end}}{{.C | or .D}}", "ACD"),
        ('{{define "t"}}{{end}}{{template "t" .A}}', "A"),
    ],
)
def test_some_references_are_looked_up_in_every_rendering(text: str, certain: str) -> None:
    """As Go does, whose `and` and `or` stop at the first operand that decides."""
    found = references(parse_template(text))
    assert "".join(one.path[0] for one in found if one.is_certain) == certain
