"""Files that are made from something else: written, or compared with what they should be.

The programs in `tools/` that make such files differ in what they make and in nothing besides.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOT: Final = Path(__file__).resolve().parents[1]


def keep(program: str, about: str, made: Mapping[Path, str]) -> int:
    """Do what the command line says: write what is stale, or with `--check` name it and end with 1.

    `made` is the text of each file; `program` is how people call it.
    """
    parser = argparse.ArgumentParser(prog=program, description=about)
    parser.add_argument("--check", action="store_true", help="write nothing, name stale files")
    check = parser.parse_args().check
    stale = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        print(f"{path.relative_to(_ROOT)}: {f'stale (run {program})' if check else 'written'}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[path])
    return int(check and bool(stale))
