"""Find effects in the core that no import shows.

Import contracts keep modules such as `os` out of `stoker.core`. This looks for what needs no
import: builtins that touch the world or run text as code, and methods that read the clock. Prints
one line for each finding and exits 1 if there is any.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

CORE: Final = Path(__file__).parents[1] / "src" / "stoker" / "core"
BUILTINS: Final = {
    "open", "print", "input", "eval", "exec", "compile", "breakpoint", "__import__",
    "globals", "locals", "vars",
}  # fmt: skip
CLOCKS: Final = {"now", "utcnow", "today", "fromtimestamp"}
MODULES: Final = {"importlib", "builtins", "ctypes", "gc", "inspect", "atexit", "platform"}


def effects(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of every effect in a module's source."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in BUILTINS:
                yield node.lineno, f"{name}()"
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="datetime" | "date") as owner, attr=attr)
            ) if attr in CLOCKS:
                yield node.lineno, f"{owner.id}.{attr}()"
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="datetime"), attr=attr)) if (
                attr in CLOCKS
            ):
                yield node.lineno, f"datetime.{attr}()"
            case ast.Import(names=names):
                yield from ((node.lineno, each.name) for each in names if each.name in MODULES)
            case ast.ImportFrom(module=str(module)) if module in MODULES:
                yield node.lineno, module
            case ast.Global(names=global_names):
                yield node.lineno, f"global {', '.join(global_names)}"


def main() -> int:
    """Look through the whole core."""
    found = 0
    # The doors of packages import names when they are first used.
    doors = {CORE / "__init__.py", CORE / "exporting.py"}
    for file in sorted(set(CORE.rglob("*.py")) - doors):
        for line, name in effects(file.read_text()):
            print(f"{file.relative_to(CORE.parents[2])}:{line}: {name} is an effect")
            found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
