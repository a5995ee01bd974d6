"""The apply that is under way: its journal, the sides of its claims, and its slots.

There is none, or one. It begins with its journal, which says what is claimed, and ends when that is
removed; whatever was kept for it is removed first.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

from attrs import evolve, frozen

from stoker.adapters.codec.journal import (
    JournalRecord,
    Sides,
    decode_journal,
    decode_sides,
    encode_journal,
    encode_sides,
)
from stoker.adapters.codec.manifest import Index
from stoker.adapters.fs import own
from stoker.adapters.fs.errors import DiskError
from stoker.adapters.fs.homes import homes_of
from stoker.adapters.fs.slots import Claimed, Remains
from stoker.core.errors import DecodeError, StokerError
from stoker.core.paths import ROOT, RelPath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stoker.adapters.codec.manifest import Head
    from stoker.adapters.fs.handles import DataDirectory
    from stoker.adapters.fs.look import Version
    from stoker.core.journal import Journal

JOURNAL: Final = own.OWN / "journal"
SIDES: Final = own.OWN / "sides"

HELD: Final = 2_000
"""How many claims are held after they were written. More are read again by who asks for them: they
would take the memory of a small container, and in most applies nobody asks."""

_Document = TypeVar("_Document")


@frozen
class _Begun:
    """What is held of an apply that began here, however large it is."""

    token: str
    manifest: Index
    homes: tuple[RelPath, ...] = ()


class UnderWay:
    """The apply that is under way in one data directory; each document is read once."""

    def __init__(self, data: DataDirectory, tell: Callable[[StokerError], None]) -> None:
        """Nothing is read yet; `tell` hears of files that were rescued."""
        self._data = data
        self._tell = tell
        self._begun: _Begun | None = None
        self._record: JournalRecord | None = None
        self._sides: Sides | None = None
        self._unreadable = False

    def is_there(self) -> bool:
        """Whether there is one, even if its journal cannot be read."""
        with own.entered(self._data) as folder:
            return folder is not None and JOURNAL.name in own.names(folder, own.OWN)

    def begin(self, journal: Journal, manifest: Index, after: Head) -> None:
        """Write the journal."""
        record = JournalRecord(journal, manifest, after, os.urandom(8).hex())
        with own.own_folder(self._data) as folder:
            if self.is_there():
                raise DiskError(
                    "an apply that was interrupted is not settled yet",
                    where=JOURNAL,
                    cure="settle it first",
                )
            # What a loss of power may bring back of an apply that was done.
            self._clear((ROOT,))
            own.replace(JOURNAL, folder, encode_journal(record))
        self._begun = _Begun(record.token, manifest)
        self._record = record if len(journal.claims) <= HELD else None
        self._sides = None

    def manifest(self) -> Index | None:
        """The manifest that an undo goes back to; as `journal`."""
        if self._begun is not None:
            return self._begun.manifest
        record = self.journal()
        return record.before if record else None

    def journal(self) -> JournalRecord | None:
        """The journal; None where there is none. Raises `DecodeError`, the first time."""
        if self._record is None and not self._unreadable:
            try:
                self._record = self._read(JOURNAL, decode_journal)
            except DecodeError:
                self._unreadable = True
                raise
        return self._record

    def _readable(self) -> JournalRecord | None:
        with suppress(DecodeError):
            return self.journal()
        return None

    def note(self, sides: Sides) -> None:
        """Write the sides."""
        if self._begun is not None:
            sides = evolve(sides, token=self._begun.token)
            self._begun = evolve(self._begun, homes=sides.homes)
        with own.own_folder(self._data) as folder:
            own.replace(SIDES, folder, encode_sides(sides))
        self._sides = sides if len(sides.after) <= HELD else None

    def sides(self) -> Sides | None:
        """The sides; None where no file was moved yet."""
        record = self._readable()
        if self._sides is None and record is not None:
            # They are durable before the first move: without them there was none.
            with suppress(DecodeError):
                found = self._read(SIDES, decode_sides)
                if found is not None and found.token == record.token:
                    self._sides = found
        return self._sides

    def _read(
        self, path: RelPath, decode: Callable[[Iterable[bytes]], _Document]
    ) -> _Document | None:
        with own.entered(self._data) as folder:
            if folder is None:
                return None
            with own.lines(path.name, folder, path) as lines:
                return None if lines is None else decode(lines)

    def make_durable(self) -> None:
        """Have what was done to the claimed files so far outlast a loss of power."""
        self._sync(self._homes())

    def forget(self) -> None:
        """Remove everything of it, and rescue what is in a slot and not ours."""
        with own.entered(self._data) as folder:
            if folder is None:
                return
            homes = self._homes()
            self._clear(homes)
            # The journal alone tells of slots on other file systems: they are gone before it.
            self._sync(home for home in homes if home != ROOT)
            for path in (SIDES, JOURNAL):
                own.discard(path, folder)
        self._begun = self._record = self._sides = None
        self._unreadable = False

    def _sync(self, homes: Iterable[RelPath]) -> None:
        for home in homes:
            own.make_durable([self._data.folder(home)], home)

    def _homes(self) -> tuple[RelPath, ...]:
        if self._begun is not None and self._begun.homes:
            return self._begun.homes
        if (sides := self.sides()) is not None:
            return sides.homes
        record = self._readable()
        return tuple(homes_of(self._data, record.journal.claims if record else ()))

    def _clear(self, homes: Iterable[RelPath]) -> None:
        remains = Remains(self._data, self._claimed, self._tell)
        for home in homes:
            remains.remove(home)

    def _claimed(self) -> Claimed:
        """What the slots may hold."""
        record, sides = self._readable(), self.sides()
        if record is None:
            return Claimed()
        paths = tuple(record.journal.claims)
        moved = _versions(record, sides, paths) if sides else None
        return Claimed(paths, moved, record.before.serial)


def _versions(
    record: JournalRecord, sides: Sides, paths: tuple[RelPath, ...]
) -> Callable[[int], tuple[Version, Version]]:
    """What the slot with a number may hold: either side of the claim."""

    def versions(number: int) -> tuple[Version, Version]:
        claim = record.journal.claims[paths[number]]
        return (claim.before, sides.before[number]), (claim.after, sides.after[number])

    return versions
