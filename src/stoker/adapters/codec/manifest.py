"""The documents below `.stoker/` on the data volume: the manifest and the journal.

Each is one JSON object with the version of its form and one short array for each path. What does
not fit is a `DecodeError`. A caller then goes on without the document, which is safe: what no
manifest claims is never deleted as ours.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from stoker.core.errors import DecodeError, PathError
from stoker.core.journal import Claim, Journal
from stoker.core.manifest import Digest, Entry, Manifest, Mode, Origin, Stamp
from stoker.core.paths import RelPath

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION: Final = 1

_DIGEST: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_MODES: Final = {int(mode): mode for mode in Mode}


def encode_manifest(manifest: Manifest) -> bytes:
    """The manifest as it is kept on the data volume."""
    return _document(
        {
            path: [
                *_from_entry(entry),
                _from_stamp(manifest.stamps.get(path)),
                _from_origin(manifest.origins.get(path)),
                path in manifest.adopted,
            ]
            for path, entry in manifest.entries.items()
        }
    )


def decode_manifest(data: bytes) -> Manifest:
    """The manifest of such a document; raises `DecodeError`."""
    entries: dict[RelPath, Entry] = {}
    stamps: dict[RelPath, Stamp] = {}
    origins: dict[RelPath, Origin] = {}
    adopted = set[RelPath]()
    for path, row in _rows(data, "manifest"):
        match row:
            case [digest, mode, stamp, origin, bool(found)]:
                entries[path] = _to_entry(digest, mode, path)
            case _:
                raise _unfit(path)
        if stamp is not None:
            stamps[path] = _to_stamp(stamp, path)
        if origin is not None:
            origins[path] = _to_origin(origin, path)
        if found:
            adopted.add(path)
    return Manifest(entries, stamps, origins, frozenset(adopted))


def encode_journal(journal: Journal) -> bytes:
    """The journal as it is kept on the data volume while a sync is under way."""
    return _document(
        {
            path: [
                *(
                    None if entry is None else _from_entry(entry)
                    for entry in (claim.before, claim.after, claim.applied)
                ),
                claim.adopted,
            ]
            for path, claim in journal.claims.items()
        }
    )


def decode_journal(data: bytes) -> Journal:
    """The journal of such a document; raises `DecodeError`."""
    claims = {}
    for path, row in _rows(data, "journal"):
        match row:
            case [before, after, applied, bool(adopted)]:
                claims[path] = Claim(
                    _to_side(before, path), _to_side(after, path), _to_side(applied, path),
                    adopted=adopted,
                )  # fmt: skip
            case _:
                raise _unfit(path)
    return Journal(claims)


def _document(paths: Mapping[RelPath, list[Any]]) -> bytes:
    document = {"version": VERSION, "paths": dict(sorted(paths.items()))}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _rows(data: bytes, what: str) -> list[tuple[RelPath, Any]]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"the {what} is not JSON: {error}", cure=_CURE) from error
    match document:
        case {"version": int(version), "paths": dict(paths)} if version == VERSION:
            return [(_to_path(path), row) for path, row in paths.items()]
        case {"version": int(version)} if version != VERSION:
            raise DecodeError(f"the {what} has version {version}, not {VERSION}", cure=_CURE)
        case _:
            raise DecodeError(f"the {what} has no version and paths", cure=_CURE)


_CURE: Final = "remove it: the next sync takes stock anew"


def _to_path(text: str) -> RelPath:
    try:
        path = RelPath.parse(text)
    except PathError as error:
        raise DecodeError(error.message, where=text, cure=_CURE) from error
    if path != text:
        raise DecodeError("the path is not in its normal form", where=text, cure=_CURE)
    return path


def _from_entry(entry: Entry) -> list[Any]:
    return [entry.digest, int(entry.mode)]


def _to_entry(digest: object, mode: object, path: RelPath) -> Entry:
    return Entry(_to_digest(digest, path), _to_mode(mode, path))


def _to_side(side: object, path: RelPath) -> Entry | None:
    match side:
        case None:
            return None
        case [digest, mode]:
            return _to_entry(digest, mode, path)
        case _:
            raise _unfit(path)


def _to_digest(value: object, path: RelPath) -> Digest:
    if isinstance(value, str) and _DIGEST.fullmatch(value):
        return Digest(value)
    raise _unfit(path)


def _to_mode(value: object, path: RelPath) -> Mode:
    if type(value) is int and value in _MODES:
        return _MODES[value]
    raise _unfit(path)


def _from_stamp(stamp: Stamp | None) -> list[int] | None:
    return None if stamp is None else [stamp.size, stamp.mtime_ns, stamp.inode]


def _to_stamp(value: object, path: RelPath) -> Stamp:
    if isinstance(value, list) and [type(each) for each in value] == [int, int, int]:
        return Stamp(*value)
    raise _unfit(path)


def _from_origin(origin: Origin | None) -> list[Any] | None:
    return None if origin is None else [origin.blob, sorted(origin.used), origin.key]


def _to_origin(value: object, path: RelPath) -> Origin:
    match value:
        case [blob, list(used), str(key)] if all(isinstance(each, str) for each in used):
            return Origin(_to_digest(blob, path), frozenset(used), key)
        case _:
            raise _unfit(path)


def _unfit(path: RelPath) -> DecodeError:
    return DecodeError(
        "what is recorded of this path does not have its form", where=path, cure=_CURE
    )
