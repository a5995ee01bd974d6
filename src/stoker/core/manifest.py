"""What is at which path: desired, applied, and actual.

An `Entry` is a file's identity: a digest of its bytes and its mode. The digest is the id that git
gives a blob of these bytes, so a file that goes from the commit to the disk as it is has its
identity before anybody reads it, and a rendered file has one that means the same.

A `Manifest` says what is desired, or what was applied. The applied one also remembers how each
file looked right after it was written (`Stamp`), what it was rendered from (`Origin`), and which
files were found equal rather than written (`adopted`): those are followed, and never deleted as
ours. `Observed` says what is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Final, NewType

from attrs import field, frozen

from stoker.core.paths import RelPath

Digest = NewType("Digest", str)
"""The lower-case hex id of a git blob: 40 digits for SHA-1 repositories, 64 for SHA-256."""

_SHA256_HEX: Final = 64


class Mode(IntEnum):
    """The two kinds of file that git and Stoker know."""

    REGULAR = 0o644
    EXECUTABLE = 0o755


@frozen
class Entry:
    """A file's identity."""

    digest: Digest
    mode: Mode


@frozen
class Stamp:
    """How a file looked right after it was written; a file that still looks so is unchanged."""

    size: int
    mtime_ns: int
    inode: int


@frozen
class Origin:
    """What a rendered file was made from: while it is the same, so is the file."""

    blob: Digest
    used: frozenset[str]
    key: str


@frozen
class Manifest:
    """What is desired, or what was applied, path by path."""

    entries: Mapping[RelPath, Entry] = field(factory=dict)
    stamps: Mapping[RelPath, Stamp] = field(factory=dict)
    origins: Mapping[RelPath, Origin] = field(factory=dict)
    adopted: frozenset[RelPath] = frozenset()


class ForeignKind(StrEnum):
    """What stands at a path and is not a file that Stoker could have written."""

    SYMLINK = "symlink"
    DIRECTORY = "directory"
    SPECIAL = "special"
    UNREADABLE = "unreadable"


@frozen
class Foreign:
    """Something other than a readable file."""

    kind: ForeignKind


@frozen
class Observed:
    """What is on the disk, as far as somebody looked.

    A directory is listed where a file is wanted, and then everything below it is listed too.
    `restamped` names the files that differ from what was applied by nothing but the stamps that
    Ignition writes into a `resource.json` when it saves.
    """

    entries: Mapping[RelPath, Entry | Foreign] = field(factory=dict)
    restamped: frozenset[RelPath] = frozenset()


def digest_of(content: bytes, like: Digest | None = None) -> Digest:
    """The git blob id of `content`, by the hash that made `like` (SHA-1 without one)."""
    wide = like is not None and len(like) == _SHA256_HEX
    # Not a protection: git's own name for these bytes.
    hasher = hashlib.sha256() if wide else hashlib.sha1(usedforsecurity=False)
    hasher.update(b"blob %d\0" % len(content))
    hasher.update(content)
    return Digest(hasher.hexdigest())
