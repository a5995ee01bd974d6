"""A passage to the API server for agents, which counts and can be broken.

It speaks TLS on both sides, with a certificate of an authority of its own towards the agents, so
what they ask is seen: each request with its method, path and time, and the status it was answered
with. Their tokens go through, so the API server knows who asks. What a passage does is switched
while it runs, for connections that there are and for new ones: `passing`, `silent`, `shut`, `deaf`
(nothing comes back of a watch, and all else passes), or the bytes of an answer, such as
`breaking.refusal(429, after=2)`.
"""

from __future__ import annotations

import re
import selectors
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kit.between import Between

if TYPE_CHECKING:
    from cluster import Cluster

PASSING: Final = "passing"
SILENT: Final = "silent"
SHUT: Final = "shut"
DEAF: Final = "deaf"

_BLOCK: Final = 1 << 16
_LOOK: Final = 0.05
_REQUEST: Final = re.compile(rb"^(GET|PUT|POST|PATCH|DELETE) (\S+) HTTP/1\.1\r\n")
_STATUS: Final = re.compile(rb"^HTTP/1\.1 (\d{3}) ")
_AT_ONCE: Final = struct.pack("ii", 1, 0)


@dataclass
class Request:
    """One request of an agent."""

    at: float
    """On the monotonic clock."""
    method: str
    path: str
    status: int = 0
    """Of its answer; 0 as long as there is none."""

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.method != "GET"


@dataclass
class Passage:
    """One passage; `requests` are those that came since its begin."""

    address: str
    """Where it listens; pods reach it there too."""
    target: tuple[str, int]
    trusted: ssl.SSLContext = field(repr=False)
    """For the side of the API server."""
    own: ssl.SSLContext = field(repr=False)
    """For the side of the agents."""
    ca: str = field(repr=False)
    """What agents have to trust."""
    does: str | bytes = PASSING
    requests: list[Request] = field(default_factory=list, repr=False)
    _over: threading.Event = field(default_factory=threading.Event, repr=False)
    _there: set[socket.socket] = field(default_factory=set, repr=False)
    _threads: list[threading.Thread] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        """Take a port; nobody is served before `begin`."""
        self._listener = socket.create_server((self.address, 0), backlog=512)
        self._listener.settimeout(_LOOK)
        self.port = int(self._listener.getsockname()[1])

    def begin(self) -> None:
        """Listen."""
        self._threads.append(threading.Thread(target=self._accept, daemon=True))
        self._threads[0].start()

    def end(self) -> None:
        """Break everything off."""
        self._over.set()
        self.reset()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def reset(self) -> None:
        """Break off the connections that there are."""
        for each in list(self._there):
            with suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                each.shutdown(socket.SHUT_RDWR)

    def become(self, what: str | bytes) -> None:
        """Do that from now on; a shut one breaks off what there is."""
        self.does = what
        if what not in (PASSING, SILENT, DEAF):
            self.reset()

    def since(self, begin: float) -> list[Request]:
        """The requests since a time."""
        return [one for one in list(self.requests) if one.at >= begin]

    def _accept(self) -> None:
        while not self._over.is_set():
            with suppress(TimeoutError):
                near, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(near,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, plain: socket.socket) -> None:
        with plain, suppress(OSError):
            if self.does == SHUT:
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                return
            self._wait_while_silent()
            plain.settimeout(10)
            with self.own.wrap_socket(plain, server_side=True) as near, self._known(near):
                self._answer(near)

    def _answer(self, near: ssl.SSLSocket) -> None:
        if isinstance(self.does, bytes):
            self._note(near.recv(_BLOCK))
            near.sendall(self.does)
            return
        with (
            socket.create_connection(self.target, timeout=10) as plain,
            self.trusted.wrap_socket(plain, server_hostname=self.target[0]) as far,
            self._known(far),
        ):
            # TLS has words of its own, and whoever waited for more behind them would wait for ever.
            near.settimeout(0)
            far.settimeout(0)
            self._pass(near, far)

    def _pass(self, near: ssl.SSLSocket, far: ssl.SSLSocket) -> None:
        last: list[Request] = []
        watches = False
        with selectors.DefaultSelector() as either:
            either.register(near, selectors.EVENT_READ, far)
            either.register(far, selectors.EVENT_READ, near)
            while not self._over.is_set():
                self._wait_while_silent()
                for ready, _ in either.select(_LOOK):
                    source: Any = ready.fileobj
                    if watches and source is far and self.does == DEAF:
                        self._over.wait(_LOOK)
                        continue
                    block = _all_of(source)
                    self._wait_while_silent()
                    if block is None or self.does not in (PASSING, DEAF):
                        return
                    if source is near:
                        last += self._note(block)
                        watches = watches or (bool(last) and "watch=1" in last[-1].path)
                    elif last and (found := _STATUS.match(block)):
                        last.pop(0).status = int(found[1])
                    _send(ready.data, block)

    @contextmanager
    def _known(self, connection: socket.socket) -> Iterator[None]:
        """It can be broken off during the `with`."""
        self._there.add(connection)
        try:
            yield
        finally:
            self._there.discard(connection)

    def _note(self, block: bytes) -> list[Request]:
        found = _REQUEST.match(block)
        if found is None:
            return []
        made = Request(time.monotonic(), found[1].decode(), found[2].decode())
        self.requests.append(made)
        return [made]

    def _wait_while_silent(self) -> None:
        while self.does == SILENT and not self._over.is_set():
            self._over.wait(_LOOK)


def _all_of(source: ssl.SSLSocket) -> bytes | None:
    """What has come, if anything; None at the end."""
    block = b""
    with suppress(ssl.SSLWantReadError):
        while more := source.recv(_BLOCK):
            block += more
        return block or None
    return block


def _send(sink: ssl.SSLSocket, block: bytes) -> None:
    sink.settimeout(10)
    try:
        sink.sendall(block)
    finally:
        sink.settimeout(0)


@contextmanager
def passage(cluster: Cluster, folder: Path) -> Iterator[Passage]:
    """A passage for the `with`; `folder` is for its certificate."""
    ends = Between.of(cluster, folder)
    made = Passage(cluster.host_address, ends.server, ends.trust, ends.own, ends.authority)
    made.begin()
    try:
        yield made
    finally:
        made.end()
