"""A commit, from wherever it is into the repository on this disk."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from stoker.adapters.git.errors import GitError, RepositoryCorrupt, RepositoryFull

# The package itself: what resolves a ref is imported where nobody else has resolved it.
from stoker.core import refs
from stoker.core.refs import RefName
from stoker.entrypoints.engine.progress import Progress, Stage, Step

if TYPE_CHECKING:
    from stoker.adapters.git.remote import Remote
    from stoker.adapters.git.repository import Repository
    from stoker.core.refs import CommitId, Resolution, SemverRange


def resolved(remote: Remote, tracked: RefName | SemverRange) -> Resolution:
    """What the server has for `tracked` now."""
    if isinstance(tracked, RefName) and tracked.commit is not None:
        return refs.Resolution(tracked, tracked.commit)
    advertised = remote.advertisement(refs.ref_prefixes(tracked))
    return refs.resolve_tracked(advertised, tracked, ())


def fetch(
    repository: Repository, remote: Remote, commit: CommitId, ref: str, progress: Progress
) -> None:
    """Have `commit` and all that is below it in the repository; raises `StokerError`."""
    try:
        _fetch(repository, remote, commit, ref, progress)
    except RepositoryCorrupt:
        # What is damaged can be fetched again.
        repository.rebuild()
        _fetch(repository, remote, commit, ref, progress)


def _fetch(
    repository: Repository, remote: Remote, commit: CommitId, ref: str, progress: Progress
) -> None:
    repository.prepare()
    if repository.has(commit):
        return
    try:
        _bring(repository, remote, commit, ref, progress)
    except RepositoryFull:
        # What no kept commit needs may be all that is in the way.
        if not repository.make_room():
            raise
        _bring(repository, remote, commit, ref, progress)
    repository.take(commit)


def _bring(
    repository: Repository, remote: Remote, commit: CommitId, ref: str, progress: Progress
) -> None:
    def told(line: str) -> None:
        progress(Step(Stage.FETCH, line))

    try:
        remote.fetch(repository.path, commit, ref, told, room=repository.room)
    except GitError:
        # What came of it takes room, and is good for nothing.
        with suppress(GitError):
            repository.prepare()
        raise
