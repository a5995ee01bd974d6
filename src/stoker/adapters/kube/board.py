"""The leases of all shards, read together.

The electors of a process look at one list: it is asked for when the first of them wants to look
again, and the others find it fresh. Names tell whose a lease is, so that several releases can share
a namespace, and one request shows everything, the lease without shards included.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from attrs import evolve, field, frozen

from stoker.adapters.kube.client import Client, Document
from stoker.adapters.kube.errors import Unreachable
from stoker.adapters.kube.lease import clock, document_of, record_of, written_now
from stoker.adapters.kube.resources import LEASES
from stoker.core import names
from stoker.core.sharding.division import lease_name, place_of
from stoker.core.sharding.replica import ALONE, View

if TYPE_CHECKING:
    from collections.abc import Callable

    from stoker.core.leadership import Record

_LEAST: Final = 0.1
_MARKS: Final = (names.WANTED_BY_ANNOTATION, names.RENEWAL_ANNOTATION)


@frozen
class Sight:
    """A view, and the documents that it was made of."""

    view: View
    documents: Mapping[int, Document] = field(repr=False)


class Board:
    """The leases of one division, and those of its rivals; any thread may read and write."""

    def __init__(self, client: Client, namespace: str, name: str, count: int) -> None:
        """Nothing is asked before `read`."""
        self.namespace = namespace
        self._client = client.unfenced()
        self._name = name
        self._count = count
        self._last: Sight | None = None
        self._lock = threading.Lock()

    def lease(self, shard: int) -> str:
        """The name of a shard's lease."""
        return lease_name(self._name, shard, self._count)

    def read(self, is_good: Callable[[View], bool], seconds: float) -> Sight:
        """What there is, as another looked or by a look of our own; raises `ApiFailed`."""
        until = clock() + seconds
        if not self._lock.acquire(timeout=seconds):
            raise Unreachable("the look of another shard takes too long", where=self.namespace)
        try:
            if self._last is None or not is_good(self._last.view):
                self._last = self._look(max(until - clock(), _LEAST))
            return self._last
        finally:
            self._lock.release()

    def write(self, shard: int, record: Record, before: Document, seconds: float) -> Document:
        """Take, renew or release a lease; `before` is what the record replaces."""
        body = document_of(record, before, self.lease(shard), written_now())
        return self._write(shard, record, body, seconds)

    def wish(self, shard: int, record: Record, before: Document, seconds: float) -> Document:
        """Write down who wants it; what its holder said stays as it is."""
        body: Document = {"metadata": dict(before["metadata"]), "spec": before["spec"]}
        return self._write(shard, record, body, seconds)

    def _write(self, shard: int, record: Record, body: Document, seconds: float) -> Document:
        metadata = body["metadata"]
        metadata["labels"] = {
            **(metadata.get("labels") or {}),
            names.SHARDS_LABEL: str(self._count),
            names.MANAGED_BY_LABEL: names.MANAGED_BY_CONTROLLER,
        }
        there = metadata.get("annotations") or {}
        said = dict(zip(_MARKS, (record.wanted_by, record.renewal), strict=True))
        kept = {key: text for key, text in there.items() if key not in _MARKS}
        metadata["annotations"] = kept | {key: text for key, text in said.items() if text}
        client = self._client.within(seconds)
        if record.version:
            return client.replace(LEASES, self.namespace, self.lease(shard), body)
        return client.create(LEASES, self.namespace, body)

    def _look(self, seconds: float) -> Sight:
        begun = clock()
        documents: dict[int, Document] = {}
        rivals: dict[str, Record] = {}
        for page in self._client.within(seconds).pages(LEASES, self.namespace):
            if page.first:
                documents, rivals = {}, {}
            for document in page.items:
                name = document["metadata"]["name"]
                place = place_of(name, self._name)
                if place is not None and place[1] == self._count:
                    documents[place[0]] = document
                elif place is not None or name == self._name:
                    rivals[ALONE if place is None else name] = shard_record_of(document)
        shards = {shard: shard_record_of(document) for shard, document in documents.items()}
        return Sight(View(begun, clock(), shards, rivals), documents)


def shard_record_of(document: Document) -> Record:
    """What the lease of a shard says."""
    there = document["metadata"].get("annotations") or {}
    wanted_by, renewal = (str(there.get(mark) or "") for mark in _MARKS)
    # Without a wish there is nothing that a renewal could have been written over by.
    return evolve(record_of(document), wanted_by=wanted_by, renewal=renewal if wanted_by else "")
