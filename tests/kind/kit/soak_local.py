"""Gateways of a soak on this machine: an agent that is a process, and a gateway in this one.

All agents of a GatewaySync ask for `localhost` at one port. So each of them has a table of names of
its own, in which that is another address, at which its own gateway listens.
"""

from __future__ import annotations

import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kit.eventually import eventually
from kit.local_agents import HERE
from kit.soak_stations import SWITCHES, Station, patiently
from stoker.adapters.kube.resources import PODS
from stoker.testing.gateway import FakeGateway, Settings
from stoker.testing.gateway.startup import Phase
from support.server_processes import program

if TYPE_CHECKING:
    from kit.agents import Agent
    from kit.local_agents import LocalAgent, LocalAgents
    from kit.soak_pen import Pen


class LocalStation(Station):
    """An agent that is a process of this machine, and a gateway in this one."""

    def __init__(
        self, agents: LocalAgents, pen: Pen, name: str, at: tuple[str, int], *, shares: bool
    ) -> None:
        """Nothing runs yet but the gateway, which listens `at` an address and a port."""
        super().__init__(agents.works, pen, name, shares=shares)
        self.local: LocalAgent = agents.prepare(name)
        self.local.before = _at_home(self.local.lodging.folder, at[0])
        self.plant()
        settings = Settings(host=at[0], port=at[1], **SWITCHES)
        self.gateway = self.local.stack.enter_context(FakeGateway(self.data, settings))

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.local.lodging.data

    @property
    def repo(self) -> Path:
        """The folder of the repository."""
        return self.local.lodging.repo

    @property
    def agent(self) -> Agent:
        """What speaks for the agent."""
        return self.local

    def pids(self) -> list[int]:
        """The process and all below it."""
        process = self.local.process
        return [] if process is None or process.poll() is not None else self.local.pids

    def loaded(self) -> Mapping[str, str]:
        """By the gateway's own account."""
        if self.gateway.phase is not Phase.RUNNING:
            raise OSError(f"the gateway of {self.name} does not run")
        return self.gateway.loaded.files()

    def gateway_tells(self) -> str:
        """How its gateway is."""
        return f"{self.gateway.phase} {self.gateway.fault}"

    def kill(self) -> bool:
        """Until it is gone, which takes a moment on a busy machine."""
        found = super().kill()
        self.local.kill()
        return found

    def revive(self) -> None:
        """Begin another life, as soon as its ports are free, which others may have by chance."""
        if not self.pids():
            ports = (self.local.probe_port, self.local.metrics_port)
            eventually(lambda: _free(ports), what="the ports are free", tell=[_listeners])
            self.local.start()

    def replace(self) -> None:
        """The data directory stays, as a set's volume does; the repository does not."""
        if self.pids():
            self.local.stop()
        works, space = self.works, self.works.space.name
        patiently(lambda: works.admin.delete(PODS, space, self.name) or True)
        document = works.pod(self.name, schedulerName="nobody")
        self.local.lodging.describe(patiently(lambda: works.admin.create(PODS, space, document)))
        for one in self.repo.iterdir():
            shutil.rmtree(one) if one.is_dir() else one.unlink()


def _free(ports: Iterable[int]) -> bool:
    for port in ports:
        socket.create_server((HERE, port)).close()
    return True


def _listeners() -> str:
    words = [program("ss", "iproute2"), "-ltnp"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout  # noqa: S603 - our own words


def _at_home(folder: Path, address: str) -> tuple[str, ...]:
    """Words before a command for which `localhost` is this address."""
    hosts = folder / "hosts"
    hosts.write_text(f"{address} localhost\n")
    script = f'mount --bind {shlex.quote(str(hosts))} /etc/hosts && exec "$0" "$@"'
    return ("unshare", "--mount", "sh", "-c", script)
