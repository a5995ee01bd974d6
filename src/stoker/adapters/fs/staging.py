"""The new files of a plan, written into their slots before anything changes.

Each is checked against what the plan says of it while it is written, so that a damaged object never
reaches a gateway. A file that is too large for the memory comes in pieces and is read back: git
hashes the size first, which only the whole file tells.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from typing import ClassVar, Final

from attrs import frozen

from stoker.adapters.fs import disk, reading
from stoker.adapters.fs.errors import DiskError, disk_error
from stoker.adapters.fs.look import stamp_of
from stoker.core.errors import Disposition, Retryable, StokerError
from stoker.core.manifest import Digest, Entry, Stamp, digest_of
from stoker.core.paths import ROOT, RelPath

Content = bytes | Iterable[bytes]
"""The bytes of a file, at once or in pieces."""

_MARGIN: Final = 1 << 20
_PER_FILE: Final = 2 << 10
"""Bytes beside a file's own: its folder's, the journal's, the manifest's."""


@frozen
class WrongContent(StokerError):
    """The bytes that were given for a file are not those that the plan names."""

    reason: ClassVar[str] = "ContentDamaged"

    @property
    def disposition(self) -> Disposition:
        """Git may have them intact the next time."""
        return Retryable()


def stage(name: str, folder: int, content: Content, entry: Entry, path: RelPath) -> Stamp:
    """Write a file under `name`; returns how it looks. `path` is where it will go."""
    if isinstance(content, bytes):
        _check(digest_of(content, entry.digest), entry, path)
    try:
        handle = disk.create(name, folder, entry.mode)
        try:
            if isinstance(content, bytes):
                disk.write(handle, content)
            else:
                for piece in content:
                    disk.write(handle, piece)
                _check_written(name, folder, entry, path)
            return _finished(handle, entry)
        finally:
            os.close(handle)
    except OSError as error:
        raise disk_error(error, path, "write") from error


def _finished(handle: int, entry: Entry) -> Stamp:
    status = os.fstat(handle)
    if stat.S_IMODE(status.st_mode) != entry.mode:
        disk.set_mode(handle, entry.mode)
    return stamp_of(status)


def _check_written(name: str, folder: int, entry: Entry, path: RelPath) -> None:
    found = reading.read(folder, name, path, entry.digest)
    _check(found.entry.digest if isinstance(found, reading.Content) else None, entry, path)


def _check(digest: Digest | None, entry: Entry, path: RelPath) -> None:
    if digest != entry.digest:
        raise WrongContent(
            f"the bytes for it are {digest}, not {entry.digest} as planned",
            where=path,
            cure="sync again; if it stays so, have the repository fetched anew",
        )


def check_room(folder: int, files: int, size: int, path: RelPath) -> None:
    """Raise `DiskError` unless there is room for so many files of so many bytes together."""
    try:
        room = os.fstatvfs(folder)
    except OSError as error:
        raise disk_error(error, path, "ask for the room on the disk of") from error
    needed = size + files * (room.f_frsize // 2 + _PER_FILE) + _MARGIN
    free = room.f_bavail * room.f_frsize
    if needed > free:
        raise _full(f"{needed >> 10} KiB are needed and {free >> 10} KiB are free", path)
    # Some file systems have no fixed number of files, and say 0.
    if room.f_files and files > room.f_favail:
        raise _full(f"{files} files are to be made and {room.f_favail} can be", path)


def _full(what: str, path: RelPath) -> DiskError:
    return DiskError(
        f"there is no room: {what}",
        where="the data volume" if path == ROOT else path,
        cure="make room on the data volume",
        number=errno.ENOSPC,
    )
