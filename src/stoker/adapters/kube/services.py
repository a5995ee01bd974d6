"""Services of a cluster, and requests to them by way of the API server.

The API server passes on what is asked of `…/services/NAME:PORT/proxy/…`, with the rights of whoever
asks it; so a Service that has no address outside can be reached by all who can reach the cluster.
It keeps `Authorization` for itself. What it passes back and what it says itself look alike but for
the body: its own refusals are `Status` documents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from attrs import frozen

from stoker.adapters.kube.errors import Unreachable
from stoker.adapters.kube.reasons import Broken
from stoker.adapters.kube.resources import Resource
from stoker.adapters.kube.transport import CONNECTING, Transport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stoker.adapters.kube.client import Client, Document

SERVICES: Final = Resource("v1", "services", "Service")
MOST_READ: Final = 1 << 16
"""Bytes of an answer that are looked at."""


@frozen
class Way:
    """A Service, and the port that is meant."""

    namespace: str
    name: str
    port: str = ""
    is_tls: bool = False

    def __str__(self) -> str:
        """As somebody would write it."""
        port = f":{self.port}" if self.port else ""
        return f"{self.namespace}/{self.name}{port}"

    @property
    def path(self) -> str:
        """Where the API server has it."""
        named = f"{'https' if self.is_tls else 'http'}:{self.name}:{self.port}"
        return f"{SERVICES.path(self.namespace)}/{quote(named, safe=':')}/proxy"


@frozen
class Passed:
    """What came back: from the Service, or from the API server."""

    status: int
    retry_after: str
    body: bytes


def services(client: Client, labels: str) -> Iterator[Way]:
    """The Services with these labels, each with its first port; raises `ApiFailed`."""
    for page in client.pages(SERVICES, labels=labels):
        for document in page.items:
            yield _way(document)


def service(client: Client, namespace: str, name: str) -> Way:
    """This Service with its first port; raises `NotFound` and others."""
    return _way(client.get(SERVICES, namespace, name))


def post(  # noqa: PLR0913 - what makes a request
    transport: Transport,
    way: Way,
    path: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    seconds: float,
) -> Passed:
    """Send it once; raises `Unreachable` where no answer comes from either of them."""
    target = way.path + path
    try:
        answer = transport.wire.ask(
            "POST", target, headers, body, connecting=min(CONNECTING, seconds), seconds=seconds
        )
        read = bytearray()
        while len(read) < MOST_READ and (block := answer.read(MOST_READ)):
            read += block
        answer.close()
    except Broken as error:
        raise Unreachable(error.why, where=f"POST {target}") from error
    return Passed(answer.status, answer.header("Retry-After"), bytes(read))


def _way(document: Document) -> Way:
    metadata, ports = document["metadata"], document.get("spec", {}).get("ports") or [{}]
    port = ports[0]
    name = str(port.get("name", ""))
    is_tls = port.get("appProtocol") == "https" or name.startswith("https")
    number = str(port.get("port", ""))
    return Way(metadata["namespace"], metadata["name"], number, is_tls)
