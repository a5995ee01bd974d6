"""What differs from what was applied, told by a look at every file.

The manifest's rows come as the store has them, folder by folder in no order, and are compared with
what the operating system says of each file; only a file that looks other than it did when it was
written is read. Where folders are mirrored, a folder's names on the disk are compared with those
that its rows name. What is left over is a stranger, or a folder: one that has rows of its own has
its turn, and in any other everything is strange. So neither the manifest nor the tree is ever in
memory as a whole, only the names of its folders.

A folder's rows may come in two parts: what the first look took for a stranger is none if a row
comes for it later.
"""

from __future__ import annotations

import gc
import os
import stat
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from stoker.adapters.codec.manifest import to_row
from stoker.adapters.fs.errors import check_closed
from stoker.adapters.fs.handles import Barred, Closed, Missing
from stoker.adapters.fs.reading import Content, mode_of, read
from stoker.adapters.fs.restamping import Original, is_restamped
from stoker.adapters.fs.walking import (
    Listing,
    Skip,
    child_path,
    nothing_skipped,
    outermost,
    walk,
)
from stoker.core.manifest import Stamp
from stoker.core.paths import ROOT, RelPath

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stoker.adapters.codec.manifest import RawRow
    from stoker.adapters.fs.handles import DataDirectory

AT_ONCE: Final = 10_000
"""Rows that are put into the order of their folders, so that few folders are opened twice."""

_KIND_AND_X: Final = 0o170000 | stat.S_IXUSR
_MODES: Final = {looks: mode_of(looks) for looks in (stat.S_IFREG, stat.S_IFREG | stat.S_IXUSR)}


@frozen
class Drift:
    """What differs from what was applied."""

    changed: tuple[RelPath, ...] = ()
    """Files that hold something else, or are none any more; sorted, as the others are."""
    missing: tuple[RelPath, ...] = ()
    strangers: tuple[RelPath, ...] = ()
    """Files below a mirrored folder that were never applied."""
    restamped: frozenset[RelPath] = frozenset()
    """Files in which the gateway has changed nothing but its stamps; not among the changed."""
    refreshed: Mapping[RelPath, Stamp] = field(factory=dict)
    """How files look now that hold what was applied and looked otherwise."""


def _spare_nothing(_: RelPath) -> None:
    return None


def check_drift(  # noqa: PLR0913 - each is something that only the caller knows
    data: DataDirectory,
    shards: Iterable[Iterable[RawRow]],
    original: Original,
    folders: Iterable[RelPath] = (),
    skip: Skip = nothing_skipped,
    *,
    spare: Callable[[RelPath], object] = _spare_nothing,
) -> Drift:
    """How the data directory differs from what the rows of these shards say was applied.

    Strangers are looked for below `folders`, but not in a folder of which `skip` says so; a path
    of which `spare` gives a reason is nobody's drift. Raises `DiskError` where the fault is not
    that of a single file.
    """
    with _cycles_unsought():
        return _Check(data, original, outermost(folders), skip, spare).run(shards)


@contextmanager
def _cycles_unsought() -> Iterator[None]:
    """Rows are many, soon gone and hold no cycles: to look for some costs a sixth of the check."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Check:
    """One check: what was found so far."""

    def __init__(
        self,
        data: DataDirectory,
        original: Original,
        roots: Sequence[RelPath],
        skip: Skip,
        spare: Callable[[RelPath], object],
    ) -> None:
        self._data = data
        self._original = original
        self._roots = roots
        self._mirrored = tuple("" if root == ROOT else f"{root}/" for root in roots)
        self._skip = skip
        self._spare = spare
        self._changed: list[RelPath] = []
        self._missing: list[RelPath] = []
        self._strangers = set[RelPath]()
        self._restamped = set[RelPath]()
        self._refreshed: dict[RelPath, Stamp] = {}
        self._known = set[RelPath]()
        """Mirrored folders that have rows: what stands in them has been compared."""
        self._unknown = set[RelPath]()
        """Mirrored folders that were come upon and have no rows so far."""

    def run(self, shards: Iterable[Iterable[RawRow]]) -> Drift:
        """Check all rows, then what has none."""
        self._data.forget()
        remaining = chain.from_iterable(shards)
        while batch := list(islice(remaining, AT_ONCE)):
            folders = _by_folder(batch)
            for folder in sorted(folders):
                self._folder(folder, folders[folder])
        self._unknown.update(root for root in self._roots if root not in self._known)
        for strange in sorted(self._unknown):
            self._strange_folder(strange)
        self._data.forget()
        return Drift(
            changed=self._unspared(self._changed),
            missing=self._unspared(self._missing),
            strangers=self._unspared(self._strangers),
            restamped=frozenset(self._restamped),
            refreshed=self._refreshed,
        )

    def _unspared(self, paths: Iterable[RelPath]) -> tuple[RelPath, ...]:
        return tuple(sorted(path for path in paths if self._spare(path) is None))

    def _folder(self, text: str, rows: dict[str, RawRow]) -> None:
        """Check the files of one folder, and look for strangers in it."""
        # The rows' paths are checked; a RelPath of each would take longer than the look.
        folder = str.__new__(RelPath, text[:-1] or ROOT)
        handle = self._data.enter(folder)
        if not isinstance(handle, int):
            lost = self._changed if isinstance(handle, Closed) else self._missing
            lost.extend(RelPath(row[0]) for row in rows.values())
            return
        suspects = self._files(handle, rows)
        if text.startswith(self._mirrored):
            self._beside(handle, folder, rows)
        for name, row in suspects:
            # Who knows the original may have looked for it in the data directory as well.
            self._suspect(self._data.enter(folder), name, row)

    def _files(self, handle: int, rows: Mapping[str, RawRow]) -> list[tuple[str, RawRow]]:
        """Look at the files of the folder behind `handle`; those that have to be read."""
        suspects = []
        for name, row in rows.items():
            try:
                status = os.stat(name, dir_fd=handle, follow_symlinks=False)
            except FileNotFoundError:
                self._missing.append(RelPath(row[0]))
                continue
            except OSError as error:
                check_closed(error, row[0], "look at")
                self._changed.append(RelPath(row[0]))
                continue
            mode = status.st_mode
            stamp = [status.st_size, status.st_mtime_ns, status.st_ino]
            if row[2:4] == [_MODES.get(mode & _KIND_AND_X), stamp]:
                continue
            if stat.S_ISREG(mode):
                suspects.append((name, row))
            else:
                self._no_file(RelPath(row[0]), mode)
        return suspects

    def _no_file(self, path: RelPath, mode: int) -> None:
        self._changed.append(path)
        if stat.S_ISDIR(mode) and path.startswith(self._mirrored):
            self._unknown.add(path)

    def _suspect(self, handle: int | Missing | Barred | Closed, name: str, raw: RawRow) -> None:
        """Read a file."""
        row = to_row(raw)
        if not isinstance(handle, int):
            lost = self._changed if isinstance(handle, Closed) else self._missing
            lost.append(row.path)
            return
        match read(handle, name, row.path, row.entry.digest):
            case None:
                self._missing.append(row.path)
            case Content() as there if there.entry == row.entry:
                if there.stamp is not None:
                    self._refreshed[row.path] = there.stamp
            case Content() as there if is_restamped(
                row.path, name, row.entry, there, self._original
            ):
                self._restamped.add(row.path)
            case _:
                self._changed.append(row.path)

    def _beside(self, handle: int, folder: RelPath, rows: Mapping[str, RawRow]) -> None:
        """Look for strangers in a mirrored folder."""
        if folder in self._known:
            self._strangers.difference_update(row[0] for row in rows.values())
        elif not self._skip(folder):
            self._unclaimed_in(handle, folder, rows)
        self._known.add(folder)
        self._unknown.discard(folder)

    def _unclaimed_in(self, handle: int, folder: RelPath, rows: Mapping[str, RawRow]) -> None:
        """Note what stands in a folder and has no row."""
        try:
            for name in [each for each in os.listdir(handle) if each not in rows]:
                if (path := child_path(folder, name)) is not None:
                    self._unclaimed(handle, name, path)
        except OSError as error:
            check_closed(error, folder, "list")

    def _unclaimed(self, handle: int, name: str, path: RelPath) -> None:
        with suppress(FileNotFoundError):
            mode = os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode
            if stat.S_ISREG(mode):
                self._strangers.add(path)
            elif stat.S_ISDIR(mode) and path not in self._known:
                self._unknown.add(path)

    def _strange_folder(self, folder: RelPath) -> None:
        """Note the files of a folder without rows, and of those without rows below it."""
        handle = self._data.enter(folder)
        if not isinstance(handle, int) or self._skip(folder):
            return
        for step in walk(handle, folder, lambda path: path in self._known or self._skip(path)):
            if isinstance(step, Listing):
                self._strangers.update(step.files)


def _by_folder(rows: Iterable[RawRow]) -> Mapping[str, dict[str, RawRow]]:
    """The rows by folder and name."""
    # The folder with its '/': in the order of these, what is below a folder stands together.
    folders: dict[str, dict[str, RawRow]] = defaultdict(dict)
    for row in rows:
        path: str = row[0]
        name_at = path.rfind("/") + 1
        folders[path[:name_at]][path[name_at:]] = row
    return folders
