"""Requests and answers as plain values, between the sockets and what decides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs

from attrs import field, frozen

HTML: Final = "text/html;charset=utf-8"
JSON: Final = "application/json"
API: Final = "/data/api/v1"

_REASONS: Final[Mapping[int, str]] = {
    200: "OK",
    204: "No Content",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    413: "Content Too Large",
    423: "Locked",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


def reason(status: int) -> str:
    """The phrase of a status."""
    return _REASONS.get(status, "Status")


@frozen(kw_only=True)
class Request:
    """A request; the names of the headers are lower case."""

    method: str
    path: str
    """As it was sent: what stands in it may be percent-encoded."""
    query: str = ""
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = b""
    secure: bool = False
    """Whether it came over TLS."""
    control: bool = False
    """Whether it came by the control port."""
    received_ms: int = 0

    def parameter(self, name: str) -> str:
        """The first value of a parameter of the query; empty if it has none."""
        return parse_qs(self.query).get(name, [""])[0]

    def number(self, name: str, otherwise: int) -> int:
        """A parameter of the query that is a whole number."""
        text = self.parameter(name)
        return int(text) if text.isascii() and text.isdigit() else otherwise

    def document(self) -> Mapping[str, object]:
        """The JSON object in the body; an empty one for anything else."""
        try:
            value = json.loads(self.body or b"{}")
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    def endpoint(self) -> str:
        """`POST /scan/projects`: the method, and the path below the API's root."""
        return f"{self.method} {self.path.removeprefix(API)}"


@frozen
class Response:
    """An answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = HTML
    headers: Mapping[str, str] = field(factory=dict)


def json_response(value: object, status: int = 200) -> Response:
    """An answer with a JSON document."""
    return Response(status, json.dumps(value).encode(), JSON)


def page_response(status: int, told: str = "") -> Response:
    """An error as a gateway shows it: a page for people, whoever asked."""
    title = f"{status} {reason(status)}"
    head = f"<html><head><title>{title}</title></head>"
    text = f"{head}<body><h1>{title}</h1><p>{told}</p></body></html>"
    return Response(status, text.encode())
