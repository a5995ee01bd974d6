"""Fetching by SSH: keys as Secrets hold them, host keys, and users that have no name.

Seen to fail with `StrictHostKeyChecking=no` throughout (unknown and changed host keys), with the
key file handed to ssh itself (open permissions, mended text), with the host of `Access` not
compared, and without the library that names the user.
"""

from __future__ import annotations

import ctypes
import os
import platform
import pwd
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from stoker.adapters.git.credentials import Access
from stoker.adapters.git.errors import (
    AuthenticationFailed,
    GitTimeout,
    HostKeyRefused,
    NetworkUnreachable,
    ProgramMissing,
    RepositoryNotFound,
)
from stoker.adapters.git.remote import Remote
from stoker.core.refs import RepoUrl
from support.git_servers import SshGit, make_key
from support.served import RemoteAt, Served, objects_in


def test_a_commit_is_fetched(by_ssh: Remote, served: Served, mine: Path) -> None:
    assert by_ssh.fetch(mine, served.first, "main") == served.first
    assert served.last not in objects_in(mine)
    assert by_ssh.advertisement(["refs/heads/main"]).commit_of("refs/heads/main") == served.last


def test_no_such_repository(by_ssh: Remote, sshd: SshGit, tmp_path: Path) -> None:
    absent = evolve(by_ssh.url, text=sshd.url(tmp_path / "absent.git"))
    with pytest.raises(RepositoryNotFound):
        evolve(by_ssh, url=absent).advertisement()


# --- Host keys -----------------------------------------------------------------------------------


def test_a_changed_host_key_is_refused_until_it_is_known(
    by_ssh: Remote, sshd: SshGit, ssh_access: Access
) -> None:
    by_ssh.advertisement()
    sshd.new_host_key()
    with pytest.raises(HostKeyRefused, match="changed") as caught:
        by_ssh.advertisement()
    assert caught.value.kind == "changed"
    assert "known_hosts" in caught.value.cure
    # The file is read at each use.
    assert ssh_access.known_hosts_file is not None
    sshd.known_hosts(ssh_access.known_hosts_file)
    assert by_ssh.advertisement().refs


@pytest.mark.parametrize(
    "known",
    [
        "",
        "\n# nothing\n",
        (
            "github.com ssh-ed25519 "
            "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
        ),
        "not a line of known_hosts",
    ],
)
def test_an_unknown_host_key_is_refused(by_ssh: Remote, ssh_access: Access, known: str) -> None:
    assert ssh_access.known_hosts_file is not None
    ssh_access.known_hosts_file.write_text(known)
    with pytest.raises(HostKeyRefused) as caught:
        by_ssh.advertisement()
    assert caught.value.kind == "unknown"
    assert "ssh-keyscan" in caught.value.cure


@pytest.mark.parametrize("file", [None, Path("/nowhere/known_hosts")])
def test_without_known_hosts_nobody_is_asked(
    by_ssh: Remote, sshd: SshGit, ssh_access: Access, file: Path | None
) -> None:
    with pytest.raises(HostKeyRefused) as caught:
        evolve(by_ssh, access=evolve(ssh_access, known_hosts_file=file)).advertisement()
    assert caught.value.kind == "unset"
    assert f"ssh-keyscan -p {sshd.port} 127.0.0.1" in caught.value.cure


def test_known_hosts_with_windows_line_ends(by_ssh: Remote, ssh_access: Access) -> None:
    path = ssh_access.known_hosts_file
    assert path is not None
    path.write_bytes(b"# keys\r\n" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert by_ssh.advertisement().refs


def test_whoever_wants_it_goes_without_known_hosts(
    by_ssh: Remote, sshd: SshGit, ssh_access: Access
) -> None:
    careless = evolve(ssh_access, known_hosts_file=None, insecure_skip_host_key_check=True)
    assert evolve(by_ssh, access=careless).advertisement().refs
    sshd.new_host_key()
    assert evolve(by_ssh, access=careless).advertisement().refs


# --- Keys ----------------------------------------------------------------------------------------


def as_it_is(text: bytes) -> bytes:
    return text


def with_windows_line_ends(text: bytes) -> bytes:
    return text.replace(b"\n", b"\r\n")


def without_the_last_newline(text: bytes) -> bytes:
    return text.rstrip(b"\n")


def between_white_space(text: bytes) -> bytes:
    return b"\n\n  " + text + b"\n\n"


@pytest.mark.parametrize(
    "changed",
    [as_it_is, with_windows_line_ends, without_the_last_newline, between_white_space],
)
@pytest.mark.parametrize("mode", [0o600, 0o440, 0o644])
def test_a_key_as_secrets_hold_it(
    by_ssh: Remote,
    ssh_access: Access,
    tmp_path: Path,
    changed: Callable[[bytes], bytes],
    mode: int,
) -> None:
    assert ssh_access.ssh_key_file is not None
    key = tmp_path / "mounted key"
    key.write_bytes(changed(ssh_access.ssh_key_file.read_bytes()))
    key.chmod(mode)
    assert evolve(by_ssh, access=evolve(ssh_access, ssh_key_file=key)).advertisement().refs


def test_a_key_that_the_server_does_not_know(
    by_ssh: Remote, ssh_access: Access, tmp_path: Path
) -> None:
    stranger = make_key(tmp_path / "stranger")
    with pytest.raises(AuthenticationFailed, match="Permission denied"):
        evolve(by_ssh, access=evolve(ssh_access, ssh_key_file=stranger)).advertisement()


def test_a_key_with_a_passphrase(by_ssh: Remote, ssh_access: Access, tmp_path: Path) -> None:
    locked = make_key(tmp_path / "locked", "a passphrase")
    with pytest.raises(AuthenticationFailed, match="passphrase"):
        evolve(by_ssh, access=evolve(ssh_access, ssh_key_file=locked)).advertisement()


@pytest.mark.parametrize("text", ["", "ssh-ed25519 AAAA public", "\x00\x01"])
def test_what_is_no_private_key(
    by_ssh: Remote, ssh_access: Access, tmp_path: Path, text: str
) -> None:
    key = tmp_path / "no key"
    key.write_text(text)
    with pytest.raises(AuthenticationFailed, match="not a private SSH key"):
        evolve(by_ssh, access=evolve(ssh_access, ssh_key_file=key)).advertisement()


def test_a_key_that_is_cut_short(by_ssh: Remote, ssh_access: Access, tmp_path: Path) -> None:
    assert ssh_access.ssh_key_file is not None
    key = tmp_path / "cut"
    key.write_text(ssh_access.ssh_key_file.read_text()[:200])
    with pytest.raises(AuthenticationFailed, match="damaged"):
        evolve(by_ssh, access=evolve(ssh_access, ssh_key_file=key)).advertisement()


def test_a_key_that_is_not_there(by_ssh: Remote, ssh_access: Access, tmp_path: Path) -> None:
    gone = evolve(ssh_access, ssh_key_file=tmp_path / "gone")
    with pytest.raises(AuthenticationFailed, match="cannot be read") as caught:
        evolve(by_ssh, access=gone).advertisement()
    assert caught.value.where == str(tmp_path / "gone")


def test_a_key_is_for_its_host_alone(by_ssh: Remote, ssh_access: Access) -> None:
    elsewhere = evolve(ssh_access, host="git.example.com")
    with pytest.raises(AuthenticationFailed, match=r"for git\.example\.com"):
        evolve(by_ssh, access=elsewhere).advertisement()


def test_without_a_key(sshd: SshGit, served: Served, remote_at: RemoteAt) -> None:
    with pytest.raises(AuthenticationFailed, match="no SSH key"):
        remote_at(sshd.url(served.path)).advertisement()


# --- Where it runs -------------------------------------------------------------------------------


def test_a_server_that_hangs(by_ssh: Remote, sshd: SshGit) -> None:
    sshd.command = "cat > /dev/null"
    sshd.restart()
    with pytest.raises(GitTimeout):
        evolve(by_ssh, stall=1.0).advertisement()


def test_a_server_that_is_gone(by_ssh: Remote, sshd: SshGit) -> None:
    closed = RepoUrl("ssh://git@127.0.0.1:1/site.git", "ssh", sshd.host)
    with pytest.raises(NetworkUnreachable):
        evolve(by_ssh, url=closed).advertisement()


def nameless(monkeypatch: pytest.MonkeyPatch, task: Callable[[], object]) -> object:
    """What `task` gives, or raises, as a user without an entry in `/etc/passwd`.

    Root becomes such a user, in one thread. Everybody else stays who they are, and Stoker is told
    that there is no entry: the way that ssh is then given a name is the same.
    """
    found: list[object] = []

    def run() -> None:
        if os.getuid() == 0:
            number = {"x86_64": (117, 119), "aarch64": (147, 149)}[platform.machine()]
            syscall = ctypes.CDLL(None, use_errno=True).syscall
            for call in reversed(number):
                assert syscall(call, 54321, 54321, 54321) == 0
        try:
            found.append(task())
        except Exception as error:  # noqa: BLE001 - it is judged outside of the thread
            found.append(error)

    if os.getuid() != 0:

        def unknown(_: int) -> None:
            raise KeyError

        monkeypatch.setattr(pwd, "getpwuid", unknown)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


@pytest.fixture
def open_to_all(tmp_path: Path, ssh_access: Access) -> None:
    """Lets other users in to where the tests' files are."""
    assert ssh_access.ssh_key_file is not None
    ssh_access.ssh_key_file.chmod(0o644)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)


@pytest.mark.usefixtures("open_to_all")
def test_a_user_without_a_name(
    by_ssh: Remote, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = nameless(monkeypatch, lambda: by_ssh.advertisement(["refs/heads/main"]))
    if isinstance(found, ProgramMissing):
        pytest.fail("libnss_wrapper is missing; on Debian: apt-get install libnss-wrapper")
    if isinstance(found, Exception):
        raise found
    assert served.last in str(found)


@pytest.mark.usefixtures("open_to_all")
def test_a_user_without_a_name_and_without_the_library(
    by_ssh: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stoker.adapters.git.credentials.NAMING_LIBRARY", "libno_such.so")
    if os.getuid() != 0:
        # ssh finds the name of who runs the tests, so that nothing is missing.
        assert nameless(monkeypatch, by_ssh.advertisement)
        return
    found = nameless(monkeypatch, by_ssh.advertisement)
    assert isinstance(found, ProgramMissing)
    assert "libnss-wrapper" in found.cure
