"""The check that finds effects in the core: each kind is found, and pure code is not."""

from __future__ import annotations

import pytest

from support.tools import tool

purity = tool("purity")


@pytest.mark.parametrize(
    ("source", "finding"),
    [
        ("open('x')", "open()"),
        ("print(1)", "print()"),
        ("eval('1')", "eval()"),
        ("datetime.now()", "datetime.now()"),
        ("datetime.now(tz=UTC)", "datetime.now()"),
        ("date.today()", "date.today()"),
        ("datetime.datetime.utcnow()", "datetime.utcnow()"),
        ("import importlib", "importlib"),
        ("from ctypes import CDLL", "ctypes"),
        ("def f():\n    global x", "global x"),
    ],
)
def test_effects_are_found(source: str, finding: str) -> None:
    found = list(purity.effects(source))
    assert [name for _, name in found] == [finding]
    assert found[0][0] == source.count("\n") + 1


@pytest.mark.parametrize(
    "source",
    ["f.open()", "now = 1", "datetime.fromisoformat('x')", "x.now()", "import json", "opened()"],
)
def test_pure_code_is_not(source: str) -> None:
    assert list(purity.effects(source)) == []


def test_the_core_is_pure() -> None:
    assert purity.main() == 0
