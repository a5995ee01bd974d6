"""A door before a server of this machine: pods reach it at the machine's address in their network.

The server itself listens at 127.0.0.1 alone, as the test servers do. What the door does is switched
while it runs, for connections that there are and for new ones:

- `open`: all that comes is passed on
- `shut`: a connection ends as soon as it is there, with a reset
- `silent`: nothing is passed on, and no connection ends
- `slow`: a few bytes a second towards the client, given by `pace`
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from enum import Enum
from types import TracebackType
from typing import Final, Self

_BLOCK: Final = 1 << 16
_LOOK: Final = 0.05
_PATIENCE: Final = 10.0
_AT_ONCE: Final = struct.pack("ii", 1, 0)


class Does(Enum):
    """What a door does with what comes."""

    OPEN = "open"
    SHUT = "shut"
    SILENT = "silent"
    SLOW = "slow"


class Door:
    """One door; `does` says what it does."""

    def __init__(self, address: str, port: int) -> None:
        """At an address of this machine, before a port of 127.0.0.1."""
        self._target = ("127.0.0.1", port)
        self._does = Does.OPEN
        self.pace = 2_000
        """Bytes a second, of each connection through a slow door."""
        self.taken = 0
        """How many connections there have been."""
        self._over = threading.Event()
        self._there: set[socket.socket] = set()
        self._listener = socket.create_server((address, 0), backlog=512)
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    @property
    def host(self) -> str:
        """Address and port."""
        address, port = self._listener.getsockname()[:2]
        return f"{address}:{port}"

    @property
    def does(self) -> Does:
        """What it does now."""
        return self._does

    @does.setter
    def does(self, what: Does) -> None:
        self._does = what
        if what is Does.SHUT:
            self.reset()

    def reset(self) -> None:
        """Break off the connections that there are."""
        for each in list(self._there):
            _break_off(each)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join(_PATIENCE)
        self._listener.close()
        self.reset()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.taken += 1
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, suppress(OSError):
            if self._does is Does.SHUT:
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                return
            with socket.create_connection(self._target, timeout=_PATIENCE) as far:
                far.settimeout(None)
                self._there |= {near, far}
                try:
                    back = threading.Thread(target=self._pass, args=(far, near), daemon=True)
                    back.start()
                    self._pass(near, far, slowly=False)
                    back.join()
                finally:
                    self._there -= {near, far}

    def _pass(self, source: socket.socket, sink: socket.socket, *, slowly: bool = True) -> None:
        try:
            while block := source.recv(_BLOCK):
                while self._does is Does.SILENT and not self._over.is_set():
                    self._over.wait(_LOOK)
                self._send(sink, block, slowly=slowly)
            sink.shutdown(socket.SHUT_WR)
        except OSError:  # what one side breaks off is broken off for the other
            _break_off(source)
            _break_off(sink)

    def _send(self, sink: socket.socket, block: bytes, *, slowly: bool) -> None:
        while block and slowly and self._does is Does.SLOW and not self._over.is_set():
            part = max(1, round(self.pace * _LOOK))
            sink.sendall(block[:part])
            block = block[part:]
            self._over.wait(_LOOK)
        sink.sendall(block)


def _break_off(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        connection.shutdown(socket.SHUT_RDWR)
