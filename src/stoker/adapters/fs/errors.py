"""What can go wrong with a disk, as values."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, ClassVar, Final

from attrs import field, frozen

from stoker.core.errors import Disposition, Retryable, StokerError

if TYPE_CHECKING:
    from collections.abc import Mapping


@frozen
class DiskError(StokerError):
    """The disk did not do what was asked of it; `where` is the path, from the data directory."""

    number: int = field(default=0, kw_only=True)
    """The operating system's number of the error; 0 where it has none."""

    reason: ClassVar[str] = "DiskFailed"

    @property
    def disposition(self) -> Disposition:
        """People make room, and repair permissions."""
        return Retryable()


@frozen
class LinkInTheWay(DiskError):
    """A symbolic link stands where a directory or a file has to be; it was not followed."""

    reason: ClassVar[str] = "SymlinkRefused"


@frozen
class NotOurs(DiskError):
    """The data directory cannot be the one that this agent is to look after."""

    reason: ClassVar[str] = "DataDirectoryRefused"


_CURES: Final[Mapping[int, str]] = {
    errno.ENOSPC: "make room on the data volume",
    errno.EDQUOT: "raise the quota of the data volume",
    errno.EROFS: "mount the data volume writable",
    errno.EACCES: "give the user that Stoker runs as the right to it",
    errno.EPERM: "give the user that Stoker runs as the right to it",
    errno.EIO: "look after the disk",
    errno.ENAMETOOLONG: "shorten the path",
    errno.EMFILE: "raise the limit of open files",
    errno.ENFILE: "raise the limit of open files",
}


CLOSED_TO_US: Final = frozenset({errno.EACCES, errno.EPERM, errno.EIO})
"""What the operating system says of something that is there and that nobody can look into."""


def check_closed(error: OSError, path: str, doing: str) -> None:
    """Raise the `DiskError` for `error`, unless it says that `path` is closed to us."""
    if error.errno not in CLOSED_TO_US:
        raise disk_error(error, path, doing) from error


def disk_error(error: OSError, path: str, doing: str) -> DiskError:
    """The error for what the operating system says of `path` while `doing` something with it."""
    number = error.errno or 0
    told = os.strerror(number) if number else str(error)
    return DiskError(
        f"cannot {doing} it: {told}", where=path, cure=_CURES.get(number, ""), number=number
    )


def link_in_the_way(path: str) -> LinkInTheWay:
    """The error for a symbolic link at `path`."""
    return LinkInTheWay(
        "a symbolic link, which is never followed",
        where=path,
        cure="put a real directory or file in its place",
        number=errno.ELOOP,
    )
