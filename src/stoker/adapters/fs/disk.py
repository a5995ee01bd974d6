"""Every system call by which an apply changes a disk; nothing else in it does.

So there is one place where a test can stop an apply before each call, in the middle of a write, or
write down what was done and in which order, and one where the durability of it all is decided:
`make_durable`. Each call names a file by one name beside the handle of its folder. What the system
says is raised as it is, an `OSError`; whoever called knows the path that it belongs to.
"""

from __future__ import annotations

import ctypes
import errno
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_NOREPLACE: Final = 1
_EXCHANGE: Final = 2
_OPEN_NEW: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC

MISSING_CALL: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP})
"""What a file system says that does not know a call, or not this way of it."""

NO_LINKS: Final = MISSING_CALL | {errno.EPERM, errno.EMLINK, errno.EXDEV}
"""What a file system says that gives a file no second name."""


def create(name: str, folder: int, mode: int) -> int:
    """The handle of a new file; `FileExistsError` where something has the name."""
    return os.open(name, _OPEN_NEW | os.O_EXCL, mode, dir_fd=folder)


def overwrite(name: str, folder: int, mode: int) -> int:
    """The handle of an empty file, new or not."""
    return os.open(name, _OPEN_NEW | os.O_TRUNC, mode, dir_fd=folder)


def open_or_create(name: str, folder: int, mode: int) -> int:
    """The handle of a file with what is in it, empty if it is new."""
    return os.open(name, _OPEN_NEW, mode, dir_fd=folder)


def empty(handle: int) -> None:
    """Let an open file hold nothing."""
    os.ftruncate(handle, 0)


def write(handle: int, data: bytes | memoryview) -> None:
    """Write all of it."""
    done = os.write(handle, data)
    while done < len(data):
        done += os.write(handle, memoryview(data)[done:])


def set_mode(handle: int, mode: int) -> None:
    """Set a file's permissions, whatever the umask says."""
    os.fchmod(handle, mode)


def make_folder(name: str, folder: int, mode: int) -> None:
    """Make a folder."""
    os.mkdir(name, mode, dir_fd=folder)


def remove_folder(name: str, folder: int) -> None:
    """Remove a folder with nothing in it."""
    os.rmdir(name, dir_fd=folder)


def remove(name: str, folder: int) -> None:
    """Remove a file's name."""
    os.unlink(name, dir_fd=folder)


def link(name: str, folder: int, other: str, other_folder: int) -> None:
    """Give a file a second name; `FileExistsError` where something has it."""
    os.link(name, other, src_dir_fd=folder, dst_dir_fd=other_folder, follow_symlinks=False)


def move(name: str, folder: int, other: str, other_folder: int) -> None:
    """Give a file another name, in place of whatever has it."""
    os.rename(name, other, src_dir_fd=folder, dst_dir_fd=other_folder)


def place(name: str, folder: int, other: str, other_folder: int) -> None:
    """Give a file another name; `FileExistsError` where something has it."""
    _rename(name, folder, other, other_folder, _NOREPLACE)


def exchange(name: str, folder: int, other: str, other_folder: int) -> None:
    """Exchange two names, so that neither is free for an instant."""
    _rename(name, folder, other, other_folder, _EXCHANGE)


def make_durable(folders: Iterable[int]) -> None:
    """Have everything that was done so far outlast a loss of power.

    One call for each file system, by the handle of any folder on it, however much was done there.
    """
    for folder in folders:
        if _LIBC_SYNCFS is None:
            os.sync()
        elif _LIBC_SYNCFS(folder) != 0:
            raise _failure()


def _rename(name: str, folder: int, other: str, other_folder: int, how: int) -> None:
    if _LIBC_RENAMEAT2 is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if _LIBC_RENAMEAT2(folder, os.fsencode(name), other_folder, os.fsencode(other), how) != 0:
        raise _failure()


def _failure() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))


# Both are old in glibc and younger in others.
_LIBC_SYNCFS = getattr(_LIBC, "syncfs", None)
_LIBC_RENAMEAT2 = getattr(_LIBC, "renameat2", None)
