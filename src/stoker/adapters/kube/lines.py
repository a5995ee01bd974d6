"""Connections whose deadline is that of a whole answer.

A timeout of a socket is one for each read: a server that sends a byte a second keeps its client for
ever. A line is a socket that hurries: each wait gets what is left until the answer has to be there.
A stream is given a limit for each wait besides, and can be ended by another thread.
"""

from __future__ import annotations

import io
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

SENDING: Final = 30.0
"""Seconds in which a request has to be sent where nobody has said otherwise."""

_BLOCK: Final = 1 << 16


class Line:
    """A connected socket with a deadline, and perhaps a limit for each wait."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._until = time.monotonic() + SENDING
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
        """As of a socket; whoever takes it slowly is given no more time for that."""
        view = memoryview(data).cast("B")
        for begin in range(0, len(view), _BLOCK):
            self.hurry()
            self._socket.sendall(view[begin : begin + _BLOCK])

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
    """What comes over a line. The socket stays open until this is closed, as HTTP expects."""

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
