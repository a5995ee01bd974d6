"""The manifest, in shards: what is known of 100,000 files, at the cost of those that are asked for.

A path's shard is chosen by its folder, so that a change touches few shards, and the number of
shards follows the number of files: there are about 500 in each. A shard is never changed. A new
manifest writes the shards that differ beside the others, under its own serial, and the index that
names them all takes the place of the old one in one step. Until then the old manifest is there as a
whole, and after that too, until nothing can be undone any more.

A shard that cannot be read is told of and counts as empty.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final
from zlib import crc32

from attrs import frozen

from stoker.adapters.codec.manifest import (
    Index,
    RawRow,
    Row,
    decode_shard,
    encode_shard,
    from_line,
    line_key,
    raw_rows,
    row_at,
    to_line,
)
from stoker.adapters.fs import own
from stoker.core.errors import DecodeError, StokerError

if TYPE_CHECKING:
    from stoker.core.manifest import Manifest
    from stoker.core.paths import RelPath

FOLDER: Final = own.OWN / "manifest"
ROWS: Final = 500
"""How many rows a shard is meant to hold; twice as many are no reason to begin anew."""

_MOST: Final = 1 << 16
_PATH_IN_LINE: Final = re.compile(rb'\["((?:[^"\\]|\\")*)"')
_FILE_NAME: Final = re.compile(r"\d{1,9}-(\d{1,15})")


@frozen
class Shards:
    """The shards of one manifest."""

    folder: int | None
    """The handle of the folder that holds them; None where there is none."""
    numbers: tuple[int, ...]
    """`Index.shards`."""
    tell: Callable[[StokerError, tuple[int, int]], None]
    """Hears what is wrong, and with which shard: its number and serial."""

    def rows(self, paths: Iterable[RelPath]) -> Iterator[Row]:
        """The rows of those of the paths that the manifest holds."""
        for shard, wanted in by_shard(paths, len(self.numbers)).items():
            lines = self.lines(shard)
            for path in wanted:
                key = line_key(path)
                at = bisect_left(lines, key)
                if at < len(lines) and lines[at].startswith(key):
                    yield from self._told(shard, [lines[at]])

    def all_rows(self) -> Iterator[Row]:
        """Every row."""
        for shard in range(len(self.numbers)):
            yield from self._told(shard, self.lines(shard))

    def raw(self) -> Iterator[list[RawRow]]:
        """Every row, shard by shard, as plain lists."""
        for shard in range(len(self.numbers)):
            try:
                rows = raw_rows(self.lines(shard))
            except DecodeError as error:
                self.tell(error, (shard, self.numbers[shard]))
            else:
                yield rows

    def count(self) -> int:
        """How many rows there are."""
        return sum(len(self.lines(shard)) for shard in range(len(self.numbers)))

    def lines(self, shard: int) -> list[bytes]:
        """The lines of one shard."""
        serial = self.numbers[shard]
        if serial == 0:
            return []
        path = FOLDER / file_name(shard, serial)
        data = None if self.folder is None else own.read(path.name, self.folder, path)
        try:
            return decode_shard(b"" if data is None else data)
        except DecodeError as error:
            self.tell(error, (shard, self.numbers[shard]))
            return []

    def _told(self, shard: int, lines: Iterable[bytes]) -> Iterator[Row]:
        for line in lines:
            try:
                yield from_line(line)
            except DecodeError as error:
                self.tell(error, (shard, self.numbers[shard]))


def by_shard(paths: Iterable[RelPath], shards: int) -> dict[int, list[RelPath]]:
    """The paths, by the shards that hold them; none where there are no shards."""
    found: defaultdict[int, list[RelPath]] = defaultdict(list)
    if shards:
        for path in paths:
            found[crc32(path.rpartition("/")[0].encode()) % shards].append(path)
    return found


def file_name(shard: int, serial: int) -> str:
    """The name of a shard's file."""
    return f"{shard}-{serial}"


def shards_for(files: int) -> int:
    """How many shards are good for so many files: a power of two."""
    shards = 1
    while shards * ROWS < files and shards < _MOST:
        shards *= 2
    return shards


def changed(
    old: Index, shards: Shards, considered: Iterable[RelPath], manifest: Manifest, serial: int
) -> tuple[int, tuple[int, ...]]:
    """Write the shards in which `considered` differ; returns how many files there are, and where.

    Each considered path is then as `manifest` says, or gone.
    """
    paths = list(considered)
    numbers = list(old.shards)
    if not numbers:
        numbers = [0] * shards_for(sum(path in manifest.entries for path in paths))
    files = old.files
    for shard, group in by_shard(paths, len(numbers)).items():
        lines = shards.lines(shard) if old.shards else []
        before = len(lines)
        _merge(lines, group, manifest)
        files += len(lines) - before
        numbers[shard] = _written(shards.folder, shard, serial, lines)
    fitting = shards_for(files)
    if files > 2 * ROWS * len(numbers) or (len(numbers) > 1 and 4 * fitting <= len(numbers)):
        laid = Shards(shards.folder, tuple(numbers), shards.tell)
        return _laid_anew(laid, fitting, serial + 1)
    return files, tuple(numbers)


def _merge(lines: list[bytes], paths: Iterable[RelPath], manifest: Manifest) -> None:
    for path in paths:
        key = line_key(path)
        at = bisect_left(lines, key)
        held = at < len(lines) and lines[at].startswith(key)
        if path in manifest.entries:
            lines[at : at + held] = [to_line(row_at(path, manifest))]
        elif held:
            del lines[at]


def _written(folder: int | None, shard: int, serial: int, lines: list[bytes]) -> int:
    if not lines or folder is None:
        return 0
    path = FOLDER / file_name(shard, serial)
    own.write(path.name, folder, encode_shard(lines), path)
    return serial


def _laid_anew(shards: Shards, wanted: int, serial: int) -> tuple[int, tuple[int, ...]]:
    """The same rows in another number of shards.

    Both numbers are powers of two, so the rows of an old shard go to, or those of a new one come
    from, few others, and only these are held at a time.
    """
    files = 0
    numbers = [0] * wanted
    common = min(wanted, len(shards.numbers))
    for first in range(common):
        groups: defaultdict[int, list[bytes]] = defaultdict(list)
        for old in range(first, len(shards.numbers), common):
            for line in shards.lines(old):
                groups[crc32(_folder_in(line)) % wanted].append(line)
        for new, lines in groups.items():
            files += len(lines)
            numbers[new] = _written(shards.folder, new, serial, sorted(lines))
    return files, tuple(numbers)


def _folder_in(line: bytes) -> bytes:
    found = _PATH_IN_LINE.match(line)
    return found[1].rpartition(b"/")[0].replace(b'\\"', b'"') if found else b""


def newest(folder: int) -> int:
    """The highest serial that a file in the folder bears."""
    found = map(_FILE_NAME.fullmatch, own.names(folder, FOLDER))
    return max((int(each[1]) for each in found if each), default=0)


def sweep(folder: int, *kept: Iterable[int]) -> None:
    """Remove the shards that belong to none of these manifests (each is an `Index.shards`)."""
    wanted = {file_name(shard, serial) for numbers in kept for shard, serial in enumerate(numbers)}
    for name in own.names(folder, FOLDER):
        if name not in wanted:
            own.remove(name, folder, FOLDER / name)


def are_there(folder: int, numbers: Iterable[int]) -> bool:
    """Whether the files of all these shards are there."""
    names = set(own.names(folder, FOLDER))
    return all(
        serial == 0 or file_name(shard, serial) in names for shard, serial in enumerate(numbers)
    )
