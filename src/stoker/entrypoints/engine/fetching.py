"""A commit, from wherever it is into the repository on this disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.adapters.git.errors import RepositoryCorrupt
from stoker.core.refs import (
    CommitId,
    RefName,
    Resolution,
    SemverRange,
    ref_prefixes,
    resolve_tracked,
)
from stoker.entrypoints.engine.progress import Progress, Stage, Step

if TYPE_CHECKING:
    from stoker.adapters.git.remote import Remote
    from stoker.adapters.git.repository import Repository


def resolved(remote: Remote, tracked: RefName | SemverRange) -> Resolution:
    """What the server has for `tracked` now."""
    if isinstance(tracked, RefName) and tracked.commit is not None:
        return Resolution(tracked, tracked.commit)
    return resolve_tracked(remote.advertisement(ref_prefixes(tracked)), tracked, ())


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
    remote.fetch(repository.path, commit, ref, lambda line: progress(Step(Stage.FETCH, line)))
    if not repository.has(commit):
        raise RepositoryCorrupt(
            "the commit was fetched, and is not there whole", where=str(repository.path)
        )
