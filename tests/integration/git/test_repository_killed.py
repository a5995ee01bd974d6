"""Kills at any moment, of git while it fetches and packs, and of the whole process.

After each kill the next process finds what was left, heals it, and ends with the commit, all of it.
What a kill can leave was also enumerated, file by file, in the unit tests.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stoker.adapters.git.repository import Repository
from stoker.adapters.git.settings import environment
from stoker.core.refs import CommitId
from stoker.testing.repositories import Site, Size, Upstream
from support.fetches import FETCH, brought, contents, fetch, recovered, serving

SITE = Site(Size(400, 2_000_000))
LOOP = """
import sys
from pathlib import Path
from support.fetches import contents, fetch
from stoker.adapters.git.repository import Repository
from stoker.core.refs import CommitId
from stoker.testing.repositories import Upstream

path, upstream = Path(sys.argv[1]), Upstream.at(Path(sys.argv[2]))
commits = [CommitId(each) for each in sys.argv[3:]]
while True:
    for commit in commits:
        with Repository(path) as repository:
            repository.prepare()
            if not repository.has(commit):
                fetch(path, upstream, commit)
            assert repository.has(commit)
            print("has", flush=True)
            contents(repository, commit)
            repository.keep([commit])
            repository.tidy()
            repository.rebuild()
"""


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return serving(tmp_path / "up.git")


def started(*command: str) -> subprocess.Popen[bytes]:
    """The process and all that it starts, in a group of their own."""
    return subprocess.Popen(  # noqa: S603 - no shell, our own words
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={
            **environment(Path("/dev/null"), protocols=("file",)),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
        start_new_session=True,
    )


def kill(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def nothing_is_left(path: Path) -> None:
    stray = {
        each.name
        for each in path.rglob("*")
        if each.suffix in {".lock", ".new", ".keep"} or each.name.startswith(("tmp", ".tmp"))
    }
    assert stray <= {"stoker.lock"}


def test_git_killed_while_it_fetches(tmp_path: Path, upstream: Upstream) -> None:
    """Broken on purpose: with locks left where they are, a later fetch fails for ever."""
    commit = SITE.commit(upstream)
    expected = dict(SITE.files())
    whole = tmp_path / "measured"
    with Repository(whole) as repository:
        repository.prepare()
        begun = time.monotonic()
        fetch(whole, upstream, commit)
        lasts = time.monotonic() - begun
    moments = random.Random(4)  # noqa: S311 - moments, the same ones every time
    for number in range(40):
        path = tmp_path / "repo"
        with Repository(path) as repository:
            repository.prepare()
        command = ("git", f"--git-dir={path}", *FETCH, str(upstream.git_dir), commit)
        process = started(*command)
        time.sleep(moments.uniform(0, 1.3) * lasts)
        kill(process)
        files, rebuilds = recovered(path, upstream, commit)
        assert files == expected
        assert rebuilds == 0
        nothing_is_left(path)
        if number % 2:
            with Repository(path) as repository:
                repository.prepare()
                repository.rebuild()
        else:
            # The next fetch is of a change to what is here.
            commit = SITE.change(upstream, 40, revision=number + 1)
            expected |= dict(SITE.changed(40, revision=number + 1))


@pytest.mark.parametrize("how", [("-a", "-d"), ("--geometric=2", "-d")])
def test_git_killed_while_it_packs(
    tmp_path: Path, upstream: Upstream, how: tuple[str, ...]
) -> None:
    path = tmp_path / "repo"
    commit = SITE.commit(upstream)
    expected = dict(SITE.files())
    moments = random.Random(5)  # noqa: S311 - moments, the same ones every time
    for number in range(12):
        with Repository(path) as repository:
            repository.prepare()
            brought(repository, upstream, commit)
            commit = SITE.change(upstream, 30, revision=number + 1)
            expected |= dict(SITE.changed(30, revision=number + 1))
            brought(repository, upstream, commit)
        process = started("git", f"--git-dir={path}", "repack", "-q", *how)
        time.sleep(moments.uniform(0, 0.06))
        kill(process)
        with Repository(path) as repository:
            repository.prepare()
            # Nothing that was kept is fetched again.
            assert repository.has(commit)
            assert contents(repository, commit) == expected
        nothing_is_left(path)


def test_the_whole_process_killed_at_any_moment(tmp_path: Path, upstream: Upstream) -> None:
    """Broken on purpose: with the mark written before the walk, half a commit counts."""
    commits: list[CommitId] = [SITE.commit(upstream)]
    expected = dict(SITE.files())
    for revision in (1, 2):
        commits.append(SITE.change(upstream, 60, revision))
        expected |= dict(SITE.changed(60, revision))
    path = tmp_path / "repo"
    moments = random.Random(6)  # noqa: S311 - moments, the same ones every time
    for _ in range(14):
        process = started(sys.executable, "-c", LOOP, str(path), str(upstream.git_dir), *commits)
        assert process.stdout is not None
        assert process.stdout.readline() == b"has\n"
        time.sleep(moments.uniform(0, 0.3))
        kill(process)
        files, rebuilds = recovered(path, upstream, commits[-1])
        assert files == expected
        assert rebuilds == 0
        nothing_is_left(path)
