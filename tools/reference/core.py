"""The page of `stoker.core`: everything that it exports, in the words of its docstrings.

Functions have their parameters with their types; what has a default is marked by `= …`. Types are
listed with what they are, and errors with the word by which `--output json` calls them.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

from tools.reference.table import MARK, code, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

import stoker.core
from stoker.core import StokerError

_INTRODUCTION: Final = """
# stoker.core, one by one

Everything that `from stoker.core import …` gives: `pip install stoker`, no Kubernetes, no git. All
of it is pure: no disk, no network, no clock. [Embed the planner](../embedding.md) shows how it
goes together. What is wrong comes as one of [the errors](#errors).
"""


def page() -> str:
    """The page."""
    functions = ((code(_called(name, made)), _said(made)) for name, made in _functions())
    types = ((code(name), _said(made)) for name, made in _types())
    errors = ((code(name), code(made.reason), _said(made)) for name, made in _errors())
    parts = (
        _INTRODUCTION.strip(),
        "## Functions",
        "\n".join(table(("Function", "What it gives"), functions)),
        "## Types",
        "\n".join(table(("Type", "What it is"), types)),
        "## Errors",
        "Each has `message`, `where`, `cure` and `disposition`, and is a `StokerError`.",
        "\n".join(table(("Error", "Its word", "What it says"), errors)),
    )
    return f"{MARK}\n\n" + "\n\n".join(parts) + "\n"


def exported() -> Iterator[tuple[str, Any]]:
    """Every name with what it stands for, sorted without regard to case."""
    for name in sorted(stoker.core.__all__, key=str.lower):
        yield name, getattr(stoker.core, name)


def _functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    return ((name, made) for name, made in exported() if inspect.isfunction(made))


def _errors() -> Iterator[tuple[str, type[StokerError]]]:
    for name, made in exported():
        if inspect.isclass(made) and issubclass(made, StokerError):
            yield name, made


def _types() -> Iterator[tuple[str, Any]]:
    for name, made in exported():
        if inspect.isclass(made) and not issubclass(made, StokerError):
            yield name, made


def _called(name: str, made: Callable[..., Any]) -> str:
    signature = inspect.signature(made)
    parts: list[str] = []
    for one in signature.parameters.values():
        if one.kind is one.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        default = "" if one.default is one.empty else " = …"
        parts.append(f"{one.name}: {one.annotation}{default}")
    return f"{name}({', '.join(parts)}) -> {signature.return_annotation}"


def _said(made: object) -> str:
    """The first line of its docstring."""
    return (inspect.getdoc(made) or "").partition("\n")[0]
