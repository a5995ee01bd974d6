"""Whether the agent lives and its gateway is as it should be, for monitoring over HTTP.

`/healthz` says that the agent runs, `/readyz` that the gateway has its files, `/status` everything
that is told of it as JSON. What keeps the agent from its repository is told by both, even while the
gateway has all that was known last. `POST /sync` has the repository looked at now; it is taken from
this machine alone.
"""

from __future__ import annotations

import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from attrs import evolve

from stoker.adapters.codec.report import encode_report
from stoker.core.errors import StokerError
from stoker.core.spec import SyncStatus
from stoker.entrypoints.standalone.config import parse_listen

if TYPE_CHECKING:
    from stoker.core.report import GatewayReport
    from stoker.entrypoints.standalone.following import Follower
    from stoker.entrypoints.standalone.telling import Teller

_LOOPBACK = ("127.", "::1", "::ffff:127.")


class Probes:
    """A small web server on an address of its own."""

    def __init__(self, listen: str, teller: Teller, follower: Follower) -> None:
        """Bind to `HOST:PORT`; raises `StokerError` where that cannot be had."""
        address = parse_listen(listen)
        server = _ServerV6 if ":" in address[0] else ThreadingHTTPServer
        try:
            self._server = server(address, _handler(teller, follower))
        except OSError as error:
            raise StokerError(
                f"cannot listen: {error}", where=listen, cure="choose another address and port"
            ) from error
        self._server.daemon_threads = True

    @property
    def port(self) -> int:
        """The port that was bound."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Answer from now on."""
        threading.Thread(target=self._server.serve_forever, name="probes", daemon=True).start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


class _ServerV6(ThreadingHTTPServer):
    address_family = socket.AF_INET6


def _handler(teller: Teller, follower: Follower) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            report = _told(teller.last, follower.error)
            self._say(*_answer(self.path, report, gate_open=teller.gate_open))

        def do_POST(self) -> None:
            accepted = _posted(self.path, str(self.client_address[0]))
            if accepted[0] is HTTPStatus.ACCEPTED:
                follower.look()
            self._say(*accepted)

        def _say(self, status: HTTPStatus, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Probes come every few seconds: nobody wants to read of them."""

    return Handler


def _told(report: GatewayReport | None, trouble: StokerError | None) -> GatewayReport | None:
    """The newest report; what failed in a sync comes before what keeps us from the next."""
    if report is None or trouble is None or report.error_message:
        return report
    return evolve(report, error_message=str(trouble))


def _answer(path: str, report: GatewayReport | None, *, gate_open: bool) -> tuple[HTTPStatus, str]:
    match path:
        case "/healthz":
            return HTTPStatus.OK, "ok"
        case "/startupz":
            return _status_of(ok=gate_open), ""
        case "/readyz":
            ready = report is not None and report.sync_status is SyncStatus.SYNCED
            return _status_of(ok=ready), report.error_message if report else ""
        case "/status":
            return HTTPStatus.OK, encode_report(report) if report else "{}"
        case _:
            return HTTPStatus.NOT_FOUND, "not found"


def _posted(path: str, client: str) -> tuple[HTTPStatus, str]:
    if path != "/sync":
        return HTTPStatus.NOT_FOUND, "not found"
    if not client.startswith(_LOOPBACK):
        return HTTPStatus.FORBIDDEN, "only from this machine"
    return HTTPStatus.ACCEPTED, "accepted"


def _status_of(*, ok: bool) -> HTTPStatus:
    return HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE
