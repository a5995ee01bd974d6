"""Probes over HTTP and metrics over HTTPS: one thread, one event loop, two servers of uvicorn.

The ports are bound before the thread starts, so who cannot have one learns it at once. A connection
that has got no answer within its time is cut, whoever is slow; what is larger than a few kilobytes
before it is a request is refused. At the end, answers that are on their way have a second.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Final, Protocol

import uvicorn
from attrs import frozen
from uvicorn.protocols.http.h11_impl import H11Protocol

from stoker.adapters.clock import utc_now
from stoker.core.errors import StokerError
from stoker.entrypoints.controller.serving.addresses import bound
from stoker.entrypoints.controller.serving.answering import Health, metrics, probes
from stoker.entrypoints.controller.serving.certificate import ServedCertificate
from stoker.entrypoints.controller.serving.reviewing import Reviewer, Verdict, reviewer_of

if TYPE_CHECKING:
    import socket
    import ssl
    from pathlib import Path

    from prometheus_client import CollectorRegistry
    from starlette.applications import Starlette

__all__ = ["Health", "Limits", "Reviewer", "Servers", "ServingSettings", "Verdict", "reviewer_of"]

MOST_CONNECTIONS: Final = 100
"""How many connections the metrics have at a time."""

_LARGEST_HEAD: Final = 16 << 10
_START: Final = 10.0
_END: Final = 2.0


@frozen
class Limits:
    """How long things take at the most, in seconds."""

    answer: float = 20.0
    """From a connection, or its last answer, to the end of the next answer."""
    look: float = 10.0
    """Between two looks at the certificate."""


_LIMITS: Final = Limits()


class ServingSettings(Protocol):
    """What of the controller's settings is needed here."""

    @property
    def metrics_address(self) -> str: ...  # noqa: D102 - as the option
    @property
    def metrics_certificates(self) -> Path | None: ...  # noqa: D102 - as the option
    @property
    def probe_address(self) -> str: ...  # noqa: D102 - as the option


class Servers:
    """The servers of a controller; started once, and stopped once."""

    def __init__(
        self,
        settings: ServingSettings,
        health: Health,
        registry: CollectorRegistry,
        reviewer: Reviewer,
        limits: Limits = _LIMITS,
    ) -> None:
        """Nothing is bound before `start`."""
        self._settings = settings
        self._health, self._registry, self._reviewer = health, registry, reviewer
        self._limits = limits
        self._thread: threading.Thread | None = None
        self._servers: list[uvicorn.Server] = []
        self._sockets: list[socket.socket] = []
        self._failed: BaseException | None = None
        self.probe_port = self.metrics_port = 0
        """The ports that were bound; 0 where there is none."""

    def start(self) -> None:
        """Serve from now on; raises `StokerError` where a port or certificate cannot be had."""
        certificate: ServedCertificate | None = None
        try:
            if probing := self._bind(self._settings.probe_address, "probes"):
                self.probe_port = _port(probing)
                self._add(probes(self._health), None)
            if scraping := self._bind(self._settings.metrics_address, "metrics"):
                self.metrics_port = _port(scraping)
                certificate = ServedCertificate(self._settings.metrics_certificates, utc_now)
                app = metrics(self._registry, self._reviewer)
                self._add(app, certificate.context)
        except StokerError:
            self._close()
            raise
        if self._servers:
            self._run(certificate)

    def stop(self) -> None:
        """Serve no more; within two seconds."""
        for server in self._servers:
            server.should_exit = True
        if self._thread is not None:
            self._thread.join(_END)
        self._close()

    def _bind(self, address: str, what: str) -> socket.socket | None:
        listening = bound(address, what)
        if listening is not None:
            self._sockets.append(listening)
        return listening

    def _add(self, app: Starlette, context: ssl.SSLContext | None) -> None:
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=_bounded(self._limits.answer),
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            # A liveness probe that found no place would have the controller killed.
            limit_concurrency=MOST_CONNECTIONS if context else None,
            timeout_graceful_shutdown=1,
            h11_max_incomplete_event_size=_LARGEST_HEAD,
            ssl_context_factory=(lambda *_: context) if context else None,
        )
        self._servers.append(uvicorn.Server(config))

    def _run(self, certificate: ServedCertificate | None) -> None:
        started = threading.Event()

        def serve() -> None:
            try:
                asyncio.run(self._serve(certificate, started))
            finally:
                started.set()

        self._thread = threading.Thread(target=serve, name="serving", daemon=True)
        self._thread.start()
        if not started.wait(_START) or not all(server.started for server in self._servers):
            self.stop()
            raise StokerError("the servers of probes and metrics did not start", where="serving")

    async def _serve(self, certificate: ServedCertificate | None, started: threading.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(self._keep_good(certificate))
            serving = [
                tasks.create_task(server.serve(sockets=[one]))
                for server, one in zip(self._servers, self._sockets, strict=True)
            ]
            while not all(server.started for server in self._servers):  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.005)
            started.set()
            await asyncio.gather(*serving)
            looking.cancel()
            for server in self._servers:
                for connection in list(server.server_state.connections):
                    connection.transport.abort()

    async def _keep_good(self, certificate: ServedCertificate | None) -> None:
        while certificate is not None:
            await asyncio.sleep(self._limits.look)
            certificate.look()

    def _close(self) -> None:
        for one in self._sockets:
            one.close()


def _port(listening: socket.socket) -> int:
    return int(listening.getsockname()[1])


def _bounded(longest: float) -> type[asyncio.Protocol]:
    """The protocol of a connection that is cut when nothing is answered for so long."""

    class Bounded(H11Protocol):
        _end: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the class above
            super().connection_made(transport)
            self._count_anew()

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self._end is not None:
                self._end.cancel()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._count_anew()

        def _count_anew(self) -> None:
            if self._end is not None:
                self._end.cancel()
            self._end = self.loop.call_later(longest, self.transport.abort)

    return Bounded
