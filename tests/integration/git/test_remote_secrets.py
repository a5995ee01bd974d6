"""A planted secret, looked for everywhere while a slow fetch runs, and afterwards.

Seen to fail with the token in the address, with the token in an environment variable that the
credential helper reads, and with the key copied into the scratch folder.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from urllib.parse import quote

import pytest
from attrs import evolve

from stoker.adapters.git.credentials import Access
from stoker.adapters.git.errors import GitError
from stoker.adapters.git.remote import Remote
from support.git_servers import HttpsGit, Refuse, SshGit, Trickle, children
from support.served import TOKEN, Served
from support.watched import Watch, watching


def forms(secret: str) -> list[str]:
    """How a secret may be written down."""
    basic = base64.b64encode(f"x-access-token:{secret}".encode()).decode()
    return [secret, secret[4:-4], quote(secret, safe=""), basic]


def assert_unseen(watch: Watch, secret: str, program: str) -> None:
    assert any(program in command for command in watch.commands), watch.commands
    for sight in watch.sights.values():
        for form in forms(secret):
            assert form not in sight.command
            assert form not in sight.environment


def assert_nowhere_below(folder: Path, secret: str, *, besides: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and path != besides:
            content = path.read_bytes()
            assert not any(form.encode() in content for form in forms(secret)), path


def test_a_token_is_seen_nowhere(
    by_https: Remote,
    https: HttpsGit,
    served: Served,
    mine: Path,
    tmp_path: Path,
) -> None:
    served.upstream.commit({"noise": os.urandom(100_000)})
    https.fault = Trickle(pause=0.02, size=4000)
    told: list[str] = []
    with watching() as watch:
        by_https.fetch(mine, served.upstream.tip(), "main", told.append)
    assert https.authorizations
    assert_unseen(watch, TOKEN, "git-remote-https")
    assert_nowhere_below(tmp_path, TOKEN, besides=tmp_path / "token")
    assert not any(TOKEN in line for line in told)


def test_a_key_is_seen_nowhere(
    by_ssh: Remote, sshd: SshGit, served: Served, mine: Path, tmp_path: Path
) -> None:
    served.upstream.commit({"noise": os.urandom(100_000)})
    key = sshd.user_key.read_text()
    secret = key.splitlines()[2]
    servers = frozenset(children(os.getpid()))
    with watching(servers) as watch:
        by_ssh.fetch(mine, served.upstream.tip(), "main")
    assert_unseen(watch, secret, "ssh")
    assert_nowhere_below(tmp_path, secret, besides=sshd.user_key)


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_no_error_repeats_a_token(by_https: Remote, https: HttpsGit, status: int) -> None:
    https.fault = Refuse(status, {"WWW-Authenticate": f'Basic realm="{TOKEN}"', "X-Told": TOKEN})
    with pytest.raises(GitError) as caught:
        by_https.advertisement()
    assert TOKEN not in str(caught.value) + repr(caught.value)


def test_nobody_shows_a_token_who_shows_an_access(by_https: Remote) -> None:
    assert TOKEN not in repr(by_https)


def test_no_error_repeats_what_a_token_file_holds_by_mistake(by_https: Remote) -> None:
    access = evolve(by_https.access, token=lambda: f"{TOKEN}\nquit=1")
    with pytest.raises(GitError, match="more than one line") as caught:
        evolve(by_https, access=access).advertisement()
    assert TOKEN not in str(caught.value)


def test_no_error_repeats_a_key(
    by_ssh: Remote, ssh_access: Access, sshd: SshGit, tmp_path: Path
) -> None:
    secret = sshd.user_key.read_text().splitlines()[2]
    broken = tmp_path / "broken"
    broken.write_text(secret + sshd.user_key.read_text()[:150])
    with pytest.raises(GitError) as caught:
        evolve(by_ssh, access=evolve(ssh_access, ssh_key_file=broken)).advertisement()
    assert secret not in str(caught.value) + repr(caught.value)
