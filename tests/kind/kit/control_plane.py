"""What can be done to the API server and etcd of a node of our own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kit.eventually import eventually

if TYPE_CHECKING:
    from cluster import Cluster

    from kit.api import Api


@dataclass(frozen=True)
class ControlPlane:
    """Both of them."""

    cluster: Cluster
    api: Api

    def kill_api_server(self) -> None:
        """Kill it; the node starts another one."""
        self.cluster.node("pkill", "-9", "-x", "kube-apiserver")
        eventually(lambda: not self.answers(), what="the API server is away", within=10)

    def back(self) -> None:
        """Wait until it can be written to again."""
        name = "stoker-test-back"

        def written() -> bool:
            body: Any = {"metadata": {"name": name}, "data": {"a": "b"}}
            self.api.core.create_namespaced_config_map("default", body, _request_timeout=5)
            self.api.core.delete_namespaced_config_map(name, "default", _request_timeout=5)
            return True

        eventually(written, what="the API server is back", within=60)

    def answers(self) -> bool:
        """Whether it does."""
        try:
            self.api.core.read_namespace("default", _request_timeout=2)
        except Exception:  # noqa: BLE001 - whatever it is, it is no answer
            return False
        return True

    def compact(self) -> None:
        """Have etcd forget all that was before now."""
        listed: Any = self.api.core.list_namespaced_config_map("default")
        body = f'{{"revision": "{listed.metadata.resource_version}", "physical": true}}'
        words = ("--silent", "--fail", "--data", body)
        self.cluster.node("curl", *words, "http://127.0.0.1:2379/v3/kv/compaction")
