"""Files that somebody else changes while we use them, such as those of a mounted Secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Look: TypeAlias = tuple[tuple[int, int, int] | None, ...]


def look_of(files: Iterable[Path]) -> Look:
    """What changes when they do; a mounted Secret changes the folder behind a link."""
    return tuple(map(_look_of, files))


def _look_of(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
