"""A way to the API server that a test can break.

It listens on this machine without TLS, and goes on to the API server as the kubeconfig says. What
it does is switched while it runs, for connections that there are already and for new ones:

- `passing`: all that comes is passed on
- `silent`: nothing is, and no connection ends
- an answer, such as `refusal(429, after=2)`: each request on a new connection gets it

`reset` breaks off what there is.
"""

from __future__ import annotations

import json
import selectors
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from kubernetes import client, config

_BLOCK: Final = 1 << 16
_LOOK: Final = 0.05
_AT_ONCE: Final = struct.pack("ii", 1, 0)


def refusal(status: int, after: int | None = None) -> bytes:
    """What an API server answers that cannot do it."""
    said: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
    body = json.dumps(said | {"code": status, "reason": "", "message": "not now"}).encode()
    wait = "" if after is None else f"Retry-After: {after}\r\n"
    head = f"HTTP/1.1 {status} No\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{wait}\r\n"
    return head.encode() + body


class Way:
    """One way; `does` says what it does with what comes."""

    passing: Final = "passing"
    silent: Final = "silent"

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        settings: Any = client.Configuration()
        load: Any = config.load_kube_config  # the package has no types
        load(str(kubeconfig), client_configuration=settings)
        place = urlsplit(settings.host)
        self._target = (str(place.hostname), int(place.port or 443))
        self._tls = ssl.create_default_context(cafile=settings.ssl_ca_cert)
        self._tls.load_cert_chain(settings.cert_file, settings.key_file)
        self.does: str | bytes = self.passing
        self._over = threading.Event()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_LOOK)
        self._threads = [threading.Thread(target=self._accept)]
        self.kubeconfig = folder / "kubeconfig-of-the-way"
        port = self._listener.getsockname()[1]
        self.kubeconfig.write_text(_kubeconfig(f"http://127.0.0.1:{port}"))

    def begin(self) -> None:
        """Listen."""
        self._threads[0].start()

    def end(self) -> None:
        """Break everything off."""
        self._over.set()
        self.reset()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def reset(self) -> None:
        """Break off the connections that there are."""
        for each in list(self._open):
            with suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._over.is_set():
            with suppress(TimeoutError):
                near, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(near,)))
                self._threads[-1].start()

    def _serve(self, near: socket.socket) -> None:
        with near, suppress(OSError):
            self._open.add(near)
            try:
                if isinstance(self.does, bytes):
                    near.settimeout(5)
                    near.recv(_BLOCK)
                    near.sendall(self.does)
                    return
                with (
                    socket.create_connection(self._target, timeout=5) as plain,
                    self._tls.wrap_socket(plain, server_hostname=self._target[0]) as far,
                ):
                    self._pass(near, far)
            finally:
                self._open.discard(near)

    def _pass(self, near: socket.socket, far: ssl.SSLSocket) -> None:
        with selectors.DefaultSelector() as either:
            either.register(near, selectors.EVENT_READ, far)
            either.register(far, selectors.EVENT_READ, near)
            while not self._over.is_set():
                if self.does == self.silent:
                    self._over.wait(_LOOK)
                    continue
                for ready, _ in either.select(_LOOK):
                    if self.does == self.silent:
                        break
                    source: Any = ready.fileobj
                    block = source.recv(_BLOCK)
                    while far.pending() and source is far:
                        block += far.recv(_BLOCK)
                    if not block or isinstance(self.does, bytes):
                        return
                    ready.data.sendall(block)


@contextmanager
def way_to(kubeconfig: Path, folder: Path) -> Iterator[Way]:
    """A way for the `with`."""
    way = Way(kubeconfig, folder)
    way.begin()
    try:
        yield way
    finally:
        way.end()


def _kubeconfig(server: str) -> str:
    named: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "current-context": "way"}
    named["clusters"] = [{"name": "way", "cluster": {"server": server}}]
    named["contexts"] = [{"name": "way", "context": {"cluster": "way", "user": "none"}}]
    named["users"] = [{"name": "none", "user": {}}]
    return json.dumps(named)
