"""Gateways of a soak in pods, with small volumes in memory that can be filled.

Their files are read and written in the node's own file system, and their processes are found by
their control group: that needs no API server, and no program in a container.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cluster import Problem
from cluster.opening import node_command

from kit import gateways, manifests
from kit.eventually import eventually
from kit.soak_stations import PATIENCE, SWITCHES, Station, patiently
from kit.works import Injected
from stoker.adapters.kube.resources import PODS
from stoker.core import names

if TYPE_CHECKING:
    from cluster import Cluster

    from kit.agents import Agent
    from kit.soak_pen import Pen
    from kit.works import Works

LITTLE: Final = "16Mi"
"""What a volume of a pod holds; files and repository need a part of it."""
END_OF_TIME: Final = datetime.max.replace(tzinfo=UTC)
_PODS: Final = "var/lib/kubelet/pods"
_VOLUMES: Final = "volumes/kubernetes.io~empty-dir"


class PodStation(Station):
    """An agent and a gateway in a pod."""

    user = manifests.USER

    def __init__(
        self, works: Works, pen: Pen, cluster: Cluster, name: str, *, shares: bool
    ) -> None:
        """Start it."""
        super().__init__(works, pen, name, shares=shares)
        words = node_command(cluster.place, [])
        self._root = Path("/proc", words[words.index("--target") + 1], "root")
        self.pod = Injected(works, works.space.pod(name))
        self.begin()

    def begin(self) -> None:
        """Make the pod."""
        works = self.works
        little = manifests.scratch("", LITTLE, in_memory=True)
        document = works.pod(self.name, switches=SWITCHES, repo=little, data=little)
        made = patiently(lambda: works.admin.create(PODS, works.space.name, document))
        self.born = datetime.fromisoformat(made["metadata"]["creationTimestamp"])
        self.uid = str(made["metadata"]["uid"])
        self.deaths = 0

    def settled(self) -> None:
        """Wait until its files can be read, and put the strangers' there."""
        eventually(self._is_there, what=f"the volumes of {self.name} are there", within=PATIENCE)
        self.plant()

    def _is_there(self) -> bool:
        return (self.data / ".stoker").is_dir() and self.repo.is_dir()

    @property
    def data(self) -> Path:
        """The data directory, as the node sees it."""
        return self._root / _PODS / self.uid / _VOLUMES / gateways.DATA_VOLUME

    @property
    def repo(self) -> Path:
        """The volume of the repository."""
        return self._root / _PODS / self.uid / _VOLUMES / names.VOLUME_REPO

    @property
    def agent(self) -> Agent:
        """What speaks for the agent."""
        return self.pod

    def pids(self) -> list[int]:
        """The processes of the pod's control group whose command is the agent's."""
        found = []
        for process in Path("/proc").iterdir():
            with suppress(OSError):
                if (
                    process.name.isdigit()
                    and self.uid in (process / "cgroup").read_text()
                    and names.AGENT_COMMAND.encode() in (process / "cmdline").read_bytes()
                ):
                    found.append(int(process.name))
        return sorted(found)

    def loaded(self) -> Mapping[str, str]:
        """By the gateway's own account."""
        try:
            return self.pod.gateway.files()
        except (Problem, KeyError, ValueError) as error:
            raise OSError(str(error)) from error

    def gateway_tells(self) -> str:
        """How its gateway is."""
        state = self.pod.gateway.state()
        return f"{state['phase']} {state.get('fault', '')}"

    def revive(self) -> None:
        """The kubelet does."""

    def replace(self) -> None:
        """With its volumes; the next one begins with nothing but strangers."""
        works, space = self.works, self.works.space.name
        # From here on its volumes go, whatever is said of it.
        self.strangers, self.born = {}, END_OF_TIME
        patiently(lambda: works.admin.delete(PODS, space, self.name) or True)
        self.pod = Injected(works, works.space.pod(self.name))
        self.begin()
        self.settled()
