"""What stands at the paths that a plan is about.

Looking is asking for a file's size, time and inode: where the manifest remembers that the file
looked so right after it was written, and its mode is as it was, it is what the manifest says, and
no byte is read. Anything else is under suspicion and is read.

No link is followed: a link in the place of a folder hides everything that is below it, and is
listed itself. So is a file in the place of a folder, and a directory in the place of a file, this
with all that it holds, so that a plan can say what would have to go. What cannot be looked into is
`UNREADABLE`, and so are the asked-for paths below it, because nobody can say that they are not
there. A directory that stands in the place of a file and holds something without a path is
`UNREADABLE` too: a plan must not believe that it could be emptied.
"""

from __future__ import annotations

import os
import stat
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from stoker.adapters.fs.errors import check_closed, disk_error
from stoker.adapters.fs.handles import Barred, Closed, Missing
from stoker.adapters.fs.reading import DIRECTORY, UNREADABLE, Content, foreign, mode_of, read
from stoker.adapters.fs.restamping import Original, is_restamped
from stoker.adapters.fs.walking import Listing, Skip, Step, listed, nothing_skipped, outermost, walk
from stoker.core.manifest import Foreign, Observed
from stoker.core.paths import ROOT, RelPath

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stoker.adapters.fs.handles import DataDirectory
    from stoker.core.manifest import Digest, Entry, Manifest

__all__ = ["Observer", "Original"]

_T = TypeVar("_T")


class Observer:
    """Looks at a data directory, and changes nothing in it."""

    def __init__(self, data: DataDirectory, original: Original) -> None:
        """`original` gives the bytes that were applied, to compare a `resource.json` with them."""
        self._data = data
        self._original = original

    def at(
        self, paths: Iterable[RelPath], applied: Manifest, *, like: Digest | None = None
    ) -> Observed:
        """What stands at these paths, and what stands in their way.

        `like` is any digest of the commit's kind: what has to be read is hashed as that was.
        Raises `DiskError` where the fault is not that of a single file.
        """
        look = _Look(self._data, self._original, applied, like)
        look.at(paths)
        return look.end()

    def below(
        self,
        folders: Iterable[RelPath],
        also: Iterable[RelPath],
        applied: Manifest,
        *,
        skip: Skip,
        like: Digest | None = None,
    ) -> Observed:
        """Everything below these folders, and what stands at these paths.

        A folder of which `skip` says so is not looked into; a path that is asked for is, always.
        """
        look = _Look(self._data, self._original, applied, like)
        for folder in outermost(folders):
            look.below(folder, skip)
        look.at(path for path in also if path not in look.entries)
        return look.end()

    def neighbours(self, paths: Iterable[RelPath]) -> frozenset[RelPath]:
        """All that stands directly in the folders of these paths and is not a folder itself."""
        found = set[RelPath]()
        self._data.forget()
        for folder in sorted({path.parent for path in paths}):
            handle = self._data.enter(folder)
            listing = listed(handle, folder) if isinstance(handle, int) else handle
            if isinstance(listing, Listing):
                found.update(listing.files, listing.others)
        self._data.forget()
        return frozenset(found)


class _Look:
    """One look: what was found so far, and what is still to be looked into."""

    def __init__(
        self, data: DataDirectory, original: Original, applied: Manifest, like: Digest | None
    ) -> None:
        self._data = data
        self._original = original
        self._applied = applied
        self._like = like
        self.entries: dict[RelPath, Entry | Foreign] = {}
        self._restamped = set[RelPath]()
        self._directories: list[RelPath] = []
        self._entered = set[RelPath]()
        self._obstacles: list[Barred | Closed] = []
        data.forget()

    def end(self) -> Observed:
        """All that was found."""
        while self._directories or self._obstacles:
            for obstacle in _taken(self._obstacles):
                self._in_the_way(obstacle)
            for path in _taken(self._directories):
                self._everything_below(path)
        self._data.forget()
        return Observed(self.entries, frozenset(self._restamped))

    def at(self, paths: Iterable[RelPath]) -> None:
        """Look at these paths."""
        obstacle: Missing | Barred | Closed | None = None
        # In this order, all that is below one obstacle stands together.
        for _, group in groupby(sorted({*paths} - {ROOT}), key=_above):
            mine = list(group)
            folder = mine[0].parent
            if obstacle is None or not folder.is_within(obstacle.path):
                obstacle = None
                found = self._data.enter(folder)
                if isinstance(found, int):
                    self._names_in(found, mine)
                    continue
                obstacle = found
                self._in_the_way(found)
            if isinstance(obstacle, Closed):
                self.entries.update(dict.fromkeys(mine, UNREADABLE))

    def below(self, folder: RelPath, skip: Skip) -> None:
        """Look at everything below `folder`."""
        if skip(folder):
            return
        found = self._data.enter(folder)
        if not isinstance(found, int):
            self._in_the_way(found)
            return
        for step in walk(found, folder, skip):
            self._walked(step)

    def _everything_below(self, path: RelPath) -> None:
        """List a directory that stands where a file is wanted, if it still does."""
        del self.entries[path]
        found = self._data.enter(path)
        if not isinstance(found, int):
            self._in_the_way(found)
            return
        for step in walk(found, path, nothing_skipped):
            if isinstance(step, Listing):
                self.entries[step.path] = DIRECTORY if step.complete else UNREADABLE
            self._walked(step)

    def _walked(self, step: Step) -> None:
        if isinstance(step, Listing):
            self._names(step.handle, [*step.files, *step.others])
        else:
            self._obstacles.append(step)

    def _in_the_way(self, obstacle: Missing | Barred | Closed) -> None:
        """List what stands where a folder would have to be."""
        if isinstance(obstacle, Closed):
            self.entries[obstacle.path] = UNREADABLE
        elif isinstance(obstacle, Barred):
            found = self._data.enter(obstacle.path.parent)
            if isinstance(found, int):
                self._names_in(found, [obstacle.path])

    def _names_in(self, handle: int, paths: Iterable[RelPath]) -> None:
        """The same with a handle that is good until the next call only.

        Who knows the original may look for it in the data directory as well.
        """
        try:
            own = os.dup(handle)
        except OSError as error:
            raise disk_error(error, ROOT, "look below") from error
        try:
            self._names(own, paths)
        finally:
            os.close(own)

    def _names(self, handle: int, paths: Iterable[RelPath]) -> None:
        """Look at these paths, which all stand in the folder behind `handle`."""
        stamps, known = self._applied.stamps, self._applied.entries
        for path in paths:
            name = path.rpartition("/")[2]
            try:
                status = os.stat(name, dir_fd=handle, follow_symlinks=False)
            except FileNotFoundError:
                continue
            except OSError as error:
                check_closed(error, path, "look at")
                self.entries[path] = UNREADABLE
                continue
            mode, stamp = status.st_mode, stamps.get(path)
            entry = known.get(path)
            if not stat.S_ISREG(mode):
                self._foreign(path, mode)
            elif (
                stamp is not None
                and entry is not None
                and stamp.mtime_ns == status.st_mtime_ns
                and stamp.size == status.st_size
                and stamp.inode == status.st_ino
                and entry.mode == mode_of(mode)
            ):
                self.entries[path] = entry
            else:
                self._suspect(handle, name, path, entry)

    def _foreign(self, path: RelPath, mode: int) -> None:
        found = foreign(mode)
        if found == DIRECTORY and path in self._entered:
            # It was something else in between; nobody waits until it has made up its mind.
            found = UNREADABLE
        elif found == DIRECTORY:
            self._entered.add(path)
            self._directories.append(path)
        self.entries[path] = found

    def _suspect(self, handle: int, name: str, path: RelPath, known: Entry | None) -> None:
        """Read a file."""
        like = self._like or (known.digest if known else None)
        match read(handle, name, path, like):
            case Content() as there:
                self.entries[path] = there.entry
                if (
                    known is not None
                    and there.entry != known
                    and is_restamped(path, name, known, there, self._original)
                ):
                    self._restamped.add(path)
            case Foreign() as found:
                self.entries[path] = found


def _above(path: str) -> str:
    return path.rpartition("/")[0]


def _taken(pile: list[_T]) -> list[_T]:
    """What lies on the pile, which is empty then."""
    taken = [*pile]
    pile.clear()
    return taken
