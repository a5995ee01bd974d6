"""Which of the files that are known of it stands at a name.

Of a file that an apply has to do with, one or two versions are known, each by its entry and, where
somebody looked, by its stamp. A file that bears the stamp of one is that one; only for any other
the content is read.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from stoker.adapters.fs import reading
from stoker.adapters.fs.errors import LinkInTheWay, disk_error
from stoker.core.manifest import Digest, Entry, Foreign, ForeignKind, Stamp

if TYPE_CHECKING:
    from stoker.adapters.fs.handles import DataDirectory
    from stoker.core.paths import RelPath

Version = tuple[Entry | None, Stamp | None]
"""What a file may be, and how it looks then, if that is known."""


@frozen
class Seen:
    """What stands at a name."""

    entry: Entry | Foreign | None
    stamp: Stamp | None = None
    """How it looks; None where a change that came at once would look the same."""


NOTHING = Seen(None)


def stamp_of(status: os.stat_result) -> Stamp:
    """How a file looks."""
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino)


def find(name: str, folder: int, path: RelPath, *versions: Version) -> Seen:
    """What stands at `name` beside the handle `folder`; `path` is for an error."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return NOTHING
    except OSError as error:
        raise disk_error(error, path, "look at") from error
    if not stat.S_ISREG(status.st_mode):
        return Seen(reading.foreign(status.st_mode))
    stamp = stamp_of(status)
    for entry, known in versions:
        if entry is not None and stamp == known:
            return Seen(evolve(entry, mode=reading.mode_of(status.st_mode)), stamp)
    return _read(name, folder, path, [entry.digest for entry, _ in versions if entry])


def _read(name: str, folder: int, path: RelPath, digests: list[Digest]) -> Seen:
    seen = NOTHING
    # Two hashes are in question only where a repository changes from one to the other.
    for like in {len(digest): digest for digest in digests}.values():
        found = reading.read(folder, name, path, like)
        if not isinstance(found, reading.Content):
            return Seen(found)
        seen = Seen(found.entry, found.stamp)
        if found.entry.digest in digests:
            break
    return seen


def at(data: DataDirectory, path: RelPath, *versions: Version) -> Seen:
    """What stands at a path of the data directory."""
    try:
        return find(path.name, data.folder(path.parent), path, *versions)
    except (FileNotFoundError, NotADirectoryError):
        return NOTHING
    except LinkInTheWay:
        return Seen(Foreign(ForeignKind.SYMLINK))
