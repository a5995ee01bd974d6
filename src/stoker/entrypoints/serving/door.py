"""A listening socket that lets in so many at a time, of all and of one address.

Whoever is too many is reset at once: before TLS, which would cost more than the answer, and before
anything is kept of them. A guest is counted until its socket is closed.
"""

from __future__ import annotations

import socket
import struct
import weakref
from collections import Counter
from typing import Any, Final

_TURNED_AWAY_AT_ONCE: Final = 100
_RESET: Final = struct.pack("ii", 1, 0)
"""Linger for no time: a reset, after which the kernel keeps nothing either."""


class Door(socket.socket):
    """The socket, which is the only one to accept; `listening` is not to be used any more."""

    def __init__(self, listening: socket.socket, most: int | None, of_one: int | None) -> None:
        super().__init__(fileno=listening.detach())
        self.turned_away = 0
        """How many were too many."""
        self._most, self._of_one = most, of_one
        self._inside: Counter[str] = Counter()

    def accept(self) -> tuple[socket.socket, Any]:
        """The next who may come in; as `socket.accept`."""
        for _ in range(_TURNED_AWAY_AT_ONCE):
            connection, address = super().accept()
            source = str(address[0])
            if self._has_room(source):
                self._inside[source] += 1
                return _Guest(connection, self, source), address
            self.turned_away += 1
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            connection.close()
        raise BlockingIOError

    def inside(self) -> int:
        """How many there are."""
        return self._inside.total()

    def left(self, source: str) -> None:
        """One of them has gone."""
        self._inside[source] -= 1
        if not self._inside[source]:
            del self._inside[source]

    def _has_room(self, source: str) -> bool:
        if self._most is not None and self.inside() >= self._most:
            return False
        return self._of_one is None or self._inside[source] < self._of_one


class _Guest(socket.socket):
    """A connection that was let in."""

    def __init__(self, connection: socket.socket, door: Door, source: str) -> None:
        super().__init__(fileno=connection.detach())
        # Also when it is dropped without being closed, as it happens to a failed handshake.
        self._leave = weakref.finalize(self, door.left, source)
        self._leave.atexit = False

    def close(self) -> None:
        super().close()
        self._leave()
