"""The wire of whoever has a kubeconfig: urllib3's pool, whose connections are lines.

The pool is the one that the official package makes, with its TLS and its proxies.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Final

import urllib3
from attrs import define, field
from kubernetes.config import ConfigException
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection

from stoker.adapters.kube import reasons
from stoker.adapters.kube.lines import SENDING, Line
from stoker.adapters.kube.reasons import Broken, Reasons

if TYPE_CHECKING:
    from urllib3 import HTTPResponse

_REASONS: Final[Reasons] = (
    (exceptions.NameResolutionError, reasons.UNKNOWN_NAME),
    (ConnectionRefusedError, reasons.NOBODY),
    ((TimeoutError, exceptions.ReadTimeoutError), reasons.TOO_SLOW),
    (exceptions.ProxyError, "the proxy does not let us through"),
    ((ConnectionError, exceptions.ProtocolError), reasons.BROKE_OFF),
    # urllib3 counts every failure to connect as a timeout.
    (exceptions.NewConnectionError, "no connection can be had"),
    (exceptions.TimeoutError, reasons.TOO_SLOW),
    ((HTTPException, exceptions.HTTPError), reasons.NOT_HTTP),
    (ConfigException, "the credential cannot be read"),
    *reasons.OF_SOCKETS,
)


@define
class Pooled:
    """The way to one API server through a pool; calls may come from any thread."""

    address: str
    pool: PoolManager = field(repr=False)
    credential: Callable[[], str] = field(repr=False)
    """The `Authorization` header as it is now; "" for none."""
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)

    def ask(  # noqa: PLR0913 - as a wire has it
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        connecting: float,
        seconds: float,
    ) -> _Answer:
        """Send the request once; raises `Broken`."""
        with _told():
            with self._lock:  # it may read a file, or run a program
                credential = self.credential()
            response = self.pool.urlopen(
                method,
                f"{self.address}{target}",
                body=body,
                headers={**headers, "Authorization": credential} if credential else headers,
                timeout=urllib3.Timeout(connect=connecting, total=seconds),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        return _Answer(response)

    def close(self) -> None:
        """Let go of the connections that nobody uses."""
        self.pool.clear()


@define
class _Answer:
    """What urllib3 makes of an answer."""

    _response: urllib3.BaseHTTPResponse

    @property
    def status(self) -> int:
        return self._response.status

    @property
    def line(self) -> Line | None:
        line = getattr(self._response, "line", None)
        return line if isinstance(line, Line) else None

    def header(self, name: str) -> str:
        return self._response.headers.get(name, "")

    def read(self, most: int) -> bytes:
        with _told():
            return self._response.read1(most, decode_content=False)

    def keep(self) -> None:
        self._response.release_conn()

    def close(self) -> None:
        self._response.close()


@contextmanager
def _told() -> Iterator[None]:
    """What goes wrong between here and the server becomes `Broken`."""
    try:
        yield
    except (
        exceptions.HTTPError,
        HTTPException,
        OSError,
        ValueError,
        ConfigException,
    ) as error:
        raise Broken(error, _REASONS) from error


# --- Connections ---


class _Hurried(HTTPConnection):
    """A connection whose answers have a deadline."""

    def connect(self) -> None:
        super().connect()
        # It asks a socket for no more than `Line` has.
        self.sock = Line(self.sock)

    def request(self, *words: Any, **named: Any) -> None:  # noqa: ANN401 - as urllib3's own
        _begin(self.sock, SENDING)
        super().request(*words, **named)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as urllib3's own
        line: object = self.sock
        _begin(line, self.timeout)
        response = super().getresponse()
        response.line = line  # type: ignore[attr-defined]
        return response


class _HurriedTls(_Hurried, HTTPSConnection):
    """The same over TLS; the handshake has the time of the connecting."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Hurried


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _HurriedTls


def hurry(manager: PoolManager) -> None:
    """Have all connections that `manager` makes from now on be such."""
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


def _begin(line: object, seconds: object) -> None:
    if isinstance(line, Line) and isinstance(seconds, int | float):
        line.begin(float(seconds))
