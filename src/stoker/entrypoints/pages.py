"""A web server for a few short pages: probes, metrics.

It reads the head of a request and nothing else, answers, and closes. Clients that are slow, and too
many at a time, cost it nothing but their own connection: each has a thread for some seconds at
most, and there are few threads. The standard library's server would do, and takes 2 MB of memory
for what nobody asks of it here.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.errors import StokerError

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_AT_ONCE: Final = 16
PATIENCE: Final = 3.0
"""Seconds in which a client has to say what it wants, and again to take the answer."""

_MOST_HEAD: Final = 16 << 10
_WORDS: Final = 3
_END: Final = b"\r\n\r\n"


@frozen
class Page:
    """An answer."""

    status: HTTPStatus
    text: str = ""
    kind: str = "text/plain; charset=utf-8"


@frozen
class Request:
    """What is asked, without its query, and by whom."""

    method: str
    path: str
    client: str


NOT_FOUND: Final = Page(HTTPStatus.NOT_FOUND, "not found")
NOT_ALLOWED: Final = Page(HTTPStatus.METHOD_NOT_ALLOWED, "not allowed")
_BAD: Final = Page(HTTPStatus.BAD_REQUEST, "bad request")


class Pages:
    """Answers at one address, from `start` to `stop`."""

    def __init__(self, host: str, port: int, answer: Callable[[Request], Page]) -> None:
        """Bind; an empty host is every address. Raises `StokerError` where that cannot be had."""
        self._answer = answer
        self._free = threading.Semaphore(MOST_AT_ONCE)
        self._over = False
        try:
            self._socket = _bound(host, port)
        except OSError as error:
            raise StokerError(
                f"cannot listen: {error}",
                where=f"{host}:{port}",
                cure="choose another address and port",
            ) from error
        self.port = int(self._socket.getsockname()[1])
        """The port that was bound."""

    def start(self) -> None:
        """Answer from now on."""
        threading.Thread(target=self._accept, name=f"pages-{self.port}", daemon=True).start()

    def stop(self) -> None:
        """Answer no more."""
        self._over = True
        with suppress(OSError):  # who waits for a client is told that there will be none
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, address = self._socket.accept()
            except OSError:
                if self._over:
                    return
                continue
            if not self._free.acquire(blocking=False):
                connection.close()
                continue
            serving = (connection, str(address[0]))
            threading.Thread(target=self._serve, args=serving, name="page", daemon=True).start()

    def _serve(self, connection: socket.socket, client: str) -> None:
        try:
            with connection:
                connection.settimeout(PATIENCE)
                request = _request(_head(connection), client)
                page = _BAD if request is None else self._answer(request)
                with_text = request is None or request.method != "HEAD"
                connection.sendall(_written(page, with_text=with_text))
        except OSError:
            # Nobody is there any more to be told.
            return
        finally:
            self._free.release()


def _bound(host: str, port: int) -> socket.socket:
    if not host and socket.has_dualstack_ipv6():
        with suppress(OSError):  # a kernel may have been told to do without
            family = socket.AF_INET6
            return socket.create_server(("", port), family=family, dualstack_ipv6=True)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def _head(connection: socket.socket) -> bytes:
    """What came until the head was whole, or too long, or nothing came any more."""
    head = b""
    while _END not in head and len(head) <= _MOST_HEAD and (more := connection.recv(_MOST_HEAD)):
        head += more
    return head


def _request(head: bytes, client: str) -> Request | None:
    words = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
    if _END not in head or len(words) != _WORDS or not words[2].startswith("HTTP/1."):
        return None
    return Request(words[0], words[1].partition("?")[0], client)


def _written(page: Page, *, with_text: bool) -> bytes:
    body = page.text.encode("utf-8", "replace")
    head = (
        f"HTTP/1.1 {page.status.value} {page.status.phrase}\r\n"
        f"Content-Type: {page.kind}\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + (body if with_text else b"")
