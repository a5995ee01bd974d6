"""Hundreds of GatewaySyncs, made, looked at and taken away by the hundred.

kubectl takes seconds for what is written here in one, as it asks for everything one by one. What is
asked goes straight to the API server, through the product's own client; its answers are not judged
by the product but by the tests.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from kit.definitions import anything_goes
from stoker.adapters.kube.client import Client, connect
from stoker.adapters.kube.errors import Invalid, NotFound
from stoker.adapters.kube.resources import CONFIG_MAPS, GATEWAY_SYNCS, Resource
from stoker.core import names

if TYPE_CHECKING:
    from cluster import Cluster

    from kit.kubectl import Document

THREADS: Final = 8

Given = TypeVar("Given")
Made = TypeVar("Made")


@contextmanager
def talking(cluster: Cluster) -> Iterator[Client]:
    """A client with all rights."""
    client = connect(cluster.kubeconfig, user_agent="stoker-tests", pool=THREADS)
    yield client
    client.close()


def at_once(do: Callable[[Given], Made], given: Iterable[Given]) -> list[Made]:
    """`do` for each, several at a time."""
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(do, given))


@contextmanager
def crowd(client: Client, namespace: str) -> Iterator[Crowd]:
    """The objects of a namespace; its CRs are gone after the `with`."""
    made = Crowd(client, namespace)
    try:
        yield made
    finally:
        made.clear()


@dataclass
class Crowd:
    """The objects of one namespace."""

    client: Client
    namespace: str
    done: dict[str, float] = field(default_factory=dict)
    """When each CR was first seen to have converged, on the monotonic clock."""

    def create(self, resource: Resource, documents: Iterable[Document]) -> list[Document]:
        """Make new objects."""
        return at_once(lambda one: self.client.create(resource, self.namespace, one), documents)

    def apply(self, resource: Resource, documents: Iterable[Document]) -> list[Document]:
        """Make or change objects."""
        return at_once(
            lambda one: self.client.apply(resource, self.namespace, one["metadata"]["name"], one),
            documents,
        )

    def delete(self, resource: Resource, objects: Iterable[str]) -> None:
        """Delete objects, by name."""
        at_once(lambda name: self.client.delete(resource, self.namespace, name), objects)

    def listed(
        self, resource: Resource, *, labels: str = "", fields: str = ""
    ) -> dict[str, Document]:
        """The objects of a kind, by name."""
        found: dict[str, Document] = {}
        for page in self.client.pages(resource, self.namespace, labels=labels, fields=fields):
            if page.first:
                found.clear()
            found |= {one["metadata"]["name"]: one for one in page.items}
        return found

    def clear(self) -> None:
        """Take all CRs away, with nobody's help."""
        self.delete(GATEWAY_SYNCS, self.crs())
        for name in self.crs():
            try:
                self._free(name)
            except Invalid:  # its definition has become another one since it was marked
                with anything_goes(self.client):
                    self._free(name)

    def _free(self, name: str) -> None:
        freed = {"metadata": {"finalizers": None}}
        with suppress(NotFound):
            self.client.merge(GATEWAY_SYNCS, self.namespace, name, freed)

    def crs(self) -> dict[str, Document]:
        """The GatewaySyncs."""
        return self.listed(GATEWAY_SYNCS)

    # --- Whether CRs have converged ---

    def look(self, crs: Iterable[str], *, ready: Iterable[str] = ()) -> set[str]:
        """Which of these have not converged yet; those in `ready` are to be ready too."""
        wanted, to_be_ready = set(crs), set(ready)
        waiting = wanted - self.done.keys()
        if not waiting:
            return set()
        told = self.listed(CONFIG_MAPS, labels="stoker.io/cr-name")
        now = time.monotonic()
        for name, document in self.crs().items():
            if name not in waiting or not is_told(document, told):
                continue
            if name not in to_be_ready or condition(document, "Ready")["status"] == "True":
                self.done[name] = now
        return wanted - self.done.keys()

    def have_converged(self, crs: Iterable[str], *, ready: Iterable[str] = ()) -> bool:
        """Whether all of them have; an error that names some which have not."""
        left = sorted(self.look(crs, ready=ready))
        if left:
            raise AssertionError(f"{len(left)} have not: {', '.join(left[:9])}")
        return True


def condition(document: Document, kind: str) -> Document:
    """A condition of a CR; one that is not there has no status."""
    status = document.get("status")
    listed = status.get("conditions") if isinstance(status, dict) else []
    rows = listed if isinstance(listed, list) else []
    found = [one for one in rows if isinstance(one, dict) and one.get("type") == kind]
    return found[0] if found else {"status": "", "reason": "", "message": ""}


def is_told(document: Document, maps: Mapping[str, Document]) -> bool:
    """Whether the ref of the CR is resolved, and its agents have been told."""
    name = document["metadata"]["name"]
    told = maps.get(names.metadata_config_map(name), {}).get("data") or {}
    return (
        condition(document, "RefResolved")["status"] == "True"
        and bool(told.get("commit"))
        and told["commit"] == document["status"].get("lastSyncCommit")
    )
