"""Compile Python files to bytecode once, so that no start of the image has to.

The root file system of a pod cannot be written, so what is not compiled here is compiled at every
start. The bytecode is never compared with its source: the image is one piece, and its files may
get another time than they had when they were compiled.
"""

from __future__ import annotations

import compileall
import sys
import sysconfig
from pathlib import Path
from py_compile import PycInvalidationMode


def compile_tree(folder: Path) -> bool:
    """Compile everything below `folder` anew, in an order that is always the same."""
    for old in folder.rglob("*.pyc"):
        old.unlink()
    return all(
        compileall.compile_file(
            path, quiet=1, force=True, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH
        )
        for path in sorted(folder.rglob("*.py"))
    )


def main(arguments: list[str]) -> int:
    """Compile the folders that are named; `--standard-library` is Python's own."""
    for argument in arguments:
        own = argument == "--standard-library"
        folder = Path(sysconfig.get_path("stdlib") if own else argument)
        if not compile_tree(folder):
            sys.stderr.write(f"{folder}: not everything can be compiled; see above\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
