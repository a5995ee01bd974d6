"""How much memory reading takes: measured in a process of its own, whatever stands in the packs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stoker.adapters.git.repository import Repository
from stoker.core.manifest import digest_of
from stoker.testing.repositories import Site, Upstream
from support.fetches import fetch, serving

MB = 1 << 20
PEAK = """
def peak():
    lines = open('/proc/self/status').read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith('VmHWM')) // 1024
"""
OPEN = (
    PEAK
    + """
import os, resource, sys
from pathlib import Path
from stoker.adapters.git.repository import Repository
from stoker.core.refs import CommitId
from stoker.core.tree import Tree
repository = Repository(Path(sys.argv[1]))
repository.prepare()
commit = CommitId(sys.argv[2])
"""
)
WALK = (
    OPEN
    + """
assert repository.has(commit)
before = peak()
todo, files, total = [repository.tree(commit)], 0, 0
while todo:
    for node in todo.pop().entries.values():
        if isinstance(node, Tree):
            todo.append(node)
        else:
            files += 1
            total += sum(map(len, repository.chunks(node.id)))
print(files, total, before, peak())
"""
)
STREAM = (
    OPEN
    + """
(blob,) = (node.id for node in repository.tree(commit).entries.values())
before = peak()
total = sum(map(len, repository.chunks(blob)))
children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
print(repository.size(blob), total, before, peak(), children)
"""
)


def told(script: str, *arguments: str) -> list[int]:
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script, *arguments], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return [int(word) for word in done.stdout.split()]


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return serving(tmp_path / "up.git")


def test_all_of_a_large_site_in_little_memory(tmp_path: Path, upstream: Upstream) -> None:
    """Broken on purpose: with libgit2's own windows and cache it takes the pack's size more."""
    commit = Site.of("L").commit(upstream)
    path = tmp_path / "repo"
    with Repository(path) as repository:
        repository.prepare()
        fetch(path, upstream, commit)
    files, total, before, peak = told(WALK, str(path), commit)
    assert files == 14_000
    assert total > 70 * MB
    assert peak < 70
    assert peak - before < 30


def test_a_file_of_200_mb_in_little_memory(tmp_path: Path, upstream: Upstream) -> None:
    """Broken on purpose: read at once, it is in memory twice."""
    size = 200 * MB
    # Some of it does not compress.
    content = b"".join(os.urandom(MB // 8) + bytes(7 * MB // 8) for _ in range(size // MB))
    commit = upstream.commit({"large": content})
    assert digest_of(content) in upstream.git("ls-tree", commit).decode()
    del content
    path = tmp_path / "repo"
    with Repository(path) as repository:
        repository.prepare()
        fetch(path, upstream, commit)
    held, total, before, peak, git = told(STREAM, str(path), commit)
    assert held == total == size
    assert peak - before < 12
    assert peak < 60
    assert git < 60
