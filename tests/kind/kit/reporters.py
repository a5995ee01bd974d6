"""The agents of pods that run nowhere, as one thread that reports for all of them.

It reports for a pod that it has synced what its GatewaySync tells, and does so again as soon as
that is not what stands in the pod's ConfigMap.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kit.order import CR_NAME
from kit.plants import report_of
from kit.speaking import as_admin
from stoker.adapters.kube.errors import ApiFailed, Conflict, NotFound
from stoker.adapters.kube.resources import CONFIG_MAPS, PODS

if TYPE_CHECKING:
    from kit.kubectl import Document
    from kit.spaces import Space
    from stoker.adapters.kube.client import Client

_PAUSE: Final = 0.25


@dataclass
class Reporters:
    """Those of a namespace."""

    space: Space
    written: int = 0
    """How many reports."""

    @property
    def admin(self) -> Client:
        """The API server, with all rights."""
        return as_admin(self.space.cluster.kubeconfig)

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Every pod's agent reports during the `with`."""
        over = threading.Event()

        def work() -> None:
            while not over.wait(_PAUSE):
                # What is being made or deleted is there a moment later, or not any more.
                with suppress(ApiFailed, KeyError):
                    self._report()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _report(self) -> None:
        maps = {
            one["metadata"]["name"]: one
            for page in self.admin.pages(CONFIG_MAPS, self.space.name)
            for one in page.items
        }
        for page in self.admin.pages(PODS, self.space.name):
            for pod in page.items:
                self._report_of(pod, maps)

    def _report_of(self, pod: Document, maps: dict[str, Document]) -> None:
        name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
        cr = pod["metadata"]["annotations"][CR_NAME]
        metadata = maps.get(f"stoker-metadata-{cr}", {})
        sheet = maps.get(f"stoker-status-{cr}-{name}")
        commit = (metadata.get("data") or {}).get("commit")
        if sheet is None or not commit:
            return
        said = json.loads((sheet.get("data") or {}).get("status", "{}"))
        if (said.get("podUID"), said.get("syncedCommit")) == (uid, commit):
            return
        told = json.dumps(report_of(name, uid, commit, seq=self.written + 1))
        version = sheet["metadata"]["resourceVersion"]
        change = {"data": {"status": told}, "metadata": {"resourceVersion": version}}
        with suppress(Conflict, NotFound):
            self.admin.merge(CONFIG_MAPS, self.space.name, sheet["metadata"]["name"], change)
            self.written += 1
