"""HTTP/1.1 on a socket, done rightly, or wrongly in the way that an action asks for."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.testing.gateway.actions import (
    Action,
    Delay,
    Hang,
    Reset,
    SlowBody,
    TruncatedBody,
)
from stoker.testing.gateway.messages import Request, Response, reason

if TYPE_CHECKING:
    from io import BufferedReader

_MAX_LINE: Final = 1 << 16
_MAX_HEADERS: Final = 100
_MAX_BODY: Final = 64 << 20
_PIECES: Final = 20
_AT_ONCE: Final = struct.pack("ii", 1, 0)
"""`SO_LINGER` of a socket whose end is a reset."""


@frozen
class Exchange:
    """What is sent back, what goes wrong with it, and what happens when it was sent."""

    response: Response
    action: Action | None = None
    then: Callable[[], None] | None = None


@frozen
class BrokenRequest(Exception):
    """Something came in that is no request."""

    why: str

    def __str__(self) -> str:
        """The reason."""
        return self.why


def read_request(stream: BufferedReader) -> Request | None:
    """The next request; None where the other side has said all that it had to say."""
    line = stream.readline(_MAX_LINE)
    if not line.strip():
        return None
    words = line.decode("latin-1").split()
    if len(words) != len(("method", "target", "version")) or not words[2].startswith("HTTP/1."):
        raise BrokenRequest("This is no request.")
    headers = _headers(stream)
    path, _, query = words[1].partition("?")
    body = _body(stream, headers)
    return Request(method=words[0], path=path, query=query, headers=headers, body=body)


def _headers(stream: BufferedReader) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_MAX_HEADERS):
        line = stream.readline(_MAX_LINE)
        if not line.strip():
            return headers
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise BrokenRequest("A header has no colon.")
        headers[name.strip().lower()] = value.strip()
    raise BrokenRequest("There are too many headers.")


def _body(stream: BufferedReader, headers: Mapping[str, str]) -> bytes:
    if "transfer-encoding" in headers:
        raise BrokenRequest("A body has to have a length.")
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or int(length) > _MAX_BODY:
        raise BrokenRequest("The length of the body is no good.")
    body = stream.read(int(length))
    if len(body) < int(length):
        raise BrokenRequest("The body is shorter than was said.")
    return body


def send(
    connection: socket.socket, exchange: Exchange, *, keep: bool, head_only: bool = False
) -> bool:
    """Answer; whether the connection is good for another request."""
    response = exchange.response
    head = _head(response, keep=keep)
    body = b"" if head_only else response.body
    match exchange.action:
        case Hang(seconds, headers):
            if headers:
                connection.sendall(head)
            _wait_until_gone(connection, seconds)
            return False
        case Reset(after):
            _reset(connection, (head + body)[:after])
            return False
        case TruncatedBody(share):
            connection.sendall(head + body[: int(len(body) * share)])
            return False
        case SlowBody(seconds):
            connection.sendall(head)
            _drip(connection, body, seconds)
            return keep
        case Delay(seconds):
            gone = _wait_until_gone(connection, seconds)
            if gone:
                return False
    connection.sendall(head + body)
    return keep


def _head(response: Response, *, keep: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {response.status} {reason(response.status)}",
        f"Content-Type: {response.content_type}",
        f"Content-Length: {len(response.body)}",
        f"Connection: {'keep-alive' if keep else 'close'}",
        *(f"{name}: {value}" for name, value in response.headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def _wait_until_gone(connection: socket.socket, seconds: float | None) -> bool:
    """Wait; whether the other side (or the gateway's end) broke the connection meanwhile."""
    connection.settimeout(seconds)
    try:
        connection.recv(1)
    except TimeoutError:
        return False
    else:
        return True


def _drip(connection: socket.socket, body: bytes, seconds: float) -> None:
    size = max(len(body) // _PIECES, 1)
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    for piece in pieces:
        if _wait_until_gone(connection, seconds / len(pieces)):
            return
        connection.sendall(piece)


def _reset(connection: socket.socket, sent: bytes) -> None:
    if sent:
        connection.sendall(sent)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
