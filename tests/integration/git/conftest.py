"""A repository that servers show, one to fetch into, and ways from one to the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stoker.adapters.git.credentials import Access, token_from_file
from stoker.adapters.git.remote import Remote
from stoker.core.refs import check_repo_url
from stoker.testing.repositories import Upstream
from support.git_servers import HttpsGit, SshGit, authority
from support.served import PROTOCOLS, TOKEN, RemoteAt, Served


@pytest.fixture
def served(tmp_path: Path) -> Served:
    upstream = Upstream.create(tmp_path / "served" / "site.git")
    first = upstream.commit({"projects/a/view.json": b'{"a": 1}', "read me.txt": b"one"})
    upstream.tag("v1.0.0", first, "The first")
    last = upstream.commit({"projects/a/view.json": b'{"a": 2}'})
    return Served(upstream, first, last)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A bare repository with nothing in it."""
    return Upstream.create(tmp_path / "mine").path


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    return authority().write(tmp_path / "ca.pem")


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return path


@pytest.fixture
def remote_at(tmp_path: Path) -> RemoteAt:
    """Makes a remote: the address, the access, and limits."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def made(url: str, access: Access | None = None, **limits: Any) -> Remote:
        return Remote(
            url=check_repo_url(url, PROTOCOLS),
            access=Access(protocols=PROTOCOLS) if access is None else access,
            scratch=scratch,
            **limits,
        )

    return made


@pytest.fixture
def by_https(https: HttpsGit, remote_at: RemoteAt, ca_file: Path, token_file: Path) -> Remote:
    access = Access(host=https.host, token=token_from_file(token_file), ca_file=ca_file)
    return remote_at(https.url("site.git"), access)


@pytest.fixture
def ssh_access(sshd: SshGit, tmp_path: Path) -> Access:
    known = sshd.known_hosts(tmp_path / "known_hosts")
    return Access(host=sshd.host, ssh_key_file=sshd.user_key, known_hosts_file=known)


@pytest.fixture
def by_ssh(sshd: SshGit, served: Served, remote_at: RemoteAt, ssh_access: Access) -> Remote:
    return remote_at(sshd.url(served.path), ssh_access)
