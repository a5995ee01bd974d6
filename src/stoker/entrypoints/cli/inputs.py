"""From what the user told to a `SyncRequest`, or to an error that says what to tell instead.

Everything is checked here, before git or a disk is touched: addresses, refs, files that are read
later, labels and variables. A profile's file that is a whole GatewaySync also says where the
repository is, and which ref is meant, unless the command line does.

A credential is for one host. Where the address was typed, that is its host; where it comes from a
file, which somebody else may have written, the host must be named.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from stoker.adapters.codec.crd import SITE
from stoker.adapters.codec.profile_file import ProfileFile, read_profile_file
from stoker.adapters.git.credentials import Access, token_from_file
from stoker.core.errors import StokerError, UrlError
from stoker.core.names import APP_NAME_LABEL
from stoker.core.refs import RefName, RepoUrl, SemverRange, check_repo_url
from stoker.core.spec.problems import shown
from stoker.entrypoints.cli.answers import UsageError
from stoker.entrypoints.cli.files import (
    check_directory,
    check_readable,
    read_text,
    shown_name,
)
from stoker.entrypoints.cli.request import GatewayPlace, SyncRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stoker.core.profile import ResolvedProfile
    from stoker.core.spec import GatewaySync
    from stoker.entrypoints.cli.options import Given

PROTOCOLS: Final = ("https", "ssh", "file")
"""What a command may be pointed at; a disk is no secret to who types its path."""

_LOCAL_SITE: Final = evolve(SITE, allowed_protocols=PROTOCOLS)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_GATEWAY: Final = "gateway"
_NAMESPACE: Final = "default"
_CR: Final = "local"
_URL_DIGITS: Final = 16


@frozen(kw_only=True)
class GivenGateway:
    """The gateway as it stands on the command line."""

    url: str = ""
    api_key_file: Path | None = None
    ca_file: Path | None = None


def request_of(
    given: Given,
    *,
    data: Path | None = None,
    gateway: GivenGateway | None = None,
    environ: Mapping[str, str] = os.environ,
) -> SyncRequest:
    """The request that was made; raises `StokerError` for the first thing that is wrong."""
    labels = _pairs("--label", given.label)
    variables = _variables(given.var)
    source = _profile_file(given)
    sync = source.sync
    url = _repository(given.repo or (sync.spec.git.repo if sync else ""))
    pod_name, gateway_name = _names(given, labels)
    if data is not None:
        check_directory(data)
    return SyncRequest(
        url=url,
        revision=_revision(given.ref, sync),
        profile=_with_variables(source.profile, variables),
        gateway_name=gateway_name,
        pod_name=pod_name,
        namespace=_name("--namespace", given.namespace)
        or (sync.metadata.namespace if sync else "")
        or _NAMESPACE,
        cr_name=sync.metadata.name if sync else _CR,
        labels=labels,
        data=data,
        repo_dir=_kept_in(given.repo_dir) or _cache(url, environ),
        access=_access(given, url),
        gateway=_gateway(gateway or GivenGateway()),
    )


# --- The profile ---


def _profile_file(given: Given) -> ProfileFile:
    if given.profile is None:
        raise UsageError("no profile is given", cure="name its file with --profile FILE")
    return read_profile_file(
        read_text(given.profile),
        shown_name(given.profile),
        given.profile_name,
        site=_LOCAL_SITE,
        json_only=given.profile.suffix == ".json",
    )


def _with_variables(profile: ResolvedProfile, variables: Mapping[str, str]) -> ResolvedProfile:
    return evolve(profile, vars={**profile.vars, **variables})


# --- The repository ---


def _repository(text: str) -> RepoUrl:
    if not text:
        raise UsageError(
            "no repository is given",
            cure="name it with --repo URL, or name a GatewaySync in --profile",
        )
    try:
        url = check_repo_url(text, PROTOCOLS)
    except UrlError as error:
        raise evolve(error, cure=_typed_cure(error.cure)) from error
    if url.scheme != "file" or text.startswith("file://"):
        return url
    try:
        folder = Path(text).resolve()
        check_directory(folder)
    except StokerError as error:
        raise UrlError(
            "there is no such directory",
            where=text,
            cure="name the folder of a repository, or write https://host/path or git@host:path",
        ) from error
    return check_repo_url(folder.as_uri(), PROTOCOLS)


def _typed_cure(cure: str) -> str:
    """The cure for an address in a resource, for one on a command line."""
    if "spec.git.auth" in cure:
        return "put the secret into a file and name that with --token-file"
    return cure.replace("; or have git.allowedProtocols changed", "")


def _revision(ref: str, sync: GatewaySync | None) -> RefName | SemverRange:
    git = sync.spec.git if sync else None
    named = ref or (git.ref if git else None)
    if named:
        return RefName.parse(named)
    if git is not None and git.semver:
        return SemverRange.parse(git.semver)
    raise UsageError("no ref is given", cure="name a branch, a tag or a commit with --ref")


def _kept_in(folder: Path | None) -> Path | None:
    if folder is not None and folder.exists():
        check_directory(folder)
    return folder


def _cache(url: RepoUrl, environ: Mapping[str, str]) -> Path:
    digest = hashlib.sha256(url.text.encode()).hexdigest()[:_URL_DIGITS]
    named = environ.get("XDG_CACHE_HOME", "")
    # The specification of that variable says: one that is not absolute is to be ignored.
    if named.startswith("/"):
        return Path(named) / "stoker" / digest
    try:
        home = Path.home()
    except RuntimeError as error:
        raise UsageError(
            "there is no home directory to keep the repository in",
            cure="name a folder with --repo-dir",
        ) from error
    return home / ".cache" / "stoker" / digest


def _access(given: Given, url: RepoUrl) -> Access:
    for path, what in (
        (given.token_file, "the token's file"),
        (given.ssh_key_file, "the SSH key"),
        (given.known_hosts_file, "the file of host keys"),
        (given.ca_file, "the authority's certificate"),
    ):
        if path is not None:
            check_readable(path, what)
    secret = given.token_file or given.ssh_key_file
    if secret and url.host and not (given.repo or given.git_host):
        raise UsageError(
            f"the repository's address comes from a file, and {secret} is not shown to just any "
            f"host",
            where=url.host,
            cure=f"to agree, give --git-host {url.host}",
        )
    return Access(
        host=given.git_host.lower() or url.host,
        token=token_from_file(given.token_file) if given.token_file else None,
        ssh_key_file=given.ssh_key_file,
        known_hosts_file=given.known_hosts_file,
        insecure_skip_host_key_check=given.insecure_skip_host_key_check,
        ca_file=given.ca_file,
        protocols=PROTOCOLS,
    )


# --- The gateway ---


def _gateway(given: GivenGateway) -> GatewayPlace | None:
    if not given.url:
        if given.ca_file is not None:
            raise UsageError(
                "an authority is given, but no gateway",
                where="--gateway-ca-file",
                cure="name the gateway with --gateway-url URL",
            )
        return None
    # The HTTP client is loaded for who has a gateway.
    from stoker.adapters.ignition.address import parse_address  # noqa: PLC0415

    parse_address(given.url)
    if given.api_key_file is not None:
        check_readable(given.api_key_file, "the API token's file")
    if given.ca_file is not None:
        check_readable(given.ca_file, "the authority's certificate")
    return GatewayPlace(url=given.url, api_key_file=given.api_key_file, ca_file=given.ca_file)


# --- What templates get ---


def _names(given: Given, labels: Mapping[str, str]) -> tuple[str, str]:
    pod = _name("--pod-name", given.pod_name)
    gateway = _name("--gateway-name", given.gateway_name) or labels.get(APP_NAME_LABEL, "")
    gateway = gateway or pod or _GATEWAY
    return pod or f"{gateway}-0", gateway


def _name(option: str, text: str) -> str:
    if not text.isprintable():
        raise UsageError(f"{shown(text)} is no name", where=option, cure="write plain text")
    return text


def _pairs(option: str, texts: Sequence[str] | None) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise UsageError(
                f"{shown(text)} has no key and value",
                where=option,
                cure=f"write {option} KEY=VALUE",
            )
        _check_utf8(text, option)
        if key in pairs and pairs[key] != value:
            raise UsageError(
                f"{shown(key)} is given twice", where=option, cure="give each key once"
            )
        pairs[key] = value
    return pairs


def _check_utf8(text: str, option: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        # What is no UTF-8 on the command line arrives as surrogates.
        raise UsageError(
            f"{shown(text)} is not valid UTF-8", where=option, cure="write it in UTF-8"
        ) from error


def _variables(texts: Sequence[str] | None) -> dict[str, str]:
    pairs = _pairs("--var", texts)
    for key in pairs:
        if not _VARIABLE.fullmatch(key):
            raise UsageError(
                f"{shown(key)} is not a legal name for a variable",
                where="--var",
                cure="use letters, digits and '_', with no digit in front",
            )
    return pairs
