"""What `stoker-controller` is told: options, each of them also an environment variable."""

from __future__ import annotations

import argparse
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from stoker.core.errors import StokerError
from stoker.core.sharding import MOST_SHARDS
from stoker.entrypoints.options import Options, count, own_namespace, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@frozen(kw_only=True)
class Election:
    """How one of several controllers becomes the one that acts."""

    namespace: str
    name: str
    identity: str
    lease: float
    renew: float
    retry: float
    shards: int = 1
    """Into how many parts the namespaces are divided, each with a lease of its own."""


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

    @property
    def shards(self) -> int:
        """Into how many parts the namespaces are divided; 1: whoever leads has all of them."""
        return 1 if self.election is None else self.election.shards


def read_settings(
    arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ
) -> ControllerSettings:
    """What the command line and the environment say; raises `StokerError` for what is wrong."""
    given = _options(environ).read(arguments)
    return ControllerSettings(
        kubeconfig=given.kubeconfig,
        namespaces=given.watch_namespaces,
        election=_election(given),
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


def _options(environ: Mapping[str, str]) -> Options:
    options = Options(
        "stoker-controller",
        "Watch GatewaySync resources and gateway pods, and tell the agents what to do.",
        environ,
    )
    options.add_cluster()
    _add_election(options)
    options.add_about()
    _add_work(options)
    options.add_logs()
    return options


def _add_election(options: Options) -> None:
    add = options.add
    options.add_switch("--leader-elect", "act only while holding the lease", default=True)
    add("--leader-election-namespace", str, "", "where the lease is; else the pod's own namespace")
    add("--leader-election-id", str, "stoker-controller", "the name of the lease")
    add("--lease-duration", seconds, "15s", "how long others wait for a leader that is silent")
    add("--renew-deadline", seconds, "10s", "how long a leader tries to renew before it gives up")
    add("--retry-period", seconds, "2s", "time between two tries")
    add("--shards", _shards, "1", "parts of the namespaces, each with a lease and a leader")


def _add_work(options: Options) -> None:
    add = options.add
    options.add_switch("--auto-bind-agent", "keep a Role for the agents of each CR", default=True)
    add("--workers", count, "8", "how many CRs are worked on at once")
    add("--git-slots", count, "16", "how many git servers are asked at once")
    add("--git-deadline", seconds, "30s", "how long one question to a git server may take")


def _election(given: argparse.Namespace) -> Election | None:
    if not given.leader_elect:
        if given.shards > 1:
            raise StokerError(
                f"{given.shards} shards cannot be divided among replicas without leases",
                where="--shards",
                cure="run with --leader-elect, or leave --shards at 1",
            )
        return None
    if not given.retry_period < given.renew_deadline < given.lease_duration:
        raise StokerError(
            "retry period, renew deadline and lease duration have to grow in this order",
            where="--lease-duration",
            cure="leave them at 2s, 10s and 15s",
        )
    host = socket.gethostname()
    return Election(
        namespace=given.leader_election_namespace
        or own_namespace(
            "the lease",
            "--leader-election-namespace",
            "run without --leader-elect outside of a cluster",
        ),
        name=given.leader_election_id,
        # A container that starts again in its pod has the same host name, and is another one.
        identity=f"{host}_{os.urandom(4).hex()}",
        lease=given.lease_duration,
        renew=given.renew_deadline,
        retry=given.retry_period,
        shards=given.shards,
    )


def _shards(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_SHARDS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MOST_SHARDS}")
    return int(text)
