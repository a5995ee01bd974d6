"""A server that fails in every way it can.

Seen to fail with `Retry-After` not read, with the deadlines left out, and with the ref fetched
instead of the commit (another commit than the one that was asked for).
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from attrs import evolve

from stoker.adapters.git.errors import (
    AuthenticationFailed,
    BrokenTransfer,
    GitError,
    GitTimeout,
    RepositoryCorrupt,
    RepositoryNotFound,
    ServerRefused,
    TooMuch,
)
from stoker.adapters.git.remote import Remote
from stoker.core.errors import Retryable
from stoker.testing.repositories import Upstream
from support.git_servers import (
    BreakOff,
    Flood,
    Hang,
    HttpsGit,
    Refuse,
    Swap,
    Trickle,
)
from support.served import Served


@pytest.mark.parametrize(
    ("fault", "error", "after"),
    [
        (Refuse(429, {"Retry-After": "17"}), ServerRefused, 17.0),
        (
            Refuse(503, {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}),
            ServerRefused,
            0.0,
        ),
        (Refuse(403, {"Retry-After": "60"}), ServerRefused, 60.0),
        (Refuse(429), ServerRefused, None),
        (Refuse(500), ServerRefused, None),
        (Refuse(418), ServerRefused, None),
        (Refuse(401, {"WWW-Authenticate": 'Basic realm="git"'}), AuthenticationFailed, None),
        (Refuse(403), AuthenticationFailed, None),
        (Refuse(404), RepositoryNotFound, None),
        (Flood(), TooMuch, None),
    ],
)
def test_an_answer_that_is_none(
    by_https: Remote,
    https: HttpsGit,
    fault: Refuse | Flood,
    error: type[GitError],
    after: float | None,
) -> None:
    https.fault = fault
    with pytest.raises(error) as caught:
        by_https.advertisement(["refs/heads/main"])
    assert caught.value.disposition == Retryable(after)
    assert caught.value.where == https.url("site.git")
    if isinstance(caught.value, ServerRefused) and isinstance(fault, Refuse):
        assert caught.value.status == fault.status


@pytest.mark.parametrize("fault", [BreakOff(0), BreakOff(300)])
def test_a_connection_that_breaks_off_heals_with_the_next_try(
    by_https: Remote, https: HttpsGit, served: Served, mine: Path, fault: BreakOff
) -> None:
    served.upstream.commit({"large": bytes(range(256)) * 4000})
    tip = served.upstream.tip()
    https.fault = fault
    with pytest.raises(BrokenTransfer):
        by_https.fetch(mine, tip, "main")
    assert not list((mine / "objects" / "pack").glob("*.pack"))
    https.fault = None
    assert by_https.fetch(mine, tip, "main") == tip


def test_another_commit_than_the_one_that_was_asked_for(
    by_https: Remote, https: HttpsGit, served: Served, mine: Path
) -> None:
    https.fault = Swap(served.last, served.first)
    with pytest.raises(BrokenTransfer, match="missing"):
        by_https.fetch(mine, served.last, "main")
    https.fault = None
    assert by_https.fetch(mine, served.last, "main") == served.last


def test_what_we_say_we_have_and_have_not_is_our_own_damage(
    by_https: Remote, served: Served, mine: Path
) -> None:
    by_https.fetch(mine, served.first, "main")
    # A ref of ours leads to a commit whose tree is gone.
    kept = Upstream.at(mine)
    kept.git("update-ref", "refs/stoker/kept", served.first)
    for pack in (mine / "objects" / "pack").iterdir():
        pack.unlink()
    commit = served.upstream.git("cat-file", "commit", served.first)
    assert kept.write_object("commit", commit) == served.first
    with pytest.raises(RepositoryCorrupt):
        by_https.fetch(mine, served.last, "main")


def test_a_folder_that_is_no_repository(by_https: Remote, served: Served, tmp_path: Path) -> None:
    with pytest.raises(RepositoryCorrupt):
        by_https.fetch(tmp_path, served.last, "main")


@pytest.mark.parametrize("when", ["at once", "in the pack"])
def test_a_server_that_hangs_is_left_within_the_limit(
    by_https: Remote, https: HttpsGit, served: Served, mine: Path, when: str
) -> None:
    served.upstream.commit({"large": bytes(range(256)) * 4000})
    tip = served.upstream.tip()
    https.fault = Hang() if when == "at once" else Trickle(pause=60, after=2000)
    begun = time.monotonic()
    with pytest.raises(GitTimeout) as caught:
        evolve(by_https, stall=1.0).fetch(mine, tip, "main")
    assert time.monotonic() - begun < 4
    assert caught.value.limit == "stall"
    assert caught.value.where == https.url("site.git")
    assert not list(mine.glob("*.lock"))
    https.fault = None
    https.over.set()
    assert by_https.fetch(mine, tip, "main") == tip
