"""Which namespaces this replica follows, and for which it acts, where they are divided.

Whoever wins a shard follows its namespaces from then on: all watches list anew, and when they have,
what was learnt of its CRs in another time is forgotten, and each is looked at. Until then none is.

Whoever loses one stops acting at once, but goes on following it: mostly it was the API server that
was away, and nothing has to be listed again. Only when another leads it is it forgotten.

Electors tell of changes; one thread draws the conclusions, as they follow from how things stand.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from stoker.adapters.kube.part import Part
from stoker.adapters.kube.shards import Lead
from stoker.core.sharding import shard_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stoker.adapters.metrics.controller import ControllerMetrics
    from stoker.entrypoints.controller.cluster import Cluster
    from stoker.entrypoints.controller.queue import Key, WorkQueue
    from stoker.entrypoints.controller.reconciling import Reconciler
    from stoker.entrypoints.controller.watching import Lists, Watches

_POLL: Final = 0.05
"""Seconds between two looks at lists that are on their way."""
_PAUSE: Final = 1.0


class Shards:
    """The shards of this replica; `follows` and `acts` may be asked by any thread."""

    def __init__(
        self, count: int, tell: Callable[..., None], complain: Callable[[str, Exception], None]
    ) -> None:
        """Nothing is followed yet; `tell` is the log's."""
        self.count = count
        self._tell = tell
        self._complain = complain
        self._leads = dict.fromkeys(range(count), Lead.UNCERTAIN)
        self._followed: frozenset[int] = frozenset()
        self._active: frozenset[int] = frozenset()
        self._listing: dict[int, Lists] = {}
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._is_over = False
        self._thread: threading.Thread | None = None

    @property
    def part(self) -> Part:
        """What the watches are to tell of."""
        return Part.where(self.follows, lambda: not self._followed)

    def follows(self, namespace: str) -> bool:
        """Whether what happens in a namespace is to be known."""
        return shard_of(namespace, self.count) in self._followed

    def acts(self, key: Key) -> bool:
        """Whether a CR is to be looked at."""
        return shard_of(key[0], self.count) in self._active

    def begin(
        self,
        watches: Watches,
        cluster: Cluster,
        reconciler: Reconciler,
        queue: WorkQueue,
        metrics: ControllerMetrics,
    ) -> None:
        """Draw conclusions from now on."""
        self._watches, self._cluster, self._reconciler = watches, cluster, reconciler
        self._queue, self._metrics = queue, metrics
        self._thread = threading.Thread(target=self._run, name="shards", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Draw no more."""
        self._is_over = True
        self._changed.set()

    def changed(self, shard: int, lead: Lead) -> None:
        """Take in who leads a shard; returns at once, and from then on nothing is begun for it."""
        with self._lock:
            was, self._leads[shard] = self._leads[shard], lead
            self._active -= {shard}
            if lead is not Lead.OURS:
                self._metrics.leading(leads=False, shard=shard)
        if lead is Lead.OURS:
            self._tell("leading", shard=shard, shards=self.count)
        elif was is Lead.OURS:
            self._tell("not leading any more", shard=shard, shards=self.count)
        self._changed.set()

    # --- The thread ---

    def _run(self) -> None:
        while True:
            self._changed.wait(_POLL if self._listing else None)
            self._changed.clear()
            if self._is_over:
                return
            try:
                self._conclude()
            except Exception as error:  # noqa: BLE001 - a defect must not end the thread
                self._complain("what follows from a change of shards could not be done", error)
                time.sleep(_PAUSE)
                self._changed.set()

    def _conclude(self) -> None:
        with self._lock:
            leads: Mapping[int, Lead] = dict(self._leads)
        lost = {each for each in self._followed if leads[each] is Lead.THEIRS}
        if lost:
            self._followed -= lost
            self._listing = {one: it for one, it in self._listing.items() if one not in lost}
            self._cluster.leave(self.follows)
        won = {each for each, lead in leads.items() if lead is Lead.OURS} - self._followed
        if won:
            self._followed |= won
            lists = self._watches.list_anew(lambda space: shard_of(space, self.count) in won)
            self._listing |= dict.fromkeys(won, lists)
        for shard in sorted(self._followed - self._active):
            lists_of_it = self._listing.get(shard)
            if lists_of_it is None or self._watches.have_listed(lists_of_it):
                self._listing.pop(shard, None)
                self._activate(shard)

    def _activate(self, shard: int) -> None:
        def is_of_it(key: Key) -> bool:
            return shard_of(key[0], self.count) == shard

        with self._lock:
            if self._leads[shard] is not Lead.OURS:
                return
            self._metrics.leading(leads=True, shard=shard)
            self._reconciler.start_over(is_of_it)
            self._active |= {shard}
        keys = [key for key in self._cluster.keys() if is_of_it(key)]  # noqa: SIM118 - no mapping
        for key in keys:
            self._queue.add(key)
        self._tell("acting", shard=shard, shards=self.count, gatewaysyncs=len(keys))
