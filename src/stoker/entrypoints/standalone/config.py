"""What a standalone agent is told: one file, and everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.adapters.codec.crd import SITE
from stoker.adapters.codec.documents import read_documents
from stoker.adapters.codec.plain import kind_of, plain
from stoker.adapters.codec.structure import read
from stoker.adapters.ignition.address import parse_address
from stoker.core.errors import DecodeError, InvalidDocument, StokerError
from stoker.core.profile import ResolvedProfile, resolve_profile
from stoker.core.refs import RefName, SemverRange, check_repo_url
from stoker.core.spec import SyncProfile
from stoker.core.spec.durations import Duration
from stoker.core.spec.problems import Finding, listed, ranks_of, refusal
from stoker.core.spec.rules import check
from stoker.core.spec.schema import described

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from stoker.adapters.codec.documents import Fault

PROTOCOLS = ("https", "ssh", "file")
"""Beside a gateway on a machine of its own, the repository may be on this machine too."""

SHORTEST_INTERVAL: Final = 1
"""Seconds between two looks at a repository, at the least: a server is no toy."""

_DIGITS: Final = 5
_LAST: Final = 65_535


@frozen
class AppAccess:
    """An installation of a GitHub App."""

    app_id: int = described("Id of the GitHub App.", minimum=1)
    installation_id: int = described("Id of the installation.", minimum=1)
    private_key_file: str = described("File with the PEM key.", min_length=1)
    api_base_url: str = described(
        "Base of the GitHub API.", default="https://api.github.com", json_name="apiBaseURL"
    )


@frozen
class GitConfig:
    """Where the files come from."""

    repo: str = described("URL or path of the repository.", min_length=1)
    ref: str | None = described("Branch, tag or commit.", default=None, min_length=1)
    semver: str | None = described("A range of versions.", default=None, min_length=1)
    poll_interval: Duration = described(
        "Time between two looks at the repository.", factory=lambda: Duration.parse("60s")
    )
    token_file: str | None = described("File with the HTTPS token.", default=None, min_length=1)
    ssh_key_file: str | None = described(
        "File with the private SSH key.", default=None, min_length=1
    )
    known_hosts_file: str | None = described(
        "File with the SSH host keys.", default=None, min_length=1
    )
    insecure_skip_host_key_check: bool = described(
        "Connect without host keys. Anyone on the way can answer as the server.", default=False
    )
    github_app: AppAccess | None = described("A GitHub App's installation.", default=None)
    ca_file: str | None = described(
        "PEM bundle for a private HTTPS server.", default=None, min_length=1
    )

    @property
    def tracked(self) -> RefName | SemverRange:
        """What is followed."""
        if self.semver is not None:
            return SemverRange.parse(self.semver)
        return RefName.parse(self.ref or "HEAD")


@frozen
class GatewayConfig:
    """The gateway beside this agent."""

    name: str = described("What the gateway is called.", min_length=1)
    url: str | None = described(
        "Where it answers; none: its files alone.", default=None, min_length=1
    )
    api_key_file: str | None = described("File with the API token.", default=None, min_length=1)
    verify_tls: bool = described("Check its certificate on this machine too.", default=False)
    ca_file: str | None = described(
        "PEM bundle that signed its certificate.", default=None, min_length=1
    )
    labels: Mapping[str, str] = described("Labels for templates.", factory=dict)
    namespace: str = described("Namespace for templates.", default="")


@frozen
class StandaloneConfig:
    """All that a standalone agent needs."""

    gateway: GatewayConfig = described("The gateway.")
    git: GitConfig = described("The repository.")
    data_dir: str = described("The gateway's data directory.", min_length=1)
    repo_dir: str = described("Where the repository is kept.", min_length=1)
    profile: SyncProfile = described("What goes where; the fields of one profile.")
    listen: str | None = described(
        "Address and port of /healthz, /readyz and /status.", default=None
    )

    @property
    def resolved(self) -> ResolvedProfile:
        """The profile with its defaults."""
        return resolve_profile("default", self.profile)


def read_config(path: Path) -> StandaloneConfig:
    """The configuration in a file; raises `StokerError` with everything that is wrong."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise DecodeError(
            f"the configuration cannot be read: {error}",
            where=str(path),
            cure="name a readable YAML file",
        ) from error
    documents = read_documents(text)
    if documents.fault is not None:
        raise _unreadable(documents.fault, str(path))
    filled = [each for each in documents.documents if each.value is not None or each.faults]
    if len(filled) != 1:
        raise DecodeError(
            f"the configuration has {len(filled)} documents",
            where=str(path),
            cure="write one YAML document",
        )
    (document,) = filled
    return decode_config(document.value, str(path), [fault.finding for fault in document.faults])


def _unreadable(fault: Fault, where: str) -> DecodeError:
    place = f"{where}:{fault.line}" if fault.line else where
    told = f"the configuration {fault.finding.message}"
    return DecodeError(told, where=place, cure=fault.finding.cure)


def decode_config(document: object, where: str, faults: Iterable[Finding] = ()) -> StandaloneConfig:
    """The configuration in a document; raises `StokerError`.

    `faults` is what was wrong with it before it was one, such as a key that is there twice.
    """
    copied, findings = plain(document)
    if not isinstance(copied, dict):
        cure = "write gateway, git, dataDir, repoDir and profile"
        raise DecodeError(f"the configuration is {kind_of(copied)}", where=where, cure=cure)
    ranks = ranks_of(copied)
    reading = read(copied, StandaloneConfig, strict=True)
    found = [*faults, *findings, *reading.misread]
    if not found:
        found = list(_wrong(reading.value))
    if found:
        raise InvalidDocument.of(where, listed(tuple(found), ranks))
    return reading.value


def _wrong(config: StandaloneConfig) -> Iterator[Finding]:
    yield from check(config, (), SITE)
    yield from _wrong_git(config.git)
    if config.gateway.url is not None:
        yield from refusal(("gateway", "url"), parse_address, config.gateway.url)
    if config.listen is not None:
        yield from refusal(("listen",), parse_listen, config.listen)


def _wrong_git(git: GitConfig) -> Iterator[Finding]:
    yield from refusal(("git", "repo"), lambda text: check_repo_url(text, PROTOCOLS), git.repo)
    if (git.ref is None) == (git.semver is None):
        yield Finding(("git",), "needs exactly one of ref and semver", "give one of them")
    if git.ref is not None:
        yield from refusal(("git", "ref"), RefName.parse, git.ref)
    if git.semver is not None:
        yield from refusal(("git", "semver"), SemverRange.parse, git.semver)
    if git.poll_interval.seconds < SHORTEST_INTERVAL:
        told = f"is {git.poll_interval.text}, but must be at least {SHORTEST_INTERVAL}s"
        yield Finding(("git", "pollInterval"), told, "choose a longer time, such as 60s")
    ways = [git.token_file, git.ssh_key_file, git.github_app]
    if sum(way is not None for way in ways) > 1:
        cure = "give one of tokenFile, sshKeyFile and githubApp"
        yield Finding(("git",), "has several ways to authenticate", cure)


def parse_listen(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`, `[V6]:PORT` or `:PORT`; raises `StokerError`."""
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdecimal() and len(port) <= _DIGITS and int(port) <= _LAST):
        raise StokerError(
            "the address has no port from 0 to 65535", cure="write HOST:PORT, as 127.0.0.1:8082"
        )
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)
