"""One process at a time: the lock on `.stoker/lock`.

The kernel gives the lock back when its holder ends, however that happens. What the file says is
only for the person who reads the error.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, ClassVar

from attrs import frozen

from stoker.adapters.fs import disk, own
from stoker.adapters.fs.errors import DiskError, disk_error

if TYPE_CHECKING:
    from stoker.adapters.fs.handles import DataDirectory

_PATH = own.OWN / "lock"


@frozen
class InUse(DiskError):
    """Another process changes this data directory; the message says which."""

    reason: ClassVar[str] = "DataDirectoryInUse"


def acquire(data: DataDirectory) -> int:
    """The handle that holds the lock; raises `InUse`."""
    with own.own_folder(data) as folder:
        try:
            handle = disk.open_or_create(_PATH.name, folder, own.FILE_MODE)
        except OSError as error:
            raise disk_error(error, _PATH, "open") from error
    try:
        _lock(handle)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _lock(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        disk.empty(handle)
        disk.write(handle, f"{os.getpid()} on {os.uname().nodename}\n".encode())
    except BlockingIOError as error:
        raise _in_use(handle) from error
    except OSError as error:
        raise disk_error(error, _PATH, "lock") from error


def release(handle: int) -> None:
    """Give the lock back."""
    os.close(handle)


def _in_use(handle: int) -> InUse:
    holder = os.pread(handle, 200, 0).decode("utf-8", "replace").strip()
    who = holder if holder.isprintable() and holder else "unknown"
    return InUse(
        f"another Stoker is at work on this data directory: process {who}",
        where=_PATH,
        cure="wait until it is done, or end it; two must never write to one gateway",
    )
