"""A fetch from a repository on this disk, and what a careful engine does with it.

The real way goes through `Remote` and servers, which have tests of their own; what happens in the
repository is the same.
"""

from __future__ import annotations

from pathlib import Path

from stoker.adapters.git.errors import GitError, RepositoryCorrupt
from stoker.adapters.git.process import Call, run
from stoker.adapters.git.repository import Repository
from stoker.core.refs import CommitId
from stoker.core.tree import Blob, Link, Submodule, Tree
from stoker.testing.repositories import Upstream

FETCH = (
    *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"),
    *("--no-recurse-submodules", "--depth=1", "--end-of-options"),
)


def serving(path: Path) -> Upstream:
    """A repository that gives commits by their id."""
    upstream = Upstream.create(path)
    upstream.configure("uploadpack.allowAnySHA1InWant", "true")
    return upstream


def fetch(path: Path, upstream: Upstream, commit: CommitId) -> None:
    """Fetch one commit; raises `GitError` with git's words."""
    call = Call(
        arguments=(*FETCH, str(upstream.git_dir), commit), git_dir=path, protocols=("file",)
    )
    finished = run(call)
    if finished.status != 0:
        raise GitError(finished.told, where=str(path))


def brought(repository: Repository, upstream: Upstream, commit: CommitId) -> Repository:
    """Fetch the commit unless it is there, and keep it."""
    if not repository.has(commit):
        fetch(repository.path, upstream, commit)
        assert repository.has(commit)
    repository.keep([commit])
    return repository


def contents(repository: Repository, commit: CommitId) -> dict[str, bytes]:
    """Every file of the commit, read; links and submodules by their ids."""
    found = {}
    todo = [("", repository.tree(commit))]
    while todo:
        above, tree = todo.pop()
        for name, node in tree.entries.items():
            path = f"{above}{name}"
            match node:
                case Tree():
                    todo.append((f"{path}/", node))
                case Blob():
                    found[path] = repository.read(node.id)
                case Link() | Submodule():
                    found[path] = node.id.encode()
    return found


def recovered(path: Path, upstream: Upstream, commit: CommitId) -> tuple[dict[str, bytes], int]:
    """What the commit holds once everything was healed, and how many rebuilds that took."""
    rebuilds = 0
    with Repository(path) as repository:
        repository.prepare()
        while True:
            try:
                brought(repository, upstream, commit)
                held = contents(repository, commit)
                repository.tidy()
            except RepositoryCorrupt:
                rebuilds += 1
            except GitError as error:
                # Git itself trips over the damage; it names the repository, not the server.
                assert "fatal" in str(error) or "error" in str(error)
                rebuilds += 1
            else:
                return held, rebuilds
            assert rebuilds < 2, "a rebuild did not help"
            repository.rebuild()
