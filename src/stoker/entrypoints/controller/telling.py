"""Events of a CR, as `kubectl describe` shows them.

The name of an event is made from what it says, so that the same thing said again within an hour
counts up the event that is there instead of making another one: in one request where this replica
has told it before, as after each push that all gateways follow. A CR that has much to say gets a
word in now and then only: a burst, and after that one event every so often.

Nothing depends on an event. One that cannot be written is complained about and left.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field

from stoker.adapters.kube.client import Client, Document
from stoker.adapters.kube.errors import AlreadyExists, NotFound
from stoker.adapters.kube.resources import EVENTS
from stoker.core import names
from stoker.core.reconcile import EmitEvent
from stoker.core.spec.document import rfc3339

if TYPE_CHECKING:
    from stoker.core.spec import ObjectMeta

BURST: Final = 25
REFILL: Final = 30.0
"""Seconds after which one more event may be told."""
_AGE: Final = "%Y%m%d%H"
_MOST_NAME: Final = 230
_REPEATED: Final = 3
"""How many of its last events are known of each CR: those of a push, which come again and again."""


@define
class Allowance:
    """How many events a CR may still make."""

    left: float = BURST
    since: float = 0.0
    counts: dict[str, int] = field(factory=dict)
    """How often each of its last events was told, by name; the latest one last."""

    def take(self, now: float) -> bool:
        """Whether one more may be made; then it counts."""
        self.left = min(BURST, self.left + (now - self.since) / REFILL)
        self.since = now
        if self.left < 1.0:
            return False
        self.left -= 1.0
        return True

    def counted(self, name: str, times: int) -> None:
        """The event of this name was told so often by now."""
        self.counts.pop(name, None)
        self.counts[name] = times
        if len(self.counts) > _REPEATED:
            del self.counts[next(iter(self.counts))]


@define
class Herald:
    """Tells the events of all CRs."""

    client: Client
    now: Callable[[], datetime]
    identity: str
    told: Callable[[tuple[str, str], EmitEvent], None]
    """Hears each event that is told, for the log."""
    clock: Callable[[], float] = time.monotonic
    _allowances: dict[tuple[str, str], Allowance] = field(factory=dict)
    _lock: threading.Lock = field(factory=threading.Lock)

    def tell(self, cr: ObjectMeta, event: EmitEvent) -> None:
        """Write the event, or count it up; raises `ApiFailed`."""
        key, now = (cr.namespace, cr.name), self.clock()
        with self._lock:
            allowance = self._allowances.setdefault(key, Allowance(since=now))
            allowed = allowance.take(now)
        if not allowed:
            return
        self.told(key, event)
        document = event_object(cr, event, self.now(), self.identity)
        name = document["metadata"]["name"]
        times = self._counted_up(document, allowance.counts.get(name)) or self._made(document)
        with self._lock:
            allowance.counted(name, times)

    def _counted_up(self, event: Document, told: int | None) -> int | None:
        """How often it was told with this time; None where there is none that was told."""
        if told is None:
            return None
        namespace, name = event["metadata"]["namespace"], event["metadata"]["name"]
        change = {"count": told + 1, "lastTimestamp": event["lastTimestamp"]}
        try:
            self.client.merge(EVENTS, namespace, name, change, metadata_only=True)
        except NotFound:
            return None
        return told + 1

    def _made(self, event: Document) -> int:
        """Make it, or count up what another replica made, or we before we were started anew."""
        namespace, name = event["metadata"]["namespace"], event["metadata"]["name"]
        try:
            self.client.create(EVENTS, namespace, event)
        except AlreadyExists:
            there = self.client.get(EVENTS, namespace, name)
            return self._counted_up(event, int(there.get("count") or 1)) or 1
        return 1

    def forget(self, key: tuple[str, str]) -> None:
        """There is no such CR any more."""
        with self._lock:
            self._allowances.pop(key, None)


def event_object(cr: ObjectMeta, event: EmitEvent, now: datetime, identity: str) -> dict[str, Any]:
    """The event as a document."""
    at = rfc3339(now.replace(microsecond=0))
    said = "\0".join((cr.uid, event.type, event.reason, event.message, now.strftime(_AGE)))
    digest = hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{cr.name[:_MOST_NAME].rstrip('-.')}.{digest}",
            "namespace": cr.namespace,
        },
        "involvedObject": {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "namespace": cr.namespace,
            "name": cr.name,
            "uid": cr.uid,
            "resourceVersion": cr.resource_version,
        },
        "type": str(event.type),
        "reason": event.reason,
        "message": event.message,
        "source": {"component": names.MANAGED_BY_CONTROLLER, "host": identity},
        "reportingComponent": names.MANAGED_BY_CONTROLLER,
        "reportingInstance": identity,
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    }
