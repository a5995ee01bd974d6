"""Fetching by HTTPS, from a server that does as it should.

Seen to fail with `--depth` left out, and with the options that narrow the advertisement left out.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from stoker.adapters.git.errors import (
    CommitNotFound,
    RefNotFound,
)
from stoker.adapters.git.remote import Remote
from stoker.core.errors import Retryable
from stoker.core.refs import CommitId, RefName, SemverRange, ref_prefixes
from stoker.testing.repositories import Upstream
from support.git_servers import (
    HttpsGit,
)
from support.served import Served, objects_in

NOWHERE = CommitId("1" * 40)


def test_what_is_asked_for_is_advertised_and_nothing_else(by_https: Remote, served: Served) -> None:
    served.upstream.branch("other", served.last)
    asked = ref_prefixes(RefName("main"), SemverRange.parse(">=1.0.0"))
    found = by_https.advertisement(asked)
    assert found.commit_of("refs/heads/main") == served.last
    assert found.commit_of("refs/tags/v1.0.0") == served.first
    assert set(found.names()) == {"refs/heads/main", "refs/tags/v1.0.0"}
    assert set(by_https.advertisement().names()) == {
        *("HEAD", "refs/heads/main", "refs/heads/other", "refs/tags/v1.0.0")
    }
    assert set(by_https.advertisement(["HEAD"]).names()) == {"HEAD"}


def test_branches_and_tags_that_nobody_asked_for_do_not_travel(
    by_https: Remote, https: HttpsGit
) -> None:
    by_https.advertisement(ref_prefixes(RefName("refs/heads/main")))
    asked = b"".join(one.body for one in https.seen)
    assert b"ref-prefix refs/heads/" in asked
    assert b"ref-prefix refs/tags/" not in asked


def test_an_empty_repository_advertises_nothing(
    by_https: Remote, https: HttpsGit, served: Served
) -> None:
    Upstream.create(served.root / "empty.git")
    empty = evolve(by_https, url=evolve(by_https.url, text=https.url("empty.git")))
    assert not empty.advertisement(["refs/heads/main"]).refs


def test_exactly_one_commit_is_fetched_and_nothing_else_is_written(
    by_https: Remote, mine: Path, served: Served
) -> None:
    told: list[str] = []
    assert by_https.fetch(mine, served.last, "main", told.append) == served.last
    assert served.last in objects_in(mine)
    assert served.first not in objects_in(mine)
    assert (mine / "shallow").read_text().split() == [served.last]
    assert not (mine / "FETCH_HEAD").exists()
    assert Upstream.at(mine).git("for-each-ref") == b""
    assert any(line.startswith("Receiving objects: 100%") for line in told)


def test_a_commit_that_is_no_tip_is_fetched_by_its_id(
    by_https: Remote, mine: Path, served: Served
) -> None:
    by_https.fetch(mine, served.last, "main")
    assert by_https.fetch(mine, served.first, "main") == served.first
    assert served.first in objects_in(mine)


def test_a_second_commit_comes_without_what_is_here(
    by_https: Remote, mine: Path, served: Served, https: HttpsGit
) -> None:
    by_https.fetch(mine, served.first, "main")
    Upstream.at(mine).git("update-ref", "refs/stoker/kept", served.first)
    by_https.fetch(mine, served.last, "main")
    assert f"have {served.first}".encode() in https.seen[-1].body
    assert by_https.fetch(mine, served.last, "main") == served.last


@pytest.mark.parametrize("ref", ["v1.0.0", "refs/tags/v1.0.0"])
def test_without_a_commit_the_ref_is_resolved(
    by_https: Remote, mine: Path, served: Served, ref: str
) -> None:
    assert by_https.fetch(mine, None, ref) == served.first


def test_a_ref_that_is_not_there(by_https: Remote, mine: Path) -> None:
    with pytest.raises(RefNotFound, match="no such ref"):
        by_https.fetch(mine, None, "gone")


def test_a_commit_of_a_rewritten_history(by_https: Remote, mine: Path) -> None:
    with pytest.raises(CommitNotFound, match="rewritten") as caught:
        by_https.fetch(mine, NOWHERE, "main")
    assert caught.value.where == NOWHERE
    assert isinstance(caught.value.disposition, Retryable)


def test_a_commit_of_a_deleted_ref(by_https: Remote, mine: Path) -> None:
    with pytest.raises(CommitNotFound, match="deleted"):
        by_https.fetch(mine, NOWHERE, "gone")


def test_an_id_that_is_not_a_commit(by_https: Remote, mine: Path, served: Served) -> None:
    tag = served.upstream.git("rev-parse", "v1.0.0").decode().strip()
    with pytest.raises(CommitNotFound, match="not that of a commit"):
        by_https.fetch(mine, CommitId(tag), "main")
