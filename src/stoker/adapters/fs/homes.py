"""On which file system a path lies, and where on it Stoker may keep a file until it is moved there.

A name is exchanged with another only within one mount of one file system. Most data directories
are one; but a folder in it may be a mount of its own, or a subvolume. The home of a path is the
outermost folder from which one can move files to it: the data directory itself, or the place where
something else is mounted.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stoker.adapters.fs.errors import DiskError
from stoker.core.errors import PathError
from stoker.core.paths import ROOT, RelPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stoker.adapters.fs.handles import DataDirectory

_ESCAPED: Final = re.compile(r"\\([0-7]{3})")


class Homes:
    """The homes of folders; each folder is looked at once."""

    def __init__(self, data: DataDirectory) -> None:
        """Nothing is looked at yet."""
        self._data = data
        self._mounts = frozenset(_mounts_below(data))
        self._known: dict[RelPath, tuple[RelPath, int | None]] = {ROOT: (ROOT, data.device)}
        self._last = ("", ROOT)
        self.missing: list[RelPath] = []
        """The folders that were met and are not there, without those below them."""

    def of(self, path: RelPath) -> RelPath:
        """The home of a file."""
        folder = path.rpartition("/")[0]
        # Who asks goes through the files in their order.
        if folder != self._last[0]:
            self._last = folder, self._look(path.parent)[0]
        return self._last[1]

    def _look(self, folder: RelPath) -> tuple[RelPath, int | None]:
        """The folder's home, and its device; None where it is not there."""
        if found := self._known.get(folder):
            return found
        found = self._look(folder.parent)
        home, device = found
        if device is not None:
            here = self._device(folder)
            if here is None:
                self.missing.append(folder)
                found = home, None
            elif here != device or folder in self._mounts:
                found = folder, here
        self._known[folder] = found
        return found

    def _device(self, folder: RelPath) -> int | None:
        try:
            return os.fstat(self._data.folder(folder)).st_dev
        except (FileNotFoundError, NotADirectoryError):
            return None


def homes_of(data: DataDirectory, paths: Iterable[RelPath]) -> frozenset[RelPath]:
    """The homes of these files, and the data directory itself."""
    homes, found = Homes(data), {ROOT}
    for path in paths:
        # Where nobody can go any more, nothing of ours is left to be found.
        with suppress(DiskError):
            found.add(homes.of(path))
    return frozenset(found)


def _mounts_below(data: DataDirectory) -> Iterator[RelPath]:
    """What is mounted below the data directory, as far as the system tells."""
    try:
        # Not every mount is a device of its own: the same one may be mounted twice.
        table = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
        top = Path(f"/proc/self/fd/{data.folder(ROOT)}").readlink()
    except OSError:
        return
    for line in table.splitlines():
        place = _ESCAPED.sub(lambda found: chr(int(found[1], 8)), line.split(" ")[4])
        if place.startswith(f"{top}/"):
            try:
                yield RelPath(place.removeprefix(f"{top}/"))
            except PathError:
                # No file of a commit can stand there.
                continue
