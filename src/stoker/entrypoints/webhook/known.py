"""The GatewaySyncs: from memory, which a watch keeps, and live where that is not enough.

Memory is some milliseconds behind, and as far behind as the watch has been interrupted. Who is
about to refuse something because of it has it read anew first. What such a reading sees goes into
memory at once; an object of it that is older than what is known there is not believed.

An API server that is away does not make memory bad: better to go on with what was known than to let
no pod start. What makes it bad is that not everything has been listed yet.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from stoker.adapters.codec.crd import Seen, decode_seen
from stoker.adapters.kube.errors import Forbidden, Unreachable
from stoker.adapters.kube.resources import GATEWAY_SYNCS
from stoker.adapters.kube.watch import INACTIVITY, Watch
from stoker.entrypoints.shelf import Change, Shelf, name_of, version_of
from stoker.entrypoints.webhook.lookups import Lookups

if TYPE_CHECKING:
    from concurrent.futures import Future
    from datetime import datetime

    from stoker.adapters.kube.client import Client, Document

Key: TypeAlias = tuple[str, str]
"""Namespace and name."""
OnChange: TypeAlias = Callable[[Seen | None, Key], None]

SECONDS: Final = 3.0
"""How long a live reading may take."""
PLACES: Final = 4
"""How many readings go on at a time."""
STUCK: Final = 2 * INACTIVITY + 60.0
"""Seconds without a step, failed ones included, after which a watch is taken to hang."""


class KnownCrs:
    """The GatewaySyncs of some namespaces, or of all; its methods may be called from any thread."""

    def __init__(
        self,
        client: Client,
        namespaces: Sequence[str],
        now: Callable[[], datetime],
        complain: Callable[[str, Exception], None],
    ) -> None:
        """Nothing is known before `start`."""
        self.on_change: OnChange | None = None
        """Told of each change, by the thread that saw it."""
        self._live = client.within(SECONDS)
        self._namespaces = frozenset(namespaces)
        self._shelf: Shelf[Seen] = Shelf(_read)
        self._listed: dict[str, tuple[Seen, ...]] = {}
        """By namespace, as long as nothing changes there."""
        self._lock = threading.RLock()
        self._refused: set[str] = set()
        self._lookups = Lookups(self._read_live, PLACES, "live reading")

        def heard(scope: str, doing: str, error: Exception) -> None:
            if scope and isinstance(error, Forbidden):
                self._refused.add(scope)
            complain(doing, error)

        self._watches = tuple(
            Watch(
                client,
                GATEWAY_SYNCS,
                self,
                namespace=scope,
                now=now,
                complain=partial(heard, scope),
            )
            for scope in (tuple(namespaces) or ("",))
        )

    def start(self) -> None:
        """Begin to watch."""
        for watch in self._watches:
            watch.start()

    def stop(self) -> None:
        """End."""
        for watch in self._watches:
            watch.stop()
        self._lookups.close()

    # --- How well it is known ---

    @property
    def trouble(self) -> str:
        """Why memory cannot be trusted; "" is well."""
        # Of several namespaces one can go, and our rights in it: nobody waits for its list.
        missing = [one for one in self._watches if not self._is_listed(one)]
        if missing:
            return "the GatewaySyncs are not listed yet"
        return self.stuck

    @property
    def stuck(self) -> str:
        """Why this process should be started anew; "" is well."""
        now = time.monotonic()
        for watch in self._watches:
            if not watch.alive or now - watch.progress > STUCK:
                return "the watch of GatewaySyncs hangs"
        return ""

    def covers(self, namespace: str) -> bool:
        """Whether the namespace is one that is watched."""
        return not self._namespaces or namespace in self._namespaces

    # --- From memory ---

    def of(self, namespace: str) -> tuple[Seen, ...]:
        """The CRs of a namespace, without their status."""
        if (found := self._listed.get(namespace)) is not None:
            return found
        with self._lock:
            found = tuple(seen for _, seen in self._shelf.of(namespace))
            if found:  # a namespace without any, of which there may be any number, is not kept
                self._listed[namespace] = found
        return found

    def cr(self, namespace: str, name: str) -> Seen | None:
        """One CR, without its status; None when there is no such one."""
        with self._lock:
            return self._shelf.get((namespace, name))

    # --- Live ---

    def ask(self, namespace: str) -> Future[tuple[Seen, ...]]:
        """What `read` will bring; for who must not wait in a thread. Not to be cancelled."""
        return self._lookups.ask(namespace)

    def read(self, namespace: str) -> tuple[Seen, ...]:
        """What there is in the namespace now; raises `ApiFailed`. Takes seconds at the worst."""
        return self.ask(namespace).result()

    def _read_live(self, namespace: str) -> tuple[Seen, ...]:
        until, there, version = time.monotonic() + SECONDS, set[Key](), 0
        for page in self._live.pages(GATEWAY_SYNCS, namespace):
            if page.first:
                there.clear()
            for document in page.items:
                there.add(name_of(document))
                self._take(partial(self._shelf.put, document, ours=True))
            version = int(page.resource_version) if page.resource_version.isdecimal() else 0
            if time.monotonic() > until:
                raise Unreachable(f"listing them took more than {SECONDS:g} s", where=namespace)
        for seen in self.of(namespace):
            name = (namespace, seen.metadata.name)
            if name not in there and _version(seen) <= version:
                self._take(partial(self._shelf.drop, name))
        return self.of(namespace)

    # --- What the watch sees ---

    def put(self, document: Document) -> None:
        """It was added or changed."""
        self._take(lambda: self._shelf.put(document))

    def gone(self, document: Document) -> None:
        """It is not there any more."""
        self._take(lambda: self._shelf.gone(document))

    def keep_only(self, namespace: str, keys: Collection[Key]) -> None:
        """There is nothing but these."""
        with self._lock:
            changes = self._shelf.keep_only(namespace, keys)
            self._forget(changes)
        self._tell(changes)

    def _take(self, change: Callable[[], Change[Seen] | None]) -> None:
        with self._lock:
            made = change()
            changes = [] if made is None else [made]
            self._forget(changes)
        self._tell(changes)

    def _forget(self, changes: Sequence[Change[Seen]]) -> None:
        for change in changes:
            self._listed.pop(change.name[0], None)

    def _tell(self, changes: Sequence[Change[Seen]]) -> None:
        if self.on_change is not None:
            for change in changes:
                self.on_change(change.after, change.name)

    def _is_listed(self, watch: Watch) -> bool:
        return watch.synced or watch.namespace in self._refused


def _read(document: Mapping[str, Any], _: Seen | None) -> Seen:
    """A CR, as much of it as can be read; nobody asks for its status, the largest part."""
    return decode_seen({"metadata": document["metadata"], "spec": document.get("spec")})


def _version(seen: Seen) -> int:
    return version_of({"metadata": {"resourceVersion": seen.metadata.resource_version}})
