"""A fleet: GatewaySyncs that each have a few gateways, and the reports of their agents."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from kit.crowds import at_once
from kit.plants import MAPPING, account, gateway_pod, gateway_sync, report_of
from stoker.adapters.kube.resources import CONFIG_MAPS, GATEWAY_SYNCS, PODS, Resource
from stoker.core import names

if TYPE_CHECKING:
    from kit.crowds import Crowd
    from kit.kubectl import Document

SERVICE_ACCOUNTS: Final = Resource("v1", "serviceaccounts", "ServiceAccount")
_EACH: Final = 3


@dataclass(frozen=True)
class Gateway:
    """A pod, and whose it is."""

    cr: str
    pod: str
    uid: str


@dataclass
class Fleet:
    """The CRs of a namespace."""

    crowd: Crowd
    size: int
    pods: list[Gateway] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def crs(self) -> list[str]:
        """Their names."""
        return [f"site-{number}" for number in range(self.size)]

    def create(self, repo: str) -> None:
        """Make them all."""
        self.crowd.create(SERVICE_ACCOUNTS, [account()])
        owners = [(cr, f"{cr}-gw-{number}") for cr in self.crs for number in range(_EACH)]
        made = self.crowd.create(PODS, (gateway_pod(pod, cr) for cr, pod in owners))
        self.pods = [
            Gateway(cr, pod, document["metadata"]["uid"])
            for (cr, pod), document in zip(owners, made, strict=True)
        ]
        # With a long period nobody is taken to be gone who has not said for long that it lives.
        profiles = {"default": {"mappings": [MAPPING], "syncPeriod": 3600}}
        spec: dict[str, Any] = {"polling": {"interval": "60s"}, "sync": {"profiles": profiles}}
        self.crowd.create(GATEWAY_SYNCS, (gateway_sync(cr, repo, **spec) for cr in self.crs))

    def is_told(self) -> bool:
        """Whether all are resolved, and each agent has something to write to.

        To ask for everything costs the API server more than the controller does, so it is asked
        seldom.
        """
        time.sleep(self.size / 200)
        return self.crowd.have_converged(self.crs) and {
            names.status_config_map(one.cr, one.pod) for one in self.pods
        } <= {*self.crowd.listed(CONFIG_MAPS)}

    def report(self, gateway: Gateway, commit: str, status: str, **said: Any) -> None:
        """Report as the agent of a gateway."""
        seq = next(self._numbers)
        said_so = report_of(gateway.pod, gateway.uid, commit, status, seq=seq, **said)
        change: Document = {"data": {names.STATUS_KEY: json.dumps(said_so)}}
        name = names.status_config_map(gateway.cr, gateway.pod)
        self.crowd.client.merge(CONFIG_MAPS, self.crowd.namespace, name, change)

    def report_all(self, commit: str) -> None:
        """Every agent says that it is synced."""
        at_once(lambda one: self.report(one, commit, "Synced"), self.pods)

    def shows(self, gateway: Gateway, status: str) -> bool:
        """Whether the CR shows its gateway in this state."""
        document = self.crowd.client.get(GATEWAY_SYNCS, self.crowd.namespace, gateway.cr)
        rows = document.get("status", {}).get("discoveredGateways", [])
        return any(row["podName"] == gateway.pod and row["syncStatus"] == status for row in rows)
