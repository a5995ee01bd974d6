"""Stoker's own folders on the data volume, and the documents in them.

Everything that Stoker remembers lies below `.stoker/`. A document is written beside the one that it
takes the place of, and gets its name when it is whole. That alone does not make it outlast a loss
of power: who needs that puts `disk.make_durable` between the two steps, and behind them.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from stoker.adapters.fs import disk
from stoker.adapters.fs.errors import DiskError, disk_error, link_in_the_way
from stoker.adapters.fs.handles import FOLDER_MODE
from stoker.core.paths import RelPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stoker.adapters.fs.handles import DataDirectory

OWN: Final = RelPath(".stoker")
FILE_MODE: Final = 0o644
NEW: Final = ".new"
"""Behind the name of a document that is not whole yet."""

_OPEN_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


def enter(data: DataDirectory, path: RelPath, *, create: int | None = None) -> int | None:
    """A handle of a folder for the caller to close; made with the mode `create`, else None."""
    try:
        above = data.folder(path.parent)
        try:
            return os.open(path.name, _OPEN_FOLDER, dir_fd=above)
        except FileNotFoundError:
            if create is None:
                return None
            disk.make_folder(path.name, above, create)
            return os.open(path.name, _OPEN_FOLDER, dir_fd=above)
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise _in_the_way(data, path) from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise link_in_the_way(path) from error
        raise disk_error(error, path, "enter") from error


def _in_the_way(data: DataDirectory, path: RelPath) -> DiskError:
    status = data.status(path)
    if status is not None and stat.S_ISLNK(status.st_mode):
        return link_in_the_way(path)
    return DiskError(
        "something stands where Stoker keeps a folder of its own",
        where=path,
        cure="move it away",
        number=errno.ENOTDIR,
    )


@contextmanager
def entered(
    data: DataDirectory, path: RelPath = OWN, *, create: int | None = None
) -> Iterator[int | None]:
    """A handle of a folder as long as the block lasts, or None where there is no such folder."""
    handle = enter(data, path, create=create)
    try:
        yield handle
    finally:
        if handle is not None:
            os.close(handle)


@contextmanager
def own_folder(data: DataDirectory, path: RelPath = OWN) -> Iterator[int]:
    """A handle of `.stoker`, or of a folder in it, which is made where there is none."""
    with entered(data, path, create=FOLDER_MODE) as handle:
        if handle is None:
            raise disk_error(FileNotFoundError(errno.ENOENT, ""), path.parent, "enter")
        yield handle


def names(folder: int, path: RelPath) -> list[str]:
    """The names in an open folder, sorted."""
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        raise disk_error(error, path, "list") from error


def read(name: str, folder: int, path: RelPath) -> bytes | None:
    """A whole document, or None where there is none."""
    try:
        handle = os.open(name, _OPEN_FILE, dir_fd=folder)
        with open(handle, "rb") as file:  # noqa: PTH123 - a handle, not a path
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise disk_error(error, path, "read") from error


@contextmanager
def lines(name: str, folder: int, path: RelPath) -> Iterator[Iterable[bytes] | None]:
    """A document line by line, as long as the block lasts, or None where there is none."""
    try:
        handle = os.open(name, _OPEN_FILE, dir_fd=folder)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        raise disk_error(error, path, "read") from error
    with open(handle, "rb") as file:  # noqa: PTH123 - a handle, not a path
        yield file


def write(name: str, folder: int, pieces: Iterable[bytes], path: RelPath) -> None:
    """Write a document under `name`, which nothing reads yet."""
    try:
        handle = disk.overwrite(name, folder, FILE_MODE)
        try:
            for piece in pieces:
                disk.write(handle, piece)
        finally:
            os.close(handle)
    except OSError as error:
        raise disk_error(error, path, "write") from error


def replace(path: RelPath, folder: int, pieces: Iterable[bytes]) -> None:
    """Write a document whole, in the place of the one that has its name."""
    write(path.name + NEW, folder, pieces, path)
    rename(path.name + NEW, path.name, folder, path)


def rename(name: str, other: str, folder: int, path: RelPath) -> None:
    """Let a written document take its name, and the place of the one that had it."""
    try:
        disk.move(name, folder, other, folder)
    except OSError as error:
        raise disk_error(error, path, "write") from error


def remove(name: str, folder: int, path: RelPath) -> None:
    """Remove a document, if it is there."""
    try:
        with suppress(FileNotFoundError):
            disk.remove(name, folder)
    except OSError as error:
        raise disk_error(error, path, "remove") from error


def discard(path: RelPath, folder: int) -> None:
    """Remove a document, and what was meant to take its place."""
    remove(path.name + NEW, folder, path)
    remove(path.name, folder, path)


def make_durable(folders: Iterable[int], path: RelPath = OWN) -> None:
    """`disk.make_durable`, its failure as an error."""
    try:
        disk.make_durable(folders)
    except OSError as error:
        raise disk_error(error, path, "store for good what was written to the disk of") from error
