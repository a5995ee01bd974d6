"""What exclude patterns mean, written down a second time on top of `glob_match` alone."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from stoker.core.errors import GlobError
from stoker.core.globs import glob_match, merge_excludes

if TYPE_CHECKING:
    from collections.abc import Iterable

GRID: Final = tuple(
    "/".join(names)
    for depth in (1, 2, 3)
    for names in product(("a", "b", "ab", "ba"), repeat=depth)
)
"""All paths of up to three names of a few letters: small, and near to what patterns of them say."""


def answered(pattern: str, path: str) -> bool:
    """What `glob_match` answers; False where it raises."""
    try:
        return glob_match(pattern, path)
    except GlobError:
        return False


def excluded(patterns: Iterable[str], path: str) -> bool:
    """Whether one of the patterns excludes `path`, or, ending in `/`, a directory above it."""
    above = [path[: place + 1] for place, char in enumerate(path) if char == "/"]
    return any(
        any(answered(pattern, each) for each in [path, *(above if pattern.endswith("/") else [])])
        for pattern in merge_excludes(patterns)
    )
