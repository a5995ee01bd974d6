"""What the agent in a pod is told by its environment, which the webhook has written.

Everything that is wrong with it is told at once. The variables of the contract are those that a
sidecar gets; the few that begin with `STOKER_` are for agents that run elsewhere than in one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from attrs import frozen

from stoker.core import names
from stoker.core.errors import StokerError
from stoker.core.refs import DEFAULT_PROTOCOLS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SERVICE_ACCOUNT: Final = "STOKER_SERVICE_ACCOUNT_DIR"
PODINFO: Final = "STOKER_PODINFO_DIR"
PROBES: Final = "STOKER_PROBE_ADDRESS"
METRICS: Final = "STOKER_METRICS_ADDRESS"

_MOST_PORT: Final = 65_535
_MOST_DIGITS: Final = 18

Address = tuple[str, int]
Value = TypeVar("Value")


@frozen(kw_only=True)
class AgentSettings:
    """One gateway's agent: whose it is, where its files are, and what it may use."""

    pod_name: str
    pod_uid: str
    """What the downward API volume says, for sidecars that have none."""
    namespace: str
    cr_name: str
    gateway_name: str
    profile: str
    sync_period: str
    repo: Path
    repo_limit: int | None
    """Bytes that the volume of the repository may hold."""
    data: Path
    gateway_port: int
    gateway_tls: bool
    api_key_file: Path
    git_host: str
    """The host that the credential is for."""
    git_protocols: tuple[str, ...]
    token_file: Path | None
    ssh_key_file: Path | None
    known_hosts_file: Path | None
    skip_host_key_check: bool
    ca_file: Path | None
    service_account: Path
    podinfo: Path
    probes: Address
    metrics: Address


def read_settings(environ: Mapping[str, str]) -> AgentSettings:
    """The settings; raises `StokerError` with everything that is wrong."""
    read = _Reader(environ)
    settings = AgentSettings(
        pod_name=read.required(names.ENV_POD_NAME),
        pod_uid=read.text(names.ENV_POD_UID),
        namespace=read.required(names.ENV_POD_NAMESPACE),
        cr_name=read.required(names.ENV_CR_NAME),
        gateway_name=read.text(names.ENV_GATEWAY_NAME),
        profile=read.text(names.ENV_PROFILE),
        sync_period=read.text(names.ENV_SYNC_PERIOD),
        repo=Path(read.text(names.ENV_REPO_PATH, names.PATH_REPO)),
        repo_limit=read.parsed(names.ENV_REPO_SIZE_LIMIT, _bytes, None),
        data=Path(read.text(names.ENV_DATA_PATH, names.PATH_DATA)),
        gateway_port=read.parsed(names.ENV_GATEWAY_PORT, _port, 8088),
        gateway_tls=read.parsed(names.ENV_GATEWAY_TLS, _boolean, default=False),
        api_key_file=Path(read.text(names.ENV_API_KEY_FILE, f"{names.PATH_API_KEY}/apiKey")),
        git_host=read.text(names.ENV_GIT_HOST),
        git_protocols=read.parsed(names.ENV_GIT_PROTOCOLS, _words, DEFAULT_PROTOCOLS),
        token_file=read.path(names.ENV_GIT_TOKEN_FILE),
        ssh_key_file=read.path(names.ENV_GIT_SSH_KEY_FILE),
        known_hosts_file=read.path(names.ENV_GIT_KNOWN_HOSTS_FILE),
        skip_host_key_check=read.parsed(names.ENV_GIT_SKIP_HOST_KEY_CHECK, _boolean, default=False),
        ca_file=read.path(names.ENV_GIT_CA_FILE),
        service_account=Path(read.text(SERVICE_ACCOUNT, names.PATH_API_ACCESS)),
        podinfo=Path(read.text(PODINFO, names.PATH_PODINFO)),
        probes=read.parsed(PROBES, _address, ("", names.PROBE_PORT)),
        metrics=read.parsed(METRICS, _address, ("", names.METRICS_PORT)),
    )
    if read.wrong:
        raise StokerError(
            "; ".join(read.wrong),
            where="environment",
            cure="the webhook writes it; an agent without a cluster takes --config FILE",
        )
    return settings


class _Reader:
    """The environment, and what was found wrong with it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.wrong: list[str] = []
        self._environ = environ

    def text(self, name: str, default: str = "") -> str:
        return self._environ.get(name, "") or default

    def path(self, name: str) -> Path | None:
        text = self.text(name)
        return Path(text) if text else None

    def required(self, name: str) -> str:
        text = self.text(name)
        if not text:
            self.wrong.append(f"{name} is not set")
        return text

    def parsed(self, name: str, parse: Callable[[str], Value], default: Value) -> Value:
        text = self.text(name)
        if not text:
            return default
        try:
            return parse(text)
        except (ValueError, StokerError) as error:
            told = error.message if isinstance(error, StokerError) else error
            self.wrong.append(f"{name}={text[:60]!r} {told}")
            return default


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:6]) <= _MOST_PORT):
        raise ValueError(f"is not a port from 1 to {_MOST_PORT}")
    return int(text)


def _boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("is neither true nor false")
    return text == "true"


def _words(text: str) -> tuple[str, ...]:
    return tuple(_split(text))


def _split(text: str) -> Iterator[str]:
    yield from (word.strip() for word in text.split(",") if word.strip())


def _bytes(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError("is not a number of bytes")
    return int(text[:_MOST_DIGITS])


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), _port(port)
