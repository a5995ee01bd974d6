"""Every recorded Go template: the same text, or the same error at the same place."""

from __future__ import annotations

import re
from typing import Any

import pytest

from property.strategies.templates import context_of, vectors
from stoker.core.errors import TemplateError
from stoker.core.template import render_template

CATEGORIES: dict[str, list[dict[str, Any]]] = {}
for _case in vectors():
    CATEGORIES.setdefault(_case["cat"], []).append(_case)
KINDS = {"parse": "parse_error", "exec": "exec_error", "missing_key": "missing_key"}
PLACE = re.compile(r"template: :(\d+)(?::(\d+))?: ")


def difference(case: dict[str, Any]) -> str:
    """What is wrong with our answer to a case; nothing, as a rule."""
    want = case.get("want", case.get("error"))
    try:
        got = render_template(case["input"]["template"], context_of(case["input"]["context"]))
    except TemplateError as error:
        if KINDS.get(error.kind) != want or "error" not in case:
            return f"{case['id']}: {error} instead of {want!r}"
        place = PLACE.match(case["go_message"])
        line, column = (int(part or 0) for part in place.groups()) if place else (0, 0)
        # Go counts columns from 0, and names none when it parses.
        good = error.line == line and (error.kind == "parse" or error.column == column + 1)
        return "" if good else f"{case['id']}: {error} instead of {case['go_message']}"
    return "" if got == want and "want" in case else f"{case['id']}: {got!r} instead of {want!r}"


@pytest.mark.parametrize("category", CATEGORIES)
def test_recorded_templates(category: str) -> None:
    differences = [text for case in CATEGORIES[category] if (text := difference(case))]
    assert not differences, "\n".join(differences)


def test_all_of_them_are_there() -> None:
    assert sum(map(len, CATEGORIES.values())) == 3672
    assert len(CATEGORIES) == 35
