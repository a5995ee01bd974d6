"""The pods whose agents are listened to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.adapters.kube.errors import NotFound
from stoker.adapters.kube.resources import PODS
from stoker.core import names
from stoker.core.pods import Pod
from stoker.entrypoints.cli.cluster.reaching import Cluster
from stoker.entrypoints.cli.cluster.refusals import asking

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stoker.adapters.kube.client import Document

_MOST_SINGLE: Final = 20
"""How many pods without the label of ours are asked for by name."""


@frozen
class Speaker:
    """One life of a pod."""

    pod: str
    uid: str


@frozen
class Audience:
    """Whose agents: those of one GatewaySync, or of one of its gateways."""

    cluster: Cluster
    target: tuple[str, str]
    gateway: str = ""

    def speakers(self, rows: Iterable[str] = ()) -> tuple[Speaker, ...]:
        """The pods that there are now, by name; `rows` names those that the status knows of.

        Raises `StokerError`.
        """
        pods = {pod.name: pod for pod in self._pods(rows) if pod.has_agent and self._is_meant(pod)}
        return tuple(Speaker(name, pods[name].uid) for name in sorted(pods))

    def _is_meant(self, pod: Pod) -> bool:
        return not self.gateway or self.gateway in {pod.name, pod.gateway_name}

    def _pods(self, rows: Iterable[str]) -> Iterator[Pod]:
        namespace, name = self.target
        with asking(self.cluster, "list", PODS, namespace):
            found: dict[str, Document] = {}
            labels = f"{names.AGENT_LABEL}=true"
            for page in self.cluster.client.pages(PODS, namespace, labels=labels):
                found = {} if page.first else found
                found |= {one["metadata"]["name"]: one for one in page.items}
        wanted = set(rows)
        for one in found.values():
            pod = Pod.of(one)
            if pod.name in wanted or pod.annotations.cr_name == name:
                yield pod
        # One whose agent was written by hand bears no label of ours.
        for missing in sorted(wanted - found.keys())[:_MOST_SINGLE]:
            try:
                with asking(self.cluster, "get", PODS, namespace):
                    yield Pod.of(self.cluster.client.get(PODS, namespace, missing))
            except NotFound:
                continue
