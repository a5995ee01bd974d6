"""Which repository addresses are safe to hand to git.

Git takes more for a URL than people think: `ext::sh -c …` runs a command, `-u…` is an option,
and a host or a path that begins with `-` becomes an option of ssh. Parsers also disagree: what
one takes for the host, another takes for a user name. So an address is not cleaned up, it is
refused unless every part of it is plain. What passes is kept exactly as written.

`RepoUrl.host` is what a credential is bound to: two addresses with the same host text may share
it, any other may not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.errors import UrlError

if TYPE_CHECKING:
    from collections.abc import Collection

DEFAULT_PROTOCOLS: Final = ("https", "ssh")
"""What the controller allows unless `git.allowedProtocols` says otherwise."""

MAX_URL: Final = 2048
"""How many characters an address may have."""

SHOWN: Final = 200
"""How many characters of a refused address are shown."""

_NEVER: Final = frozenset({"ext", "fd"})
_MAX_PORT: Final = 65_535
_TOKEN_LENGTH: Final = 40

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HELPER: Final = re.compile(r"[A-Za-z0-9+.-]*::")
_URL: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/]*)(?P<path>.*)")
_SCP: Final = re.compile(r"(?P<user>[^@:/]*)@(?P<host>\[[^]]*\]|[^:/@]*):(?P<path>.*)")
_USER: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._~+-]|%40|%20)*")
_HOST: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_IPV6: Final = re.compile(r"\[([0-9A-Fa-f:.]+)\]")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_SECRETIVE: Final = re.compile(r"[?#]")
_TOKEN: Final = re.compile(r"(?:gh[opsur]_|github_pat_|glpat-|ATBB|ATCTT)")


@frozen
class RepoUrl:
    """The address of a repository that git may be given."""

    text: str
    scheme: str
    host: str
    """In lower case, with the port where one is given; empty for a repository on disk."""

    def __str__(self) -> str:
        """The address as it was written."""
        return self.text


def check_repo_url(text: str, allowed_protocols: Collection[str] = DEFAULT_PROTOCOLS) -> RepoUrl:
    """The address `text`, or `UrlError` when it is unsafe or its scheme is not allowed."""
    _check_text(text)
    if url := _URL.fullmatch(text):
        scheme = url["scheme"]
        _check_scheme(text, scheme, allowed_protocols)
        if scheme == "file":
            return _on_disk(text, url["authority"], url["path"])
        return RepoUrl(text, scheme, _host(text, scheme, url["authority"], url["path"]))
    # For git, `://` anywhere makes a URL of a text, whatever stands in front of it.
    if "://" not in text:
        if scp := _SCP.fullmatch(text):
            _check_scheme(text, "ssh", allowed_protocols)
            return RepoUrl(text, "ssh", _scp_host(text, scp["user"], scp["host"], scp["path"]))
        if "file" in allowed_protocols and ":" not in text.partition("/")[0]:
            return RepoUrl(text, "file", "")
    raise _refusal(
        text, "is of no known form", "write https://host/path, ssh://host/path or git@host:path"
    )


def _check_text(text: str) -> None:
    if not text:
        raise _refusal(text, "is empty", "name the repository, such as https://host/path")
    if len(text) > MAX_URL:
        raise _refusal(text, f"is longer than {MAX_URL} characters", "shorten it")
    if _CONTROL.search(text):
        raise _refusal(text, "contains a control character", "remove it")
    if text.startswith("-"):
        raise _refusal(text, "starts with '-'", "name the repository, such as https://host/path")
    if _HELPER.match(text):
        raise _refusal(text, "names a remote helper", "write https://host/path or git@host:path")


def _check_scheme(text: str, scheme: str, allowed: Collection[str]) -> None:
    if scheme in _NEVER or scheme not in allowed:
        listed = ", ".join(sorted({*allowed} - _NEVER)) or "none"
        raise _refusal(
            text,
            f"has the scheme '{scheme}', which is not allowed",
            f"use one of: {listed}; or have git.allowedProtocols changed",
        )


def _on_disk(text: str, authority: str, path: str) -> RepoUrl:
    if authority or not path.strip("/"):
        raise _refusal(text, "names no path on this disk", "write file:///path")
    return RepoUrl(text, "file", "")


def _host(text: str, scheme: str, authority: str, path: str) -> str:
    _check_plain(text)
    user, at, address = authority.rpartition("@")
    if at:
        _check_user(text, scheme, user)
    host, port = _split_port(address)
    if port is not None and not (_PORT.fullmatch(port) and 0 < int(port) <= _MAX_PORT):
        raise _refusal(text, "has a port that is none", "write a port from 1 to 65535, or none")
    _check_host(text, host)
    _check_path(text, path.lstrip("/"))
    return host.lower() if port is None else f"{host.lower()}:{int(port)}"


def _scp_host(text: str, user: str, host: str, path: str) -> str:
    _check_plain(text)
    _check_user(text, "ssh", user)
    _check_host(text, host)
    _check_path(text, path)
    return host.lower()


def _check_plain(text: str) -> None:
    for character in " \\?#\"'<>`|":
        if character in text:
            name = "a space" if character == " " else character
            raise _refusal(text, f"contains {name}", "write it without query, fragment or quotes")


def _check_user(text: str, scheme: str, user: str) -> None:
    cure = "put the secret into spec.git.auth"
    if ":" in user:
        raise _refusal(text, "carries a password", cure)
    if scheme.startswith("http") and (len(user) >= _TOKEN_LENGTH or _TOKEN.match(user)):
        raise _refusal(text, "carries what looks like a token", cure)
    if not _USER.fullmatch(user):
        raise _refusal(text, "has an illegal user name", "write the plain name, such as git")


def _split_port(address: str) -> tuple[str, str | None]:
    host, colon, port = address.rpartition(":")
    if not colon or port.endswith("]"):
        return address, None
    return host, port


def _check_host(text: str, host: str) -> None:
    if not (_HOST.fullmatch(host) or _is_ipv6(host)):
        raise _refusal(text, "has no legal host", "write the plain name of the host, in ASCII")


def _is_ipv6(host: str) -> bool:
    address = _IPV6.fullmatch(host)
    if address is None:
        return False
    from ipaddress import IPv6Address  # noqa: PLC0415 - such an address is seldom

    try:
        IPv6Address(address[1])
    except ValueError:
        return False
    return True


def _check_path(text: str, path: str) -> None:
    if not path:
        raise _refusal(text, "names no repository", "add the path of the repository")
    if path.startswith("-"):
        raise _refusal(text, "has a path that starts with '-'", "rename the repository")


def _refusal(text: str, why: str, cure: str) -> UrlError:
    return UrlError(f"the repository address {why}", where=_shown(text), cure=cure)


def _shown(text: str) -> str:
    """`text` without anything that may be a secret: user, password, query and fragment."""
    scheme, separator, _ = text.partition("://")
    start = f"{scheme}://" if separator else ""
    rest = text[len(start) :]
    if cut := _SECRETIVE.search(rest):
        # With both an '@' and a query nobody knows where a secret starts or ends.
        rest = "…" if "@" in rest else rest[: cut.start()]
    _, at, place = rest.rpartition("@")
    return f"{start}***@{place}"[:SHOWN] if at else f"{start}{rest}"[:SHOWN]
