"""The secrets that single CRs have of their own, as values in the cluster.

Each is read ahead, when a CR is seen that names it, so that hardly any request finds it unread. It
is read again upon use, and some of the others each second until all have been; a request waits for
that only where it would be refused otherwise, and never longer than anybody who is refused. So a
secret that was replaced counts for the next request, and one that was taken back for not much more
than half a minute. As long as the API server does not answer, what was read last is what counts; a
Secret that is not there is no secret, and nobody knows it.

Whoever sends garbage has secrets read again as well: each no more than once in a while, and all of
them so many times a second.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Final

from attrs import define, field, frozen

from stoker.adapters.kube.secrets import SecretMissing
from stoker.core.errors import InvalidDocument, StokerError
from stoker.core.payload import Rate, ReceiverSecret, take
from stoker.core.spec import SecretKeyRef

if TYPE_CHECKING:
    from stoker.adapters.codec.crd import Seen

STALE: Final = 30.0
"""Seconds after which it is, if there are not too many of them."""
UPON_USE: Final = Rate(20, 40)
EACH_SECOND: Final = 10
"""How many are read again without any use."""

Key = tuple[str, str]
"""Namespace and name of a CR."""


@frozen
class Place:
    """Where a secret is."""

    namespace: str
    ref: SecretKeyRef


@frozen
class Value:
    """What was found there, and when that was tried last."""

    secret: ReceiverSecret | None
    tried: float
    complaint: str = ""


_UNREAD: Final = Value(None, -math.inf)


@define
class OwnSecrets:
    """What is known of them; for any thread."""

    read: Callable[[str, SecretKeyRef], bytes]
    """Reads a value from the cluster; raises `StokerError`."""
    pool: Executor
    complain: Callable[[str, StokerError], None]
    """Told of the namespace, and of what is wrong there, once."""
    recent: float = 2.0
    """Seconds for which a value is not read again."""
    clock: Callable[[], float] = time.monotonic
    _places: dict[Key, Place | None] = field(factory=dict, repr=False)
    _values: dict[Place, Value] = field(factory=dict, repr=False)
    _under_way: dict[Place, Future[None]] = field(factory=dict, repr=False)
    _full_at: float | None = None
    _lock: threading.Lock = field(factory=threading.Lock, repr=False)
    _closed: threading.Event = field(factory=threading.Event, repr=False)
    _sweeper: threading.Thread | None = field(default=None, repr=False)

    def changed(self, seen: Seen | None, key: Key) -> None:
        """Take in what became of a CR; None: it is gone."""
        if seen is None:
            with self._lock:
                self._places.pop(key, None)
            return
        place = self._placed(key, seen)
        if place is not None and self.secret(place) is None:
            self._begin(place)

    def place(self, key: Key, seen: Seen | None) -> Place | None:
        """Where the secret of this CR is; None for one that has none of its own.

        Raises `InvalidDocument` where nobody can tell.
        """
        if seen is None:
            return None
        place = self._placed(key, seen)
        if place is None and isinstance(seen.spec, InvalidDocument) and key not in self._places:
            raise seen.spec
        return place

    def secret(self, place: Place) -> ReceiverSecret | None:
        """What was read there last; None where nothing was."""
        value = self._values.get(place)
        return None if value is None else value.secret

    def refresh(self, place: Place) -> Future[None] | None:
        """Read it again, which is over with the future; None if that was done just now."""
        now = self.clock()
        with self._lock:
            under_way, value = self._under_way.get(place), self._values.get(place)
            if under_way is not None:
                return under_way
            if value is not None and now - value.tried < self.recent:
                return None
            taken = take(self._full_at, UPON_USE, now)
            self._full_at = taken.full_at
            if taken.wait:
                return None
        return self._begin(place)

    def close(self) -> None:
        """Read no more."""
        self._closed.set()

    def _placed(self, key: Key, seen: Seen) -> Place | None:
        with self._lock:
            if isinstance(seen.spec, InvalidDocument):
                return self._places.get(key)
            ref = seen.spec.receiver.secret_ref
            place = None if ref is None else Place(key[0], ref)
            self._places[key] = place
            if place is not None and self._sweeper is None:
                self._sweeper = threading.Thread(target=self._sweep, name="secrets", daemon=True)
                self._sweeper.start()
            return place

    def _begin(self, place: Place) -> Future[None] | None:
        with self._lock:
            under_way = self._under_way.get(place)
            if under_way is not None or self._closed.is_set():
                return under_way
            try:
                begun = self._under_way[place] = self.pool.submit(self._fetch, place)
            except RuntimeError:  # the process is about to end
                return None
        return begun

    def _fetch(self, place: Place) -> None:
        known = self._values.get(place, _UNREAD)
        secret, complaint = known.secret, ""
        try:
            found = ReceiverSecret.shared(self.read(place.namespace, place.ref))
            secret = None if found.is_empty else found
        except StokerError as error:
            secret = None if isinstance(error, SecretMissing) else known.secret
            complaint = str(error)
            if complaint != known.complaint:
                self.complain(place.namespace, error)
        finally:
            with self._lock:
                self._values[place] = Value(secret, self.clock(), complaint)
                del self._under_way[place]

    def _sweep(self) -> None:
        while not self._closed.wait(1.0):
            for place in self._due():
                self._begin(place)

    def _due(self) -> list[Place]:
        """Which are to be read again now; what no CR names any more is forgotten."""
        now = self.clock()
        with self._lock:
            named = set(self._places.values())
            for place in self._values.keys() - named:
                del self._values[place]
            tried = {
                place: self._values.get(place, _UNREAD).tried
                for place in named
                if place is not None
            }
        stale = max(STALE, len(tried) / EACH_SECOND)
        due = sorted((at, id(place), place) for place, at in tried.items() if now - at > stale)
        return [place for _, _, place in due[:EACH_SECOND]]
