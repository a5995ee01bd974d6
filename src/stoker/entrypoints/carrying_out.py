"""A command that runs until it is told to end: what it is told, what it does, its exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, TypeVar

from stoker.core.errors import StokerError

if TYPE_CHECKING:
    from collections.abc import Callable

_FAILED: Final = 1
_MISUSED: Final = 2
_Settings = TypeVar("_Settings")


def carried_out(
    program: str, read: Callable[[], _Settings], run: Callable[[_Settings], int]
) -> int:
    """The exit code of `program`, which does with what it reads what `run` does."""
    try:
        settings = read()
    except StokerError as error:
        return _told(program, error, _MISUSED)
    try:
        return run(settings)
    except StokerError as error:
        return _told(program, error, _FAILED)


def _told(program: str, error: StokerError, code: int) -> int:
    sys.stderr.write(f"{program}: error: {error}\n")
    return code
