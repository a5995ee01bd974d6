"""What is legal, and will most likely not do what its author wants.

The rules have the same form as those of `check`; the difference is that nobody is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stoker.core.errors import StokerError
from stoker.core.refs import check_repo_url
from stoker.core.spec import (
    GatewayAccess,
    GitHubAppAuth,
    GitSource,
    SourceMapping,
    SshKeyAuth,
    SyncSettings,
    TokenAuth,
)
from stoker.core.spec.problems import Finding, Place, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.core.spec.rules.site import Site

PLAIN_PORT: Final = 8088
"""Where a gateway speaks HTTP unless it is told otherwise."""
TLS_PORT: Final = 8043
"""Where a gateway speaks HTTPS unless it is told otherwise."""

_NO_LIMIT: Final = 100
_USUAL_BRANCHES: Final = frozenset({"main", "master", "develop", "trunk", "HEAD"})


def git_source(git: GitSource, place: Place, site: Site) -> Iterator[Finding]:
    """A moving ref, and credentials that the address has no use for."""
    if git.ref is not None and (git.ref in _USUAL_BRANCHES or git.ref.startswith("refs/heads/")):
        yield Finding(
            (*place, "ref"),
            f"{shown(git.ref)} is a branch: every push to it goes to the gateways",
            "name a tag for gateways in production",
        )
    try:
        scheme = check_repo_url(git.repo, site.allowed_protocols).scheme
    except StokerError:
        return
    yield from _credentials(git, scheme, place)


def _credentials(git: GitSource, scheme: str, place: Place) -> Iterator[Finding]:
    match git.auth.method, scheme:
        case SshKeyAuth(), "ssh":
            pass
        case SshKeyAuth(), _:
            yield Finding(
                (*place, "auth", "sshKey"),
                f"is not used for a repository with {scheme}://",
                "write the address as git@host:path, or use a token",
            )
        case ((TokenAuth() | GitHubAppAuth()), "ssh"):
            yield Finding(
                (*place, "auth"),
                "is not used for a repository with ssh",
                "write the address as https://host/path, or use an SSH key",
            )
        case None, "ssh":
            yield Finding(
                (*place, "auth"),
                "is missing, and SSH servers ask for a key",
                "name a Secret in sshKey, or write the address as https://host/path",
            )
    if scheme in {"http", "git"}:
        yield Finding(
            (*place, "repo"),
            f"{scheme}:// is not encrypted: anyone on the way can change the files",
            "use https or ssh",
        )
    if git.ca_secret_ref is not None and scheme != "https":
        yield Finding(
            (*place, "caSecretRef"), f"is not used for a repository with {scheme}", "remove it"
        )


def ssh_key(auth: SshKeyAuth, place: Place, _: Site) -> Iterator[Finding]:
    """Who checks that the server is the server."""
    skips = auth.insecure_skip_host_key_check
    if skips and auth.known_hosts is not None:
        yield Finding(
            (*place, "insecureSkipHostKeyCheck"),
            "contradicts knownHosts, which is then ignored",
            "remove insecureSkipHostKeyCheck, and the host keys are checked",
        )
    elif skips:
        yield Finding(
            (*place, "insecureSkipHostKeyCheck"),
            "anyone on the way to the server can answer in its place",
            "put the server's host keys into a Secret and name it in knownHosts",
        )
    elif auth.known_hosts is None:
        yield Finding(
            place,
            "has no knownHosts, so every connection is refused",
            "put the server's host keys into a Secret and name it in knownHosts",
        )


def gateway_access(gateway: GatewayAccess, place: Place, _: Site) -> Iterator[Finding]:
    """A port that usually speaks the other protocol."""
    if gateway.tls and gateway.port == PLAIN_PORT:
        yield Finding(
            (*place, "port"),
            f"{PLAIN_PORT} is the port without TLS on most gateways",
            f"use {TLS_PORT}, or set tls to false",
        )
    if not gateway.tls and gateway.port == TLS_PORT:
        yield Finding(
            (*place, "port"),
            f"{TLS_PORT} is the port with TLS on most gateways",
            f"use {PLAIN_PORT}, or set tls to true",
        )


def sync_settings(settings: SyncSettings, place: Place, site: Site) -> Iterator[Finding]:
    """Guards that are off, and patterns that exclude nothing."""
    if settings.prune_limit_percent == _NO_LIMIT:
        yield Finding(
            (*place, "pruneLimitPercent"),
            "100 switches the guard off: one bad commit can delete every managed file",
            "set it for the one sync that needs it, then put it back",
        )
    for index, pattern in enumerate(settings.exclude_patterns or ()):
        yield from _pattern(pattern, (*place, "excludePatterns", index), site)


def source_mapping(mapping: SourceMapping, place: Place, site: Site) -> Iterator[Finding]:
    """Patches that meet no file."""
    for index, patch in enumerate(mapping.patches):
        if patch.file is not None and patch.file.startswith(("/", "./")):
            yield from _pattern(patch.file, (*place, "patches", index, "file"), site)


def _pattern(pattern: str, place: Place, site: Site) -> Iterator[Finding]:
    try:
        site.check_glob(pattern)
    except StokerError as error:
        if not site.is_entrance:  # there it is refused
            yield Finding(place, f"is ignored: {error.message}", error.cure)
        return
    if pattern.startswith(("/", "./")):
        yield Finding(
            place,
            f"{shown(pattern)} matches nothing, because paths are relative",
            "write it without the leading / or ./",
        )
