"""Every row that GatewaySyncs show of their gateways, as the API server had them one after another.

Who asks now and then misses what lasts for an instant. A watch misses nothing, so a test can say
that something was never shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kit.eventually import eventually
from stoker.adapters.clock import utc_now
from stoker.adapters.kube.client import connect
from stoker.adapters.kube.resources import GATEWAY_SYNCS
from stoker.adapters.kube.watch import Watch

if TYPE_CHECKING:
    from kit.kubectl import Document
    from kit.spaces import Space


@dataclass
class Rows:
    """What was shown so far."""

    seen: list[dict[str, Any]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def put(self, document: Document) -> None:
        """As a sink of a watch."""
        status = document.get("status") or {}
        self.seen += status.get("discoveredGateways") or []

    def gone(self, document: Document) -> None:
        """Nothing is taken back."""

    def keep_only(self, namespace: str, keys: AbstractSet[tuple[str, str]]) -> None:
        """A list tells nothing new."""

    def complain(self, what: str, error: Exception) -> None:
        """A watch that is broken off goes on; it is kept for who wonders."""
        self.complaints.append(f"{what}: {error}")

    def of(self, pod: str, commit: str) -> list[str]:
        """The states in which that pod was shown at that commit, in order."""
        return [
            str(one["syncStatus"])
            for one in list(self.seen)
            if one["podName"] == pod and one.get("syncedCommit") == commit
        ]


@contextmanager
def rows(space: Space) -> Iterator[Rows]:
    """What is shown during the `with`."""
    made = Rows()
    client = connect(space.cluster.kubeconfig, user_agent="stoker-tests", pool=2)
    watch = Watch(
        client,
        GATEWAY_SYNCS,
        made,
        namespace=space.name,
        now=utc_now,
        complain=made.complain,
    )
    watch.start()
    try:
        eventually(lambda: watch.synced, what="the rows are watched")
        yield made
    finally:
        watch.stop()
        client.close()
