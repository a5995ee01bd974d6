"""The manifest on the data volume: rows, the shards that hold them, and the index of the shards.

A row is what is known of one path: `[path, digest, mode, stamp, origin, adopted]`. A shard is a
sealed document of rows in the order of their bytes, so that a path is found by halving and a row is
exchanged without looking at the others; who needs few rows parses few. `raw_rows` gives a whole
shard as plain lists, for a look at everything that makes no objects.

The index says which shards make up the manifest, and what it stands for.
"""

from __future__ import annotations

import re
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from stoker.adapters.codec.sealed import CURE, dumped, loaded, seal, unfit, unseal
from stoker.core.errors import DecodeError, PathError
from stoker.core.manifest import Digest, Entry, Manifest, Mode, Origin, Stamp
from stoker.core.paths import MAX_NAME_BYTES, ROOT, RelPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

RawRow = list[Any]
"""`[path, digest, mode, [size, mtime_ns, inode] | None, [blob, used, key] | None, adopted]`.

The path is a relative path in its normal form; of the rest nothing is certain until `to_row`.
"""

_DIGEST: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_MODES: Final = {int(mode): mode for mode in Mode}
# What a path that is not in its normal form holds, when each stands between two line breaks; a
# name that begins with a dot does too.
_SUSPECT: Final = ("//", "/.", "\n.", "\n/", "/\n", "\n\n", "\\")


@frozen
class Row:
    """What the manifest knows of one path."""

    path: RelPath
    entry: Entry
    stamp: Stamp | None = None
    origin: Origin | None = None
    adopted: bool = False


def rows_of(manifest: Manifest) -> Iterator[Row]:
    """The rows of a manifest."""
    for path in manifest.entries:
        yield row_at(path, manifest)


def row_at(path: RelPath, manifest: Manifest) -> Row:
    """The row of a path that the manifest holds."""
    return Row(
        path,
        manifest.entries[path],
        manifest.stamps.get(path),
        manifest.origins.get(path),
        path in manifest.adopted,
    )


def manifest_of(rows: Iterable[Row]) -> Manifest:
    """The manifest of these rows."""
    entries: dict[RelPath, Entry] = {}
    stamps: dict[RelPath, Stamp] = {}
    origins: dict[RelPath, Origin] = {}
    adopted = set[RelPath]()
    for row in rows:
        entries[row.path] = row.entry
        if row.stamp is not None:
            stamps[row.path] = row.stamp
        if row.origin is not None:
            origins[row.path] = row.origin
        if row.adopted:
            adopted.add(row.path)
    return Manifest(entries, stamps, origins, frozenset(adopted))


def line_key(path: RelPath) -> bytes:
    """How the line of this path, and of no other, begins."""
    return f"[{encode_basestring(path)},".encode()


def to_line(row: Row) -> bytes:
    """The line of a row."""
    origin = row.origin
    # Written by hand: a first sync writes a line for each of its files.
    made = "null" if origin is None else dumped(from_origin(origin)).decode()
    found = "true" if row.adopted else "false"
    path, entry = encode_basestring(row.path), row.entry
    return (
        f'[{path},"{entry.digest}",{entry.mode:d},{stamp_text(row.stamp)},{made},{found}]'.encode()
    )


def from_line(line: bytes) -> Row:
    """The row of a line; raises `DecodeError`."""
    return to_row(loaded(line, "manifest"))


def to_row(raw: object) -> Row:
    """What a raw row says; raises `DecodeError`."""
    match raw:
        case [path, digest, mode, stamp, origin, bool(adopted)]:
            checked = to_path(path)
            return Row(
                checked,
                to_entry(digest, mode, checked),
                to_stamp(stamp, checked),
                to_origin(origin, checked),
                adopted,
            )
        case [path, *_]:
            raise unfit(path)
        case _:
            raise unfit()


def encode_shard(lines: Sequence[bytes]) -> Iterator[bytes]:
    """The document of these lines, which are sorted."""
    return seal(lines)


def decode_shard(data: bytes) -> list[bytes]:
    """The lines of a shard; raises `DecodeError`."""
    return unseal(data, "manifest")


def raw_rows(lines: Sequence[bytes]) -> list[RawRow]:
    """The lines of a shard as plain lists, their paths checked; raises `DecodeError`."""
    rows: list[RawRow] = loaded(b"[%b]" % b",".join(lines), "manifest")
    try:
        paths = [row[0] for row in rows]
        text = "\n".join(["", *paths, ""])
    except (TypeError, LookupError) as error:
        raise unfit() from error
    # All at once: a look at 100,000 files has no time to take each path apart.
    if _is_suspect(text, len(rows)) or max(map(len, paths), default=0) > MAX_NAME_BYTES:
        for path in paths:
            to_path(path)
    return rows


def _is_suspect(text: str, paths: int) -> bool:
    """Whether text of paths, each between two line breaks, may hold one that is none."""
    plain = text.replace("\n", "")
    if len(text) - len(plain) != paths + 1 or not (plain.isascii() and plain.isprintable()):
        return True
    return any(each in text for each in _SUSPECT)


@frozen
class Head:
    """What the manifest stands for."""

    commit: str = ""
    ref: str = ""
    basis: str = ""
    """What a plan of the change alone may build upon; empty where only a full plan will do."""
    restless: frozenset[RelPath] = frozenset()
    """The files that differ with every commit, because they name it."""
    commissioned: bool = False
    """Whether a sync was made after the gateway had been set up: that overwrites files."""


@frozen
class Index:
    """Which shards make up the manifest, and what it stands for."""

    head: Head = Head()
    serial: int = 0
    """Grows with each manifest that is written."""
    files: int = 0
    shards: tuple[int, ...] = ()
    """For each shard the serial with which it was written; 0 for one without a row."""


def encode_index(index: Index) -> bytes:
    """The index as it is kept."""
    return b"".join(seal([dumped(from_index(index))]))


def decode_index(data: bytes) -> Index:
    """The index of such a document; raises `DecodeError`."""
    lines = unseal(data, "head")
    return to_index(loaded(lines[0], "head") if len(lines) == 1 else None)


def from_index(index: Index) -> list[Any]:
    """An index as JSON."""
    *head, commissioned = from_head(index.head)
    return [*head, index.serial, index.files, list(index.shards), commissioned]


def to_index(value: object) -> Index:
    """The index that JSON says; raises `DecodeError`."""
    match value:
        case [commit, ref, basis, restless, int(serial), int(files), list(shards), *more] if all(
            type(each) is int and each >= 0 for each in (serial, files, *shards)
        ):
            head = to_head([commit, ref, basis, restless, *more])
            return Index(head, serial, files, tuple(shards))
        case _:
            raise DecodeError("the head does not have its form", cure=CURE)


def from_head(head: Head) -> list[Any]:
    """A head as JSON."""
    return [head.commit, head.ref, head.basis, sorted(head.restless), head.commissioned]


def to_head(value: object) -> Head:
    """The head that JSON says; raises `DecodeError`."""
    match value:
        case [_, _, _, _]:  # from before there was a word on commissioning
            return to_head([*value, False])
        case [str(commit), str(ref), str(basis), list(restless), bool(commissioned)]:
            return Head(commit, ref, basis, frozenset(map(to_path, restless)), commissioned)
        case _:
            raise DecodeError("the head does not have its form", cure=CURE)


def to_path(text: object) -> RelPath:
    """A path in its normal form, not the root; raises `DecodeError`."""
    if not isinstance(text, str):
        raise unfit()
    try:
        path = RelPath.parse(text)
    except PathError as error:
        raise DecodeError(error.message, where=text, cure=CURE) from error
    if path != text or path == ROOT:
        raise DecodeError(
            "the path is not that of a file in its normal form", where=text, cure=CURE
        )
    return path


def to_entry(digest: object, mode: object, path: RelPath) -> Entry:
    """An entry; raises `DecodeError`."""
    if type(mode) is int and mode in _MODES:
        return Entry(_to_digest(digest, path), _MODES[mode])
    raise unfit(path)


def _to_digest(value: object, path: RelPath) -> Digest:
    if isinstance(value, str) and _DIGEST.fullmatch(value):
        return Digest(value)
    raise unfit(path)


def stamp_text(stamp: Stamp | None) -> str:
    """A stamp as the text of its JSON."""
    return "null" if stamp is None else f"[{stamp.size},{stamp.mtime_ns},{stamp.inode}]"


def to_stamp(value: object, path: RelPath | str) -> Stamp | None:
    """A stamp, or none; raises `DecodeError`."""
    match value:
        case None:
            return None
        case [size, mtime, inode] if type(size) is type(mtime) is type(inode) is int:
            return Stamp(size, mtime, inode)
        case _:
            raise unfit(path)


def from_origin(origin: Origin) -> list[Any]:
    """An origin as JSON."""
    return [origin.blob, sorted(origin.used), origin.key]


def to_origin(value: object, path: RelPath) -> Origin | None:
    """An origin, or none; raises `DecodeError`."""
    match value:
        case None:
            return None
        case [blob, list(used), str(key)] if all(isinstance(each, str) for each in used):
            return Origin(_to_digest(blob, path), frozenset(used), key)
        case _:
            raise unfit(path)
