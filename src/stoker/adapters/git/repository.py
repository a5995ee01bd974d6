"""The repository on this disk: git fetches into it, libgit2 reads from it.

Nothing in it has a value of its own, since all of it can be fetched again; so whatever is not as it
should be is removed, and `rebuild` is the answer to everything else. One process at a time uses it,
held by a lock that the kernel gives back when the process ends; hence any lock file of git's that
is found is a dead one's.

A commit counts as here (`has`) when it and everything below it was seen once, by git at the end of
a fetch (`take`) or by us. It then gets a mark: a ref, by which git knows what a server need not
send again and what must stay. `keep` takes the marks away that are no longer wanted, and `tidy`
what only they held.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, ClassVar, Self

from attrs import frozen

from stoker.adapters.git import healing, tidying
from stoker.adapters.git.durable import settle, told_as_git_errors
from stoker.adapters.git.errors import GitError, RepositoryCorrupt, RepositoryFull
from stoker.adapters.git.growth import CURE, Room, held
from stoker.adapters.git.objects import CHUNK, Objects
from stoker.adapters.git.wholeness import is_whole
from stoker.core.refs import CommitId

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path
    from types import TracebackType

    from stoker.core.manifest import Digest
    from stoker.core.tree import Tree


@frozen
class RepositoryBusy(GitError):
    """Another process uses the repository; `where` is its path."""

    reason: ClassVar[str] = "RepositoryBusy"


@frozen
class NotOurs(GitError):
    """The directory has something in it that Stoker did not put there; `where` is its path."""

    reason: ClassVar[str] = "RepositoryRefused"


class Repository:
    """A bare repository at `path`, ours alone; `prepare` comes before everything else."""

    def __init__(self, path: Path, limit: int | None = None) -> None:
        """Nothing is touched yet. `limit` is how many bytes all of it may ever have."""
        self.path = path
        self.limit = limit
        self._lock: int | None = None
        self._opened: Objects | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let another process use it; `prepare` undoes it."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def prepare(self) -> None:
        """Make the repository, or heal what is there; cheap enough to do before every fetch.

        Raises `RepositoryBusy`, `NotOurs`, `RepositoryFull`, and `GitError` for other refusals of
        the disk.
        """
        with told_as_git_errors(self.path):
            if self._lock is None:
                self._lock = _claimed(self.path)
                settle(self.path)
            self._heal()

    def rebuild(self) -> None:
        """Throw everything away and begin anew."""
        self._objects.close()
        with told_as_git_errors(self.path):
            healing.empty(self.path)
            self._heal()

    def has(self, commit: CommitId) -> bool:
        """Whether the commit is here with everything below it.

        Raises `RepositoryCorrupt` where it is here and damaged.
        """
        objects = self._objects
        if not objects.has(commit):
            return False
        known = self._marks()
        if commit in known:
            return True
        if not is_whole(objects, commit, known):
            return False
        with told_as_git_errors(self.path):
            healing.mark(self.path, commit)
        return True

    @property
    def room(self) -> Room:
        """What a fetch may take."""
        return Room(self.path, self.limit)

    def take(self, commit: CommitId) -> None:
        """Count the commit as here: a fetch of it has just succeeded.

        Git ends a fetch with a walk from the commit to every file below it, and fails where
        anything is missing. So nobody has to walk there again.
        """
        if not self._objects.has(commit):
            raise RepositoryCorrupt(
                "the commit was fetched, and is not there", where=str(self.path)
            )
        with told_as_git_errors(self.path):
            healing.mark(self.path, commit)

    def tree(self, commit: CommitId) -> Tree:
        """The commit's tree; what is below it is read when it is first looked at."""
        return self._objects.tree(commit)

    def read(self, blob: Digest) -> bytes:
        """The blob's bytes, all at once."""
        return self._objects.read(blob)

    def whole(self, blob: Digest) -> bytes:
        """The bytes of a blob that is known to be small."""
        return self._objects.whole(blob)

    def size(self, blob: Digest) -> int:
        """How many bytes the blob has."""
        return self._objects.size(blob)

    def chunks(self, blob: Digest, size: int = CHUNK) -> Iterator[bytes]:
        """The blob's bytes, `size` at a time; a damaged one raises, at the end at the latest."""
        return self._objects.chunks(blob, size)

    def author(self, commit: CommitId) -> str:
        """Who wrote the commit, as `Name <mail>`."""
        return self._objects.author(commit)

    def keep(self, commits: Collection[CommitId]) -> None:
        """These stay, as far as they are here; everything else may go with the next `tidy`."""
        wanted = {commit for commit in commits if self.has(commit)}
        with told_as_git_errors(self.path):
            # First the refs, then what says that their parents are not here: never the other way.
            healing.unmark(self.path, self._marks() - wanted)
            healing.write_shallow(self.path, wanted)

    def tidy(self) -> None:
        """Keep the repository small; nearly always a look at its folders is all.

        Raises `RepositoryFull` where there is no room to do so, or more is kept than may be.
        """
        with told_as_git_errors(self.path):
            self._heal()
            sizes = healing.sizes(self.path)
            packed = healing.packed(self.path)
            work = tidying.due(sizes, sum(sizes) if packed is None else packed)
            if work is not tidying.Work.NOTHING and not self._tidied(work):
                return
            if sizes and (packed is None or work is tidying.Work.PACK):
                # A first fetch brings nothing in vain.
                healing.write_packed(self.path, sum(healing.sizes(self.path)))
            self._check_limit()

    def make_room(self) -> bool:
        """Drop all that no marked commit needs, since there was no room; whether that helped.

        To pack anew needs room as well. Where the limit does not give that much, everything goes:
        it can be fetched anew.
        """
        with told_as_git_errors(self.path):
            self._heal()
            before = held(self.path)
            if healing.sizes(self.path) and not self._tidied(tidying.Work.PACK) and self.limit:
                self.rebuild()
        return held(self.path) < before

    def _tidied(self, work: tidying.Work) -> bool:
        """Whether there was room to tidy; where not, all is as before."""
        try:
            tidying.carry_out(work, self.path, self.room)
        except RepositoryFull:
            return False
        finally:
            self._heal()
        return True

    @property
    def _objects(self) -> Objects:
        if self._opened is None:
            raise GitError("the repository is not open", where=str(self.path))
        return self._opened

    def _heal(self) -> None:
        lost = healing.heal(self.path)
        if self._opened is None:
            self._opened = Objects(self.path)
        else:
            self._opened.reopen()
        marked = self._marks()
        gone = marked if lost else {one for one in marked if not self._objects.has(one)}
        healing.unmark(self.path, gone)
        healing.write_shallow(self.path, marked - gone)

    def _marks(self) -> set[CommitId]:
        return {CommitId(commit) for commit in healing.marks(self.path)}

    def _check_limit(self) -> None:
        packs = sum(healing.sizes(self.path))
        if self.limit is not None and packs > self.limit:
            raise RepositoryFull(
                f"the repository holds {packs} bytes, and may hold {self.limit}",
                where=str(self.path),
                cure=CURE,
            )


def _claimed(path: Path) -> int:
    """The handle of the lock, held."""
    path.mkdir(parents=True, exist_ok=True)
    names = {each.name for each in path.iterdir()} - healing.NOT_OURS
    if names and healing.LOCK not in names:
        raise NotOurs(
            "the directory of the repository is in use for something else",
            where=str(path),
            cure="name an empty directory, or one that does not exist yet",
        )
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    handle = os.open(path / healing.LOCK, flags, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise RepositoryBusy(
            f"the repository cannot be had alone: {os.strerror(error.errno or 0)}",
            where=str(path),
            cure="end the other process that uses it, or give each its own directory",
        ) from error
    return handle
