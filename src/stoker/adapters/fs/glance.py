"""A glance at many files: whether all of them still look as they did.

A close look lists folders and compares thousands of files with what is remembered of them. As long
as nothing has changed since, that need not be done again. What is kept of it is small: the names,
compressed, and one digest of what the operating system said of each: type and mode, number, size,
and both times. The kernel sets the time of the last change of status (`ctime`) at every change,
whatever somebody does to the other one. A name that comes or goes changes its folder, so folders
need not be listed again.

Something that was changed a moment before the first look may be changed once more within one tick
of its file system's clock, and look the same. Such a look is good for nothing, so none is kept.

It is taken every few seconds at tens of thousands of files, so it is written to be quick. Names are
looked up from the data directory on: whoever puts a link in the place of a folder has changed it.
"""

from __future__ import annotations

import errno
import marshal
import os
import time
import zlib
from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from attrs import define, field, frozen

from stoker.adapters.fs.errors import disk_error
from stoker.adapters.fs.handles import OPEN_FOLDER
from stoker.core.paths import MAX_DEPTH, ROOT, RelPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stoker.adapters.fs.handles import DataDirectory

TICK_NS: Final = 2_000_000_000
"""No clock of a file system is coarser than this."""

_PLAIN: Final = 2
"""The newest form of `marshal` in which equal values have equal bytes."""
_QUICKLY: Final = 1
_PIECE: Final = 4096
"""Of compressed names."""
_OUT_OF_ROOM: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""What says nothing of the folder that was to be opened."""


@frozen
class Glance:
    """How everything looked."""

    names: bytes = field(repr=False)
    """Each folder and what is in it, apart from folders."""
    above: tuple[bytes, ...]
    """The folders on the way to these; what else is in them does not matter."""
    digest: bytes


def first_glance(
    data: DataDirectory,
    folders: Iterable[str],
    files: Iterable[str] = (),
    is_closed: Callable[[str], bool] = lambda _: False,
) -> Glance | None:
    """Look at all that is below the folders, and at the files; None where it is too fresh.

    A folder that is closed is not entered. Raises `DiskError`.
    """
    began = time.time_ns()
    top = data.folder(ROOT)
    listing = _Listing(is_closed)
    chosen = sorted(folders)
    for path in chosen:
        listing.top(top, path)
    listing.note("", sorted(files))
    above = {each for path in (*chosen, *files) for each in RelPath(path).ancestors()} - {ROOT}
    names = zlib.compress(b"".join(listing.found), _QUICKLY)
    on_the_way = tuple(os.fsencode(each) for each in sorted(above))
    digest, newest = _taken(top, names, on_the_way)
    # What came after a folder was listed made the folder newer than this.
    return Glance(names, on_the_way, digest) if newest < began - TICK_NS else None


def looks_the_same(data: DataDirectory, before: Glance) -> bool:
    """Whether another glance finds no difference; raises `DiskError`."""
    return _taken(data.folder(ROOT), before.names, before.above)[0] == before.digest


@define
class _Listing:
    """What is where."""

    is_closed: Callable[[str], bool]
    found: list[bytes] = field(factory=list)

    def note(self, folder: str, names: Iterable[str]) -> None:
        """A folder, and what is to be looked at in it; each name ends with a NUL."""
        text = "\0".join((folder, *names))
        self.found.append(os.fsencode(f"{text}\0\0"))

    def top(self, data: int, path: str) -> None:
        """A folder and everything below it."""
        self._below(data, path, path, path.count("/") + 1)

    def _below(self, above: int, name: str, path: str, depth: int) -> None:
        try:
            handle = os.open(name, OPEN_FOLDER, dir_fd=above)
        except OSError as error:
            if error.errno in _OUT_OF_ROOM:
                raise disk_error(error, path, "enter") from error
            # That it cannot be entered is seen by how it looks itself.
            self.note(path, ())
            return
        try:
            self._folder(handle, path, depth)
        finally:
            os.close(handle)

    def _folder(self, handle: int, path: str, depth: int) -> None:
        files: list[str] = []
        folders: list[str] = []
        with os.scandir(handle) as found:
            for each in found:
                (folders if each.is_dir(follow_symlinks=False) else files).append(each.name)
        self.note(path, files)
        if depth < MAX_DEPTH:
            for name in folders:
                below = f"{path}/{name}"
                if not self.is_closed(below):
                    self._below(handle, name, below, depth + 1)


def _taken(top: int, names: bytes, above: tuple[bytes, ...]) -> tuple[bytes, int]:
    """The digest of how all of these look, and when the newest change was."""
    digest, newest = blake2b(digest_size=16), 0
    for path in above:
        digest.update(marshal.dumps(_identity(top, path), _PLAIN))
    for folder in _listed(names):
        looks, changed = _looks_in(top, folder)
        digest.update(marshal.dumps(looks, _PLAIN))
        newest = max(newest, changed)
    return digest.digest(), newest


def _listed(names: bytes) -> Iterator[bytes]:
    """Each folder with what is in it; all of them at once would be large."""
    expanding, rest = zlib.decompressobj(), b""
    for start in range(0, len(names), _PIECE):
        found = rest + expanding.decompress(names[start : start + _PIECE])
        *folders, rest = found.split(b"\0\0")
        yield from folders


def _identity(top: int, path: bytes) -> list[int]:
    try:
        status = os.stat(path, dir_fd=top, follow_symlinks=False)
    except OSError as error:
        return [error.errno or 0]
    return [status.st_mode, status.st_dev, status.st_ino]


def _looks_in(top: int, listed: bytes) -> tuple[list[tuple[int, ...]], int]:
    """How a folder and what is in it look, and when the newest change was."""
    folder, *names = listed.split(b"\0")
    paths = [b"%b/%b" % (folder, name) for name in names] if folder else names
    looks: list[tuple[int, ...]] = []
    newest = 0
    look, add = os.stat, looks.append
    for path in (folder, *paths) if folder else paths:
        try:
            status = look(path, dir_fd=top, follow_symlinks=False)
        except OSError as error:
            add((error.errno or 0,))
            continue
        changed = status.st_ctime_ns
        newest = max(newest, changed)
        add((status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns, changed))
    return looks, newest
