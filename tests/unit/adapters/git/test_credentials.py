"""What is lent to git, for whom, and what is refused before git is asked.

Seen to fail with the host not compared, and with tokens of several lines let through.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from attrs import evolve

from stoker.adapters.git.credentials import Access, Means, lent, token_from_file
from stoker.adapters.git.errors import AuthenticationFailed, TlsFailed
from stoker.core.refs import check_repo_url

HTTPS = check_repo_url("https://git.example.com:8443/site.git")
SSH = check_repo_url("git@git.example.com:site.git")
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def never() -> str:
    raise AssertionError


def content(handle: int) -> str:
    return os.pread(handle, 10_000, 0).decode()


def test_a_token_is_lent_for_its_host_port_and_protocol() -> None:
    access = Access(host="git.example.com:8443", token=lambda: " t0ken\n")
    with lent(access, HTTPS) as means:
        keys = [key for key, _ in means.settings]
        assert keys == ["credential.https://git.example.com:8443.helper"]
        assert "t0ken" not in str(means.settings) + str(means.extra)
        assert content(means.handles[0]) == "username=x-access-token\npassword=t0ken\n"
        assert os.fstat(means.handles[0]).st_mode & 0o777 == 0o600
        assert means.secrets == ("t0ken",)
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(means.handles[0])


@pytest.mark.parametrize(
    "host", ["", "git.example.com", "example.com:8443", "x.git.example.com:8443"]
)
def test_a_token_for_another_host_is_not_even_read(host: str) -> None:
    with lent(Access(host=host, token=never), HTTPS) as means:
        assert means == Means()


@pytest.mark.parametrize(
    "url", ["http://git.example.com/x", "git://git.example.com/x", "file:///x"]
)
def test_nothing_is_lent_where_it_could_be_read_on_the_way(url: str) -> None:
    checked = check_repo_url(url, ("http", "git", "file"))
    with lent(Access(host=checked.host, token=never), checked) as means:
        assert means == Means()


@pytest.mark.parametrize("token", ["", " \n", "a\nhost=evil", "a\0b", "a\rb", "a\x7f"])
def test_a_token_that_is_none(token: str) -> None:
    access = Access(host=HTTPS.host, token=lambda: token)
    with pytest.raises(AuthenticationFailed, match="git token"), lent(access, HTTPS):
        pass


def test_a_token_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    read = token_from_file(path)
    with pytest.raises(AuthenticationFailed, match="cannot be read"):
        read()
    path.write_text("one\n")
    assert read() == "one"
    path.write_text("two")
    assert read() == "two"


def test_authorities_take_the_place_of_the_machines_own(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text(CERTIFICATE)
    with lent(Access(ca_file=path), HTTPS) as means:
        assert dict(means.settings) == {
            "http.sslCAInfo": str(path),
            "http.sslCAPath": "/dev/null",
        }


@pytest.mark.parametrize("text", [None, "", "no certificate"])
def test_authorities_that_are_none(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)
    with pytest.raises(TlsFailed, match="CA bundle") as caught, lent(Access(ca_file=path), HTTPS):
        pass
    assert caught.value.where == str(path)


def test_ssh_is_told_where_git_has_the_key(tmp_path: Path) -> None:
    key, known = tmp_path / "key", tmp_path / "known"
    key.write_bytes(b"-----BEGIN OPENSSH PRIVATE KEY-----\r\nx\r\n-----END")
    known.write_bytes(b"git.example.com ssh-ed25519 x")
    access = Access(host="git.example.com", ssh_key_file=key, known_hosts_file=known)
    with lent(access, SSH) as means:
        command = means.extra["GIT_SSH_COMMAND"]
        first, second, *_ = means.handles
        assert f"-i /proc/$PPID/fd/{first}" in command
        assert f"UserKnownHostsFile=/proc/$PPID/fd/{second}" in command
        assert "StrictHostKeyChecking=yes" in command
        assert str(tmp_path) not in command
        assert content(first) == "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END\n"
        assert content(second) == "git.example.com ssh-ed25519 x\n"
    careless = evolve(access, known_hosts_file=None, insecure_skip_host_key_check=True)
    with lent(careless, SSH) as means:
        assert "StrictHostKeyChecking=no" in means.extra["GIT_SSH_COMMAND"]
