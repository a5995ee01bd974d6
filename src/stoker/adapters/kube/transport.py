"""One request and its answer, within a deadline, once.

Nothing is sent twice, followed, or waited for by itself: a redirect, a 429 and a broken connection
are the caller's to judge. An answer is read up to a limit, and a refusal up to 64 KiB. The observer
hears of each request as soon as its answer has come whole, or has failed; of a stream, when it has
begun.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode

import urllib3
from attrs import define, field, frozen
from kubernetes.config import ConfigException
from urllib3.exceptions import HTTPError

from stoker.adapters.kube import json_text
from stoker.adapters.kube.errors import MOST_READ, ApiFailed, Unreachable, Unreadable, refused
from stoker.adapters.kube.reasons import why
from stoker.adapters.kube.resources import Resource

CONNECTING: Final = 5.0
"""Seconds until there is a connection, TLS included."""
MOST: Final = 1 << 26
"""Bytes of an answer; the largest object has some 3 MB, and a list is asked for in pages."""

_BLOCK: Final = 1 << 16
_REFUSED: Final = 300
_CURE: Final = "check that this is the address of an API server, with no other server in between"

Observer: TypeAlias = Callable[[str, Resource | None, int, float], None]
"""Method, resource, status (0 without an answer) and seconds of a request."""


@frozen(kw_only=True)
class Request:
    """What is asked. `method` is that of HTTP, or WATCH."""

    method: str
    path: str
    resource: Resource | None = None
    query: Mapping[str, str] = field(factory=dict)
    body: object = field(default=None, repr=False)
    content_type: str = "application/json"
    accept: str = "application/json"

    @property
    def where(self) -> str:
        """How errors name it."""
        return f"{self.method} {self.path}"


@frozen
class TooLarge(Unreadable):
    """More came than is read."""


@define
class Transport:
    """The way to one API server; calls may come from any thread."""

    address: str
    pool: urllib3.PoolManager = field(repr=False)
    credential: Callable[[], str] = field(repr=False)
    """The `Authorization` header as it is now; "" for none."""
    user_agent: str
    observer: Observer = lambda _method, _resource, _status, _seconds: None
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)

    def document(self, request: Request, seconds: float) -> dict[str, Any]:
        """What the API server answers; raises `ApiFailed`."""
        timeout = urllib3.Timeout(connect=min(CONNECTING, seconds), total=seconds)
        with self._observed(request) as seen:
            response = self._begun(request, timeout)
            seen.status = response.status
            if response.status >= _REFUSED:
                raise _refusal(request, response)
            body, is_whole = _body(response, MOST)
        if not is_whole:
            raise TooLarge(f"the answer is larger than {MOST} bytes", where=request.where)
        return _read(request, seen.status, body)

    def stream(self, request: Request, idle: float) -> urllib3.BaseHTTPResponse:
        """The answer whose body is read bit by bit; raises `ApiFailed`."""
        with self._observed(request) as seen:
            response = self._begun(request, urllib3.Timeout(connect=CONNECTING, read=idle))
            seen.status = response.status
            if response.status >= _REFUSED:
                raise _refusal(request, response)
        return response

    def close(self) -> None:
        """Let go of the connections that nobody uses."""
        self.pool.clear()

    @contextmanager
    def _observed(self, request: Request) -> Iterator[_Seen]:
        """What goes wrong between here and the server becomes `Unreachable`."""
        began, seen = time.monotonic(), _Seen()
        try:
            yield seen
        except (HTTPError, HTTPException, OSError, ValueError, ConfigException) as error:
            raise Unreachable(why(error), where=request.where) from error
        finally:
            took = time.monotonic() - began
            self.observer(request.method, request.resource, seen.status, took)

    def _begun(self, request: Request, timeout: urllib3.Timeout) -> urllib3.BaseHTTPResponse:
        headers = {"Accept": request.accept, "User-Agent": self.user_agent}
        with self._lock:  # it may read a file, or run a program
            if credential := self.credential():
                headers["Authorization"] = credential
        body = None
        if request.body is not None:
            headers["Content-Type"] = request.content_type
            body = json_text.written(request.body)
        query = urlencode(request.query)
        return self.pool.urlopen(
            "GET" if request.method == "WATCH" else request.method,
            f"{self.address}{request.path}" + (f"?{query}" if query else ""),
            body=body,
            headers=headers,
            timeout=timeout,
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )


@define
class _Seen:
    """What is known of an answer so far."""

    status: int = 0


def _refusal(request: Request, response: urllib3.BaseHTTPResponse) -> ApiFailed:
    """The error for an answer that is none of success; half of one says enough."""
    try:
        body, _ = _body(response, MOST_READ)
    except (HTTPError, HTTPException, OSError):
        body = b""
    wait = response.headers.get("Retry-After", "")
    return refused(request.where, response.status, body, wait)


def _body(response: urllib3.BaseHTTPResponse, most: int) -> tuple[bytes, bool]:
    """As much of the body as is read, and whether that is all."""
    body = bytearray()
    try:
        while block := response.read1(_BLOCK, decode_content=False):
            body += block
            if len(body) > most:
                response.close()
                return bytes(body[:most]), False
    except BaseException:
        response.close()
        raise
    response.release_conn()
    return bytes(body), True


def _read(request: Request, status: int, body: bytes) -> dict[str, Any]:
    try:
        document = json_text.read(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable(
            "the answer is not JSON", where=request.where, cure=_CURE, status=status
        ) from error
    if not isinstance(document, dict):
        raise Unreadable(
            "the answer is not a document", where=request.where, cure=_CURE, status=status
        )
    return document
