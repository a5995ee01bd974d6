"""Every step into the data directory, by handle.

A path as a string is looked up anew, from the top, in every call, and whoever swaps a directory
for a symbolic link in between decides where the call ends. So nothing below the data directory is
ever named by more than one name: a folder is opened step by step, each step beside the handle of
the one above and with `O_NOFOLLOW`, and what is done to a file is done by its last name beside the
handle of its folder.

`DataDirectory` keeps the handles of one chain of folders, that of the last path. Who goes through
paths in their order opens each folder once, and no handle is older than the walk.

`folder` raises where there is no folder; `enter` says instead what there is.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from attrs import frozen

from stoker.adapters.fs.errors import (
    CLOSED_TO_US,
    DiskError,
    LinkInTheWay,
    NotOurs,
    disk_error,
    link_in_the_way,
)
from stoker.core.paths import ROOT, RelPath

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

OPEN_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FOLDER_MODE: Final = 0o755

NO_FOLDER: Final = frozenset({errno.ENOTDIR, errno.ELOOP})
"""What the operating system says where something stands that is not a folder."""


@frozen
class Missing:
    """A folder that is not there, nor anything in its place."""

    path: RelPath


@frozen
class Barred:
    """Something that is not a folder, where one would have to be."""

    path: RelPath


@frozen
class Closed:
    """A folder that cannot be looked into."""

    path: RelPath


class DataDirectory:
    """A gateway's data directory; paths are relative to it."""

    def __init__(self, path: Path) -> None:
        """Open the directory; raises `NotOurs` where there is none that can be read."""
        if sys.getfilesystemencoding() != "utf-8":
            raise NotOurs(
                f"names of files would be written as {sys.getfilesystemencoding()}, not as UTF-8",
                where=str(path),
                cure="set PYTHONUTF8=1, or a locale with UTF-8",
            )
        try:
            self._root = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise NotOurs(
                f"the data directory cannot be opened: {os.strerror(error.errno or 0)}",
                where=str(path),
                cure="name an existing directory that Stoker may read and write",
                number=error.errno or 0,
            ) from error
        self.path = path
        self.device = os.fstat(self._root).st_dev
        self._chain: list[str] = []
        """The folders that are open, each with its '/'."""
        self._handles: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the handles back."""
        self.forget()
        os.close(self._root)

    def forget(self) -> None:
        """Open every folder anew from here on: they may have been moved."""
        while self._chain:
            self._leave()

    def folder(self, path: RelPath, *, create: bool = False) -> int:
        """The handle of a folder; it is good until the next call.

        Raises `FileNotFoundError` where it is not there and not to be made, `NotADirectoryError`
        where a file stands in its place, `LinkInTheWay` for a link, `DiskError` for anything else.
        """
        wanted = "" if path == ROOT else f"{path}/"
        chain = self._chain
        while chain and not wanted.startswith(chain[-1]):
            self._leave()
        above = chain[-1] if chain else ""
        if above != wanted:
            for name in wanted[len(above) : -1].split("/"):
                self._step(name, create=create)
        return self._handles[-1] if self._handles else self._root

    def enter(self, path: RelPath) -> int | Missing | Barred | Closed:
        """The handle of a folder, good until the next call, or the first thing in its way.

        Raises `DiskError` where the fault is not that of a single folder.
        """
        try:
            return self.folder(path)
        except FileNotFoundError as error:
            return Missing(RelPath(error.filename))
        except NotADirectoryError as error:
            return Barred(RelPath(error.filename))
        except LinkInTheWay as error:
            return Barred(RelPath(error.where))
        except DiskError as error:
            if error.number in CLOSED_TO_US:
                return Closed(RelPath(error.where))
            raise

    def status(self, path: RelPath) -> os.stat_result | None:
        """What stands at `path`, not followed; None where nothing does."""
        try:
            return os.stat(path.name, dir_fd=self.folder(path.parent), follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise disk_error(error, path, "look at") from error

    def _leave(self) -> None:
        self._chain.pop()
        os.close(self._handles.pop())

    def _step(self, name: str, *, create: bool) -> None:
        above = self._handles[-1] if self._handles else self._root
        path = f"{self._chain[-1]}{name}" if self._chain else name
        try:
            handle = os.open(name, OPEN_FOLDER, dir_fd=above)
        except FileNotFoundError as error:
            if not create:
                error.filename = path
                raise
            handle = _made(name, above, path)
        except OSError as error:
            raise _why_not_entered(error, name, above, path) from error
        self._chain.append(f"{path}/")
        self._handles.append(handle)


def _made(name: str, above: int, path: str) -> int:
    try:
        # Somebody else may have made it a moment ago, which is just as well.
        with suppress(FileExistsError):
            os.mkdir(name, FOLDER_MODE, dir_fd=above)
        return os.open(name, OPEN_FOLDER, dir_fd=above)
    except OSError as error:
        raise _why_not_entered(error, name, above, path) from error


def _why_not_entered(error: OSError, name: str, above: int, path: str) -> Exception:
    if error.errno in NO_FOLDER:
        with suppress(OSError):
            if stat.S_ISLNK(os.stat(name, dir_fd=above, follow_symlinks=False).st_mode):
                return link_in_the_way(path)
        return NotADirectoryError(error.errno, os.strerror(error.errno), path)
    return disk_error(error, path, "enter")
