"""Who is trusted, and who gets the token.

Seen to fail with `ca_file` not given to git, with a credential helper for every host, and with the
host of `Access` not compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve

from stoker.adapters.git.credentials import Access
from stoker.adapters.git.errors import (
    AuthenticationFailed,
    GitError,
    NetworkUnreachable,
    ServerRefused,
    TlsFailed,
)
from stoker.adapters.git.remote import Remote
from support.git_servers import (
    Authority,
    HttpsGit,
    Redirect,
    Refuse,
    authority,
    eventually,
)
from support.served import RemoteAt, Served


def test_a_server_whose_authority_nobody_named(remote_at: RemoteAt, https: HttpsGit) -> None:
    with pytest.raises(TlsFailed, match="certificate"):
        remote_at(https.url("site.git")).advertisement()
    assert https.seen == []


def test_a_server_of_another_authority(by_https: Remote, https: HttpsGit, tmp_path: Path) -> None:
    other = Authority.create("Another").write(tmp_path / "other.pem")
    access = evolve(by_https.access, ca_file=other)
    with pytest.raises(TlsFailed):
        evolve(by_https, access=access).advertisement()
    assert https.seen == []


def test_a_certificate_that_is_too_old(
    remote_at: RemoteAt, served: Served, tmp_path: Path, ca_file: Path
) -> None:
    with HttpsGit(root=served.root, tls=authority().context(tmp_path, expired=True)) as server:
        with pytest.raises(TlsFailed):
            remote_at(server.url("site.git"), Access(ca_file=ca_file)).advertisement()
        assert server.seen == []


def test_the_token_is_given_to_its_host_and_read_at_each_use(
    by_https: Remote, https: HttpsGit, token_file: Path
) -> None:
    by_https.advertisement()
    https.token = "renewed"
    with pytest.raises(AuthenticationFailed, match=r"spec\.git\.auth"):
        by_https.advertisement()
    token_file.write_text("renewed")
    assert by_https.advertisement().refs
    assert https.seen[-1].password == "x-access-token:renewed"


def test_without_a_token(by_https: Remote, https: HttpsGit, ca_file: Path) -> None:
    with pytest.raises(AuthenticationFailed):
        evolve(by_https, access=Access(ca_file=ca_file)).advertisement()
    assert https.authorizations == []


@pytest.fixture
def other(served: Served, tmp_path: Path) -> Iterator[HttpsGit]:
    """Another port is another host."""
    with HttpsGit(root=served.root, tls=authority().context(tmp_path), token="other") as server:
        yield server


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_to_another_host_takes_no_token_along(
    by_https: Remote, https: HttpsGit, other: HttpsGit, status: int
) -> None:
    https.fault = Redirect(f"https://{other.host}", status)
    with pytest.raises(AuthenticationFailed):
        by_https.advertisement()
    assert other.seen
    assert other.authorizations == []


def test_a_redirect_behind_the_token_takes_it_not_along(
    by_https: Remote, https: HttpsGit, other: HttpsGit
) -> None:
    https.redirect_behind_token = f"https://{other.host}"
    with pytest.raises(AuthenticationFailed):
        by_https.advertisement()
    assert https.authorizations
    assert other.seen
    assert other.authorizations == []


def test_a_redirect_of_the_pack_is_not_followed(
    by_https: Remote, https: HttpsGit, other: HttpsGit, served: Served, mine: Path
) -> None:
    """Only the first answer may lead elsewhere: later ones come with the token already sent."""
    https.redirect_posts = f"https://{other.host}"
    with pytest.raises(GitError):
        by_https.fetch(mine, served.last, "main")
    assert other.seen == []


def test_a_redirect_by_the_server_itself_is_followed(
    by_https: Remote, https: HttpsGit, served: Served, mine: Path
) -> None:
    """Forges lead on from the old name of a repository to its new one."""
    served.path.rename(served.root / "renamed.git")
    https.moved = ("/site.git", "/renamed.git")
    assert by_https.fetch(mine, served.last, "main") == served.last


def test_a_changed_address_gets_no_token(
    by_https: Remote, other: HttpsGit, remote_at: RemoteAt
) -> None:
    elsewhere = remote_at(other.url("site.git"), by_https.access)
    with pytest.raises(AuthenticationFailed):
        elsewhere.advertisement()
    assert other.seen
    assert other.authorizations == []


def test_a_redirect_to_plain_http_is_not_followed(
    by_https: Remote, https: HttpsGit, served: Served
) -> None:
    with HttpsGit(root=served.root, tls=None) as plain:
        https.fault = Redirect(f"http://{plain.host}")
        with pytest.raises(GitError):
            by_https.advertisement()
        assert plain.seen == []


def test_nobody_listens(remote_at: RemoteAt, served: Served, mine: Path) -> None:
    with pytest.raises(NetworkUnreachable):
        remote_at("https://127.0.0.1:1/site.git").fetch(mine, served.last, "main")


def test_no_such_host(remote_at: RemoteAt) -> None:
    with pytest.raises(NetworkUnreachable):
        remote_at("https://no-such-host.invalid/site.git").advertisement()


def test_a_server_that_comes_back(by_https: Remote, https: HttpsGit) -> None:
    https.fault = Refuse(500)
    https.first_only = True
    with pytest.raises(ServerRefused):
        by_https.advertisement()
    assert eventually(lambda: bool(by_https.advertisement().refs))
