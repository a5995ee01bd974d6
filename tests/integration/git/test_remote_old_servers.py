"""Servers that give only what they advertise.

Seen to fail with the fallback left out, and with its last step (all of history) left out.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from stoker.adapters.git.errors import (
    CommitNotFound,
)
from stoker.adapters.git.remote import Remote
from stoker.core.refs import CommitId
from support.git_servers import (
    HttpsGit,
)
from support.served import Served, objects_in

NOWHERE = CommitId("1" * 40)


@pytest.fixture
def old(https: HttpsGit, by_https: Remote) -> Remote:
    https.protocol = ""
    return by_https


def test_an_old_server_gives_a_tip_by_its_id(old: Remote, mine: Path, served: Served) -> None:
    assert old.fetch(mine, served.last, "main") == served.last
    assert served.first not in objects_in(mine)


@pytest.mark.parametrize("ref", ["main", "HEAD", "by its id"])
def test_an_old_server_gives_an_earlier_commit_by_a_ref(
    old: Remote, mine: Path, served: Served, ref: str
) -> None:
    middle = served.upstream.commit({"more": b"more"})
    served.upstream.commit({"more": b"even more"})
    assert old.fetch(mine, middle, middle if ref == "by its id" else ref) == middle
    assert middle in objects_in(mine)


def test_an_old_server_gives_a_commit_far_down(old: Remote, mine: Path, served: Served) -> None:
    for number in range(70):
        served.upstream.commit({"count": str(number).encode()})
    assert old.fetch(mine, served.first, "main") == served.first


@pytest.mark.parametrize("ref", ["main", "gone", NOWHERE])
def test_an_old_server_without_the_commit(old: Remote, mine: Path, ref: str) -> None:
    with pytest.raises(CommitNotFound):
        old.fetch(mine, NOWHERE, ref)
