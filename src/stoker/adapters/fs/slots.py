"""Slots: where the other side of each claim is.

A claim has two sides, the file as it was and the file as it will be. One of them stands at the
path; the other is in the claim's slot, a file that bears the claim's number. To carry out an
operation is to move or exchange the two, to undo it is the same the other way round, and at no
instant is a side lost. A backup costs nothing.

The slots are in `.stoker/slots/`, or, for paths on another file system, in `.stoker-slots/` at the
outermost folder of it. What is found in a slot in the end and is neither side is somebody's work
that came in between. It is rescued, not removed.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Final, Self

from attrs import frozen

from stoker.adapters.fs import disk, own
from stoker.adapters.fs.errors import DiskError, disk_error
from stoker.adapters.fs.handles import DataDirectory
from stoker.adapters.fs.look import NOTHING, Version, find
from stoker.core.errors import StokerError
from stoker.core.paths import ROOT, RelPath

if TYPE_CHECKING:
    from types import TracebackType


RESCUED: Final = own.OWN / "rescued"

_SECRET: Final = 0o700
"""Files may be kept here that only some may read where they stand."""

ASIDE: Final = "~"
"""Behind the number of a claim: the side that is on its way into the slot."""


@frozen
class Rescued(DiskError):
    """A file was saved just as it was replaced; what was written is kept."""

    reason: ClassVar[str] = "Rescued"


def folder_of(home: RelPath) -> RelPath:
    """The folder of the slots of the files at `home`."""
    return own.OWN / "slots" if home == ROOT else home / ".stoker-slots"


class Slots:
    """The open folders of slots, by home."""

    def __init__(self, data: DataDirectory) -> None:
        """Nothing is opened or made yet."""
        self._data = data
        self._handles: dict[RelPath, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for handle in self._handles.values():
            os.close(handle)

    def folder(self, home: RelPath) -> int:
        """The handle of the folder of slots at `home`, which is made where there is none."""
        if (handle := self._handles.get(home)) is not None:
            return handle
        path = folder_of(home)
        entered = own.enter(self._data, path, create=_SECRET)
        if entered is None:
            raise disk_error(FileNotFoundError(errno.ENOENT, ""), path.parent, "enter")
        self._handles[home] = entered
        return entered

    def handles(self, *, foreign: bool = False) -> list[int]:
        """One handle on each file system; with `foreign`, not that of the data directory."""
        return [each for home, each in self._handles.items() if not (foreign and home == ROOT)]


@frozen
class Claimed:
    """What the slots of an apply may hold."""

    paths: tuple[RelPath, ...] = ()
    versions: Callable[[int], tuple[Version, Version]] | None = None
    """The sides of a claim; None where nothing was ever moved into a slot."""
    serial: int = 0


@frozen(slots=False)
class Remains:
    """What an apply leaves in its slots when it can no longer be undone."""

    data: DataDirectory
    find_claimed: Callable[[], Claimed]
    """Asked where there is something in a slot; most new files leave nothing."""
    tell: Callable[[StokerError], None]

    @cached_property
    def claimed(self) -> Claimed:
        """What may be there."""
        return self.find_claimed()

    def remove(self, home: RelPath) -> None:
        """Remove the slots at `home`, and rescue what is not ours."""
        path = folder_of(home)
        with own.entered(self.data, path) as folder:
            if folder is None:
                return
            for name in own.names(folder, path):
                if self._is_ours(name, folder):
                    own.remove(name, folder, path / name)
                else:
                    self._rescue(name, folder)
        try:
            disk.remove_folder(path.name, self.data.folder(path.parent))
        except OSError as error:
            raise disk_error(error, path, "remove") from error

    def _number(self, name: str) -> int | None:
        text = name.removesuffix(ASIDE)
        number = int(text) if text.isdecimal() else -1
        return number if 0 <= number < len(self.claimed.paths) else None

    def _is_ours(self, name: str, folder: int) -> bool:
        if self.claimed.versions is None:
            return True
        number = self._number(name)
        if number is None:
            return False
        versions = self.claimed.versions(number)
        seen = find(name, folder, self.claimed.paths[number], *versions)
        return seen == NOTHING or seen.entry in [entry for entry, _ in versions]

    def _rescue(self, name: str, folder: int) -> None:
        number = self._number(name)
        path = RelPath(".") if number is None else self.claimed.paths[number]
        with own.own_folder(self.data, RESCUED) as rescued:
            taken = set(own.names(rescued, RESCUED))
            kept = f"{self.claimed.serial}-{name}"
            while kept in taken:
                kept += ASIDE
            try:
                move_across(name, folder, kept, rescued)
            except OSError as error:
                raise disk_error(error, path, "rescue") from error
        self.tell(
            Rescued(
                f"it was saved while it was replaced; what was written is kept in {RESCUED}/{kept}",
                where=path,
                cure="compare the two, and remove the one that was kept",
            )
        )


def move_across(name: str, folder: int, other: str, other_folder: int) -> None:
    """Move a file, if need be to another file system."""
    try:
        disk.move(name, folder, other, other_folder)
    except OSError as error:
        if error.errno not in disk.NO_LINKS:
            raise
        duplicate(name, folder, other, other_folder)
        disk.remove(name, folder)


def duplicate(name: str, folder: int, other: str, other_folder: int) -> None:
    """Give a file a second name, or, where it can have none, a copy with that name."""
    try:
        disk.link(name, folder, other, other_folder)
    except OSError as error:
        if error.errno not in disk.NO_LINKS:
            raise
        _copy(name, folder, other, other_folder)


def _copy(name: str, folder: int, other: str, other_folder: int) -> None:
    source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        mode = os.fstat(source).st_mode & 0o777
        target = disk.overwrite(other, other_folder, mode)
        try:
            disk.set_mode(target, mode)
            while piece := os.read(source, 1 << 20):
                disk.write(target, piece)
        finally:
            os.close(target)
    finally:
        os.close(source)
