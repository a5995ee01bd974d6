"""Small files that are there whole, or as they were: what a power cut leaves must be readable.

Written beside, forced to the disk, renamed, and the folder forced to the disk. The operating
system's errors become ours here, with the repository's path and a cure.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from stoker.adapters.git.errors import GitError, RepositoryFull

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SUFFIX: Final = ".new"
"""What a file is called until it is whole; nothing of that name belongs into a repository."""

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CURES: Final[Mapping[int, str]] = {
    errno.EROFS: "mount the volume of the repository writable",
    errno.EACCES: "give the user that Stoker runs as the right to it",
    errno.EPERM: "give the user that Stoker runs as the right to it",
    errno.EIO: "look after the disk",
    errno.ENOTDIR: "name a directory for the repository",
}


def write(path: Path, content: bytes) -> None:
    """Put a file in place of whatever stands there, durably."""
    beside = path.with_name(path.name + SUFFIX)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(handle)
    beside.replace(path)
    settle(path.parent)


def settle(folder: Path) -> None:
    """Force to the disk what was made, renamed or removed in a folder."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def told_as_git_errors(repository: Path) -> Iterator[None]:
    """What the operating system says in here, as an error of the repository's."""
    try:
        yield
    except OSError as error:
        number = error.errno or 0
        where = str(error.filename or repository)
        told = os.strerror(number)
        if number in _FULL:
            raise RepositoryFull(
                f"no room for the repository: {told}",
                where=where,
                cure="make room where the repository is kept",
            ) from error
        raise GitError(
            f"the repository cannot be kept: {told}", where=where, cure=_CURES.get(number, "")
        ) from error
