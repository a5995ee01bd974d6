"""One request and its answer, within a deadline, once.

Nothing is sent twice, followed, or waited for by itself: a redirect, a 429 and a broken connection
are the caller's to judge. An answer is read up to a limit, and a refusal up to 64 KiB. The observer
hears of each request as soon as its answer has come whole, or has failed; of a stream, when it has
begun.

What carries the bytes is a wire: `pooled` for whoever has a kubeconfig, `inside` for a pod.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias
from urllib.parse import urlencode

from attrs import define, field, frozen

from stoker.adapters.kube import json_text
from stoker.adapters.kube.errors import MOST_READ, ApiFailed, Unreachable, Unreadable, refused
from stoker.adapters.kube.reasons import Broken
from stoker.adapters.kube.resources import Resource

if TYPE_CHECKING:
    from stoker.adapters.kube.lines import Line

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


class TooLarge(Unreadable):
    """More came than is read."""


class Answer(Protocol):
    """An answer whose body has not been read yet."""

    @property
    def status(self) -> int:
        """That of HTTP."""
        ...

    @property
    def line(self) -> Line | None:
        """What it comes over."""
        ...

    def header(self, name: str) -> str:
        """A header, or ""."""
        ...

    def read(self, most: int) -> bytes:
        """What has come of the body, as it was sent; b"": it is over. Raises `Broken`."""
        ...

    def keep(self) -> None:
        """It was read to its end, so that its connection may serve another request."""
        ...

    def close(self) -> None:
        """Be done with it, wherever it is."""
        ...


class Wire(Protocol):
    """The way to one API server; calls may come from any thread."""

    def ask(  # noqa: PLR0913 - what makes a request, and its limits
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        connecting: float,
        seconds: float,
    ) -> Answer:
        """Send the request once, with our credential; raises `Broken`.

        `seconds` is what all of it may take until the body is read, `connecting` a part of that.
        """
        ...

    def close(self) -> None:
        """Let go of the connections that nobody uses."""
        ...


@define
class Transport:
    """Requests over a wire; calls may come from any thread."""

    wire: Wire
    user_agent: str
    observer: Observer = lambda _method, _resource, _status, _seconds: None

    def document(self, request: Request, seconds: float) -> dict[str, Any]:
        """What the API server answers; raises `ApiFailed`."""
        with self._observed(request) as seen:
            answer = self._begun(request, min(CONNECTING, seconds), seconds)
            seen.status = answer.status
            if answer.status >= _REFUSED:
                raise _refusal(request, answer)
            body, is_whole = _body(answer, MOST)
        if not is_whole:
            raise TooLarge(f"the answer is larger than {MOST} bytes", where=request.where)
        return _read(request, seen.status, body)

    def stream(self, request: Request, idle: float) -> Answer:
        """The answer whose body is read bit by bit; raises `ApiFailed`."""
        with self._observed(request) as seen:
            answer = self._begun(request, CONNECTING, idle)
            seen.status = answer.status
            if answer.status >= _REFUSED:
                raise _refusal(request, answer)
        return answer

    def close(self) -> None:
        """Let go of the connections that nobody uses."""
        self.wire.close()

    @contextmanager
    def _observed(self, request: Request) -> Iterator[_Seen]:
        """What goes wrong between here and the server becomes `Unreachable`."""
        began, seen = time.monotonic(), _Seen()
        try:
            yield seen
        except Broken as error:
            raise Unreachable(error.why, where=request.where) from error
        finally:
            took = time.monotonic() - began
            self.observer(request.method, request.resource, seen.status, took)

    def _begun(self, request: Request, connecting: float, seconds: float) -> Answer:
        headers = {"Accept": request.accept, "User-Agent": self.user_agent}
        body = None
        if request.body is not None:
            headers["Content-Type"] = request.content_type
            body = json_text.written(request.body)
        query = urlencode(request.query, errors="surrogatepass")
        return self.wire.ask(
            "GET" if request.method == "WATCH" else request.method,
            request.path + (f"?{query}" if query else ""),
            headers,
            body,
            connecting=connecting,
            seconds=seconds,
        )


@define
class _Seen:
    """What is known of an answer so far."""

    status: int = 0


def _refusal(request: Request, answer: Answer) -> ApiFailed:
    """The error for an answer that is none of success; half of one says enough."""
    try:
        body, _ = _body(answer, MOST_READ)
    except Broken:
        body = b""
    return refused(request.where, answer.status, body, answer.header("Retry-After"))


def _body(answer: Answer, most: int) -> tuple[bytes, bool]:
    """As much of the body as is read, and whether that is all."""
    body = bytearray()
    try:
        while block := answer.read(_BLOCK):
            body += block
            if len(body) > most:
                answer.close()
                return bytes(body[:most]), False
    except BaseException:
        answer.close()
        raise
    answer.keep()
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
