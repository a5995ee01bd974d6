"""What can be done to the API server and etcd of a node of our own, and whether it is one.

Somebody's cluster that `KUBECONFIG` names is not ours to break: there, and only there, tests that
have to break something are skipped, by `only_where`. On a node of our own a skipped test is a
failed one (see `fixtures`), so none of them is left out where they can run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from kit.eventually import eventually
from kit.manifests import config_map
from kit.speaking import as_admin
from stoker.adapters.kube.errors import ApiFailed
from stoker.adapters.kube.resources import CONFIG_MAPS, NAMESPACES

if TYPE_CHECKING:
    from cluster import Cluster

    from stoker.adapters.kube.client import Client

_COMPACTION: Final = "http://127.0.0.1:2379/v3/kv/compaction"


def only_where(possible: bool, what: str) -> None:  # noqa: FBT001 - a condition, as in `assert`
    """Go on where the cluster lets us do `what`."""
    if not possible:
        pytest.skip(f"this cluster is not ours: {what}")


@dataclass(frozen=True)
class ControlPlane:
    """Both of them."""

    cluster: Cluster

    def kill_api_server(self) -> None:
        """Kill it; the node starts another one."""
        self.cluster.node("pkill", "-9", "-x", "kube-apiserver")
        eventually(lambda: not self.answers(), what="the API server is away", within=10)

    def back(self) -> None:
        """Wait until it can be written to again; what else needs it shall not wait any longer."""
        made = config_map("stoker-test-back", {"a": "b"})

        def written() -> bool:
            client = self._client.within(5)
            client.apply(CONFIG_MAPS, "default", "stoker-test-back", made)
            return client.delete(CONFIG_MAPS, "default", "stoker-test-back")

        eventually(written, what="the API server is back", within=60)
        # The kernel cuts its name; it may have ended by itself as well.
        self.cluster.node("sh", "-c", "pkill -9 -x kube-controller || true")

    def answers(self) -> bool:
        """Whether the API server does."""
        try:
            return bool(self._client.within(2).get(NAMESPACES, "", "default"))
        except ApiFailed:
            return False

    def compact(self, version: str = "") -> None:
        """Have etcd forget all that was before `version`, or before now."""
        if not version:
            version = next(self._client.pages(CONFIG_MAPS, "default")).resource_version
        body = f'{{"revision": "{version}", "physical": true}}'
        self.cluster.node("curl", "--silent", "--fail", "--data", body, _COMPACTION)

    @property
    def _client(self) -> Client:
        return as_admin(self.cluster.kubeconfig)
