"""What stays in the repository, what a server need not send again, and what goes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stoker.adapters.git import tidying
from stoker.adapters.git.errors import GitError, RepositoryCorrupt, RepositoryFull
from stoker.adapters.git.objects import UnsupportedHash
from stoker.adapters.git.repository import Repository
from stoker.adapters.git.tidying import MOST_PACKS, Work, due
from stoker.core.paths import RelPath
from stoker.core.refs import CommitId
from stoker.testing.repositories import Site, Size, Upstream
from support.fetches import brought, contents, fetch, serving

SITE = Site(Size(60, 40_000))
FILES = dict(SITE.files())
MB = 1 << 20


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return serving(tmp_path / "up.git")


def packs(path: Path) -> list[int]:
    return sorted(pack.stat().st_size for pack in path.glob("objects/pack/*.pack"))


@pytest.mark.parametrize(
    ("sizes", "packed", "work"),
    [
        ([], 0, Work.NOTHING),
        ([100 * MB], 100 * MB, Work.NOTHING),
        ([100 * MB, *[MB] * (MOST_PACKS - 1)], 100 * MB, Work.NOTHING),
        ([100 * MB, *[MB] * MOST_PACKS], 100 * MB, Work.MERGE),
        ([100 * MB, 50 * MB], 100 * MB, Work.NOTHING),
        ([100 * MB, 50 * MB + 1], 100 * MB, Work.PACK),
        ([151 * MB], 100 * MB, Work.PACK),
        ([MB, 8 * MB], MB, Work.NOTHING),
        ([MB, 8 * MB + 1], MB, Work.PACK),
        ([1] * (MOST_PACKS + 1), 0, Work.MERGE),
        ([9 * MB] * (MOST_PACKS + 1), MB, Work.PACK),
    ],
)
def test_what_is_due(sizes: list[int], packed: int, work: Work) -> None:
    assert due(sizes, packed) is work


def test_a_kept_commit_is_not_sent_again(tmp_path: Path, upstream: Upstream) -> None:
    """Broken on purpose: without the refs the second fetch brings the large file again."""
    first = upstream.commit({"large": b"".join(b"%d\n" % n * 3 for n in range(200_000)), "a": "1"})
    second = upstream.commit({"a": "2"})
    path = tmp_path / "repo"
    with Repository(path) as repository:
        repository.prepare()
        brought(repository, upstream, first)
        before = sum(packs(path))
        brought(repository, upstream, second)
        assert sum(packs(path)) < before + 2_000
        assert contents(repository, second)["a"] == b"2"


def test_what_is_not_kept_goes_when_it_has_outgrown_the_rest(
    tmp_path: Path, upstream: Upstream
) -> None:
    """Broken on purpose: with old marks left in place nothing ever goes."""
    path = tmp_path / "repo"
    noise = [os.urandom(3 * MB) for _ in range(4)]
    commits = [upstream.commit({"image": content, "a/b": "1"}) for content in noise]
    with Repository(path) as repository:
        repository.prepare()
        brought(repository, upstream, commits[0]).tidy()
        tree = repository.tree(commits[0])
        for commit in commits[1:3]:
            fetch(path, upstream, commit)
            repository.keep([commits[0], commit])
            repository.tidy()
        assert len(packs(path)) == 3
        fetch(path, upstream, commits[3])
        repository.keep([commits[0], commits[3]])
        repository.tidy()
        # Three images more than the first were too much; the two that are kept stay.
        assert len(packs(path)) == 1
        assert sum(packs(path)) < 7 * MB
        assert not repository.has(commits[1])
        assert not repository.has(commits[2])
        assert contents(repository, commits[3])["image"] == noise[3]
        # A tree that was opened before goes on working.
        assert tree.find(RelPath("a/b")) == repository.tree(commits[3]).find(RelPath("a/b"))
        shallow = (path / "shallow").read_text().split()
        assert shallow == sorted([commits[0], commits[3]])


def test_nothing_is_kept_of_nothing(tmp_path: Path, upstream: Upstream) -> None:
    path = tmp_path / "repo"
    commit = SITE.commit(upstream)
    with Repository(path) as repository:
        repository.prepare()
        repository.keep([])
        repository.tidy()
        brought(repository, upstream, commit)
        repository.keep([CommitId("12" * 20)])
        assert not (path / "shallow").exists()
        assert list((path / "refs/stoker").iterdir()) == []
        # It is still here, and may be kept again as long as nothing was tidied.
        repository.keep([commit])
        assert (path / "shallow").read_text() == f"{commit}\n"
        later = SITE.change(upstream, 3)
        brought(repository, upstream, later)
        # Two that are marked again after that both stay without their parents.
        repository.keep([])
        assert repository.has(commit)
        assert repository.has(later)
        assert (path / "shallow").read_text().split() == sorted([commit, later])


def test_a_repository_begun_anew_is_empty_and_works(tmp_path: Path, upstream: Upstream) -> None:
    path = tmp_path / "repo"
    commit = SITE.commit(upstream)
    with Repository(path) as repository:
        repository.prepare()
        brought(repository, upstream, commit).tidy()
        tree = repository.tree(commit)
        repository.rebuild()
        assert not repository.has(commit)
        with pytest.raises(RepositoryCorrupt):
            len(tree.entries)
        assert packs(path) == []
        assert not (path / "stoker.packed").exists()
        brought(repository, upstream, commit)
        assert contents(repository, commit) == FILES
        assert len(tree.entries) > 0


def test_what_git_has_just_brought_counts_without_a_walk(
    tmp_path: Path, upstream: Upstream
) -> None:
    commit = SITE.commit(upstream)
    with Repository(tmp_path / "repo") as repository:
        repository.prepare()
        with pytest.raises(RepositoryCorrupt, match="is not there"):
            repository.take(commit)
        fetch(tmp_path / "repo", upstream, commit)
        repository.take(commit)
        assert (tmp_path / "repo/refs/stoker" / commit).exists()
        assert repository.has(commit)
        repository.tidy()
        assert contents(repository, commit) == FILES


def test_more_than_may_be_kept_is_told(tmp_path: Path, upstream: Upstream) -> None:
    commit = SITE.commit(upstream)
    with Repository(tmp_path / "repo", limit=10_000) as repository:
        repository.prepare()
        repository.tidy()
        brought(repository, upstream, commit)
        with pytest.raises(RepositoryFull, match="may hold 10000") as caught:
            repository.tidy()
        assert caught.value.where == str(tmp_path / "repo")
        # What is there can be used all the same.
        assert contents(repository, commit) == FILES


def test_what_git_says_while_it_packs_is_told(tmp_path: Path, upstream: Upstream) -> None:
    commit = SITE.commit(upstream)
    with Repository(tmp_path / "repo") as repository:
        repository.prepare()
        brought(repository, upstream, commit)
        (pack,) = (tmp_path / "repo/objects/pack").glob("*.pack")
        pack.chmod(0o644)
        raw = pack.read_bytes()
        pack.write_bytes(raw[:100] + bytes(len(raw) - 200) + raw[-100:])
        with pytest.raises(GitError):
            tidying.carry_out(Work.PACK, tmp_path / "repo", repository.room)


def test_reading_goes_through(tmp_path: Path, upstream: Upstream) -> None:
    commit = upstream.commit({"a": b"some words"})
    with Repository(tmp_path / "repo") as repository:
        repository.prepare()
        brought(repository, upstream, commit)
        node = repository.tree(commit).entries["a"]
        assert repository.size(node.id) == 10  # type: ignore[arg-type]
        assert list(repository.chunks(node.id, 6)) == [b"some w", b"ords"]  # type: ignore[arg-type]
        assert repository.read(node.id) == b"some words"  # type: ignore[arg-type]
        assert repository.author(commit) == "Ada Example <ada@example.com>"
        with pytest.raises(UnsupportedHash):
            repository.has(CommitId("12" * 32))


def test_many_fetches_leave_a_small_repository(tmp_path: Path, upstream: Upstream) -> None:
    """Broken on purpose: without merging there are 150 packs, without `keep` 150 commits."""
    path = tmp_path / "repo"
    commit = SITE.commit(upstream)
    most = 0
    with Repository(path) as repository:
        repository.prepare()
        brought(repository, upstream, commit).tidy()
        for number in range(150):
            previous, commit = commit, SITE.change(upstream, 4, revision=number + 1)
            fetch(path, upstream, commit)
            assert repository.has(commit)
            repository.keep([previous, commit])
            repository.tidy()
            most = max(most, len(packs(path)))
        assert contents(repository, commit).keys() == FILES.keys()
    assert most == MOST_PACKS
    assert len((path / "shallow").read_text().split()) == 2
    assert sum(packs(path)) < 2 * MB
