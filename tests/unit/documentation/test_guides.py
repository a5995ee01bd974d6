"""The tables of the guides to templates and patches show what really comes out.

Broken on purpose, and seen to fail: a result in either table.
"""

from __future__ import annotations

import json
import re
from typing import Final

import pytest

from stoker.core import TemplateContext, set_field
from stoker.core.template import TemplateEngine, render_with
from support.pages import ROOT, blocks

GUIDES: Final = ROOT / "docs" / "guides"
CONTEXT: Final = TemplateContext(
    gateway_name="line-4",
    pod_name="line-4-1",
    pod_ordinal=1,
    namespace="plant",
    ref="v1.4.0",
    commit="4f5d1c0a",
    cr_name="line-a",
    labels={"area": "north", "app.kubernetes.io/name": "line-4"},
    vars={"site": "Graz", "database": "db.graz.example"},
)


def rows(page: str, title: str, columns: int) -> list[tuple[str, ...]]:
    """The cells of the table below a heading, all of them code."""
    text = (GUIDES / page).read_text()
    section = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    assert section
    cell = r"\| `((?:\\\||[^|`])+)` "
    found = re.findall(rf"^{cell * columns}\|$", section.group(1), re.MULTILINE)
    return [tuple(one.replace("\\|", "|") for one in row) for row in found]


@pytest.mark.parametrize(
    ("title", "engine", "least"),
    [("In the language of Go", TemplateEngine.GO, 10), ("In Jinja2", TemplateEngine.JINJA2, 9)],
)
def test_templates_give_what_the_guide_says(title: str, engine: TemplateEngine, least: int) -> None:
    shown = rows("templating.md", title, 2)
    assert len(shown) == least
    for template, result in shown:
        assert render_with(engine, template, CONTEXT) == result, template


def test_text_in_json_is_quoted_as_the_guide_says() -> None:
    (block,) = (
        one for one in blocks(GUIDES / "templating.md") if one.text.startswith('{"connectURL"')
    )
    rendered = render_with(TemplateEngine.GO, block.text, CONTEXT)
    assert json.loads(rendered) == {"connectURL": "jdbc:postgresql://db.graz.example/Graz"}


def test_paths_of_patches_mean_what_the_guide_says() -> None:
    (document,) = (one.text for one in blocks(GUIDES / "json-patches.md") if one.language == "json")
    shown = rows("json-patches.md", "Paths", 3)
    assert len(shown) == 9
    for path, value, part in shown:
        changed = set_field(document, path, value)
        assert part in changed, path
        assert part not in document, path


def test_values_of_patches_become_what_the_guide_says() -> None:
    shown = rows("json-patches.md", "Values", 2)
    assert len(shown) == 7
    for value, result in shown:
        assert json.loads(set_field("{}", "field", value)) == {"field": json.loads(result)}
