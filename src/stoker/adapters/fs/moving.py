"""The operations of a plan, or of its undo, on the disk: names are moved, nothing is written."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.adapters.fs import disk, swapping
from stoker.adapters.fs.errors import disk_error
from stoker.adapters.fs.handles import FOLDER_MODE, DataDirectory
from stoker.adapters.fs.homes import Homes
from stoker.adapters.fs.look import Version, find
from stoker.adapters.fs.slots import Slots
from stoker.adapters.fs.swapping import Spot, drifted
from stoker.core.paths import ROOT, RelPath
from stoker.core.planning import Create, Delete, Op, RemoveDirectory, Replace

if TYPE_CHECKING:
    from stoker.core.manifest import Stamp

_STAYS: Final = frozenset(
    {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR, errno.EBUSY, errno.ELOOP}
)
"""Why a folder is not removed: it is in use, or is none, or is gone."""


@frozen
class Moves:
    """What it takes to carry out an operation: where the slots are."""

    data: DataDirectory
    slots: Slots
    homes: Homes
    numbers: Mapping[RelPath, int]
    """The number of each claim."""

    def carry_out(self, op: Op, expected: Version) -> None:
        """One operation; raises `Drifted` where not what is expected is there."""
        match op:
            case Create():
                self._create(op.path)
            case Replace():
                swapping.exchange(self._occupied(op.path), expected)
            case Delete():
                swapping.take(self._occupied(op.path), expected)
            case RemoveDirectory():
                self._remove_folder(op.path)

    def spot(self, path: RelPath) -> Spot:
        """The path and its slot; `FileNotFoundError` where its folder is not there."""
        home = self.slots.folder(self.homes.of(path))
        return Spot(path, self.data.folder(path.parent), home, self.slot(path))

    def holds(self, path: RelPath, version: Version) -> bool:
        """Whether the path's slot holds this file."""
        slots = self.slots.folder(self.homes.of(path))
        swapping.finish(path, slots, self.slot(path))
        return find(self.slot(path), slots, path, version).entry == version[0]

    def slot(self, path: RelPath) -> str:
        """The name of a path's slot."""
        return str(self.numbers[path])

    def give_back(self, op: Replace | Delete, ours: Stamp | None) -> None:
        """Put back what an operation took away; `ours` is how what it brought looks."""
        if isinstance(op, Replace) and ours is not None:
            swapping.restore(self._occupied(op.path), ours)
        else:
            swapping.put_back(self._free(op.path))

    def _occupied(self, path: RelPath) -> Spot:
        try:
            return self.spot(path)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise drifted(path) from error

    def _create(self, path: RelPath) -> None:
        try:
            swapping.put(self._free(path))
        except FileNotFoundError:
            # The folder was removed, or moved away, after it was opened.
            self.data.forget()
            try:
                swapping.put(self._free(path))
            except FileNotFoundError as error:
                raise disk_error(error, path, "create") from error

    def _free(self, path: RelPath) -> Spot:
        try:
            try:
                return self.spot(path)
            except FileNotFoundError as error:
                self._make(path.parent, RelPath(error.filename))
                return self.spot(path)
        except NotADirectoryError as error:
            raise drifted(path) from error

    def _make(self, folder: RelPath, first: RelPath) -> None:
        """Make a folder, and those above it down from `first`, which is one of them or itself."""
        missing = [folder]
        while missing[-1] not in (first, ROOT):
            missing.append(missing[-1].parent)
        for place in reversed(missing):
            above = self.data.folder(place.parent)
            try:
                with suppress(FileExistsError):
                    disk.make_folder(place.name, above, FOLDER_MODE)
                    _open_up(self.data.folder(place))
            except FileNotFoundError:
                raise
            except OSError as error:
                raise disk_error(error, place, "make") from error

    def _remove_folder(self, path: RelPath) -> None:
        try:
            above = self.data.folder(path.parent)
            disk.remove_folder(path.name, above)
        except OSError as error:
            if error.errno not in _STAYS:
                raise disk_error(error, path, "remove") from error
        else:
            # Its handle would lead into nothing.
            self.data.forget()


def _open_up(folder: int) -> None:
    """Let the gateway, which may be another user, into a folder that was just made."""
    mode = stat.S_IMODE(os.fstat(folder).st_mode)
    if mode & FOLDER_MODE != FOLDER_MODE:
        disk.set_mode(folder, mode | FOLDER_MODE)
