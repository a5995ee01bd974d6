"""What is served at one address, and the server of uvicorn for it.

A request that has got no answer within its time is cut, whoever is slow, and sooner if not even
its head has come; a connection without a request is kept for a while, and then closed. What is
larger than a few kilobytes before it is a request is refused.
"""

from __future__ import annotations

import asyncio
import ssl
from asyncio.sslproto import SSLProtocol
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from attrs import define, field, frozen
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from asyncio.base_events import Server
    from collections.abc import Callable

_LARGEST_HEAD: Final = 16 << 10
_HANDSHAKE: Final = 10.0
_FAREWELL: Final = 2.0
_CLOSE: Final = (b"connection", b"close")


@frozen(kw_only=True)
class Limits:
    """How long things take at the most, in seconds, and how many there may be."""

    answer: float = 20.0
    """From a request's first byte to the end of the answer."""
    head: float = 5.0
    """From a request's first byte to the end of its headers."""
    idle: float = 5.0
    """How long a connection is kept before the first request and after an answer. A client that
    keeps it for longer may send a request while it is being closed, and that request is lost."""
    connections: int | None = None
    """The most at a time; None: any number."""
    per_source: int | None = None
    """The most of one address."""


@frozen(kw_only=True)
class Listener:
    """What is served at one address."""

    what: str
    """What it is to errors and logs: "probes", "metrics", "admission"."""
    address: str
    """Such as `:8443`; `0`: it is off."""
    app: ASGIApp
    context: ssl.SSLContext | None = None
    """For TLS; its certificate may be another one at any time."""
    limits: Limits = Limits()


# What a connection with TLS has to read into; 256 kB of asyncio's own would be most of the memory
# that a thousand of them take. A record of TLS has 16 kB.
SSLProtocol.max_size = 32 << 10


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose servers do not wait long for who is slow with TLS."""

    async def create_server(self, *given: Any, **named: Any) -> Server:  # noqa: ANN401 - as the class above
        """As the class above."""
        if named.get("ssl") is not None:
            times = {"ssl_handshake_timeout": _HANDSHAKE, "ssl_shutdown_timeout": _FAREWELL}
            named = times | named
        return await super().create_server(*given, **named)


def server_of(listener: Listener, leaving: Callable[[], bool], graceful: int) -> uvicorn.Server:
    """The server; while `leaving`, each answer is the last of its connection.

    At its end, answers that are on their way have `graceful` seconds.
    """
    context = listener.context
    config = uvicorn.Config(
        _last_answers(listener.app, leaving),
        loop="asyncio",
        http=_bounded(listener.limits),
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=graceful,
        h11_max_incomplete_event_size=_LARGEST_HEAD,
        ssl_context_factory=(lambda *_: context) if context else None,
    )
    return uvicorn.Server(config)


def _last_answers(app: ASGIApp, leaving: Callable[[], bool]) -> ASGIApp:
    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and leaving():
                message = {**message, "headers": [*message.get("headers", ()), _CLOSE]}
            await send(message)

        await app(scope, receive, told)

    return wrapped


@define
class _Ends:
    """What ends a connection unless something else happens before."""

    loop: asyncio.AbstractEventLoop
    _ends: list[asyncio.TimerHandle] = field(factory=list)

    @property
    def are_set(self) -> bool:
        return bool(self._ends)

    def set(self, *ends: tuple[float, Callable[[], None]]) -> None:
        """These and no others: after so many seconds, this."""
        self.unset()
        self._ends = [self.loop.call_later(seconds, end) for seconds, end in ends]

    def unset(self) -> None:
        for end in self._ends:
            end.cancel()
        self._ends = []


def _bounded(limits: Limits) -> type[asyncio.Protocol]:
    """The protocol of a connection that is cut when nothing comes or is answered for so long."""

    class Bounded(H11Protocol):
        _is_fresh = True

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the class above
            super().connection_made(transport)
            self.timeout_keep_alive = limits.idle  # type: ignore[assignment]  # it goes to call_later
            self._ends = _Ends(self.loop)
            self._ends.set((limits.idle, transport.abort))

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            self._unset_keepalive_if_required()
            self._ends.unset()

        def data_received(self, data: bytes) -> None:
            if self._is_fresh or not self._ends.are_set:
                self._is_fresh = False
                self._wait_for_request()
            super().data_received(data)

        def on_response_complete(self) -> None:
            self._ends.unset()
            super().on_response_complete()
            if self.timeout_keep_alive_task is None:  # the next request is here already
                self._wait_for_request()

        def _wait_for_request(self) -> None:
            self._ends.set(
                (limits.answer, self.transport.abort), (limits.head, self._cut_without_head)
            )

        def _cut_without_head(self) -> None:
            # There is no request at all before the first, and afterwards an old one.
            if getattr(self.cycle, "response_complete", True):
                self.transport.abort()

    return Bounded
