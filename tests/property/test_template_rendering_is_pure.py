"""Law 12: rendering depends on bytes and context alone.

Text without `{{` is unchanged; a missing key is an error.
"""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from property.strategies.templates import context_of, contexts, templates
from stoker.core.errors import TemplateError
from stoker.core.template import Limits, TemplateEngine, parse_template, render_with
from stoker.core.template.template import render_template

EMPTY: dict[str, Any] = dict.fromkeys(
    ("GatewayName", "PodName", "Namespace", "Ref", "Commit", "CRName"), ""
) | {"PodOrdinal": 0, "Labels": {}, "Vars": {}}
# Recursion without an end is common among random templates: it need not be deep.
LIMITS = Limits(steps=10_000, output=10_000, work=50_000, words=2_000, depth=100)
ANY_TEXT = st.text(st.characters(blacklist_categories=()))


def outcome(text: str, fields: dict[str, Any]) -> object:
    """The text, or everything that the error says."""
    try:
        return render_template(text, context_of(fields), limits=LIMITS)
    except TemplateError as error:
        return attrs.asdict(error)


@given(templates(), contexts())
def test_rendering_twice_gives_the_same(text: str, fields: dict[str, Any]) -> None:
    """Broken on purpose: a counter at module level added to what `show` writes; fails at once."""
    turned = {name: dict(reversed(fields[name].items())) for name in ("Labels", "Vars")}
    assert outcome(text, fields) == outcome(text, {**fields, **turned})


@given(templates(), contexts(), contexts())
def test_a_template_keeps_nothing_of_a_rendering(
    text: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    """Broken on purpose: the output of `Machine` shared by all its instances; fails at once."""
    try:
        template = parse_template(text)
    except TemplateError:
        return
    for fields in (first, second, first):
        try:
            got: object = template.render(context_of(fields), limits=LIMITS)
        except TemplateError as error:
            got = attrs.asdict(error)
        assert got == outcome(text, fields)


@given(st.sampled_from(TemplateEngine), ANY_TEXT, contexts())
@example(TemplateEngine.GO, "\ud800", EMPTY)
def test_text_without_an_action_is_unchanged(
    engine: TemplateEngine, text: str, fields: dict[str, Any]
) -> None:
    """Broken on purpose: the shortcut in `render_template` encodes first; fails on a surrogate."""
    text = text.replace("{", "}")
    assert render_with(engine, text, context_of(fields)) == text


@given(contexts(), st.sampled_from(("Vars", "Labels")), st.text("abcdef", min_size=1))
def test_a_missing_key_is_an_error(fields: dict[str, Any], name: str, key: str) -> None:
    """Broken on purpose: `_field` gives "" for a missing key; fails at once."""
    fields[name].pop(key, None)
    for engine in TemplateEngine:
        text = "{{" + ("." if engine is TemplateEngine.GO else "") + f"{name}.{key}" + "}}"
        with pytest.raises(TemplateError) as caught:
            render_with(engine, text, context_of(fields))
        assert (caught.value.kind, caught.value.line) == ("missing_key", 1)


@given(ANY_TEXT | templates(), contexts(), st.sampled_from(TemplateEngine))
@example(r'"\q"', EMPTY, TemplateEngine.GO)
def test_nothing_but_a_template_error_comes_out(
    text: str, fields: dict[str, Any], engine: TemplateEngine
) -> None:
    """Broken on purpose: `unquote` without its check for None; fails on a bad escape."""
    for source in (text, "{{" + text + "}}"):
        try:
            result = render_with(engine, source, context_of(fields), limits=LIMITS)
        except TemplateError as error:
            assert error.kind in {"parse", "exec", "missing_key", "limit"}
            assert error.line >= 1
            assert error.column >= 1
        else:
            assert source == result or len(result) <= 10_000
