"""What a file holds, read by its handle.

A file is opened by its name beside the handle of its folder, never through a link and never so
that a pipe could make the reader wait. It becomes an `Entry` by the same hash that git gives a blob
of its bytes. That hash begins with the size, which is asked for first: a file that does not end
where it said, or looks different when it was read, was changed meanwhile, and is read once more.
One that does not hold still has no content to speak of and counts as unreadable.

No more than one piece of a file is in memory at any time; a file that fits into one piece is
handed out with its bytes, since whoever compares two versions of a `resource.json` needs them.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import time
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.adapters.fs.errors import CLOSED_TO_US, disk_error
from stoker.core.ignition.resource import MAX_BYTES
from stoker.core.manifest import Digest, Entry, Foreign, ForeignKind, Mode, Stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.core.paths import RelPath

PIECE: Final = MAX_BYTES
"""Bytes that are in memory at once: as many as a `resource.json` may have."""

ATTEMPTS: Final = 3
"""How often a file is read that is written at the same time."""

SETTLED_NS: Final = 1_000_000_000
"""A clock of files ticks in milliseconds at best, in whole seconds at worst."""

SYMLINK: Final = Foreign(ForeignKind.SYMLINK)
DIRECTORY: Final = Foreign(ForeignKind.DIRECTORY)
SPECIAL: Final = Foreign(ForeignKind.SPECIAL)
UNREADABLE: Final = Foreign(ForeignKind.UNREADABLE)

_OPEN_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_SHA256_HEX: Final = 64


@frozen
class Content:
    """A file that held still while it was read."""

    entry: Entry
    stamp: Stamp | None
    """How it looked; None where it was written a moment ago, so that a change that comes at once
    would look the same."""
    data: bytes | None
    """Its bytes, if they fit into one piece."""


def mode_of(mode: int) -> Mode:
    """As git sees it: executable is what its owner may execute."""
    return Mode.EXECUTABLE if mode & stat.S_IXUSR else Mode.REGULAR


def foreign(mode: int) -> Foreign:
    """What stands there, of anything but a regular file."""
    if stat.S_ISLNK(mode):
        return SYMLINK
    return DIRECTORY if stat.S_ISDIR(mode) else SPECIAL


def read(folder: int, name: str, path: RelPath, like: Digest | None) -> Content | Foreign | None:
    """What the file `name` in `folder` holds; None where none is there any more.

    The digest is made by the hash that made `like`. Raises `DiskError`, with `path`, where the
    fault is not the file's.
    """
    for _ in range(ATTEMPTS):
        try:
            handle = os.open(name, _OPEN_FILE, dir_fd=folder)
        except FileNotFoundError:
            return None
        except OSError as error:
            return _unopened(error, path)
        try:
            found = _through(handle, like)
        except OSError as error:
            return _unopened(error, path)
        finally:
            os.close(handle)
        if found is not None:
            return found
    return UNREADABLE


def _unopened(error: OSError, path: RelPath) -> Foreign:
    if error.errno == errno.ELOOP:
        return SYMLINK
    # A socket.
    if error.errno == errno.ENXIO:
        return SPECIAL
    if error.errno in CLOSED_TO_US:
        return UNREADABLE
    raise disk_error(error, path, "read") from error


def _through(handle: int, like: Digest | None) -> Content | Foreign | None:
    """What is behind `handle`; None where it was changed while it was read."""
    before = os.fstat(handle)
    if not stat.S_ISREG(before.st_mode):
        return foreign(before.st_mode)
    size = before.st_size
    wide = like is not None and len(like) == _SHA256_HEX
    # Not a protection: git's own name for these bytes.
    hasher = hashlib.sha256() if wide else hashlib.sha1(usedforsecurity=False)
    hasher.update(b"blob %d\0" % size)
    data = b""
    read_bytes = 0
    for data in _pieces(handle, size):
        hasher.update(data)
        read_bytes += len(data)
    if read_bytes != size or _look(os.fstat(handle)) != _look(before):
        return None
    entry = Entry(Digest(hasher.hexdigest()), mode_of(before.st_mode))
    return Content(entry, _stamp(before), data if len(data) == size else None)


def _pieces(handle: int, size: int) -> Iterator[bytes]:
    # One byte more than there should be, to see a file that grows.
    left = size + 1
    while left > 0 and (piece := os.read(handle, min(left, PIECE))):
        left -= len(piece)
        yield piece


def _look(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_mode)


def _stamp(status: os.stat_result) -> Stamp | None:
    if abs(time.time_ns() - status.st_mtime_ns) < SETTLED_NS:
        return None
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino)
