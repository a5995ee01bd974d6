"""NetworkPolicies enforced on a node of our own, which has no engine for them.

Packets between pods are let through and dropped by the node's kernel, by the rules of
`kit.policies`. What these have to say is asked of cyclonus, whose matcher is others' reading of
what NetworkPolicies mean; pods, namespaces and policies are those of the API server. They are
looked at twice a second, so a new pod is open for a moment, as it is with many an engine; `now`
waits for it.

What was connected before stays connected. On other clusters nothing is done here: there the engine
of the cluster is tried, and a cluster without one fails.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cluster import programs
from cluster.running import Steps

from kit import policies
from kit.kubectl import called
from kit.policies import Answer, Isolated, Question, Seen
from kit.speaking import as_admin
from stoker.adapters.kube.resources import NAMESPACES, PODS, Resource

if TYPE_CHECKING:
    from pathlib import Path

    from cluster import Cluster

    from kit.kubectl import Document

POLICIES: Final = Resource("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy")
_PAUSE: Final = 0.5


@dataclass
class Isolation:
    """The policies of a cluster, enforced as long as it runs."""

    cluster: Cluster
    program: Path
    file: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)
    _known: str = ""
    _failed: list[Exception] = field(default_factory=list)

    def now(self) -> None:
        """Look, and enforce what is there; raises what went wrong before."""
        if self._failed:
            raise self._failed[0]
        with self._lock:
            self._enforce()

    def dropped(self) -> int:
        """How many packets have been dropped since the rules were changed."""
        listed = self.cluster.node("nft", "--json", "list", "table", "inet", policies.TABLE)
        chains = [one["rule"]["expr"] for one in json.loads(listed)["nftables"] if "rule" in one]
        return sum(
            part["counter"]["packets"] for one in chains for part in one if "counter" in part
        )

    @contextmanager
    def running(self) -> Iterator[Isolation]:
        """Keep up with what changes, and let everything through afterwards."""
        self.now()
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()
            self.cluster.node("nft", "delete", "table", "inet", policies.TABLE)

    def _run(self) -> None:
        while not self._over.wait(_PAUSE):
            try:
                self.now()
            except Exception as error:  # noqa: BLE001 - told to who waits for us, by `now`
                self._failed.append(error)
                return

    def _enforce(self) -> None:
        seen = self._seen()
        known = repr((seen.peers(), [one["spec"] for one in seen.policies]))
        if known == self._known:
            return
        isolated = Isolated.of(self._answers(seen, policies.who_is_isolated(seen)))
        said = self._answers(seen, policies.who_reaches_whom(seen, isolated))
        self.file.write_text(policies.rules(seen.node, isolated, said))
        self.cluster.node("nft", "--file", str(self.file))
        self._known = known

    def _seen(self) -> Seen:
        node, host = _node(self._all(_NODES)), self.cluster.host_address
        pods, namespaces = self._all(PODS), self._all(NAMESPACES)
        return Seen(pods, namespaces, self._all(POLICIES), node, [host])

    def _all(self, resource: Resource) -> list[Document]:
        admin = as_admin(self.cluster.kubeconfig)
        return [one for page in admin.pages(resource) for one in page.items]

    def _answers(self, seen: Seen, asked: Sequence[Question]) -> dict[Question, Answer]:
        given = json.dumps(policies.told(seen, asked))
        said: list[Any] = json.loads(called([str(self.program)], given))
        return {one: Answer(**word) for one, word in zip(asked, said, strict=True)}


_NODES: Final = Resource("v1", "nodes", "Node", namespaced=False)


def _node(nodes: Sequence[Document]) -> str:
    (one,) = nodes
    listed = one["status"]["addresses"]
    return str(next(each["address"] for each in listed if each["type"] == "InternalIP"))


@contextmanager
def isolating(cluster: Cluster, folder: Path) -> Iterator[Isolation | None]:
    """The policies of the cluster are enforced during the `with`; None where others do that."""
    if cluster.mode != "node":
        yield None
        return
    program = programs.built(programs.POLICIES, Steps(cluster.say)) / programs.POLICIES.name
    with Isolation(cluster, program, folder / "rules.nft").running() as made:
        yield made
