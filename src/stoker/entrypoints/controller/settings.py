"""What `stoker-controller` is told: options, each of them also an environment variable.

`--git-slots` is `STOKER_GIT_SLOTS`, and so on; an option counts for more than the variable.
"""

from __future__ import annotations

import argparse
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from attrs import frozen

from stoker import __version__
from stoker.core.errors import StokerError
from stoker.core.refs import DEFAULT_PROTOCOLS
from stoker.core.spec import Duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

OFF: Final = "0"
"""The address of a server that is not wanted."""
_PREFIX: Final = "STOKER_"
_OWN_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_LEVELS: Final = ("debug", "info", "warning", "error")
_YES, _NO = frozenset({"1", "true", "yes"}), frozenset({"0", "false", "no", ""})


@frozen(kw_only=True)
class Election:
    """How one of several controllers becomes the one that acts."""

    namespace: str
    name: str
    identity: str
    lease: float
    renew: float
    retry: float


@frozen(kw_only=True)
class ControllerSettings:
    """How a controller works."""

    kubeconfig: Path | None
    namespaces: tuple[str, ...]
    """What is watched; nothing here means all namespaces."""
    election: Election | None
    """None: this controller is the only one."""
    metrics_address: str
    metrics_certificates: Path | None
    probe_address: str
    allowed_protocols: tuple[str, ...]
    auto_bind_agent: bool
    workers: int
    git_slots: int
    git_deadline: float
    log_level: str
    log_dev_mode: bool


def read_settings(
    arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ
) -> ControllerSettings:
    """What the command line and the environment say; raises `StokerError` for what is wrong."""
    given = _parser(environ).parse_args(arguments)
    return ControllerSettings(
        kubeconfig=given.kubeconfig,
        namespaces=given.watch_namespaces,
        election=_election(given) if given.leader_elect else None,
        metrics_address=given.metrics_bind_address,
        metrics_certificates=given.metrics_cert_dir,
        probe_address=given.health_probe_bind_address,
        allowed_protocols=given.allowed_protocols,
        auto_bind_agent=given.auto_bind_agent,
        workers=given.workers,
        git_slots=given.git_slots,
        git_deadline=given.git_deadline,
        log_level=given.log_level,
        log_dev_mode=given.log_dev_mode,
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise StokerError(message, cure="see stoker-controller --help")


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="stoker-controller",
        description="Watch GatewaySync resources and gateway pods, and tell the agents what to do.",
        epilog="Each option can be given as an environment variable: --git-slots as "
        f"{_PREFIX}GIT_SLOTS.",
    )
    parser.add_argument("--version", action="version", version=f"stoker-controller {__version__}")
    _add_cluster(parser, environ)
    _add_election(parser, environ)
    _add_servers(parser, environ)
    _add_work(parser, environ)
    return parser


def _add_cluster(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    add = _adder(parser, environ)
    add(
        "--kubeconfig",
        Path,
        None,
        "how to reach the cluster; else the pod's account, else kubectl's",
    )
    add("--watch-namespaces", _names, (), "namespaces, with commas between; all of them if empty")


def _add_election(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    add = _adder(parser, environ)
    _add_switch(parser, environ, "--leader-elect", "act only while holding the lease", default=True)
    add("--leader-election-namespace", str, "", "where the lease is; else the pod's own namespace")
    add("--leader-election-id", str, "stoker-controller", "the name of the lease")
    add("--lease-duration", _seconds, "15s", "how long others wait for a leader that is silent")
    add("--renew-deadline", _seconds, "10s", "how long a leader tries to renew before it gives up")
    add("--retry-period", _seconds, "2s", "time between two tries")


def _add_servers(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    add = _adder(parser, environ)
    add("--metrics-bind-address", str, ":8443", "address of the metrics, over TLS; 0: none")
    add("--metrics-cert-dir", Path, None, "a folder with tls.crt and tls.key; else they are made")
    add("--health-probe-bind-address", str, ":8081", "address of /healthz and /readyz; 0: none")


def _add_work(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    add = _adder(parser, environ)
    protocols = ",".join(DEFAULT_PROTOCOLS)
    add("--allowed-protocols", _names, protocols, "by which repositories may be reached")
    _add_switch(
        parser, environ, "--auto-bind-agent", "keep a Role for the agents of each CR", default=True
    )
    add("--workers", _count, "4", "how many CRs are worked on at once")
    add("--git-slots", _count, "16", "how many git servers are asked at once")
    add("--git-deadline", _seconds, "30s", "how long one question to a git server may take")
    add("--log-level", _level, "info", f"one of {', '.join(_LEVELS)}")
    _add_switch(parser, environ, "--log-dev-mode", "log for people, not as JSON", default=False)


def _adder(
    parser: argparse.ArgumentParser, environ: Mapping[str, str]
) -> Callable[[str, Callable[[str], object], object, str], None]:
    def add(option: str, read: Callable[[str], object], default: object, text: str) -> None:
        # A default that is text is read as what is given, so the variables are read as well.
        chosen = environ.get(_variable(option), default)
        shown = f" ({default})" if default else ""
        parser.add_argument(option, type=read, default=chosen, metavar="VALUE", help=text + shown)

    return add


def _add_switch(
    parser: argparse.ArgumentParser,
    environ: Mapping[str, str],
    option: str,
    text: str,
    *,
    default: bool,
) -> None:
    said = environ.get(_variable(option))
    if said is not None:
        if said.lower() not in _YES | _NO:
            raise StokerError(
                f"{said!r} is neither true nor false", where=_variable(option), cure="write true"
            )
        default = said.lower() in _YES
    # A chart writes `--leader-elect=false`, which argparse's own switches do not take.
    parser.add_argument(
        option, type=_switch, nargs="?", const=True, default=default, metavar="BOOL", help=text
    )
    parser.add_argument(
        f"--no-{option[2:]}",
        dest=option[2:].replace("-", "_"),
        action="store_false",
        help=argparse.SUPPRESS,
    )


def _variable(option: str) -> str:
    return _PREFIX + option[2:].replace("-", "_").upper()


def _election(given: argparse.Namespace) -> Election:
    if not given.retry_period < given.renew_deadline < given.lease_duration:
        raise StokerError(
            "retry period, renew deadline and lease duration have to grow in this order",
            where="--lease-duration",
            cure="leave them at 2s, 10s and 15s",
        )
    host = socket.gethostname()
    return Election(
        namespace=given.leader_election_namespace or _own_namespace(),
        name=given.leader_election_id,
        # A container that starts again in its pod has the same host name, and is another one.
        identity=f"{host}_{os.urandom(4).hex()}",
        lease=given.lease_duration,
        renew=given.renew_deadline,
        retry=given.retry_period,
    )


def _own_namespace() -> str:
    try:
        return _OWN_NAMESPACE.read_text().strip()
    except OSError as error:
        raise StokerError(
            "the namespace of the lease is not known",
            where="--leader-election-namespace",
            cure="name it, or run without --leader-elect outside of a cluster",
        ) from error


# --- What stands behind an option ---


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _seconds(text: str) -> float:
    try:
        seconds = Duration.parse(text).seconds
    except StokerError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not longer than nothing")
    return seconds


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1000):  # noqa: PLR2004 - a thousand threads
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 1000")
    return int(text)


def _level(text: str) -> str:
    if text not in _LEVELS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(_LEVELS)}")
    return text


def _switch(text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() in _YES
