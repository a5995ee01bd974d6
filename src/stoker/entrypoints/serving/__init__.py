"""What a process of ours serves over HTTP: one thread, one event loop, a server per address.

The ports are bound before the thread starts, so who cannot have one learns it at once. What is
served is the caller's; `about` has what every process serves of itself.

- `addresses`, `door`: where it listens, and how many it lets in
- `listening`: what a connection may take
- `answering`, `reviewing`: probes, and metrics for who may read them
- `certificate`: one that is always good
- `about`: probes and metrics as listeners
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Final

from stoker.adapters.logs import structured as logs
from stoker.core.errors import StokerError
from stoker.entrypoints.serving.about import About
from stoker.entrypoints.serving.addresses import OFF, bound
from stoker.entrypoints.serving.answering import Health, metrics, probes
from stoker.entrypoints.serving.certificate import ServedCertificate
from stoker.entrypoints.serving.door import Door
from stoker.entrypoints.serving.listening import Limits, Listener, Loop, server_of
from stoker.entrypoints.serving.reviewing import Reviewer, Verdict, reviewer_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import uvicorn

__all__ = [
    "OFF",
    "About",
    "Health",
    "Limits",
    "Listener",
    "Reviewer",
    "ServedCertificate",
    "Servers",
    "Verdict",
    "metrics",
    "probes",
    "reviewer_of",
]

_START: Final = 10.0
_MORE: Final = 1.0
"""Seconds beyond what answers have at the end."""


class Servers:
    """The servers of a process; started once, and stopped once."""

    def __init__(
        self,
        listeners: Sequence[Listener],
        *,
        chores: Sequence[Callable[[], None]] = (),
        every: float = 10.0,
        graceful: int = 1,
    ) -> None:
        """Nothing is bound before `start`.

        `chores` are called in the loop, `every` so many seconds, and must be quick; `graceful` is
        how many seconds answers on their way have at the end.
        """
        self.ports: Mapping[str, int] = {}
        """The ports that were bound, by what is served there."""
        self._listeners, self._chores = listeners, chores
        self._every, self._graceful = every, graceful
        self._draining = False
        self._thread: threading.Thread | None = None
        self._servers: list[uvicorn.Server] = []
        self._doors: list[Door] = []

    def start(self) -> None:
        """Serve from now on; raises `StokerError` where a port cannot be had."""
        try:
            for listener in self._listeners:
                self._open(listener)
        except StokerError:
            self._close()
            raise
        if self._servers:
            self._run()

    def drain(self) -> None:
        """From now on each answer is the last one of its connection."""
        self._draining = True

    def stop(self) -> None:
        """Serve no more; answers on their way have a moment."""
        for server in self._servers:
            server.should_exit = True
        if self._thread is not None:
            self._thread.join(self._graceful + _MORE)
        self._close()

    def _open(self, listener: Listener) -> None:
        listening = bound(listener.address, listener.what)
        if listening is None:
            return
        limits = listener.limits
        door = Door(listening, limits.connections, limits.per_source)
        self._doors.append(door)
        self.ports = {**self.ports, listener.what: int(door.getsockname()[1])}
        self._servers.append(server_of(listener, lambda: self._draining, self._graceful))

    def _run(self) -> None:
        started = threading.Event()

        def serve() -> None:
            try:
                with asyncio.Runner(loop_factory=Loop) as runner:
                    runner.run(self._serve(started))
            finally:
                started.set()

        self._thread = threading.Thread(target=serve, name="serving", daemon=True)
        self._thread.start()
        if not started.wait(_START) or not all(server.started for server in self._servers):
            self.stop()
            raise StokerError("the servers did not start", where=", ".join(self.ports))

    async def _serve(self, started: threading.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            working = tasks.create_task(self._work())
            serving = [
                tasks.create_task(server.serve(sockets=[door]))
                for server, door in zip(self._servers, self._doors, strict=True)
            ]
            while not all(server.started for server in self._servers):  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.005)
            started.set()
            await asyncio.gather(*serving)
            working.cancel()
            for server in self._servers:
                for connection in list(server.server_state.connections):
                    connection.transport.abort()

    async def _work(self) -> None:
        log = logs.logger("serving")
        while self._chores:
            for chore in self._chores:
                try:
                    chore()
                except Exception:  # no chore may end what is served
                    log.exception("a chore failed")
            await asyncio.sleep(self._every)

    def _close(self) -> None:
        for door in self._doors:
            door.close()
