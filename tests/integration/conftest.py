"""Git servers that show the repository `served`, which each folder of tests makes for itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.git_servers import GitDaemon, HttpsGit, SshGit, authority
from support.served import TOKEN, Served


@pytest.fixture
def https(served: Served, tmp_path: Path) -> Iterator[HttpsGit]:
    with HttpsGit(root=served.root, tls=authority().context(tmp_path), token=TOKEN) as server:
        yield server


@pytest.fixture
def daemon(served: Served) -> Iterator[GitDaemon]:
    with GitDaemon(served.root) as server:
        yield server


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[SshGit]:
    folder = tmp_path / "sshd"
    folder.mkdir()
    with SshGit(folder) as server:
        yield server
