"""The packed objects of a repository on this disk: commits, trees and blobs, by id.

libgit2 reads them, told to stay small: few windows of a pack are mapped at a time, and nothing is
cached beyond them. It is given the folder of packs and nothing else. So no configuration is read,
no other repository's objects, and nobody asks whose files they are, since a volume often belongs to
another user than the one that Stoker runs as. Single objects are not read either, which git does
not write here: of a truncated one libgit2 never returns.

Every object's bytes are checked against its id here, faster than libgit2 does, so damage anywhere
on the disk ends as `RepositoryCorrupt` and never as a file's contents. The packs that are found are
checked as a whole before anything in them is read; those that come later git has just checked, as
it wrote them. A large blob is streamed by
`git cat-file`, since libgit2 can only give it whole; it is checked when it ends.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from shutil import which
from typing import TYPE_CHECKING, ClassVar, Final, cast

import pygit2
from attrs import field, frozen
from pygit2.enums import ObjectType

from stoker.adapters.git.errors import GitError, RepositoryCorrupt
from stoker.adapters.git.packs import is_undamaged
from stoker.adapters.git.settings import environment, search_path
from stoker.adapters.git.trees import MalformedObject, Shelf
from stoker.core.errors import Disposition, Permanent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

    from stoker.core.manifest import Digest
    from stoker.core.refs import CommitId
    from stoker.core.tree import Tree

STREAMED: Final = 4 << 20
"""Blobs larger than this are streamed; smaller ones are in memory twice for a moment."""

_CURE: Final = "it is fetched anew"

CHUNK: Final = 1 << 20

_WINDOW: Final = 8 << 20
_MAPPED: Final = 32 << 20
"""How much of all packs libgit2 maps at a time. It counts as memory of this process as far as it is
looked at, and the kernel takes it back at need; to map smaller pieces costs a third more."""

_BETWEEN_OPENINGS: Final = 8 << 20
"""How much is read before the packs are opened anew: libgit2 keeps 16 MB of what their deltas are
based upon, and no setting bounds that."""

_SMALL: Final = 4096
"""What is copied rather than hashed in two steps."""

_SHA1_DIGITS: Final = 40
_AUTHOR: Final = re.compile(rb"^author (.*?)(?: -?[0-9]+ [-+][0-9]+)?$", re.MULTILINE)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
_MOST_OF_AN_AUTHOR: Final = 256


@frozen
class UnsupportedHash(GitError):
    """The repository's ids are SHA-256, which libgit2 cannot read; `where` is such an id."""

    retry: Disposition = field(default=Permanent(), kw_only=True)

    reason: ClassVar[str] = "UnsupportedObjectFormat"


@frozen
class ObjectMissing(RepositoryCorrupt):
    """An object is not here although something that is here refers to it."""


class Objects:
    """What a git directory holds, read only; nothing is written, and nothing locked."""

    def __init__(self, path: Path) -> None:
        """Open the git directory at `path`; its indexes must have been checked (`is_complete`)."""
        self.path = path
        self._doubtful = sorted((path / "objects/pack").glob("*.pack"))
        self._shelf = Shelf(lambda tree_id: self._content(tree_id, "tree"))
        self._odb: pygit2.Odb | None = None
        self._given = 0
        self.reopen()

    def reopen(self) -> None:
        """Look at the disk anew: packs may have come and gone. Trees given out go on working."""
        self.close()
        # What was packed anew is gone, and git has checked what it copied.
        self._doubtful = [pack for pack in self._doubtful if pack.exists()]
        _make_small()
        self._open()

    def _open(self) -> None:
        # First the old one goes: two share their packs, and what is kept for them.
        self._odb, self._given = None, 0
        self._odb = pygit2.Odb()
        self._odb.add_backend(pygit2.OdbBackendPack(str(self.path / "objects")), 1)

    def close(self) -> None:
        """Give all files and memory back; `reopen` undoes it."""
        self._odb = None
        self._shelf.clear()

    def has(self, object_id: str) -> bool:
        """Whether the object is here, whatever it refers to."""
        _check_hash(object_id)
        return self._indexed().exists(object_id)

    def tree(self, commit: CommitId) -> Tree:
        """The commit's tree; its folders are read when they are first looked at."""
        return self._shelf.tree(self.tree_id(commit))

    def tree_id(self, commit: CommitId) -> str:
        """The id of the commit's tree."""
        first, _, _ = self._content(commit, "commit").partition(b"\n")
        kind, _, tree_id = first.partition(b" ")
        if kind != b"tree" or not re.fullmatch(rb"[0-9a-f]{40}", tree_id):
            raise MalformedObject("the commit names no tree", where=commit, cure="commit anew")
        return tree_id.decode()

    def tree_bytes(self, tree_id: str) -> bytes:
        """A tree as it is stored."""
        return self._content(tree_id, "tree")

    def author(self, commit: CommitId) -> str:
        """Who wrote the commit, as `Name <mail>`, in one line that can be printed."""
        header, _, _ = self._content(commit, "commit").partition(b"\n\n")
        found = _AUTHOR.search(header)
        text = found.group(1).decode(errors="replace") if found else ""
        return _UNPRINTABLE.sub("", text).strip()[:_MOST_OF_AN_AUTHOR]

    def size(self, blob: Digest) -> int:
        """How many bytes the blob has; they are not read for that."""
        _check_hash(blob)
        try:
            kind, size = self._checked().read_header(blob)
        except KeyError as error:
            raise self._missing(blob) from error
        except (pygit2.GitError, ValueError, OSError) as error:
            raise self._unreadable(blob, error) from error
        if kind != ObjectType.BLOB:
            raise _surprise(blob, kind, "blob")
        return size

    def read(self, blob: Digest) -> bytes:
        """The blob's bytes, all at once."""
        if self.size(blob) <= STREAMED:
            return self.whole(blob)
        return b"".join(self.chunks(blob))

    def whole(self, blob: Digest) -> bytes:
        """The bytes of a blob whose size was asked for, and that is small."""
        return self._content(blob, "blob")

    def chunks(self, blob: Digest, size: int = CHUNK) -> Iterator[bytes]:
        """The blob's bytes, `size` at a time; a damaged one raises, at the end at the latest."""
        total = self.size(blob)
        if total > STREAMED:
            yield from self._streamed(blob, total, size)
            return
        content = self._content(blob, "blob")
        for start in range(0, total, size):
            yield content[start : start + size]

    def _indexed(self) -> pygit2.Odb:
        if self._odb is None:
            raise self._corrupt("the repository is closed")
        return self._odb

    def _checked(self) -> pygit2.Odb:
        """To read from: every pack was looked at once."""
        while self._doubtful:
            if not is_undamaged(self._doubtful[-1]):
                raise self._corrupt(f"{self._doubtful[-1].name} is damaged")
            self._doubtful.pop()
        return self._indexed()

    def _content(self, object_id: str, wanted: str) -> bytes:
        _check_hash(object_id)
        try:
            kind, content = self._checked().read(object_id)
        except KeyError as error:
            raise self._missing(object_id) from error
        except (pygit2.GitError, ValueError, OSError) as error:
            raise self._unreadable(object_id, error) from error
        self._given += len(content)
        if self._given > _BETWEEN_OPENINGS:
            self._open()
        if kind != _TYPES[wanted]:
            raise _surprise(object_id, kind, wanted)
        if _hasher(wanted, len(content), content).hexdigest() != object_id:
            raise self._unreadable(object_id, "its bytes are not those that it had")
        return content

    def _streamed(self, blob: Digest, total: int, size: int) -> Iterator[bytes]:
        hasher = _hasher("blob", total)
        # Who stops listening closes the pipe, and git ends of that.
        with self._cat_file(blob) as process:
            while chunk := cast("IO[bytes]", process.stdout).read(size):
                hasher.update(chunk)
                yield chunk
        if hasher.hexdigest() != blob:
            raise self._unreadable(blob, "its bytes are not those that it had")

    def _cat_file(self, blob: Digest) -> subprocess.Popen[bytes]:
        git = which("git", path=search_path())
        if git is None:
            raise self._unreadable(blob, "git is not installed")
        # No limit of time: whoever writes the bytes may be slow, and no network is involved.
        return subprocess.Popen(  # noqa: S603 - a list of arguments, and an id that was checked
            [git, f"--git-dir={self.path}", "cat-file", "blob", blob],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=environment(self.path, settings=[("core.bigFileThreshold", str(STREAMED // 2))]),
        )

    def _unreadable(self, object_id: str, why: object) -> RepositoryCorrupt:
        return self._corrupt(f"the object {object_id} cannot be read: {why}")

    def _missing(self, object_id: str) -> ObjectMissing:
        what = f"the object {object_id} is not here"
        return ObjectMissing(what, where=str(self.path), cure=_CURE)

    def _corrupt(self, what: str) -> RepositoryCorrupt:
        return RepositoryCorrupt(what, where=str(self.path), cure=_CURE)


_TYPES: Final = {
    "commit": ObjectType.COMMIT,
    "tree": ObjectType.TREE,
    "blob": ObjectType.BLOB,
}


def _hasher(kind: str, size: int, content: bytes = b"") -> hashlib._Hash:
    # git's own name for these bytes, and no protection.
    header = f"{kind} {size}\0".encode()
    if size > _SMALL:
        hasher = hashlib.sha1(header, usedforsecurity=False)
        hasher.update(content)
        return hasher
    return hashlib.sha1(header + content, usedforsecurity=False)


def _surprise(object_id: str, kind: int, wanted: str) -> MalformedObject:
    return MalformedObject(
        f"the object is a {ObjectType(kind).name.lower()}, and a {wanted} is expected",
        where=object_id,
        cure="look at the commit with 'git fsck'",
    )


def _check_hash(object_id: str) -> None:
    if len(object_id) != _SHA1_DIGITS:
        raise UnsupportedHash(
            "a SHA-256 repository, which cannot be read",
            where=object_id,
            cure="use a repository in git's usual format, SHA-1",
        )


def _make_small() -> None:
    """libgit2's settings belong to the whole process, and setting them again is harmless."""
    settings = pygit2.settings
    settings.enable_caching(False)  # noqa: FBT003 - pygit2's own signature
    settings.enable_strict_hash_verification(False)  # noqa: FBT003 - `_content` does it
    settings.mwindow_size = _WINDOW
    settings.mwindow_mapped_limit = _MAPPED
