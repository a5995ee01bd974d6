"""Git servers as a test wants to count or to break them.

A `SilentServer` takes connections and says nothing. A `Relay` stands before a `git daemon` and
writes down who came for which repository, and when.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

_BLOCK: Final = 1 << 16
_PATIENCE: Final = 30.0


class _Server:
    """Takes connections at a port of its own, each in a thread of its own."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self._listener = socket.create_server((address, 0), backlog=512)
        self.host = f"{address}:{self._listener.getsockname()[1]}"
        self._over = threading.Event()
        self._accepting = threading.Thread(target=self._accept, daemon=True)

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

    def url(self, repository: str) -> str:
        """The address of a repository here."""
        return f"git://{self.host}/{repository}"

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._taken, args=(connection,), daemon=True).start()

    def _taken(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self.serve(connection)

    def serve(self, connection: socket.socket) -> None:
        """What is done with a connection."""
        raise NotImplementedError


class SilentServer(_Server):
    """Takes every connection, and says nothing until it is closed."""

    open = 0
    """How many connections there are."""
    taken = 0
    """How many there have been."""

    def serve(self, connection: socket.socket) -> None:
        """Wait until the other side goes."""
        self.open += 1
        self.taken += 1
        try:
            while connection.recv(_BLOCK):
                pass
        finally:
            self.open -= 1


@dataclass(frozen=True)
class Call:
    """One connection."""

    at: float
    repository: str


class Relay(_Server):
    """Passes connections on to a `git daemon`, and writes them down."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port
        self.calls: list[Call] = []

    def serve(self, connection: socket.socket) -> None:
        """Pass on what is said to either side."""
        at = time.monotonic()
        # The length in hexadecimal, git-upload-pack, a blank, the path, and after a zero the host.
        with connection.makefile("rb", buffering=0) as said:
            length = said.read(4) or b"0004"
            asked = length + (said.read(int(length, 16) - 4) or b"")
        repository = asked[4:].split(b"\0")[0].partition(b" ")[2].decode()
        self.calls.append(Call(at, repository.strip("/")))
        with socket.create_connection(("127.0.0.1", self._port)) as onward:
            onward.sendall(asked)
            back = threading.Thread(target=_pass, args=(onward, connection), daemon=True)
            back.start()
            _pass(connection, onward)
            back.join(_PATIENCE)

    def between(self, begin: float, end: float) -> list[Call]:
        """The calls of a time."""
        return [call for call in self.calls if begin <= call.at < end]


def _pass(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(_BLOCK):
            sink.sendall(block)
        sink.shutdown(socket.SHUT_WR)
