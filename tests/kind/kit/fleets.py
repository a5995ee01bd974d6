"""A fleet: GatewaySyncs in several namespaces, each with a few gateways, and their agents' reports.

The pods name a simulated node (`kit.kwok`), so they get addresses and are ready. What agents write
is written by whoever has all rights: it is the controller that is looked at, not the agents' Role.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from kit import kwok
from kit.crowds import Crowd, at_once
from kit.plants import MAPPING, account, gateway_pod, gateway_sync, report_of
from stoker.adapters.clock import utc_now
from stoker.adapters.kube.resources import CONFIG_MAPS, GATEWAY_SYNCS, PODS, Resource
from stoker.core import names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kit.kubectl import Document
    from kit.spaces import Space
    from stoker.adapters.kube.client import Client

SERVICE_ACCOUNTS: Final = Resource("v1", "serviceaccounts", "ServiceAccount")
NODES: Final = 10
"""How many simulated nodes there have to be."""
_PERIOD: Final = 3600
"""With a long period nobody is taken to be gone who has not said for long that it lives."""


@dataclass(frozen=True)
class Gateway:
    """A pod, and whose it is."""

    namespace: str
    cr: str
    pod: str
    uid: str

    @property
    def reports_to(self) -> str:
        """Its ConfigMap."""
        return names.status_config_map(self.cr, self.pod)


@dataclass
class Fleet:
    """So many CRs, each with so many gateways, spread over the namespaces."""

    client: Client
    spaces: Sequence[Space]
    size: int
    each: int
    gateways: list[Gateway] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def crs(self) -> list[tuple[str, str]]:
        """Namespace and name of each."""
        return [
            (self.spaces[number % len(self.spaces)].name, f"site-{number}")
            for number in range(self.size)
        ]

    def create(self, repositories: Sequence[str]) -> None:
        """Make them all; the CRs follow the repositories by turns."""
        for space in self.spaces:
            self._crowd(space.name).create(SERVICE_ACCOUNTS, [account()])
        wanted = [(*cr, f"{cr[1]}-gw-{number}") for cr in self.crs for number in range(self.each)]
        self.gateways = at_once(self._pod, enumerate(wanted))
        at_once(
            lambda one: self.client.create(GATEWAY_SYNCS, one[1][0], self._cr(one, repositories)),
            enumerate(self.crs),
        )

    def is_running(self) -> bool:
        """Whether all pods are ready."""
        fields = "status.phase=Running"
        return all(
            len(self._crowd(space.name).listed(PODS, fields=fields)) == self._pods_in(space.name)
            for space in self.spaces
        )

    @contextmanager
    def there(self) -> Iterator[None]:
        """Its CRs are gone after the `with`, with nobody's help."""
        try:
            yield
        finally:
            for space in self.spaces:
                self._crowd(space.name).clear()

    def look(self, cr: tuple[str, str]) -> None:
        """Have the controller look at the CR's ref now, as the receiver does for a push."""
        asked = {names.REQUESTED_AT: utc_now().isoformat(), names.REQUESTED_BY: "generic"}
        change = {"metadata": {"annotations": asked}}
        self.client.merge(GATEWAY_SYNCS, *cr, change, metadata_only=True)

    def report(self, gateway: Gateway, commit: str, **said: Any) -> None:
        """Report that a gateway is synced, as its agent does."""
        whole = report_of(
            gateway.pod, gateway.uid, commit, seq=next(self._numbers), **(_USUAL | said)
        )
        change: Document = {"data": {names.STATUS_KEY: json.dumps(whole)}}
        self.client.merge(
            CONFIG_MAPS, gateway.namespace, gateway.reports_to, change, metadata_only=True
        )

    def _crowd(self, namespace: str) -> Crowd:
        return Crowd(self.client, namespace)

    def _pods_in(self, namespace: str) -> int:
        return self.each * sum(one == namespace for one, _ in self.crs)

    def _pod(self, numbered: tuple[int, tuple[str, str, str]]) -> Gateway:
        number, (namespace, cr, pod) = numbered
        document = gateway_pod(pod, cr)
        document["spec"]["nodeName"] = kwok.name_of(number % NODES)
        made = self.client.create(PODS, namespace, document)
        return Gateway(namespace, cr, pod, made["metadata"]["uid"])

    def _cr(self, numbered: tuple[int, tuple[str, str]], repositories: Sequence[str]) -> Document:
        number, (_, name) = numbered
        profiles = {"default": {"mappings": [MAPPING], "syncPeriod": _PERIOD}}
        spec: dict[str, Any] = {"polling": {"interval": "60s"}, "sync": {"profiles": profiles}}
        return gateway_sync(name, repositories[number % len(repositories)], **spec)


_USUAL: Final[Document] = {
    "profile": "default",
    "syncedRef": "main",
    "lastSyncTime": "2026-01-31T12:00:00Z",
    "lastSyncDuration": "1.3s",
    "agentVersion": "0.0.0",
    "lastScanResult": "200",
    "filesChanged": 12,
    "projectsSynced": ["compressors", "packaging", "boilers", "palletizer"],
}
"""What agents say beside that they are synced."""
