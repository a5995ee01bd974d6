"""What git is told of keys and tokens, without leaving them anywhere.

A secret is read anew for each call and put into a file that exists in memory alone and has no
name. Git and its children inherit it as an open file: no argument, no variable, no configuration
and no disk ever holds it, and it is gone with the last of them. The agent names files that are
mounted for it; the controller, which has no business writing secrets to a disk, gives their text.

A token is handed out by a credential helper that git asks only for exactly the protocol, host and
port that it is configured for; after a redirect elsewhere git does not ask it. A key is read by
`ssh`, which closes what it inherits and so finds it as an open file of git's. The text of a key is
mended (line ends, the newline at the end), and the mode of the file it stood in does not matter.

Credentials are for one host, `Access.host`. For any other none of this happens.
"""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from stoker.adapters.git.errors import AuthenticationFailed, HostKeyRefused, TlsFailed
from stoker.adapters.git.settings import Setting
from stoker.core.refs import DEFAULT_PROTOCOLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.core.refs import RepoUrl

TOKEN_USER: Final = "x-access-token"  # noqa: S105 - a user name, and no secret
"""The user that a token is given for; servers that know tokens do not look at it."""

NAMING_LIBRARY: Final = "libnss_wrapper.so"
"""Debian's package libnss-wrapper: users and groups out of files that variables name."""

_FIELD_SSH_KEY: Final = "spec.git.auth.sshKey.secretRef"
_FIELD_CA: Final = "spec.git.caSecretRef"
"""Where a text came from, as errors name it: there is no file to look at."""

_BROKEN: Final = re.compile(r"[\x00-\x1f\x7f]")

_SSH: Final = (
    *("-F", "/dev/null"),
    *("-o", "BatchMode=yes"),
    *("-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "AddKeysToAgent=no"),
    *("-o", "PreferredAuthentications=publickey"),
    *("-o", "GlobalKnownHostsFile=/dev/null", "-o", "UpdateHostKeys=no"),
    *("-o", "VerifyHostKeyDNS=no", "-o", "CanonicalizeHostname=no"),
    *("-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "ClearAllForwardings=yes"),
    *("-o", "PermitLocalCommand=no", "-o", "ForwardAgent=no", "-o", "RequestTTY=no"),
    *("-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3"),
    *("-o", "LogLevel=ERROR"),
)
"""Nothing of a user's or the machine's own way of using ssh."""


@frozen(kw_only=True)
class Given:
    """What was read from Secrets already, instead of the files of the same names in `Access`."""

    ssh_key: str | None = field(default=None, repr=False)
    known_hosts: str | None = field(default=None, repr=False)
    ca: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class Access:
    """What may be used to read a repository, and at which host alone."""

    host: str = ""
    """The `RepoUrl.host` that the token or key is for; it is used for no other."""
    token: Callable[[], str] | None = None
    """The token as it is now; asked at each use."""
    ssh_key_file: Path | None = None
    known_hosts_file: Path | None = None
    """The host keys that are good; read at each use."""
    insecure_skip_host_key_check: bool = False
    ca_file: Path | None = None
    """Who may sign the certificates of HTTPS servers, instead of those that this machine trusts."""
    given: Given = field(factory=Given)
    """Texts that are used in place of files."""
    protocols: tuple[str, ...] = DEFAULT_PROTOCOLS


@frozen
class Means:
    """What a call of git needs to be let in; `secrets` are not to be shown to anybody."""

    settings: tuple[Setting, ...] = ()
    extra: Mapping[str, str] = {}
    handles: tuple[int, ...] = ()
    secrets: tuple[str, ...] = ()


def token_from_file(path: Path) -> Callable[[], str]:
    """How to read the token that stands in the file, without the white space around it."""

    def read() -> str:
        return _text_of(path, "the git token")

    return read


@contextmanager
def lent(access: Access, url: RepoUrl) -> Iterator[Means]:
    """What git needs for `url`, until the end of the `with`; raises where it cannot be had."""
    with ExitStack() as stack:
        match url.scheme:
            case "https":
                yield _for_https(access, url, stack)
            case "ssh":
                yield _for_ssh(access, url, stack)
            case _:
                yield Means()


def _for_https(access: Access, url: RepoUrl, stack: ExitStack) -> Means:
    settings: list[Setting] = []
    handles: tuple[int, ...] = ()
    if access.given.ca is not None:
        handle = _held(access.given.ca, stack)
        settings += _authorities(access.given.ca, f"/proc/self/fd/{handle}", _FIELD_CA)
        handles += (handle,)
    elif access.ca_file is not None:
        settings += _authorities(_bundle(access.ca_file), str(access.ca_file), str(access.ca_file))
    if access.token is None or access.host != url.host:
        return Means(tuple(settings), handles=handles)
    token = _checked(access.token(), url)
    handle = _held(f"username={TOKEN_USER}\npassword={token}\n", stack)
    # The shell runs these words alone; what git appends is one of its own: get, store, erase.
    helper = f'!f() {{ test "$1" = get && cat /proc/self/fd/{handle}; }}; f'
    settings.append((f"credential.https://{url.host}.helper", helper))
    return Means(tuple(settings), handles=(*handles, handle), secrets=(token,))


def _bundle(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError as error:
        raise TlsFailed(
            f"the CA bundle cannot be read: {os.strerror(error.errno or 0)}",
            where=str(path),
            cure="see that the key which caSecretRef names exists",
        ) from error


def _authorities(text: str, path: str, where: str) -> list[Setting]:
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise TlsFailed(
            "the CA bundle holds no certificate in PEM form",
            where=where,
            cure="put PEM certificates into the Secret that caSecretRef names",
        )
    return [("http.sslCAInfo", path), ("http.sslCAPath", "/dev/null")]


def _checked(token: str, url: RepoUrl) -> str:
    token = token.strip()
    if not token or _BROKEN.search(token):
        what = "has more than one line or control characters in it" if token else "is empty"
        raise AuthenticationFailed(
            f"the git token {what}", where=url.host, cure="put the plain token into the Secret"
        )
    return token


def _for_ssh(access: Access, url: RepoUrl, stack: ExitStack) -> Means:
    text = _ssh_key(access) if access.host == url.host else None
    if text is None:
        has_key = access.ssh_key_file is not None or access.given.ssh_key is not None
        told = f"the SSH key is for {access.host}" if has_key else "there is no SSH key"
        raise AuthenticationFailed(
            f"{told}, and {url.host} needs one",
            where=url.host,
            cure="give spec.git.auth.sshKey for this host",
        )
    key = _held(text, stack)
    command = ["ssh", *_SSH, "-i", _git_has(key)]
    handles = [key]
    if access.insecure_skip_host_key_check:
        command += ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null")
    else:
        known = _held(_known_hosts(access, url), stack)
        handles.append(known)
        command += (
            "-o",
            "StrictHostKeyChecking=yes",
            "-o",
            f"UserKnownHostsFile={_git_has(known)}",
        )
    prefix, more = _identity(stack)
    extra = {"GIT_SSH_COMMAND": " ".join((*prefix, *command)), "GIT_SSH_VARIANT": "ssh"}
    return Means(extra=extra, handles=(*handles, *more))


def _ssh_key(access: Access) -> str | None:
    if access.given.ssh_key is not None:
        return _private_key(access.given.ssh_key.strip(), _FIELD_SSH_KEY)
    if access.ssh_key_file is not None:
        path = access.ssh_key_file
        return _private_key(_text_of(path, "the SSH key"), str(path))
    return None


def _private_key(text: str, where: str) -> str:
    text = "\n".join(text.splitlines())
    if "PRIVATE KEY-----" not in text:
        raise AuthenticationFailed(
            "this is not a private SSH key",
            where=where,
            cure="put the private key into the Secret, all lines of it",
        )
    return f"{text}\n"


def _known_hosts(access: Access, url: RepoUrl) -> str:
    if access.given.known_hosts is not None:
        return "".join(f"{line}\n" for line in access.given.known_hosts.splitlines())
    cure = f"put the host keys into known_hosts: ssh-keyscan {_keyscan_words(url.host)}"
    if access.known_hosts_file is None:
        raise HostKeyRefused(
            "no host keys are known, so that the server cannot prove who it is",
            where=url.host,
            cure=cure,
            kind="unset",
        )
    try:
        text = access.known_hosts_file.read_text(errors="replace")
    except OSError as error:
        raise HostKeyRefused(
            f"the known host keys cannot be read: {os.strerror(error.errno or 0)}",
            where=str(access.known_hosts_file),
            cure=cure,
            kind="unset",
        ) from error
    return "".join(f"{line}\n" for line in text.splitlines())


def _keyscan_words(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return f"-p {port} {name}" if colon and port.isdigit() else host


def _identity(stack: ExitStack) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """What makes `ssh` work for a user that the machine does not know.

    Platforms run containers under numbers that stand in no `/etc/passwd`, and ssh refuses to run
    without an entry. A library that answers for the system's own from files of ours gives it one.
    """
    user, group = os.getuid(), os.getgid()
    try:
        pwd.getpwuid(user)
    except KeyError:
        users = _held(f"stoker:x:{user}:{group}:Stoker:/:/bin/sh\n", stack)
        groups = _held(f"stoker:x:{group}:\n", stack)
        prefix = (
            f"LD_PRELOAD={NAMING_LIBRARY}",
            f"NSS_WRAPPER_PASSWD={_git_has(users)}",
            f"NSS_WRAPPER_GROUP={_git_has(groups)}",
        )
        return prefix, (users, groups)
    return (), ()


def _git_has(handle: int) -> str:
    """The name, for a shell that git starts, of an open file that git inherited."""
    return f"/proc/$PPID/fd/{handle}"


def _text_of(path: Path, what: str) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError as error:
        raise AuthenticationFailed(
            f"{what} cannot be read: {os.strerror(error.errno or 0)}",
            where=str(path),
            cure="see that the Secret has this key and is mounted",
        ) from error


def _held(text: str, stack: ExitStack) -> int:
    """An open file in memory with this text, which only we may read."""
    handle = os.memfd_create("held", os.MFD_CLOEXEC)
    stack.callback(os.close, handle)
    os.fchmod(handle, 0o600)
    rest = memoryview(text.encode())
    while rest:
        rest = rest[os.write(handle, rest) :]
    return handle
