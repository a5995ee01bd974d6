"""The wire of a pod: the standard library's HTTP over TLS, with lines for sockets.

Connections that nobody uses are kept for the next requests, one unless more are wanted. One is not
used again when it has been idle for about as long as an API server leaves one open, or when there
is anything to be read from it: then the server has ended it. There is no proxy between a pod and
its API server, and no redirect is followed.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import TYPE_CHECKING, Final, Protocol

from attrs import define, field

from stoker.adapters.kube.lines import Line
from stoker.adapters.kube.reasons import Broken

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping

_IDLE: Final = 75.0
"""Seconds after which a connection is not used again; the API server ends it after 90."""


class Believed(Protocol):
    """Who we are, and whom we believe."""

    def authorization(self) -> str:
        """The header by which we say who we are."""
        ...

    def trust(self) -> ssl.SSLContext:
        """What makes the server the right one."""
        ...


@define
class PodWire:
    """The way to the API server of the cluster that we run in."""

    host: str
    port: int
    account: Believed
    spares: int = 1
    """How many connections are kept."""
    _spare: list[_Connection] = field(factory=list, init=False, repr=False)
    """The one that was used last is the last."""
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)

    def ask(  # noqa: PLR0913 - as a wire has it
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        connecting: float,
        seconds: float,
    ) -> PodAnswer:
        """Send the request once; raises `Broken`."""
        until = time.monotonic() + seconds
        with _told():
            credential = self.account.authorization()
            connection = self._taken() or self._opened(min(connecting, seconds))
            try:
                line = connection.line
                line.begin(until - time.monotonic())
                named = {**headers, "Authorization": credential}
                connection.request(method, target, body, named)
                return PodAnswer(self, connection, line, connection.getresponse())
            except BaseException:
                connection.close()
                raise

    def close(self) -> None:
        """Let go of the connections that nobody uses."""
        with self._lock:
            spare, self._spare = self._spare, []
        for one in spare:
            one.close()

    def keep(self, connection: _Connection) -> None:
        """A connection that may serve again."""
        connection.idle_since = time.monotonic()
        with self._lock:
            self._spare.append(connection)
            surplus = self._spare.pop(0) if len(self._spare) > self.spares else None
        if surplus is not None:
            surplus.close()

    def _taken(self) -> _Connection | None:
        while True:
            with self._lock:
                spare = self._spare.pop() if self._spare else None
            if spare is None or spare.is_good:
                return spare
            spare.close()

    def _opened(self, seconds: float) -> _Connection:
        connection = _Connection(self.host, self.port, self.account.trust())
        connection.open(seconds)
        return connection


class _Connection(HTTPSConnection):
    """A connection over a line."""

    line: Line
    idle_since = 0.0

    def __init__(self, host: str, port: int, trust: ssl.SSLContext) -> None:
        super().__init__(host, port, context=trust)
        self._trust = trust
        self.auto_open = 0  # else it would connect anew by itself, without a line

    def open(self, seconds: float) -> None:
        """Connect, TLS included."""
        until = time.monotonic() + seconds
        plain = _connected(self.host, self.port, until)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.settimeout(_left(until))
            self.line = Line(self._trust.wrap_socket(plain, server_hostname=self.host))
        except BaseException:
            plain.close()
            raise
        # It asks a socket for no more than `Line` has.
        self.sock = self.line

    @property
    def is_good(self) -> bool:
        """Whether a request may be sent over it, as far as can be seen."""
        if time.monotonic() - self.idle_since > _IDLE:
            return False
        look = select.poll()
        look.register(self.line.fileno(), select.POLLIN)
        return not look.poll(0)


def _connected(host: str, port: int, until: float) -> socket.socket:
    """A connection to the first address that takes one."""
    failure: OSError | None = None
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        plain = socket.socket(family, kind, protocol)
        try:
            plain.settimeout(_left(until))
            plain.connect(address)
        except OSError as error:
            plain.close()
            failure = error
        else:
            return plain
    raise failure or socket.gaierror(socket.EAI_NONAME, "no address")


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("no connection within the time for it")
    return left


@define
class PodAnswer:
    """An answer, with its own count of how much is left: not each Python's `read1` has one."""

    _wire: PodWire
    _connection: _Connection
    line: Line | None
    _response: HTTPResponse
    _left: int | None = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._left = self._response.length

    @property
    def status(self) -> int:
        """That of HTTP."""
        return self._response.status

    def header(self, name: str) -> str:
        """A header, or ""."""
        return self._response.headers.get(name, "")

    def read(self, most: int) -> bytes:
        """What has come of the body; b"": it is over."""
        if self._left == 0:
            return b""
        with _told():
            block = self._response.read1(most if self._left is None else min(most, self._left))
            if not block and self._left:
                raise IncompleteRead(b"", self._left)
        if self._left is not None:
            self._left -= len(block)
        return block

    def keep(self) -> None:
        """It was read to its end: give its connection back, if the server leaves it open."""
        self._response.close()
        if self._response.will_close:
            self._connection.close()
        else:
            self._wire.keep(self._connection)

    def close(self) -> None:
        """Be done with it."""
        self._response.close()
        self._connection.close()


@contextmanager
def _told() -> Iterator[None]:
    """What goes wrong between here and the server becomes `Broken`."""
    try:
        yield
    except (HTTPException, OSError, ValueError) as error:
        raise Broken(error) from error
