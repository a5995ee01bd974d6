"""Real servers on free ports of this machine, and clients that look closely."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable
from pathlib import Path

from attrs import define, field

from stoker.entrypoints.serving import Servers, Verdict


@define
class Settings:
    """What the controller would be told."""

    metrics_address: str = "127.0.0.1:0"
    metrics_certificates: Path | None = None
    probe_address: str = "127.0.0.1:0"


@define
class Healthy:
    """A controller that is as it is told to be."""

    trouble: str = ""
    not_ready: str = ""

    def alive(self) -> str:
        return self.trouble

    def ready(self) -> str:
        return self.not_ready


@define
class Verdicts:
    """A reviewer that knows these tokens."""

    known: dict[str, Verdict] = field(factory=lambda: {"good": Verdict.ALLOWED})
    asked: list[str] = field(factory=list)
    wait: Callable[[], object] = lambda: None

    def __call__(self, token: str) -> Verdict:
        self.asked.append(token)
        self.wait()
        return self.known.get(token, Verdict.UNKNOWN)


@define
class Serving:
    """Servers that run, and what they were made of."""

    servers: Servers
    settings: Settings
    health: Healthy
    reviewer: Verdicts

    @property
    def probe_port(self) -> int:
        return self.servers.ports["probes"]

    @property
    def metrics_port(self) -> int:
        return self.servers.ports["metrics"]

    def probe(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.probe_port, timeout=5)
        return asked(connection, path)

    def scraping(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(
            "127.0.0.1", self.metrics_port, timeout=5, context=trusting()
        )

    def scrape(self, authorization: str = "", path: str = "/metrics") -> tuple[int, str]:
        headers = {"Authorization": authorization} if authorization else {}
        return asked(self.scraping(), path, headers)


def trusting() -> ssl.SSLContext:
    """A client that trusts anybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def asked(
    connection: http.client.HTTPConnection, path: str, headers: dict[str, str] | None = None
) -> tuple[int, str]:
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
