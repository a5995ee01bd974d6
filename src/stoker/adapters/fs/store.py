"""What Stoker remembers on the data volume, below `.stoker/`.

    lock                one process at a time
    head                which shards make up the manifest, and what it stands for
    manifest/N-SERIAL   the shards (`shards`)
    journal, sides      the claims of the apply that is under way, and how their files look
    slots/              the other side of each claim (`slots`)
    rescued/            what somebody saved while it was replaced

At rest there are only the first three. Documents are sealed (`adapters.codec.sealed`); one that
does not fit its seal is told of and counts as not there, and whatever was built on it is not built
upon any more: `head()` then has no basis until a manifest has been written by a caller who knew.

`rows()` is for a look at everything: it gives the manifest shard by shard, each as a list of raw
rows, plain lists just as JSON has them:

    [path: str, digest: str, mode: int, [size, mtime_ns, inode] | None, origin, adopted: bool]

The paths of a shard are sorted, those of one folder stand together and are in one shard, and each
is a relative path in its normal form (nothing leaves the data directory); the other fields are not
checked until `adapters.codec.manifest.to_row` makes a `Row` of a raw row (it raises `DecodeError`).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from attrs import evolve

from stoker.adapters.codec.journal import JournalRecord, Sides
from stoker.adapters.codec.manifest import (
    Head,
    Index,
    RawRow,
    decode_index,
    encode_index,
    manifest_of,
)
from stoker.adapters.fs import lock, own, shards, under_way
from stoker.adapters.fs.errors import disk_error
from stoker.adapters.fs.handles import FOLDER_MODE
from stoker.adapters.fs.shards import Shards
from stoker.adapters.fs.under_way import UnderWay
from stoker.core.errors import DecodeError, StokerError
from stoker.core.paths import RelPath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from stoker.adapters.fs.handles import DataDirectory
    from stoker.core.journal import Journal
    from stoker.core.manifest import Manifest

__all__ = ["Head", "JournalRecord", "RawRow", "Sides", "Store"]

_HEAD: Final = own.OWN / "head"


def _log(error: StokerError) -> None:
    import logging  # noqa: PLC0415 - a damaged store is seldom

    logging.getLogger(__name__).warning("%s", error)


class Store:
    """The manifest, the journal, and the lock of one data directory.

    Reading changes nothing and needs no lock. Who writes holds it.
    """

    def __init__(self, data: DataDirectory, tell: Callable[[StokerError], None] = _log) -> None:
        """Nothing is read or made yet; `tell` hears of what is damaged."""
        self._data = data
        self._report = tell
        self._lock: int | None = None
        self._under_way = UnderWay(data, tell)
        self._damaged = self._untold = False
        self._lost = set[tuple[int, int] | RelPath]()

    # The lock.

    def lock(self) -> None:
        """Hold the data directory for this process; raises `InUse`."""
        if self._lock is None:
            self._lock = lock.acquire(self._data)

    def unlock(self) -> None:
        """Let others have it."""
        if self._lock is not None:
            lock.release(self._lock)
            self._lock = None

    # The manifest.

    def head(self) -> Head:
        """What the manifest stands for."""
        head = self.index().head
        self._untold = False
        return evolve(head, basis="") if self._damaged else head

    def count(self) -> int:
        """How many files the manifest holds."""
        return self.index().files

    def covering(self, paths: Iterable[RelPath]) -> Manifest:
        """What the manifest says of these paths; the rest is not read."""
        with self._shards() as found:
            return manifest_of(found.rows(paths))

    def everything(self) -> Manifest:
        """The whole manifest."""
        with self._shards() as found:
            return manifest_of(found.all_rows())

    def rows(self) -> Iterator[list[RawRow]]:
        """The whole manifest, shard by shard, as raw rows."""
        with self._shards() as found:
            yield from found.raw()

    def update(self, considered: Iterable[RelPath], manifest: Manifest, head: Head) -> None:
        """Write the manifest for good: each considered path as `manifest` says, or gone."""
        with own.own_folder(self._data) as folder, self._made_shards() as found:
            if found.folder is None:
                raise disk_error(FileNotFoundError(), shards.FOLDER, "enter")
            old = self.index()
            serial = max(old.serial, shards.newest(found.folder)) + 1
            files, numbers = shards.changed(old, found, considered, manifest, serial)
            if self._damaged:
                numbers = tuple(
                    0 if (shard, number) in self._lost else number
                    for shard, number in enumerate(numbers)
                )
                files = Shards(found.folder, numbers, self._tell_damage).count()
            stands_for = evolve(head, basis="") if self._untold else head
            self._switch(folder, Index(stands_for, max(serial, *numbers), files, numbers))
            before = self._undone()
            shards.sweep(found.folder, numbers, before.shards if before else ())
        self._damaged = self._untold = False
        self._lost.clear()

    def _switch(self, folder: int, index: Index) -> None:
        """Let this index, whose shards are written, be the manifest from now on."""
        own.write(_HEAD.name + own.NEW, folder, [encode_index(index)], _HEAD)
        # First everything that the index names, then the index: it is never there without them.
        own.make_durable([folder])
        own.rename(_HEAD.name + own.NEW, _HEAD.name, folder, _HEAD)
        own.make_durable([folder])

    def index(self) -> Index:
        """The shards of the manifest, and what it stands for."""
        with own.entered(self._data) as folder:
            data = None if folder is None else own.read(_HEAD.name, folder, _HEAD)
            try:
                return Index() if data is None else decode_index(data)
            except DecodeError as error:
                self._tell_damage(error, _HEAD)
                return Index()

    @contextmanager
    def _shards(self) -> Iterator[Shards]:
        numbers = self.index().shards
        with own.entered(self._data, shards.FOLDER) as folder:
            yield Shards(folder, numbers, self._tell_damage)

    @contextmanager
    def _made_shards(self) -> Iterator[Shards]:
        numbers = self.index().shards
        with own.entered(self._data, shards.FOLDER, create=FOLDER_MODE) as folder:
            yield Shards(folder, numbers, self._tell_damage)

    def _tell_damage(self, error: StokerError, what: tuple[int, int] | RelPath) -> None:
        if what not in self._lost:
            self._lost.add(what)
            self._damaged = self._untold = True
            self._report(error)

    # The apply that is under way.

    def begin(self, journal: Journal, before: Head, after: Head) -> None:
        """Claim the paths of a plan; `carry_out` makes it durable before anything changes."""
        self._under_way.begin(journal, evolve(self.index(), head=before), after)

    def is_under_way(self) -> bool:
        """Whether an apply was begun and not dropped, even if its journal cannot be read."""
        return self._under_way.is_there()

    def journal(self) -> JournalRecord | None:
        """The claims of the apply that is under way; None where there is none, or none to read."""
        try:
            return self._under_way.journal()
        except DecodeError as error:
            self._tell_damage(error, under_way.JOURNAL)
            return None

    def _undone(self) -> Index | None:
        """The manifest that an undo would go back to; None where there is none, or none to read."""
        try:
            return self._under_way.manifest()
        except DecodeError as error:
            self._tell_damage(error, under_way.JOURNAL)
            return None

    def note(self, sides: Sides) -> None:
        """Keep how the files of the claims look."""
        self._under_way.note(sides)

    def sides(self) -> Sides | None:
        """How the files of the claims look; None if no file was moved yet."""
        return self._under_way.sides() if self.journal() else None

    def make_durable(self) -> None:
        """Have what was done to the claimed files so far outlast a loss of power."""
        self._under_way.make_durable()

    def revert(self) -> bool:
        """Have the manifest from before the apply again; whether that was possible."""
        record = self.journal()
        if record is None:
            return False
        if self.index() == record.before:
            return True
        with own.own_folder(self._data) as folder, self._made_shards() as found:
            if found.folder is None or not shards.are_there(found.folder, record.before.shards):
                return False
            self._switch(folder, record.before)
        return True

    def drop(self) -> None:
        """Forget the apply: it stands as it is, and can no longer be undone.

        Nothing of this has to outlast a loss of power. The manifest was written for good before,
        so a journal that comes back is settled to the same manifest.
        """
        self._undone()
        self._under_way.forget()
        with own.entered(self._data) as folder:
            if folder is not None:
                own.remove(_HEAD.name + own.NEW, folder, _HEAD)
        with self._shards() as found:
            if found.folder is not None:
                shards.sweep(found.folder, found.numbers)
