"""Talking to a gateway over a socket, one request a connection, with nothing in between."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from attrs import frozen

from stoker.testing.gateway import FakeGateway

API = "/data/api/v1"


@frozen
class Said:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The JSON in the body."""
        return json.loads(self.body)

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people."""
        return self.headers["Content-Type"].startswith("text/html") and b"<html>" in self.body


def ask(
    url: str,
    endpoint: str,
    body: Any = None,
    *,
    token: str = "",
    timeout: float = 10.0,
) -> Said:
    """Ask for `GET /path` at an address."""
    method, _, path = endpoint.partition(" ")
    where = urlsplit(url)
    connection: http.client.HTTPConnection
    if where.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(where.netloc, timeout=timeout, context=context)
    else:
        connection = http.client.HTTPConnection(where.netloc, timeout=timeout)
    sent = {"X-Ignition-API-Token": token} if token else {}
    content = json.dumps(body) if body is not None else None
    try:
        connection.request(method, path, content, sent)
        answer = connection.getresponse()
        return Said(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


def api(gateway: FakeGateway, endpoint: str, body: Any = None, **more: Any) -> Said:
    """Ask the REST API with the gateway's own token; paths are below the API's root."""
    method, _, path = endpoint.partition(" ")
    more = {"token": gateway.token, **more}
    return ask(more.pop("url", gateway.url), f"{method} {API}{path}", body, **more)
