"""The leases by which several controllers lead a part of the namespaces each.

A thread for each shard does what `core.sharding` says: looks, takes, renews, wishes, cedes, rests.
They share what they know, behind a lock, and what they read, on a board. Their clock goes on while
the process is stopped, so whoever wakes up too late knows it, and the fence holds back the next
write of any shard that is not led beyond doubt.
"""

from __future__ import annotations

import math
import threading
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from stoker.adapters.kube.board import Board, shard_record_of
from stoker.adapters.kube.errors import AlreadyExists, ApiFailed, Conflict, NotLeading
from stoker.adapters.kube.lease import LEAVING, clock
from stoker.core import leadership
from stoker.core.leadership import Look, Rest, Terms, Write
from stoker.core.sharding import outcomes, shard_of
from stoker.core.sharding.moves import Cede, Move, Take, Wish, move
from stoker.core.sharding.replica import Replica

if TYPE_CHECKING:
    from collections.abc import Callable

    from stoker.adapters.kube.client import Client, Document

_DOING: Final = "the lease of shard {} could not be looked after"


class Lead(StrEnum):
    """Who leads a shard, as far as this process has to know."""

    OURS = "ours"
    THEIRS = "theirs"
    UNCERTAIN = "uncertain"
    """Nobody, as far as is known, or it may still be us."""


class ShardElectors:
    """Those who try to lead the shards; `fence` and `is_leading` may be asked by any thread."""

    def __init__(  # noqa: PLR0913 - which leases, and on what terms
        self,
        client: Client,
        namespace: str,
        name: str,
        identity: str,
        *,
        count: int,
        duration: float = 15.0,
        renew_deadline: float = 10.0,
        retry: float = 2.0,
        on_change: Callable[[int, Lead], None],
        complain: Callable[[str, Exception], None],
    ) -> None:
        """Nothing happens before `start`."""
        self._board = Board(client, namespace, name, count)
        self._on_change = on_change
        self._complain = complain
        self._terms = Terms(duration, renew_deadline, retry)
        self._known = Replica.of(identity, self._terms, count)
        self._documents: dict[int, Document] = {}
        self._told = dict.fromkeys(range(count), Lead.UNCERTAIN)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(one,), name=f"lease {one}", daemon=True)
            for one in range(count)
        ]

    @property
    def count(self) -> int:
        """How many shards there are."""
        return len(self._threads)

    def is_leading(self, shard: int) -> bool:
        """Whether a shard is ours beyond doubt at this moment."""
        return not self._stopped.is_set() and self._known.leads(shard, clock())

    def fence(self, namespace: str) -> None:
        """Raise `NotLeading` once another may lead the shard that a namespace is in."""
        shard = shard_of(namespace, self.count)
        if not self.is_leading(shard):
            raise NotLeading(
                "it is not certain that this replica leads",
                where=f"lease {self._board.namespace}/{self._board.lease(shard)}",
                cure="nothing: the replica that leads does the work",
            )

    def start(self) -> None:
        """Begin to try."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop leading, and release the leases so that others need not wait."""
        self._stopped.set()
        until = clock() + self._terms.renew_deadline
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until - clock()))

    # --- The threads ---

    def _run(self, shard: int) -> None:
        while not self._stopped.is_set():
            try:
                self._move(shard)
            except Exception as error:  # noqa: BLE001 - a defect must not end the thread
                self._failed(shard, error)
            self._tell(shard)
        self._leave(shard)

    def _move(self, shard: int) -> None:
        began = clock()
        with self._lock:
            due = move(self._known, shard, began)
            self._known = outcomes.begun(self._known, shard, due, began)
            standing = self._known.shards[shard].standing
        match due:
            case Rest(seconds):
                # Nobody shall hear late that the lease is lost.
                left = standing.patience(began) if standing.leads(began) else math.inf
                self._stopped.wait(min(seconds, left))
                with self._lock:
                    self._known = outcomes.rested(self._known, shard)
            case Look():
                self._look(shard, standing.patience(began))
            case _:
                # Whoever is told that it does not lead any more stops before another can begin.
                self._tell(shard)
                self._write(shard, due, began, standing.patience(began))

    def _look(self, shard: int, seconds: float) -> None:
        known = self._known.shards[shard]
        retry = self._terms.retry
        sight = self._board.read(lambda view: view.answers(known, clock(), retry), seconds)
        with self._lock:
            self._known = outcomes.looked(self._known, shard, sight.view)
            self._documents[shard] = sight.documents.get(shard, {})

    def _write(
        self, shard: int, due: Write | Take | Wish | Cede, began: float, seconds: float
    ) -> None:
        put = self._board.wish if isinstance(due, Wish) else self._board.write
        before = self._documents.get(shard, {}) if due.record.version else {}
        try:
            document = put(shard, due.record, before, seconds)
        except (Conflict, AlreadyExists):
            with self._lock:
                self._known = outcomes.refused(self._known, shard, clock())
            return
        with self._lock:
            self._documents[shard] = document
            self._known = _after(self._known, shard, due, document, began)

    def _failed(self, shard: int, error: Exception) -> None:
        self._complain(_DOING.format(shard), error)
        with self._lock:
            self._known = outcomes.failed(self._known, shard, clock())

    def _tell(self, shard: int) -> None:
        lead = self._lead(shard)
        if lead == self._told[shard]:
            return
        self._told[shard] = lead
        try:
            self._on_change(shard, lead)
        except Exception as error:  # noqa: BLE001 - who is told must not cost us the lease
            self._complain(f"what follows from shard {shard} being {lead} failed", error)

    def _lead(self, shard: int) -> Lead:
        if self.is_leading(shard):
            return Lead.OURS
        known = self._known
        is_theirs = known.shards[shard].holder not in ("", known.identity)
        return Lead.THEIRS if is_theirs else Lead.UNCERTAIN

    def _leave(self, shard: int) -> None:
        with self._lock:
            known = self._known.shards[shard]
        self._tell(shard)
        if known.standing.renewed is None or known.record is None:
            return
        record = leadership.released(known.record)
        try:
            self._board.write(shard, record, self._documents[shard], LEAVING)
        except ApiFailed as error:
            self._complain(f"the lease of shard {shard} could not be released", error)


def _after(known: Replica, shard: int, due: Move, document: Document, began: float) -> Replica:
    record, now = shard_record_of(document), clock()
    match due:
        case Wish():
            return outcomes.wished(known, shard, record, now)
        case Cede():
            return outcomes.ceded(known, shard, record, now)
    return outcomes.wrote(known, shard, record, began, now)
