"""Packages whose names are imported when they are first used.

The agent beside a gateway has to be small and quick to start, and needs little of what the core's
packages hold. So a package that shows the names of several modules imports none of them itself:
type checkers read its imports, and the interpreter asks `__getattr__` (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def exported(package: str, **modules: str) -> Callable[[str], Any]:
    """The `__getattr__` of `package`: for each of its modules the names to show, with blanks."""
    home = {name: module for module, names in modules.items() for name in names.split()}

    def imported(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{home[name]}"), name)

    return imported
