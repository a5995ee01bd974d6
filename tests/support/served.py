"""A repository that servers show, and what tests of remotes need beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from attrs import frozen

from stoker.adapters.git.remote import Remote
from stoker.core.refs import CommitId
from stoker.testing.repositories import Upstream

TOKEN = "ghp_PlantedSecretOfTheTest0123456789"
PROTOCOLS = ("https", "ssh", "http", "git", "file")


@frozen
class Served:
    """A repository with a history: two commits on main, of which the first is tagged."""

    upstream: Upstream
    first: CommitId
    last: CommitId

    @property
    def root(self) -> Path:
        return self.upstream.path.parent

    @property
    def path(self) -> Path:
        return self.upstream.path


RemoteAt = Callable[..., Remote]
"""The address, the access, and limits."""


def objects_in(repository: Path) -> set[str]:
    """The ids of all objects in a repository."""
    printed = Upstream.at(repository).git(
        "cat-file", "--batch-all-objects", "--batch-check=%(objectname)"
    )
    return set(printed.decode().split())
