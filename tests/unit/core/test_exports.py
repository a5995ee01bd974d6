"""What the core's packages export, and what importing them costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import stoker.core
from stoker.core.exporting import exported

CONTRACT = {
    "TemplateContext", "render_template", "set_field", "glob_match", "Excludes", "pod_ordinal",
    "RelPath", "resolve_profiles", "select", "plan", "recover", "aggregate", "parse_payload",
    "inject", "StokerError",
}  # fmt: skip

CORE = Path(str(stoker.core.__file__)).parent
DOORS = tuple(
    ".".join(("stoker.core", *door.parent.relative_to(CORE).parts))
    for door in sorted(CORE.rglob("*/__init__.py"))
    if "exported(" in door.read_text()
)
"""The packages that import a name when it is first used."""


def _shown(source: Path) -> dict[str, str]:
    """The names that type checkers see, each with the module that it is from."""
    return {
        alias.name: str(node.module)
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("stoker.core.")
        for alias in node.names
    }


def test_the_names_of_the_contract_are_there() -> None:
    assert set(stoker.core.__all__) >= CONTRACT
    assert dir(stoker.core) == sorted(stoker.core.__all__)


@pytest.mark.parametrize("name", stoker.core.__all__)
def test_every_name_is_what_its_module_says(name: str) -> None:
    value = getattr(stoker.core, name)
    module = import_module(f"stoker.core.{stoker.core._HOME[name]}")  # type: ignore[attr-defined] # noqa: SLF001
    assert value is getattr(module, name)


@pytest.mark.parametrize("package", ["stoker.core", "stoker.core.globs"])
def test_a_name_that_is_not_there(package: str) -> None:
    with pytest.raises(AttributeError, match=f"'{package}' has no attribute"):
        _ = import_module(package).nothing


def test_type_checkers_see_the_same_names() -> None:
    home = stoker.core._HOME  # type: ignore[attr-defined] # noqa: SLF001 - what the stub mirrors
    shown = _shown(CORE / "__init__.pyi")
    assert shown == {name: f"stoker.core.{module}" for name, module in home.items()}


@pytest.mark.parametrize("package", DOORS)
def test_packages_export_what_type_checkers_see(package: str) -> None:
    """Broken by naming another module for a name, and by leaving one out."""
    door = import_module(package)
    shown = _shown(Path(str(door.__file__)))
    del shown[exported.__name__]
    assert set(shown) == set(door.__all__)
    for name, module in shown.items():
        assert getattr(door, name) is getattr(import_module(module), name)


@pytest.mark.parametrize("package", DOORS)
def test_no_export_bears_the_name_of_a_module(package: str) -> None:
    """Else the package would have the one or the other, by what was imported before."""
    door = import_module(package)
    modules = {each.stem for each in Path(str(door.__file__)).parent.iterdir()}
    assert not modules & set(door.__all__)


@pytest.mark.parametrize("package", ["stoker.core", *DOORS])
def test_importing_a_package_imports_nothing_of_it(package: str) -> None:
    code = f"import sys, {package}; print(*(n for n in sys.modules if n.startswith('stoker')))"
    shown = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    above = {package.rsplit(".", cut)[0] for cut in range(package.count(".") + 1)}
    assert set(shown.stdout.split()) == above | (
        set() if package == "stoker.core" else {"stoker.core.exporting"}
    )
