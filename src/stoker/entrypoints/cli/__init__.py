"""The command line `stoker`.

- `app`, `options`: the commands, and what they can be told
- `invoking`, `answers`: from arguments to an exit code: what is printed, and only once
- `inputs`, `files`, `request`: from what was told to one value, `SyncRequest`
- `validating`, `rendering`: what two commands do by themselves
- `running`: what the engine does for the others
- `progress`: signs of life for who waits
- `outcome`, `presenting`: results and plans as text, Markdown and JSON

A module is imported when the command that needs it is: help and completion have to be quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the process's exit code. Without arguments, those of the process."""
    return begin("stoker", arguments)


def begin(name: str, arguments: Sequence[str] | None) -> int:
    """Run one command of the program that people call by this name."""
    import sys  # noqa: PLC0415 - this module costs nothing to who only looks at it

    try:
        from stoker.entrypoints.cli.invoking import PROGRAMS, invoke  # noqa: PLC0415
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"stoker: error: the package '{error.name}' is missing (pip install 'stoker[cli]')\n"
        )
        return 1
    return invoke(sys.argv[1:] if arguments is None else arguments, program=PROGRAMS[name])
