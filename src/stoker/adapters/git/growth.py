"""How much room a repository takes while git writes into it.

The volume of the repository has a limit of its own (`spec.agent.repoSizeLimit`), and a pod that
goes beyond is evicted: the gateway in it stops. So git is ended first. What has been written is
looked at several times a second, and a part of the limit is held back for what comes in between.
No single file that git writes may be larger than what is left: the kernel sees to that, however
fast the disk is.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Final

from attrs import define, field, frozen

from stoker.adapters.git.errors import BrokenTransfer, GitError, RepositoryFull

_EVERY: Final = 0.2
"""Seconds between two looks."""
_RESERVE: Final = 20
"""One part in so many is held back."""
_NEARLY: Final = 64 << 10
"""What may be left where there is no room any more: git writes in pieces."""
_BLOCK: Final = 512
_MIB: Final = 1 << 20
CURE: Final = "raise spec.agent.repoSizeLimit, or make the repository smaller"


@frozen
class RepositoryTooLarge(RepositoryFull):
    """The repository would take more room than its volume may have; `where` is the repository."""

    held: int = field(kw_only=True)
    """How many bytes it had when git was ended."""
    limit: int = field(kw_only=True)

    reason: ClassVar[str] = "RepositoryTooLarge"


@define
class Room:
    """What a repository may take; without a limit, whatever there is."""

    repository: Path
    limit: int | None = None
    _looked: float = field(default=0.0, init=False)

    def left(self) -> int | None:
        """How many bytes git may still write; None where nobody says."""
        return (
            None if self.limit is None else max(self._most(self.limit) - held(self.repository), 0)
        )

    def look(self) -> None:
        """Raise `RepositoryTooLarge` where too much was written; to be called again and again."""
        now = time.monotonic()
        if self.limit is None or now - self._looked < _EVERY:
            return
        self._looked = now
        size = held(self.repository)
        if size > self._most(self.limit):
            raise self.too_large(size)

    def explained(self, error: GitError) -> GitError:
        """The error, or that the limit is what it is about: git wrote up to the last byte.

        Of a part of itself that the kernel has ended git says no more than that it is gone.
        """
        left = self.left() if isinstance(error, RepositoryFull | BrokenTransfer) else None
        return error if left is None or left > _NEARLY else self.too_large(held(self.repository))

    def too_large(self, size: int) -> RepositoryTooLarge:
        """The error for a repository that comes to so many bytes."""
        limit = self.limit or 0
        return RepositoryTooLarge(
            f"the repository has {size / _MIB:.1f} MiB and grows, and its volume may have"
            f" {limit / _MIB:.1f} MiB; git was ended",
            where=str(self.repository),
            cure=CURE,
            held=size,
            limit=limit,
        )

    def _most(self, limit: int) -> int:
        return limit - limit // _RESERVE


def held(folder: Path) -> int:
    """How many bytes everything in a folder takes on the disk."""
    size, waiting = 0, [os.fspath(folder)]
    while waiting:
        # Git makes and removes files all the time.
        with suppress(FileNotFoundError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    status = entry.stat(follow_symlinks=False)
                    size += max(status.st_blocks * _BLOCK, status.st_size)
    return size
