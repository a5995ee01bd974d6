"""The lease by which one of several controllers leads.

A thread does what `core.leadership` says: looks, writes, rests. Its clock goes on while the process
is stopped or the machine sleeps, so whoever wakes up too late knows it, and its fence holds back
the next write. To lose the lease ends nothing: the thread goes on trying.
"""

from __future__ import annotations

import math
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from stoker.adapters.kube.errors import AlreadyExists, ApiFailed, Conflict, NotFound, NotLeading
from stoker.adapters.kube.resources import LEASES
from stoker.core import leadership
from stoker.core.leadership import Look, Record, Rest, Standing, Terms, Write

if TYPE_CHECKING:
    from collections.abc import Callable

    from stoker.adapters.kube.client import Client, Document

LEAVING: Final = 3.0
"""Seconds that the release may take of who leaves."""


def clock() -> float:
    """Seconds that pass whatever happens; only their differences mean anything."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class Elector:
    """One who tries to lead, and leads; `fence` and `is_leading` may be asked by any thread."""

    def __init__(  # noqa: PLR0913 - which lease, and on what terms
        self,
        client: Client,
        namespace: str,
        name: str,
        identity: str,
        *,
        duration: float = 15.0,
        renew_deadline: float = 10.0,
        retry: float = 2.0,
        on_change: Callable[[bool], None],
        complain: Callable[[str, Exception], None],
    ) -> None:
        self._client = client.unfenced()
        self._namespace = namespace
        self._name = name
        self._on_change = on_change
        self._complain = complain
        self._standing = Standing(identity, Terms(duration, renew_deadline, retry))
        self._document: Document = {}
        self._told = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    @property
    def is_leading(self) -> bool:
        """Whether the lease is ours beyond doubt at this moment."""
        return not self._stopped.is_set() and self._standing.leads(clock())

    @property
    def holder(self) -> str:
        """Who holds the lease as far as is known; "" if nobody does."""
        record = self._standing.record
        return record.holder if record else ""

    def fence(self, namespace: str = "") -> None:
        """Raise `NotLeading` once another may have taken the lease, which is for all namespaces."""
        del namespace
        if not self.is_leading:
            raise NotLeading(
                "it is not certain that this replica leads",
                where=f"lease {self._namespace}/{self._name}",
                cure="nothing: the replica that leads does the work",
            )

    def start(self) -> None:
        """Begin to try."""
        self._thread.start()

    def stop(self) -> None:
        """Stop leading, and release the lease so that another need not wait."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(self._standing.terms.renew_deadline)
        led, self._standing = self._standing, leadership.resigned(self._standing)
        self._tell()
        if not self._thread.is_alive() and led.renewed is not None and led.record is not None:
            self._release(led.record)

    def _release(self, record: Record) -> None:
        try:
            self._write(leadership.released(record), LEAVING)
        except ApiFailed as error:
            self._complain("the lease could not be released", error)

    # --- The thread ---

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._standing = self._moved(self._standing)
            except Exception as error:  # noqa: BLE001 - a defect must not end the thread
                self._complain("the lease could not be looked after", error)
                self._standing = leadership.failed(self._standing, clock())
            self._tell()

    def _moved(self, standing: Standing) -> Standing:
        begun = clock()
        match leadership.move(standing, begun):
            case Rest(seconds):
                # Nobody shall hear late that the lease is lost.
                left = standing.patience(begun) if standing.leads(begun) else math.inf
                self._stopped.wait(min(seconds, left))
                return leadership.rested(standing)
            case Look():
                try:
                    record = self._read(standing.patience(begun))
                except ApiFailed as error:
                    return self._failed(standing, error)
                return leadership.looked(standing, record, clock())
            case Write(record):
                return self._wrote(standing, record, begun)

    def _wrote(self, standing: Standing, record: Record, begun: float) -> Standing:
        try:
            written = self._write(record, standing.patience(begun))
        except (Conflict, AlreadyExists):
            return leadership.refused(standing, clock())
        except ApiFailed as error:
            return self._failed(standing, error)
        return leadership.wrote(standing, written, begun, clock())

    def _failed(self, standing: Standing, error: ApiFailed) -> Standing:
        self._complain("the lease could not be looked after", error)
        return leadership.failed(standing, clock())

    def _tell(self) -> None:
        leads = self.is_leading
        if leads == self._told:
            return
        self._told = leads
        try:
            self._on_change(leads)
        except Exception as error:  # noqa: BLE001 - who is told must not cost us the lease
            self._complain(f"what follows from {leads=} failed", error)

    # --- The API ---

    def _read(self, seconds: float) -> Record | None:
        client = self._client.within(seconds)
        try:
            self._document = client.get(LEASES, self._namespace, self._name)
        except NotFound as error:
            if not error.code:
                raise
            return None
        return record_of(self._document)

    def _write(self, record: Record, seconds: float) -> Record:
        client = self._client.within(seconds)
        before = self._document if record.version else {}
        body = document_of(record, before, self._name, written_now())
        if record.version:
            self._document = client.replace(LEASES, self._namespace, self._name, body)
        else:
            self._document = client.create(LEASES, self._namespace, body)
        return record_of(self._document)


def record_of(document: Document) -> Record:
    """What a Lease says; what is missing or no number counts as nothing."""
    spec, metadata = document.get("spec"), document.get("metadata")
    said: dict[str, Any] = spec if isinstance(spec, dict) else {}
    version = metadata.get("resourceVersion") if isinstance(metadata, dict) else ""
    duration, transitions = said.get("leaseDurationSeconds"), said.get("leaseTransitions")
    return Record(
        str(said.get("holderIdentity") or ""),
        float(duration) if type(duration) is int else 0.0,
        transitions if type(transitions) is int else 0,
        str(version or ""),
    )


def document_of(record: Record, before: Document, name: str, now: str) -> Document:
    """The Lease that says `record`; labels and annotations stay as they were `before`."""
    said = before.get("spec") or {}
    is_same = bool(record.holder) and record_of(before).holder == record.holder
    kept = before.get("metadata") or {}
    metadata = {each: kept[each] for each in ("labels", "annotations") if each in kept}
    metadata["name"] = name
    if record.version:
        metadata["resourceVersion"] = record.version
    spec = {
        "leaseDurationSeconds": int(record.duration),
        "acquireTime": said.get("acquireTime") if is_same else now,
        "renewTime": now,
        "leaseTransitions": record.transitions,
    }
    if record.holder:
        spec["holderIdentity"] = record.holder
    return {"metadata": metadata, "spec": spec}


def written_now() -> str:
    """The time for people, in the form that Kubernetes has for it."""
    return datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
