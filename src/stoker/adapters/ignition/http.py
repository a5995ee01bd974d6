"""One request, one connection, one deadline.

A timeout of a socket is one for each read: a server that sends a byte a second keeps its client
for ever. Here the deadline is that of the whole exchange, from the first packet to the last byte of
the body; every wait gets what is left of it. Only the look-up of a name that is no address has the
resolver's own time limit instead.

Nothing is followed, decompressed, kept or taken from the environment: `http.client` alone reads no
proxy settings and no redirects. It costs a tenth of the time and a quarter of the memory of a
bigger library, which counts in a sidecar.
"""

from __future__ import annotations

import io
import os
import socket
import ssl
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from attrs import field, frozen

from stoker.adapters.ignition.errors import NoAnswer
from stoker.core.scan.answer import MAX_BODY, Answer

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed import WriteableBuffer

    from stoker.adapters.ignition.address import Address

_BLOCK: Final = 1 << 16
_MOST: Final = MAX_BODY + (1 << 20)
"""Bytes that are taken from a connection: a body and its wrapping."""


_REASONS: Final = (
    (ConnectionRefusedError, "nobody listens there"),
    (ConnectionError, "the connection broke off"),
    (socket.gaierror, "its name is not known"),
    (IncompleteRead, "the answer broke off"),
    ((HTTPException, ValueError), "the answer is not HTTP"),
)


@frozen
class Request:
    """What is asked; `target` is a path, quoted, with its query."""

    method: str
    target: str
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes | None = None


@frozen
class Trust:
    """Which certificates are believed: those of `ca_file`, else the system's, or any."""

    verify: bool = True
    ca_file: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Made anew for each connection: authorities are renewed while an agent runs."""
        if self.verify:
            return self._checking()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    def _checking(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise NoAnswer(
                "the certificates of its authority cannot be read",
                where=str(self.ca_file or ""),
                cure="name a readable file of certificates in PEM form",
            ) from error


def exchange(address: Address, request: Request, trust: Trust, seconds: float) -> Answer:
    """The answer to `request`, whatever its status; raises `NoAnswer`."""
    try:
        with _Line(address, trust, seconds) as line:
            return _asked(line, address, request)
    except (OSError, HTTPException, ValueError) as error:
        raise NoAnswer(
            _why(error, seconds), where=f"{request.method} {address}{request.target}"
        ) from error


def _asked(line: _Line, address: Address, request: Request) -> Answer:
    connection = HTTPConnection(address.host, address.port)
    # It asks a socket for no more than `_Line` has.
    connection.sock = line
    headers = {**request.headers, "Connection": "close"}
    connection.request(request.method, request.target, request.body, headers)
    with connection.getresponse() as response:
        named = {name.lower(): str(text) for name, text in response.getheaders()}
        return Answer(response.status, _body(response), named)


def _body(response: HTTPResponse) -> bytes:
    """All of the body, or as much of it as anybody reads."""
    body = bytearray()
    while len(body) < MAX_BODY:
        block = response.read(min(_BLOCK, MAX_BODY - len(body)))
        if not block:
            # Where a length was told this does not raise by itself.
            if response.length:
                raise IncompleteRead(b"", response.length)
            break
        body += block
    return bytes(body)


class _Line:
    """A connection that stands for a socket, and hurries."""

    def __init__(self, address: Address, trust: Trust, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._socket = self._connected(address)
        if address.secure:
            try:
                self._hurry(self._socket)
                self._socket = trust.context().wrap_socket(
                    self._socket, server_hostname=address.host
                )
            except BaseException:
                self._socket.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._socket.close()

    def close(self) -> None:
        """Nothing: who reads an answer closes its socket before it has read the body."""

    def sendall(self, data: bytes) -> None:
        self._hurry(self._socket)
        self._socket.sendall(data)

    def receive(self, buffer: WriteableBuffer) -> int:
        self._hurry(self._socket)
        return self._socket.recv_into(buffer)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Received(self))

    def _hurry(self, connection: socket.socket) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)

    def _connected(self, address: Address) -> socket.socket:
        failure = OSError()
        for family, kind, protocol, _, place in socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM
        ):
            connection = socket.socket(family, kind, protocol)
            try:
                self._hurry(connection)
                connection.connect(place)
                # Headers and body are two packets, and the second shall not wait for a receipt.
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                connection.close()
                failure = error
            else:
                return connection
        raise failure


class _Received(io.RawIOBase):
    """What comes over a line, as a file, up to a limit that no answer reaches."""

    def __init__(self, line: _Line) -> None:
        self._line = line
        self._left = _MOST

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        if self._left <= 0:
            raise HTTPException("the answer has no end")
        count = self._line.receive(buffer)
        self._left -= count
        return count


def _why(error: Exception, seconds: float) -> str:
    """What is known of the reason, in words that hold nothing of the request."""
    match error:
        case TimeoutError():
            return f"no whole answer within {seconds:g} s"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return f"TLS failed: {(error.reason or 'no reason given').replace('_', ' ').lower()}"
    for kinds, why in _REASONS:
        if isinstance(error, kinds):
            return why
    return f"the connection failed: {os.strerror(getattr(error, 'errno', None) or 0)}"
