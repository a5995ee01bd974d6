"""What `stoker.core` exports, and what importing it costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import stoker.core

CONTRACT = {
    "TemplateContext", "render_template", "set_field", "glob_match", "Excludes", "pod_ordinal",
    "RelPath", "resolve_profiles", "select", "plan", "recover", "aggregate", "parse_payload",
    "inject", "StokerError",
}  # fmt: skip


def test_the_names_of_the_contract_are_there() -> None:
    assert set(stoker.core.__all__) >= CONTRACT
    assert dir(stoker.core) == sorted(stoker.core.__all__)


@pytest.mark.parametrize("name", stoker.core.__all__)
def test_every_name_is_what_its_module_says(name: str) -> None:
    value = getattr(stoker.core, name)
    module = import_module(f"stoker.core.{stoker.core._HOME[name]}")  # type: ignore[attr-defined] # noqa: SLF001
    assert value is getattr(module, name)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="'stoker\\.core' has no attribute"):
        _ = stoker.core.nothing  # type: ignore[attr-defined] # what must not be there


def test_type_checkers_see_the_same_names() -> None:
    assert stoker.core.__file__
    stub = ast.parse(Path(stoker.core.__file__).with_suffix(".pyi").read_text())
    shown = {
        alias.name: str(node.module)
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    home = stoker.core._HOME  # type: ignore[attr-defined] # noqa: SLF001 - what the stub mirrors
    assert shown == {name: f"stoker.core.{module}" for name, module in home.items()}


def test_importing_the_core_imports_nothing_else() -> None:
    code = "import sys, stoker.core; print([n for n in sys.modules if n.startswith('stoker')])"
    shown = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert shown.stdout.strip() == "['stoker', 'stoker.core']"
