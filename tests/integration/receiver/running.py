"""A receiver on a free port of this machine, with as much of an API server as it needs."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import define, field
from starlette.types import ASGIApp, Receive, Scope, Send

from stoker.adapters.clock import utc_now
from stoker.core.payload import sign
from stoker.entrypoints.serving import Listener, Servers
from stoker.entrypoints.webhook.known import KnownCrs
from stoker.entrypoints.webhook.receiver import ReceiverSettings, receiver
from support.crs_api import CrsApi
from support.server_processes import eventually

GLOBAL = "everyones-planted-secret"
OWN = "planted-secret-of-line-a"


@define
class Meter:
    """What was counted."""

    counted: list[tuple[str, int, float]] = field(factory=list)

    def received(self, source: str, status_code: int, seconds: float) -> None:
        self.counted.append((source, status_code, seconds))


@define
class Entrance:
    """Counts who comes in."""

    app: ASGIApp
    entered: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.entered += 1
        await self.app(scope, receive, send)


@define
class Answer:
    """A response, and after how many seconds it came."""

    status: int
    headers: Mapping[str, str]
    raw: bytes
    seconds: float

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@define
class Running:
    """A receiver that runs, and what it was made of."""

    api: CrsApi
    known: KnownCrs
    servers: Servers
    app: Entrance
    meter: Meter
    complaints: list[str]

    @property
    def port(self) -> int:
        return self.servers.ports["receiver"]

    def knows(self, name: str, namespace: str = "plant") -> None:
        """Wait until it has seen this CR."""
        assert eventually(lambda: self.known.cr(namespace, name) is not None)

    def post(
        self,
        body: bytes | object,
        headers: Mapping[str, str] | None = None,
        path: str = "/webhook/plant/site",
        *,
        secret: str | None = GLOBAL,
        method: str = "POST",
    ) -> Answer:
        """Send one request; signed, unless there is no secret."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {} if secret is None else {"X-Hub-Signature-256": sign(raw, secret)}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        began = time.monotonic()
        try:
            connection.request(method, path, raw, {**named, **(headers or {})})
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read(), time.monotonic() - began)
        finally:
            connection.close()

    def raw(self) -> socket.socket:
        """A connection for who wants to write by hand."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=15)


def start(
    api: CrsApi,
    folder: Path,
    *,
    namespaces: tuple[str, ...] = (),
    tls: ssl.SSLContext | None = None,
    **given: Any,
) -> Running:
    """A receiver with these settings; to be stopped by `stop`."""
    complaints: list[str] = []
    client = api.client(folder)
    known = KnownCrs(
        client, namespaces, utc_now, lambda what, error: complaints.append(f"{what}: {error}")
    )
    meter = Meter()
    limits = given.pop("limits", None)
    settings = ReceiverSettings(**{"secret_seconds": 0.1, **given})
    app = Entrance(receiver(known, client, meter, settings))
    known.start()
    servers = Servers(
        [
            Listener(
                what="receiver",
                address="127.0.0.1:0",
                app=app,
                limits=limits or settings.limits,
                context=tls,
            )
        ]
    )
    servers.start()
    assert eventually(lambda: not known.trouble)
    return Running(api, known, servers, app, meter, complaints)


def stop(running: Running) -> None:
    """End it."""
    running.servers.stop()
    running.known.stop()
