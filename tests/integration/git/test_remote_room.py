"""A repository that may only have so much: an evicted pod would stop the gateway in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stoker.adapters.git.errors import RepositoryFull
from stoker.adapters.git.growth import RepositoryTooLarge, held
from stoker.adapters.git.remote import Remote
from stoker.adapters.git.repository import Repository
from stoker.core.refs import CommitId
from stoker.entrypoints.engine.fetching import fetch
from stoker.entrypoints.engine.progress import nobody_waits
from support.served import Served

MIB = 1 << 20


def commit(served: Served, mebibytes: int) -> CommitId:
    """A commit that brings so much that no compression makes it smaller."""
    served.upstream.configure("uploadpack.allowAnySHA1InWant", "true")
    return served.upstream.commit({"large.bin": os.urandom(mebibytes * MIB)})


def brought(repository: Repository, remote: Remote, wanted: CommitId) -> None:
    fetch(repository, remote, wanted, "main", nobody_waits)


def test_a_commit_that_is_too_large_is_an_error_and_leaves_nothing(
    by_https: Remote, served: Served, tmp_path: Path
) -> None:
    """Broken by leaving the room out of the call."""
    large = commit(served, 6)
    with Repository(tmp_path / "repo", limit=4 * MIB) as repository:
        with pytest.raises(RepositoryTooLarge) as caught:
            brought(repository, by_https, large)
        assert held(tmp_path / "repo") < MIB
    assert caught.value.limit == 4 * MIB
    assert 3 * MIB < caught.value.held <= 4 * MIB
    assert "4.0 MiB" in str(caught.value)
    assert "spec.agent.repoSizeLimit" in str(caught.value)


def test_nothing_is_left_where_more_room_was_not_enough(
    by_https: Remote, served: Served, tmp_path: Path
) -> None:
    """Broken by not preparing after a failure."""
    old, large = commit(served, 1), commit(served, 6)
    with Repository(tmp_path / "repo", limit=5 * MIB) as repository:
        brought(repository, by_https, old)
        repository.keep([])
        with pytest.raises(RepositoryTooLarge):
            brought(repository, by_https, large)
        assert held(tmp_path / "repo") < MIB


def test_what_fits_is_fetched(by_https: Remote, served: Served, tmp_path: Path) -> None:
    large = commit(served, 6)
    with Repository(tmp_path / "repo", limit=7 * MIB) as repository:
        brought(repository, by_https, large)
        assert repository.has(large)


def test_what_nobody_needs_makes_room(by_https: Remote, served: Served, tmp_path: Path) -> None:
    """Broken by giving up at once, and by rebuilding where packing anew is enough."""
    old, kept, new = commit(served, 6), commit(served, 1), commit(served, 3)
    with Repository(tmp_path / "repo", limit=19 * MIB // 2) as repository:
        brought(repository, by_https, old)
        brought(repository, by_https, kept)
        repository.keep([kept])
        brought(repository, by_https, new)
        assert not repository.has(old)
        assert repository.has(kept)
        assert repository.has(new)
        assert held(tmp_path / "repo") < 5 * MIB


def test_where_there_is_no_room_to_tidy_all_is_fetched_anew(
    by_https: Remote, served: Served, tmp_path: Path
) -> None:
    """Broken by leaving out the rebuild: then no commit could be fetched any more."""
    old, kept, new = commit(served, 3), commit(served, 3), commit(served, 3)
    with Repository(tmp_path / "repo", limit=15 * MIB // 2) as repository:
        brought(repository, by_https, old)
        brought(repository, by_https, kept)
        repository.keep([kept])
        brought(repository, by_https, new)
        assert repository.has(new)
        assert not repository.has(kept)


def test_a_tidy_without_room_changes_nothing(
    by_https: Remote, served: Served, tmp_path: Path
) -> None:
    """Broken by letting the error of `tidying` through."""
    old, kept = commit(served, 6), commit(served, 11)
    with Repository(tmp_path / "repo") as repository:
        brought(repository, by_https, old)
        repository.keep([old])
        repository.tidy()
        brought(repository, by_https, kept)
        repository.keep([kept])
        repository.limit = 20 * MIB
        repository.tidy()
        assert repository.has(kept)
        assert held(tmp_path / "repo") > 16 * MIB
        repository.limit = None
        repository.tidy()
        assert repository.has(kept)
        assert held(tmp_path / "repo") < 12 * MIB


def test_nothing_to_drop_is_no_reason_to_try_again(
    by_https: Remote, served: Served, tmp_path: Path
) -> None:
    wanted = commit(served, 2)
    with Repository(tmp_path / "repo", limit=MIB) as repository:
        repository.prepare()
        assert not repository.make_room()
        with pytest.raises(RepositoryFull):
            brought(repository, by_https, wanted)
