"""The sockets of a fake gateway: HTTP/1.1 by hand, since it has to be done wrongly on demand.

A `Port` keeps its number for as long as it lives: a socket that is bound and does not listen holds
it, so that between `open` and `shut` connections are refused as by a gateway that is not there, and
no one else can take its place. Each connection has a thread; `close` breaks the connections off and
waits for the threads.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from stoker.testing.gateway.http1 import BrokenRequest, Exchange, read_request, send
from stoker.testing.gateway.messages import Request, page_response

if TYPE_CHECKING:
    from io import BufferedReader
    from ssl import SSLSocket

_IDLE_SECONDS: Final = 60.0
_BACKLOG: Final = 128


Handle = Callable[[Request], Exchange]
Wrap = Callable[[socket.socket], "SSLSocket"]


@frozen
class Door:
    """Where and how a port answers."""

    host: str
    number: int = 0
    tls: Wrap | None = None
    """What makes a socket one that speaks TLS; the handshake is still to be made."""
    control: bool = False


class Port:
    """One port; it is shut until it is opened."""

    def __init__(self, door: Door, handle: Handle) -> None:
        """Take the port's number; raises `OSError` where somebody else has it."""
        self._door = door
        self._handle = handle
        self._held = _bound(door.host, door.number)
        self.number: int = self._held.getsockname()[1]
        self._listener: socket.socket | None = None
        self._acceptor: threading.Thread | None = None
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}

    @property
    def url(self) -> str:
        """Its address."""
        host = f"[{self._door.host}]" if ":" in self._door.host else self._door.host
        host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104 - compared
        return f"{'https' if self._door.tls else 'http'}://{host}:{self.number}"

    def open(self) -> None:
        """Begin to answer."""
        if self._listener is not None:
            return
        self._listener = listener = _bound(self._door.host, self.number)
        listener.listen(_BACKLOG)
        self._acceptor = threading.Thread(
            target=self._accept, args=(listener,), name=f"port {self.number}", daemon=True
        )
        self._acceptor.start()

    def shut(self) -> None:
        """Refuse connections from now on, and break off those that are open."""
        if self._listener is not None and self._acceptor is not None:
            # Closing alone does not wake whoever waits for a connection.
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._acceptor.join()
            self._listener.close()
            self._listener = self._acceptor = None
        self._break_off()

    def close(self) -> None:
        """Give the number back, and wait for every thread."""
        self.shut()
        self._held.close()

    def _break_off(self) -> None:
        with self._lock:
            connections = dict(self._connections)
            for connection in connections:
                # By the socket below: a TLS socket would forget its state under its reader's feet.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in connections.values():
            thread.join()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            thread = threading.Thread(
                target=self._serve, args=(connection,), name="connection", daemon=True
            )
            with self._lock:
                self._connections[connection] = thread
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        connection = plain
        try:
            plain.settimeout(_IDLE_SECONDS)  # for the handshake
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._door.tls is not None:
                connection = self._secured(plain, self._door.tls)
            with connection.makefile("rb") as stream:
                while self._exchange(connection, stream):
                    pass
        except (OSError, ValueError, BrokenRequest):
            pass  # whoever was there has gone, or says nothing that can be answered
        finally:
            with self._lock:
                self._connections.pop(connection, None)
                connection.close()

    def _secured(self, plain: socket.socket, wrap: Wrap) -> socket.socket:
        with self._lock:
            thread = self._connections.pop(plain)
            secured = wrap(plain)
            self._connections[secured] = thread
        try:
            secured.do_handshake()
        except (OSError, ValueError):
            with self._lock:
                self._connections.pop(secured, None)
                secured.close()
            raise
        return secured

    def _exchange(self, connection: socket.socket, stream: BufferedReader) -> bool:
        connection.settimeout(_IDLE_SECONDS)
        try:
            request = read_request(stream)
        except BrokenRequest as error:
            send(connection, Exchange(page_response(400, str(error))), keep=False)
            return False
        if request is None:
            return False
        exchange = self._handle(
            evolve(
                request,
                secure=self._door.tls is not None,
                control=self._door.control,
                received_ms=time.time_ns() // 1_000_000,
            )
        )
        keep = request.headers.get("connection", "").lower() != "close"
        kept = send(connection, exchange, keep=keep, head_only=request.method == "HEAD")
        if exchange.then is not None:
            exchange.then()
        return kept


def _bound(host: str, number: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # The socket that listens shares the number with the one that holds it.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((host, number))
    except OSError:
        bound.close()
        raise
    return bound
