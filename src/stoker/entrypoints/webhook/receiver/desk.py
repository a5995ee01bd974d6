"""Requests that were let in, judged, and written into the annotations of their CR.

All requests for a CR that come while one is being written wait, and are then judged and written
together: a thousand at once cost a few writes, and each has its own answer. Different CRs do not
wait for one another. What is judged is what the watch saw last, or what our own last write left if
that is newer. A write counts only if the CR is still as it was judged; otherwise the CR is read,
and everything is judged once more.

Reads and writes go on in threads of a pool, each with its deadline.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from attrs import define, evolve, field

from stoker.adapters.codec.crd import Seen, decode_seen
from stoker.adapters.kube.client import Client
from stoker.adapters.kube.errors import Conflict, NotFound, Unreachable
from stoker.adapters.kube.resources import GATEWAY_SYNCS
from stoker.core.errors import StokerError
from stoker.core.payload import Decision, Order, Standing, settle, standing
from stoker.entrypoints.webhook.receiver.own_secrets import Key

if TYPE_CHECKING:
    from stoker.core.refs import RefName

CALL: Final = 3.0
"""Seconds that one question to the API server may take."""
TRIES: Final = 5
_MOST_WRITTEN: Final = 1_000

Outcome: TypeAlias = "Decision | StokerError | None"
"""None: there is no such CR."""


class Known(Protocol):
    """The CRs, as a watch sees them; any thread may ask."""

    on_change: Callable[[Seen | None, Key], None] | None
    """Told of each change, by the thread that sees it; None in place of a CR: it is gone."""

    def cr(self, namespace: str, name: str) -> Seen | None:
        """A CR, from memory."""
        ...

    def covers(self, namespace: str) -> bool:
        """Whether its CRs are any of our business."""
        ...

    def ask(self, namespace: str) -> Future[tuple[Seen, ...]]:
        """All CRs of a namespace, from the API server; others may wait for the same answer."""
        ...


@define
class Desk:
    """Where requests are judged and written; for one event loop."""

    known: Known
    client: Client
    pool: Executor
    now: Callable[[], datetime]
    _lines: dict[Key, list[tuple[Order, asyncio.Future[Outcome]]]] = field(factory=dict, repr=False)
    _tasks: set[asyncio.Task[None]] = field(factory=set, repr=False)
    _written: OrderedDict[Key, Seen] = field(factory=OrderedDict, repr=False)
    """What our last writes left, as long as the watch may not have seen it."""

    def requested(self, key: Key) -> RefName | None:
        """The ref that a CR has been asked for by now."""
        seen = self._seen(key)
        return None if seen is None else _stands(seen).requested

    async def look_up(self, key: Key) -> Seen | None:
        """The CR as the API server has it; raises `StokerError`."""
        if not self.known.covers(key[0]):
            return None
        asked = asyncio.wrap_future(self.known.ask(key[0]))
        found = await asyncio.shield(asked)
        return next((seen for seen in found if seen.metadata.name == key[1]), None)

    async def settle(self, key: Key, order: Order) -> Decision | None:
        """What became of a request; None if there is no such CR, and raises `StokerError`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        if key in self._lines:
            self._lines[key].append((order, future))
        else:
            self._lines[key] = [(order, future)]
            task = loop.create_task(self._serve(key))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        outcome = await future
        if isinstance(outcome, StokerError):
            raise outcome
        return outcome

    async def _serve(self, key: Key) -> None:
        """Settle what waits for a CR until nothing does."""
        loop = asyncio.get_running_loop()
        while line := self._lines[key]:
            self._lines[key] = []
            outcomes: Sequence[Outcome]
            try:
                orders = [order for order, _ in line]
                outcomes = await loop.run_in_executor(self.pool, self._settled, key, orders)
            except StokerError as error:
                outcomes = [error] * len(line)
            except Exception as error:  # noqa: BLE001 - each of them has to have an answer
                outcomes = [_unforeseen(error)] * len(line)
            for (_, future), outcome in zip(line, outcomes, strict=True):
                if not future.done():
                    future.set_result(outcome)
        del self._lines[key]

    # --- In a thread ---

    def _settled(self, key: Key, orders: Sequence[Order]) -> Sequence[Outcome]:
        seen = self._seen(key) or self._read(key)
        for _ in range(TRIES):
            if seen is None:
                return [None] * len(orders)
            settlement = settle(_stands(seen), orders, self.now())
            if not settlement.annotations:
                return settlement.decisions
            try:
                self._write(key, seen, settlement.annotations)
            except NotFound:
                return [None] * len(orders)
            except Conflict:
                seen = self._read(key)
                continue
            return settlement.decisions
        raise Conflict(
            f"it was changed {TRIES} times while the request was to be written",
            where=f"{GATEWAY_SYNCS} {'/'.join(key)}",
        )

    def _seen(self, key: Key) -> Seen | None:
        """The newer one of what the watch saw and what we wrote."""
        watched, ours = self.known.cr(*key), self._written.get(key)
        if watched is None or ours is None or ours.metadata.uid != watched.metadata.uid:
            return watched
        return ours if _version(ours) > _version(watched) else watched

    def _read(self, key: Key) -> Seen | None:
        try:
            return decode_seen(self.client.within(CALL).get(GATEWAY_SYNCS, *key))
        except NotFound as error:
            if not error.code:
                raise  # not even the kind of object is there
            return None

    def _write(self, key: Key, seen: Seen, annotations: Mapping[str, str]) -> None:
        version = seen.metadata.resource_version
        change = {"metadata": {"resourceVersion": version, "annotations": annotations}}
        client = self.client.within(CALL)
        answer = client.merge(GATEWAY_SYNCS, *key, change, metadata_only=True)
        metadata = answer.get("metadata") or {}
        self._written[key] = evolve(
            seen,
            metadata=evolve(
                seen.metadata,
                resource_version=str(metadata.get("resourceVersion", "")),
                annotations=metadata.get("annotations") or {},
            ),
        )
        while len(self._written) > _MOST_WRITTEN:
            self._written.popitem(last=False)


def _stands(seen: Seen) -> Standing:
    return standing(seen.spec, seen.metadata.annotations)


def _version(seen: Seen) -> int:
    """Kubernetes lets the versions of an object be compared as numbers."""
    text = seen.metadata.resource_version
    return int(text) if text.isascii() and text.isdigit() else 0


def _unforeseen(error: Exception) -> StokerError:
    return Unreachable(f"unexpected {type(error).__name__}", where=str(GATEWAY_SYNCS))
