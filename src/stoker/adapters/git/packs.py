"""Whether a pack and its index are as git wrote them.

libgit2 trusts both: a damaged index ends the process, and some damage to a pack makes it read for
ever. Either file ends in a digest of all that stands before it. An index is small, and checked each
time; of a pack only the ends are looked at, until something in it is to be read.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

_INDEX_HEADER: Final = b"\377tOc\0\0\0\2"
_FANOUT: Final = 256 * 4
_DIGEST: Final = 20
_PACK_HEADER: Final = b"PACK\0\0\0\2"
_CHUNK: Final = 1 << 18


def is_complete(folder: Path, stem: str) -> bool:
    """Whether an index is undamaged, and is that of a pack that has its beginning and its end."""
    try:
        with (folder / f"{stem}.idx").open("rb") as index:
            start = index.read(len(_INDEX_HEADER) + _FANOUT)
            index.seek(-2 * _DIGEST, os.SEEK_END)
            pack_digest = index.read(_DIGEST)
            if not start.startswith(_INDEX_HEADER) or not _ends_in_its_digest(index):
                return False
        with (folder / f"{stem}.pack").open("rb") as pack:
            begun = pack.read(len(_PACK_HEADER) + len(start[-4:]))
            pack.seek(-_DIGEST, os.SEEK_END)
            return begun == _PACK_HEADER + start[-4:] and pack.read() == pack_digest
    except OSError:
        return False


def is_undamaged(pack: Path) -> bool:
    """Whether all of a pack is as it was written."""
    try:
        with pack.open("rb") as file:
            return _ends_in_its_digest(file)
    except OSError:
        return False


def _ends_in_its_digest(file: BinaryIO) -> bool:
    left = file.seek(-_DIGEST, os.SEEK_END)
    file.seek(0)
    hasher = hashlib.sha1(usedforsecurity=False)
    while left > 0:
        chunk = file.read(min(left, _CHUNK))
        hasher.update(chunk)
        left -= len(chunk)
    return file.read() == hasher.digest()
