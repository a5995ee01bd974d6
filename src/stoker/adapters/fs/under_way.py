"""The apply that is under way: its journal, the sides of its claims, and its slots.

There is none, or one. It begins with its journal, which says what is claimed, and ends when that is
removed; whatever was kept for it is removed first.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

from attrs import evolve

from stoker.adapters.codec.journal import (
    JournalRecord,
    Sides,
    decode_journal,
    decode_sides,
    encode_journal,
    encode_sides,
)
from stoker.adapters.fs import own
from stoker.adapters.fs.errors import DiskError
from stoker.adapters.fs.homes import homes_of
from stoker.adapters.fs.slots import Remains
from stoker.core.errors import DecodeError, StokerError
from stoker.core.paths import ROOT, RelPath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stoker.adapters.codec.manifest import Head, Index
    from stoker.adapters.fs.handles import DataDirectory
    from stoker.adapters.fs.look import Version
    from stoker.core.journal import Journal

JOURNAL: Final = own.OWN / "journal"
SIDES: Final = own.OWN / "sides"

_Document = TypeVar("_Document")


class UnderWay:
    """The apply that is under way in one data directory; each document is read once."""

    def __init__(self, data: DataDirectory, tell: Callable[[StokerError], None]) -> None:
        """Nothing is read yet; `tell` hears of files that were rescued."""
        self._data = data
        self._tell = tell
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
        self._record, self._sides = record, None

    def journal(self) -> JournalRecord | None:
        """The journal; None where there is none. Raises `DecodeError`, the first time."""
        if self._record is None and not self._unreadable:
            try:
                self._record = self._read(JOURNAL, decode_journal)
            except DecodeError:
                self._unreadable = True
                raise
        return self._record

    def note(self, sides: Sides) -> None:
        """Write the sides."""
        sides = evolve(sides, token=self._record.token if self._record else "")
        with own.own_folder(self._data) as folder:
            own.replace(SIDES, folder, encode_sides(sides))
        self._sides = sides

    def sides(self) -> Sides | None:
        """The sides; None where no file was moved yet."""
        record = self._record
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
        self._record = self._sides = None
        self._unreadable = False

    def _sync(self, homes: Iterable[RelPath]) -> None:
        for home in homes:
            own.make_durable([self._data.folder(home)], home)

    def _homes(self) -> tuple[RelPath, ...]:
        if (sides := self.sides()) is not None:
            return sides.homes
        claims = self._record.journal.claims if self._record else ()
        return tuple(homes_of(self._data, claims))

    def _clear(self, homes: Iterable[RelPath]) -> None:
        record, sides = self._record, self.sides()
        paths = tuple(record.journal.claims) if record else ()
        moved = _versions(record, sides, paths) if record and sides else None
        serial = record.before.serial if record else 0
        remains = Remains(self._data, paths, moved, serial, self._tell)
        for home in homes:
            remains.remove(home)


def _versions(
    record: JournalRecord, sides: Sides, paths: tuple[RelPath, ...]
) -> Callable[[int], tuple[Version, Version]]:
    """What the slot with a number may hold: either side of the claim."""

    def versions(number: int) -> tuple[Version, Version]:
        claim = record.journal.claims[paths[number]]
        before, after = sides.stamps[number]
        return (claim.before, before), (claim.after, after)

    return versions
