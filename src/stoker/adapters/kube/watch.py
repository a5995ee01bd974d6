"""One kind of object, followed for ever in a thread of its own.

The thread lists, follows and waits as `following` says, and tells the sink. Nothing but `stop` ends
it: what the sink raises is complained about, and so is every failure. `progress` moves at each
step, failed ones included, so a thread that hangs can be told from an API server that is away.

Nothing is missed by following for ever, as far as is known. For whom that is not enough,
`relisting` says after how many seconds the next stream that ends is followed by a list.

Who wants to see only some namespaces gives a `Part` of them, for the API server cannot choose by
it: what is of others is left out, unread where that can be told without reading. When the part
grows, `list_anew` brings what was left out before.
"""

from __future__ import annotations

import math
import random
import threading
import time
from typing import TYPE_CHECKING, Final, Protocol

from attrs import evolve

from stoker.adapters.kube.errors import ApiFailed, Unreadable
from stoker.adapters.kube.following import (
    Dropped,
    Followed,
    Listed,
    Noted,
    NotListed,
    Outcome,
    Position,
    Put,
    Strange,
    after,
    hear,
    key_of,
)
from stoker.adapters.kube.part import WHOLE, Part
from stoker.adapters.kube.stream import SKIPPED

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from stoker.adapters.kube.client import Client, Document
    from stoker.adapters.kube.resources import Resource
    from stoker.adapters.kube.stream import Stream

INACTIVITY: Final = 150.0
"""Seconds without a byte that are too many: bookmarks come about every minute."""
LASTING: Final = (240, 480)
"""Seconds that a stream is asked to last; they differ, so that watches do not end together."""

_LEAVING: Final = 1.0


class Sink(Protocol):
    """Who is told what there is; always by the one thread."""

    def put(self, document: Document) -> None:
        """It was added or changed; it may be repeated, or older than what is known."""
        ...

    def gone(self, document: Document) -> None:
        """It is not there any more."""
        ...

    def keep_only(self, namespace: str, keys: AbstractSet[tuple[str, str]]) -> None:
        """In `namespace` ("": in all) there is nothing but these, by namespace and name."""
        ...


class Watch:
    """What is in one namespace, or in all, as it changes."""

    def __init__(  # noqa: PLR0913 - what to watch, and how
        self,
        client: Client,
        resource: Resource,
        sink: Sink,
        *,
        namespace: str = "",
        labels: str = "",
        fields: str = "",
        metadata_only: bool = False,
        inactivity: float = INACTIVITY,
        now: Callable[[], datetime],
        complain: Callable[[str, Exception], None],
        chance: Callable[[], float] = random.random,
        limit: int = 500,
        lasting: tuple[int, int] = LASTING,
        relisting: float = math.inf,
        part: Part = WHOLE,
    ) -> None:
        self.resource = resource
        self.namespace = namespace
        self.synced = False
        """Whether the first list is complete."""
        self.last_event: datetime | None = None
        """When the API server last told something, if only that nothing has changed."""
        self.progress = time.monotonic()
        """When the last step was taken, on the monotonic clock."""
        self.error: Exception | None = None
        """Why the API server is not heard; None as long as it is."""
        self.failing_since: datetime | None = None
        """When that began; it stays when it is over."""
        self._client = client
        self._sink = sink
        self._labels = labels
        self._fields = fields
        self._metadata_only = metadata_only
        self._inactivity = inactivity
        self._now = now
        self._complain = complain
        self._chance = chance
        self._limit = limit
        self._lasting = lasting
        self._relisting = relisting
        self._part = part
        self._listed = -math.inf
        self._wanted = self._brought = 0
        self._stopped = threading.Event()
        self._roused = threading.Event()
        self._stream: Stream | None = None
        self._thread = threading.Thread(target=self._run, name=f"watch {resource}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, also in the middle of a quiet stream; the sink is not told anything from now on."""
        self._stopped.set()
        self._rouse()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(_LEAVING)

    def list_anew(self) -> int:
        """List at once, whatever goes on; the number by which `has_listed` knows it."""
        self._wanted += 1
        self._rouse()
        return self._wanted

    def has_listed(self, number: int) -> bool:
        """Whether a list is complete that was begun after `list_anew` had said this number."""
        return self._brought >= number

    def _rouse(self) -> None:
        self._roused.set()
        if stream := self._stream:
            stream.stop()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        position = Position()
        while not self._stopped.is_set():
            if self._roused.wait(position.wait):
                self._roused.clear()
            if self._stopped.is_set():
                return
            if self._wanted > self._brought:
                position = evolve(position, version="", wait=0.0)
            self._step()
            try:
                outcome = self._follow(position.version) if position.version else self._list()
            except Exception as error:  # noqa: BLE001 - a defect must not end the thread
                self._complained(error)
                outcome = NotListed(error)
            self._step()
            position = after(position, outcome, self._chance())
            if time.monotonic() - self._listed > self._relisting:
                position = evolve(position, version="")

    def _step(self) -> None:
        self.progress = time.monotonic()

    # --- Listing ---

    def _list(self) -> Outcome:
        keys: set[tuple[str, str]] = set()
        version, wanted, is_empty = "", self._wanted, self._part.is_empty()
        try:
            for page in self._client.pages(
                self.resource,
                self.namespace,
                labels=self._labels,
                fields=self._fields,
                limit=1 if is_empty else self._limit,
                metadata_only=self._metadata_only,
            ):
                self._step()
                if page.first:
                    keys.clear()
                for document in page.items:
                    key = key_of(document)
                    if key is not None and self._part.has(key[0]):
                        keys.add(key)
                        self._put(document)
                version = page.resource_version
                if is_empty:  # it is known by now that we may list, and from where to follow
                    break
        except ApiFailed as error:
            self._complained(error)
            return NotListed(error)
        self._tell("keep", lambda: self._sink.keep_only(self.namespace, keys))
        self.last_event, self.error = self._now(), None
        self.synced = True
        self._listed, self._brought = time.monotonic(), wanted
        return Listed(version)

    # --- Following ---

    def _follow(self, version: str) -> Outcome:
        began, heard, last = time.monotonic(), False, version
        error: ApiFailed | None = None
        try:
            with self._opened(version) as stream:
                self.error = None
                for event in stream:
                    self._step()
                    if event is SKIPPED:
                        self.last_event, heard = self._now(), True
                        continue
                    said = hear(last, event.type, event.object)
                    if isinstance(said, Strange):
                        raise Unreadable(f"a watch brought {said.why}", where=str(self.resource))
                    self._told(said)
                    last, heard = said.version, True
        except ApiFailed as failure:
            error = failure
            self._complained(error)
        finally:
            self._stream = None
        return Followed(last, heard, time.monotonic() - began, error)

    def _opened(self, version: str) -> Stream:
        shortest, longest = self._lasting
        stream = self._client.watch(
            self.resource,
            self.namespace,
            labels=self._labels,
            fields=self._fields,
            resource_version=version,
            timeout_seconds=shortest + int((longest - shortest) * self._chance()),
            idle=self._inactivity,
            metadata_only=self._metadata_only,
            skips=self._part.skips,
        )
        self._stream = stream
        if (
            self._stopped.is_set() or self._wanted > self._brought
        ):  # it did not see this stream any more
            stream.stop()
        return stream

    def _told(self, said: Put | Dropped | Noted) -> None:
        self.last_event = self._now()
        match said:
            case Put(document) if self._is_ours(document):
                self._put(document)
            case Dropped(document) if self._is_ours(document):
                self._tell("drop", lambda: self._sink.gone(document))
            case _:
                pass

    def _is_ours(self, document: Document) -> bool:
        return self._part.has(document["metadata"].get("namespace", ""))

    def _put(self, document: Document) -> None:
        self._tell("put", lambda: self._sink.put(document))

    def _tell(self, what: str, telling: Callable[[], None]) -> None:
        if self._stopped.is_set():
            return
        try:
            telling()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next event is another one
            self._complain(f"the watch of {self.resource} could not {what} an object", error)

    def _complained(self, error: Exception) -> None:
        if not self._stopped.is_set():
            if self.error is None:
                self.failing_since = self._now()
            self.error = error
            self._complain(f"the watch of {self.resource} was interrupted", error)
