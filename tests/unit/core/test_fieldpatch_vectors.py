"""Field patches against what sjson and gjson answered: the vectors, and more answers of the kind.

`fieldpatch_answers.jsonl` was recorded from the same libraries (`tests/oracle`): queries with every
operator, modifier and selector, wildcards, strings that look like arrays, and random mixtures.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from stoker.core.errors import PatchError
from stoker.core.fieldpatch import set_field

VECTORS = Path(__file__).parents[2] / "vectors" / "sjson.jsonl"
ANSWERS = Path(__file__).with_name("fieldpatch_answers.jsonl")


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().split("\n") if line]


def by_category() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows(VECTORS):
        found[f"{row['cat']}-{row['tier']}"].append(row)
    return found


CATEGORIES = by_category()


def answer(case: dict[str, str]) -> str:
    """The document, or the kind of the error in angle brackets."""
    try:
        return set_field(case["json"], case["path"], case["value"])
    except PatchError as error:
        return f"<{error.kind}>"


def wanted(row: dict[str, Any]) -> str:
    if row.get("want_valid") is False:
        return "<broken>"
    return f"<{row['error']}>" if "error" in row else row["want"]


@pytest.mark.parametrize("category", sorted(CATEGORIES))
def test_sets_what_sjson_sets(category: str) -> None:
    cases = CATEGORIES[category]
    wrong = [
        f"{row['id']}: {row['input']} -> {got!r}, want {wanted(row)!r}"
        for row in cases
        if (got := answer(row["input"])) != wanted(row)
    ]
    assert not wrong, f"{len(wrong)} of {len(cases)}:\n" + "\n".join(wrong[:10])


def test_answers_what_gjson_answers() -> None:
    cases = rows(ANSWERS)
    wrong = [f"{row} -> {got!r}" for row in cases if (got := answer(row)) != wanted(row)]
    assert len(cases) > 1000
    assert not wrong, f"{len(wrong)} of {len(cases)}:\n" + "\n".join(wrong[:10])
