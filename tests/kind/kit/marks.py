"""Which tests say that they are about which fault, as it stands in the files, without running them.

A mark is `pytest.mark.fault(…)` with words of `kit.faults`, on a test, on a parameter of it, or on
a whole file. What starts with `test_zz` is somebody's trial, and does not count.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from kit import faults

HERE: Final = Path(__file__).resolve().parents[1]

Marks = dict[str, dict[str, set[str]]]
"""The words of each row, by test (`file.py::test`) and row."""

_Test = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def marked(folder: Path = HERE) -> Marks:
    """All of them; the files are read once."""
    found: Marks = {}
    for file in sorted(folder.glob("test_*.py")):
        if not file.name.startswith("test_zz"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            common = [mark for node in tree.body if _is_of_all(node) for mark in _marks(node)]
            for test in _tests(tree):
                marks = [*common, *(one for each in test.decorator_list for one in _marks(each))]
                if marks:
                    found[f"{file.name}::{test.name}"] = _by_row(marks)
    return found


def _is_of_all(node: ast.stmt) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else ()
    return any(isinstance(one, ast.Name) and one.id == "pytestmark" for one in targets)


def _tests(tree: ast.Module) -> Iterator[_Test]:
    return (
        node for node in ast.walk(tree) if isinstance(node, _Test) and node.name.startswith("test_")
    )


def _marks(node: ast.AST) -> Iterator[tuple[str, ...]]:
    for call in ast.walk(node):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "fault"
        ):
            yield tuple(_words(call.args))


def _words(arguments: list[ast.expr]) -> Iterator[str]:
    for one in arguments:
        if isinstance(one, ast.Starred):
            yield from ast.literal_eval(one.value)
        else:
            yield ast.literal_eval(one)


def _by_row(marks: list[tuple[str, ...]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for mark in marks:
        row, words = faults.checked(mark)
        found.setdefault(row.name, set()).update(words)
    return found
