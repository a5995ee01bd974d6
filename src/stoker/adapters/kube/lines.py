"""Connections whose deadline is that of a whole answer.

A timeout of a socket, and of urllib3, is one for each read: a server that sends a byte a second
keeps its client for ever. Here urllib3's connections are given a socket that hurries: each wait
gets what is left until the answer has to be there. A stream is given a limit for each wait
instead, and can be ended by another thread.
"""

from __future__ import annotations

import io
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer
    from urllib3 import HTTPResponse, PoolManager

_SENDING: Final = 30.0
"""Seconds in which a request has to be sent; urllib3 gives the answer what is left of its own."""


class Line:
    """A connected socket with a deadline, and perhaps a limit for each wait."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._until = time.monotonic() + _SENDING
        self._each: float | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as a socket has it
        """All that is asked of a socket and not told here."""
        return getattr(self._socket, name)

    def begin(self, seconds: float) -> None:
        """From now on, `seconds` in all."""
        self._until, self._each = time.monotonic() + seconds, None

    def stream(self, seconds: float, each: float) -> None:
        """From now on, `seconds` in all and `each` for a single wait."""
        self._until, self._each = time.monotonic() + seconds, each

    def sendall(self, data: ReadableBuffer) -> None:
        """As of a socket."""
        self.hurry()
        self._socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What comes, as a file."""
        return io.BufferedReader(_Received(self, self._socket.makefile("rb", buffering=0)))

    def cut(self) -> None:
        """End it from any thread: who waits for bytes is told that there are no more.

        TLS is left out of it, whose state belongs to the thread that reads.
        """
        with suppress(OSError):  # it may have ended by itself
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def hurry(self) -> None:
        """Let the next wait last as long as it may."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline of the whole answer has passed")
        self._socket.settimeout(left if self._each is None else min(left, self._each))


class _Received(io.RawIOBase):
    """What comes over a line. The socket stays open until this is closed, as urllib3 expects."""

    def __init__(self, line: Line, raw: socket.SocketIO) -> None:
        self._line = line
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        self._line.hurry()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Hurried(HTTPConnection):
    """A connection whose answers have a deadline."""

    def connect(self) -> None:
        super().connect()
        # It asks a socket for no more than `Line` has.
        self.sock = Line(self.sock)

    def request(self, *words: Any, **named: Any) -> None:  # noqa: ANN401 - as urllib3's own
        _begin(self.sock, _SENDING)
        super().request(*words, **named)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as urllib3's own
        line: object = self.sock
        _begin(line, self.timeout)
        response = super().getresponse()
        response.line = line  # type: ignore[attr-defined]
        return response


class _HurriedTls(_Hurried, HTTPSConnection):
    """The same over TLS; the handshake has the time of the connecting."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Hurried


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _HurriedTls


def hurry(manager: PoolManager) -> None:
    """Have all connections that `manager` makes from now on be such."""
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


def line_of(response: object) -> Line | None:
    """The line over which a response comes."""
    line = getattr(response, "line", None)
    return line if isinstance(line, Line) else None


def _begin(line: object, seconds: object) -> None:
    if isinstance(line, Line) and isinstance(seconds, int | float):
        line.begin(float(seconds))
