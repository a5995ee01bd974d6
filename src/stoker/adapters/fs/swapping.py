"""One operation: a file comes from its slot, or goes there, or both at once.

Nothing is overwritten. A new file takes a name that is free, or none; a file that is replaced or
deleted is in its slot afterwards, and is looked at there, where nobody else has it. If it is not
the one that was expected, it goes back to its place before anything else happens, and the operation
is refused as `Drifted`. So whoever saves a file at the very instant at which it is replaced finds
what they wrote where they wrote it.

Where a file system knows no exchange of names, the file that is replaced is given a second name
first. Somebody who replaces it in the instant after that loses; no other order of calls closes
that gap.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, ClassVar, Final

from attrs import field, frozen

from stoker.adapters.fs import disk
from stoker.adapters.fs.errors import disk_error
from stoker.adapters.fs.look import Version, find, stamp_of
from stoker.adapters.fs.slots import ASIDE, duplicate
from stoker.core.errors import Disposition, Retryable, StokerError
from stoker.core.paths import RelPath

if TYPE_CHECKING:
    from stoker.core.manifest import Stamp


_ATTEMPTS: Final = 100


@frozen
class Drifted(StokerError):
    """A file is not any more what it was when the plan was made; it was left as it is."""

    path: RelPath = field(kw_only=True)

    reason: ClassVar[str] = "Drifted"

    @property
    def disposition(self) -> Disposition:
        """The next plan knows of it."""
        return Retryable()


def drifted(path: RelPath) -> Drifted:
    """The error for a file that somebody else changed."""
    return Drifted(
        "changed since the plan was made; it was left as it is",
        where=path,
        cure="sync again",
        path=path,
    )


@frozen
class Spot:
    """A path and its slot: the two names between which a file moves."""

    path: RelPath
    folder: int
    slots: int
    slot: str

    @property
    def name(self) -> str:
        """The path's name in its folder."""
        return self.path.name

    def is_at_path(self, version: Version) -> bool:
        """Whether the file stands where it belongs."""
        return find(self.name, self.folder, self.path, version).entry == version[0]

    def is_in_slot(self, version: Version) -> bool:
        """Whether the slot holds the file."""
        return find(self.slot, self.slots, self.path, version).entry == version[0]


def put(spot: Spot) -> None:
    """Bring the file in the slot to its path, where nothing may be."""
    try:
        try:
            disk.place(spot.slot, spot.slots, spot.name, spot.folder)
        except OSError as error:
            if error.errno not in disk.MISSING_CALL:
                raise
            _put_by_link(spot)
    except FileExistsError as error:
        raise drifted(spot.path) from error
    except FileNotFoundError:
        raise
    except OSError as error:
        raise disk_error(error, spot.path, "create") from error


def _put_by_link(spot: Spot) -> None:
    try:
        disk.link(spot.slot, spot.slots, spot.name, spot.folder)
    except OSError as error:
        if error.errno not in disk.NO_LINKS:
            raise
        if _looks(spot.name, spot.folder) is not None:
            raise FileExistsError from error
        disk.move(spot.slot, spot.slots, spot.name, spot.folder)
    else:
        disk.remove(spot.slot, spot.slots)


def exchange(spot: Spot, expected: Version) -> None:
    """Bring the file in the slot to its path, and the expected one that is there to the slot."""
    if not spot.is_at_path(expected):
        raise drifted(spot.path)
    try:
        ours = _looks(spot.slot, spot.slots)
        _exchange(spot)
        if not spot.is_in_slot(expected):
            _give_back(spot, ours)
            raise drifted(spot.path)
    except FileNotFoundError as error:
        raise drifted(spot.path) from error
    except OSError as error:
        raise disk_error(error, spot.path, "replace") from error


def take(spot: Spot, expected: Version) -> None:
    """Bring the expected file from its path to the slot."""
    if not spot.is_at_path(expected):
        raise drifted(spot.path)
    try:
        _clear(spot)
        disk.move(spot.name, spot.folder, spot.slot, spot.slots)
        if not spot.is_in_slot(expected):
            put_back(spot)
            raise drifted(spot.path)
    except FileNotFoundError as error:
        raise drifted(spot.path) from error
    except OSError as error:
        raise disk_error(error, spot.path, "delete") from error


def put_back(spot: Spot) -> None:
    """Return what `take` took, unless somebody has written the file anew since."""
    try:
        put(spot)
    except Drifted:
        # It holds what they wrote last.
        return


def _clear(spot: Spot) -> None:
    """Remove the second name of the file, where a crash left it in the slot.

    Of two names of one file neither is moved over the other.
    """
    if (looks := _looks(spot.slot, spot.slots)) is not None:
        if looks != _looks(spot.name, spot.folder):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        disk.remove(spot.slot, spot.slots)


def restore(spot: Spot, ours: Stamp) -> None:
    """Exchange back: somebody changed the file through a handle that they had before."""
    try:
        _give_back(spot, ours)
    except FileNotFoundError:
        # They have removed it since.
        return
    except OSError as error:
        raise disk_error(error, spot.path, "put back") from error


def _give_back(spot: Spot, ours: Stamp | None) -> None:
    """Exchange until what comes out is what was put in: then nobody came in between.

    Somebody who never pauses ends it too; what is in the slot then is rescued.
    """
    placed = ours
    for _ in range(_ATTEMPTS):
        going_in = _looks(spot.slot, spot.slots)
        try:
            disk.exchange(spot.slot, spot.slots, spot.name, spot.folder)
        except OSError as error:
            if error.errno not in disk.MISSING_CALL:
                raise
            # What is there now, if it is not ours, is newer.
            if _looks(spot.name, spot.folder) == placed:
                disk.move(spot.slot, spot.slots, spot.name, spot.folder)
            return
        if _looks(spot.slot, spot.slots) == placed:
            return
        placed = going_in


def _exchange(spot: Spot) -> None:
    try:
        disk.exchange(spot.slot, spot.slots, spot.name, spot.folder)
    except OSError as error:
        if error.errno not in disk.MISSING_CALL:
            raise
        aside = spot.slot + ASIDE
        duplicate(spot.name, spot.folder, aside, spot.slots)
        disk.move(spot.slot, spot.slots, spot.name, spot.folder)
        disk.move(aside, spot.slots, spot.slot, spot.slots)


def finish(path: RelPath, slots: int, slot: str) -> None:
    """Complete an exchange in steps that a crash stopped before the last."""
    aside = slot + ASIDE
    if _looks(aside, slots) is None or _looks(slot, slots) is not None:
        return
    try:
        disk.move(aside, slots, slot, slots)
    except OSError as error:
        raise disk_error(error, path, "put back") from error


def _looks(name: str, folder: int) -> Stamp | None:
    try:
        return stamp_of(os.stat(name, dir_fd=folder, follow_symlinks=False))
    except FileNotFoundError:
        return None
