"""A way to the API server on which what watches tell does not come as it was told.

It speaks TLS on both sides and passes on each request with the credential that it came with, so
the API server knows who asks. Watches are read line by line, and `kit.histories` says what becomes
of each event. Writes pass a `guard`, which may look at things before and after.

The client that it is for dies at chosen events and writes: `slay` kills it, and begins its next
life. Where a history says so, that life's first lists are those of an earlier moment: `remember`
asks for everything again that was ever listed, and keeps the answers.
"""

from __future__ import annotations

import base64
import http.client
import json
import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from kit.between import Between
from kit.eventually import eventually
from kit.histories import History, Past, Stream, is_bookmark
from kit.overhearing import Asked, Handler

if TYPE_CHECKING:
    import socket

    from cluster import Cluster

Guard = Callable[[Asked], Callable[[int], None]]
"""Called with a write before it is passed on; what it gives hears how the write was answered."""

_PATIENCE: Final = 30.0


def _unguarded(_: Asked) -> Callable[[int], None]:
    return lambda _status: None


@dataclass
class Hearsay:
    """The way; `quiet` ends the faults, but for events that are late and what is lost already."""

    history: History
    address: str
    target: tuple[str, int]
    trusted: ssl.SSLContext = field(repr=False)
    own: ssl.SSLContext = field(repr=False)
    ca: str = field(repr=False)
    guard: Guard = _unguarded
    slay: Callable[[], None] = lambda: None
    quiet: bool = False
    done: Counter[str] = field(default_factory=Counter)
    """How often something was done to the client."""
    writes: list[tuple[float, str, str, int]] = field(default_factory=list, repr=False)
    """Time, method, target and status of each."""
    over: threading.Event = field(default_factory=threading.Event, repr=False)
    _streams: Counter[str] = field(default_factory=Counter, repr=False)
    _lists: dict[str, Asked] = field(default_factory=dict, repr=False)
    _pasts: list[dict[str, bytes]] = field(default_factory=list, repr=False)
    _from_the_past: dict[str, float] = field(default_factory=dict, repr=False)
    """By path, until when a life that began in the past hears nothing new."""
    _owed: set[str] = field(default_factory=set, repr=False)
    """The lists that this life is still to be given from the past."""
    _open: int = 0
    """Watches that are not over yet; what is done to them counts then."""
    _events: int = 0
    _write_count: int = 0
    _lives: int = 1
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def __post_init__(self) -> None:
        """Take a port; nobody is served before `begin`."""
        self.chance = random.Random(self.history.seed)  # noqa: S311 - no secret
        self._server = _Server(self)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def begin(self) -> None:
        """Listen."""
        self._thread.start()

    def end(self) -> None:
        """Break everything off."""
        self.over.set()
        self._server.shutdown()
        self._thread.join(_PATIENCE)
        self._server.server_close()
        eventually(lambda: self._open == 0, what="each watch is over", within=_PATIENCE)

    def kubeconfig(self, original: Path, folder: Path) -> Path:
        """That of somebody, by this way."""
        told: Any = yaml.safe_load(original.read_text())
        for one in told["clusters"]:
            one["cluster"]["server"] = f"https://{self.address}:{self.port}"
            one["cluster"].pop("certificate-authority", None)
            coded = base64.b64encode(self.ca.encode()).decode()
            one["cluster"]["certificate-authority-data"] = coded
        made = folder / f"kubeconfig-by-hearsay-{self.port}"
        made.touch(mode=0o600)
        made.write_text(json.dumps(told))
        return made

    def connected(self, timeout: float | None = _PATIENCE) -> http.client.HTTPSConnection:
        """A connection to the API server."""
        host, port = self.target
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=self.trusted)

    # --- Lives ---

    def dies_before(self, number: int) -> bool:
        """Whether the client was killed for that it was about to make this write."""
        return number in self.history.dies_before_writes and self._die("killed before a write")

    def dies_after(self, number: int) -> bool:
        """The same, when it has been made."""
        return number in self.history.dies_after_writes and self._die("killed after a write")

    def passed(self, line: bytes) -> None:
        """This was passed on."""
        if is_bookmark(line):
            return
        with self._lock:
            self._events += 1
            number = self._events
        if number in self.history.dies_after_events:
            self._die("killed after an event")

    def _die(self, how: str) -> bool:
        with self._lock:
            if self.quiet:
                return False
            self.done[how] += 1
            self._lives += 1
            self._from_the_past.clear()
            if self.history.past is not Past.NONE:
                self._owed = set(self._lists)
            self.slay()
        return True

    # --- Writes ---

    def counted_write(self) -> int:
        """Which write this is."""
        with self._lock:
            self._write_count += 1
            return self._write_count

    def wrote(self, asked: Asked, status: int) -> None:
        """It was answered."""
        self.writes.append((time.monotonic(), asked.method, asked.target, status))

    # --- Lists ---

    def remember(self) -> None:
        """Keep what there is now, for later lives."""
        if self.history.past is Past.NONE:
            return
        past = {}
        connection = self.connected()
        with self._lock:
            lists = dict(self._lists)
        for target, asked in lists.items():
            connection.request("GET", target, headers=dict(asked.headers))
            answer = connection.getresponse()
            body = answer.read()
            if answer.status == 200:
                past[target] = body
        connection.close()
        self._pasts.append(past)

    def earlier(self, asked: Asked) -> bytes | None:
        """What is told instead of what there is now."""
        with self._lock:
            self._lists[asked.target] = asked
            if asked.target not in self._owed or self.quiet or not self._pasts:
                return None
            self._owed.discard(asked.target)
            mixed = asked.target if self.history.past is Past.MIXED else ""
            seed = f"{self.history.seed} {self._lives} {mixed}"
            body = random.Random(seed).choice(self._pasts).get(asked.target)  # noqa: S311 - no secret
            if body is not None:
                self.done["a list was one of the past"] += 1
                until = time.monotonic() + self.history.hold
                self._from_the_past[_selection(asked)] = until
            return body

    # --- Watches ---

    def stream(self, asked: Asked) -> Stream | None:
        """What becomes of a watch; None: the version that it begins with has expired."""
        chosen = _selection(asked)
        with self._lock:
            self._streams[chosen] += 1
            number = self._streams[chosen]
            if not self.quiet and number > 1 and self.chance.random() < self.history.expires:
                self.done["a version to resume from had expired"] += 1
                return None
            begins = self._from_the_past.pop(chosen, 0.0)
            self._open += 1
            return self.history.stream(asked.kind, f"{chosen} {number}", begins)

    def count(self, stream: Stream) -> None:
        """It is over; what was done to it counts."""
        with self._lock:
            self.done.update(stream.counts)
            self._open -= 1


class _Server(ThreadingHTTPServer):
    """A thread for each connection; TLS begins there."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, hearsay: Hearsay) -> None:
        super().__init__((hearsay.address, 0), Handler)
        self.hearsay = hearsay

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next connection."""
        plain, address = super().get_request()
        near = self.hearsay.own.wrap_socket(
            plain, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=True
        )
        return near, address

    def handle_error(self, *_: object) -> None:
        """A connection that breaks off is nobody's defect."""


def _selection(asked: Asked) -> str:
    """Which objects a list or a watch is of."""
    chosen = asked.query
    return " ".join([asked.path, *(chosen.get(f"{one}Selector", "") for one in ("label", "field"))])


@contextmanager
def hearsay(cluster: Cluster, folder: Path, history: History) -> Iterator[Hearsay]:
    """A way for the `with`; `folder` is for its certificate."""
    ends = Between.of(cluster, folder)
    made = Hearsay(history, cluster.host_address, ends.server, ends.trust, ends.own, ends.authority)
    made.begin()
    try:
        yield made
    finally:
        with suppress(OSError):
            made.end()
