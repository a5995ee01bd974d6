"""The files of a gateway as its loader sees them, and the disk they come from.

`survey` walks what a gateway looks at, once, and notes what is odd: a symbolic link, something
that is neither file nor folder, what may not be read. Such an entry stays in its folder as a file
with a `problem`, so that whoever needs it says which one it was. Whether the gateway may write is
judged from owner and mode for the user that it plays, since the process may be root.

A walk never fails: what vanishes meanwhile was not there.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from attrs import define, field, frozen

from stoker.core.ignition.ownership import GATEWAY_CACHE
from stoker.testing.gateway.settings import Links

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stoker.testing.gateway.settings import Settings

_DEEPEST: Final = 64
"""Where a walk turns back; links may go round in circles."""
_OTHERS, _GROUP, _OWNER = 0, 3, 6


@frozen
class File:
    """A file: its path from the data directory, and what tells that it was replaced."""

    path: str
    key: tuple[int, ...] = ()
    problem: str = ""
    """Why it cannot be read; empty if it can."""


@define
class Folder:
    """A folder, with everything below it."""

    path: str
    files: dict[str, File] = field(factory=dict)
    folders: dict[str, Folder] = field(factory=dict)

    def walk(self) -> Iterator[Folder]:
        """This folder and all below it, in the order of their paths."""
        yield self
        for name in sorted(self.folders):
            yield from self.folders[name].walk()

    def at(self, path: str) -> Folder | None:
        """The folder at `path` below this one."""
        folder: Folder | None = self
        for name in path.split("/"):
            folder = folder and folder.folders.get(name)
        return folder


@define
class Survey:
    """What was found below some folders of the data directory."""

    root: Folder = field(factory=lambda: Folder(""))
    unwritable: list[str] = field(factory=list)
    """What the gateway may not write: files and folders."""

    def folders(self) -> dict[str, bool]:
        """All folders, and whether there is anything in them."""
        return {one.path: bool(one.files or one.folders) for one in self.root.walk()}


def survey(data: Path, tops: tuple[str, ...], settings: Settings) -> Survey:
    """Walk the folders `tops` of the data directory; those that are not there are left out."""
    walk = _Walk(data, settings)
    for top in tops:
        walk.enter(walk.found.root, top, os.path.join(data, top), 0)  # noqa: PTH118 - see _Walk
    return walk.found


class _Walk:
    # With strings and `os`: a hundred thousand `Path`s take longer than reading the files.
    def __init__(self, data: Path, settings: Settings) -> None:
        self._data = data
        self._settings = settings
        self.found = Survey()

    def enter(self, parent: Folder, name: str, place: str, depth: int) -> None:
        path = f"{parent.path}/{name}" if parent.path else name
        folder = Folder(path)
        try:
            with os.scandir(place) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
                self._judge(path, os.stat(place))  # noqa: PTH116 - as above
        except FileNotFoundError:
            return
        except OSError as error:
            parent.files[name] = File(path, problem=os.strerror(error.errno or 0))
            return
        parent.folders[name] = folder
        for entry in listed:
            if entry.name != GATEWAY_CACHE:
                self._add(folder, entry, depth)

    def _add(self, folder: Folder, entry: os.DirEntry[str], depth: int) -> None:
        path = f"{folder.path}/{entry.name}"
        try:
            if entry.is_symlink() and self._settings.links is Links.FAIL:
                folder.files[entry.name] = File(path, problem="it is a symbolic link")
                return
            if entry.is_dir():
                if depth >= _DEEPEST:
                    folder.files[entry.name] = File(path, problem="the folders go too deep")
                else:
                    self.enter(folder, entry.name, entry.path, depth + 1)
                return
            folder.files[entry.name] = self._file(path, entry.stat())
        except FileNotFoundError:
            folder.files[entry.name] = File(path, problem="it leads nowhere, or has just gone")
        except OSError as error:
            folder.files[entry.name] = File(path, problem=os.strerror(error.errno or 0))

    def _file(self, path: str, found: os.stat_result) -> File:
        if not stat.S_ISREG(found.st_mode):
            return File(path, problem="it is not a file")
        self._judge(path, found)
        key = (found.st_size, found.st_mtime_ns, found.st_ino, found.st_mode)
        readable = self._may(found, stat.S_IROTH)
        return File(path, key, "" if readable else os.strerror(13))

    def _judge(self, path: str, found: os.stat_result) -> None:
        if not self._may(found, stat.S_IWOTH):
            self.found.unwritable.append(path)

    def _may(self, found: os.stat_result, right: int) -> bool:
        settings = self._settings
        if found.st_uid == settings.uid:
            return bool(found.st_mode & right << _OWNER)
        if found.st_gid == settings.gid:
            return bool(found.st_mode & right << _GROUP)
        return bool(found.st_mode & right << _OTHERS)
