"""The controller's metrics, in a registry of their own.

What there is to tell of one CR is kept in one place, and the families are made of all of them when
somebody asks. So a series lives exactly as long as what it is about: `forget` takes all of a CR's
away at once, a gateway's go with its row, and `cr_info` has one set of labels at a time. A thousand
CRs are a thousand small objects, not tens of thousands of counters.

Who does not lead knows nothing of CRs and tells nothing of them, so no two replicas tell different
things: `leading(False)` forgets all of the shard. And `show` comes first: what is counted of a CR
that is not shown, or no more, is dropped. Otherwise the last thing that a worker says of a deleted
CR would bring its series back for ever.

Names and labels are a contract with dashboards. Labels are bounded: those that come from outside
are names that Kubernetes took, a ref, a URL without its user; words of our own are counted, beyond
`MOST_WORDS` of them as `other`.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar

from attrs import define, field
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.registry import Collector

from stoker.adapters.metrics.families import (
    FAMILIES,
    PREFIX,
    RECONCILE_BOUNDS,
    RESOLVE_BOUNDS,
    Histogram,
    Key,
    counter,
    gauge,
    histogram,
    of_crs,
)
from stoker.adapters.metrics.shown import App, CrShown, shown
from stoker.core.sharding import shard_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from stoker.core.errors import InvalidDocument
    from stoker.core.spec import GatewaySyncSpec, GatewaySyncStatus

__all__ = ["FAMILIES", "MOST_WORDS", "PREFIX", "ControllerMetrics"]

MOST_WORDS: Final = 100
"""How many different words a label of our own has."""

_OTHER: Final = "other"
_Word = TypeVar("_Word", str, tuple[str, str], tuple[str, str, str])


@define
class _Cr:
    shown: CrShown
    results: Counter[str] = field(factory=Counter)
    reconciles: Histogram = field(factory=lambda: Histogram(RECONCILE_BOUNDS))
    resolves: Histogram = field(factory=lambda: Histogram(RESOLVE_BOUNDS))


class ControllerMetrics(Collector):
    """What the controller tells of itself; any thread may tell, any may ask."""

    def __init__(self, shards: int = 1) -> None:
        """`shards`: into how many the namespaces are divided."""
        self._shards: Final = shards
        self.registry: Final = CollectorRegistry()
        self._lock: Final = threading.Lock()
        self._crs: Final[dict[Key, _Cr]] = {}
        self._users: Final[Counter[App]] = Counter()
        self._tokens: Final[dict[App, float]] = {}
        self._requests: Final[Counter[tuple[str, str]]] = Counter()
        self._api: Final[Counter[tuple[str, str, str]]] = Counter()
        self._events: Final[dict[str, float]] = {}
        self._led: Final[set[int]] = set()
        self.registry.register(self)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    def show(
        self,
        namespace: str,
        name: str,
        spec: GatewaySyncSpec | InvalidDocument,
        status: GatewaySyncStatus,
    ) -> None:
        """This is how a CR stands now; what was shown of it before is gone. Only for a leader."""
        now = shown(spec, status)
        with self._lock:
            if shard_of(namespace, self._shards) not in self._led:
                return
            known = self._crs.get((name, namespace))
            self._use(None if known is None else known.shown.app, now.app)
            if known is None:
                self._crs[name, namespace] = _Cr(now)
            else:
                known.shown = now

    def forget(self, namespace: str, name: str) -> None:
        """The CR is gone, and its series with it."""
        with self._lock:
            known = self._crs.pop((name, namespace), None)
            if known is not None:
                self._use(known.shown.app, None)

    def reconciled(self, namespace: str, name: str, result: str, seconds: float) -> None:
        """A decision about a shown CR was made and carried out, or failed to be."""
        with self._lock:
            known = self._crs.get((name, namespace))
            if known is not None:
                _count(known.results, result, _OTHER)
                known.reconciles.add(seconds)

    def resolved(self, namespace: str, name: str, seconds: float) -> None:
        """A question of a shown CR to its git server was answered."""
        with self._lock:
            known = self._crs.get((name, namespace))
            if known is not None:
                known.resolves.add(seconds)

    def git_request(self, operation: str, result: str) -> None:
        """A git server was asked something, or GitHub for a token."""
        with self._lock:
            _count(self._requests, (operation, result), (_OTHER, _OTHER))

    def api_request(self, method: str, resource: str, code: int) -> None:
        """The API server was asked something, or told."""
        with self._lock:
            _count(self._api, (method, resource, str(code)), (_OTHER, _OTHER, _OTHER))

    def watch_event(self, kind: str, timestamp: datetime | float) -> None:
        """A watch of this kind of object has brought something."""
        with self._lock:
            self._events[kind] = _seconds(timestamp)

    def leading(self, leads: bool, shard: int = 0) -> None:  # noqa: FBT001 - what an elector calls
        """Whether this replica is the one that writes in a shard."""
        with self._lock:
            if leads:
                self._led.add(shard)
                return
            self._led.discard(shard)
            for key in [key for key in self._crs if shard_of(key[1], self._shards) == shard]:
                self._use(self._crs.pop(key).shown.app, None)
            if not self._led:
                self._tokens.clear()

    def token_expiry(
        self, app_id: int | str, installation_id: int | str, timestamp: datetime | float
    ) -> None:
        """An installation's token was had; it is told of while a CR that is shown uses it."""
        app = (str(app_id), str(installation_id))
        with self._lock:
            if app in self._users or app in self._tokens or len(self._tokens) < MOST_WORDS:
                self._tokens[app] = _seconds(timestamp)

    def collect(self) -> Iterator[Metric]:
        """Every family, one after the other."""
        with self._lock:
            crs = sorted(self._crs.items())
            results = [
                ((*key, word), float(n)) for key, cr in crs for word, n in cr.results.items()
            ]
            reconciles = histogram(
                "reconcile_duration_seconds", [(k, c.reconciles) for k, c in crs]
            )
            resolves = histogram(
                "ref_resolve_duration_seconds",
                [(key, cr.resolves) for key, cr in crs if any(cr.resolves.counts)],
            )
            seen = [(key, cr.shown) for key, cr in crs]
            events = list(self._events.items())
            tokens = [one for one in self._tokens.items() if one[0] in self._users]
            requests = list(self._requests.items())
            api = list(self._api.items())
            led = [float(shard in self._led) for shard in range(self._shards)]
        yield reconciles
        yield counter("reconcile_total", results)
        yield resolves
        yield from of_crs(seen)
        yield gauge("github_app_token_expiry_timestamp_seconds", tokens)
        yield counter("git_requests_total", requests)
        yield counter("api_requests_total", api)
        yield gauge("watch_last_event_timestamp_seconds", [((kind,), at) for kind, at in events])
        yield gauge("leader", [((), max(led))])
        yield gauge("shards", [((), float(self._shards))])
        yield gauge("shard_leader", [((str(shard),), one) for shard, one in enumerate(led)])

    def describe(self) -> Iterator[Metric]:
        """Nothing by name: there is no second collector to clash with."""
        return iter(())

    def _use(self, before: App | None, now: App | None) -> None:
        if now is not None:
            self._users[now] += 1
        if before is not None:
            self._users[before] -= 1
            if not self._users[before]:
                del self._users[before]
                self._tokens.pop(before, None)


def _count(counts: Counter[_Word], word: _Word, other: _Word) -> None:
    counts[word if word in counts or len(counts) < MOST_WORDS else other] += 1


def _seconds(timestamp: datetime | float) -> float:
    return timestamp.timestamp() if isinstance(timestamp, datetime) else timestamp
