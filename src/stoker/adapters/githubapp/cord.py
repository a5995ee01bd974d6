"""How an exchange is ended from outside: its connection is shut, so that the read at hand ends."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from attrs import define, field


@define
class Cord:
    """Ends the exchange that it was given to, from any thread."""

    was_pulled: bool = False
    _held: socket.socket | None = None
    _lock: threading.Lock = field(factory=threading.Lock, repr=False)

    def pull(self) -> None:
        """Shut the connection, or the next one as soon as it is there."""
        with self._lock:
            self.was_pulled = True
            self._shut()

    def tie(self, connection: socket.socket) -> None:
        """Remember the connection, by a name of its own: TLS takes the first one away."""
        with self._lock:
            self._drop()
            self._held = connection.dup()
            if self.was_pulled:
                self._shut()

    def untie(self) -> None:
        """Let go of the connection, which has ended."""
        with self._lock:
            self._drop()

    def _shut(self) -> None:
        if self._held is not None:
            with suppress(OSError):
                self._held.shutdown(socket.SHUT_RDWR)

    def _drop(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None
