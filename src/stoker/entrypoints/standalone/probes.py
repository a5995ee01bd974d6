"""Whether the agent lives and its gateway is as it should be, for monitoring over HTTP.

`/healthz` says that the agent runs, `/readyz` that the gateway has its files, `/status` everything
that is told of it as JSON. What keeps the agent from its repository is told by both, even while the
gateway has all that was known last. `POST /sync` has the repository looked at now; it is taken from
this machine alone.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from attrs import evolve

from stoker.adapters.codec.report import encode_report
from stoker.core.spec import SyncStatus
from stoker.entrypoints.pages import NOT_ALLOWED, NOT_FOUND, Page, Pages, Request
from stoker.entrypoints.standalone.config import parse_listen

if TYPE_CHECKING:
    from stoker.core.errors import StokerError
    from stoker.core.report import GatewayReport
    from stoker.entrypoints.standalone.following import Follower
    from stoker.entrypoints.telling import Teller

_LOOPBACK = ("127.", "::1", "::ffff:127.")


def probes(listen: str, teller: Teller, follower: Follower) -> Pages:
    """The pages at `HOST:PORT`; raises `StokerError` where that cannot be had."""

    def answer(request: Request) -> Page:
        if request.method == "POST":
            return _posted(request, follower)
        if request.method not in {"GET", "HEAD"}:
            return NOT_ALLOWED
        report = _told(teller.last, follower.error)
        return _answer(request.path, report, gate_open=teller.gate_open)

    return Pages(*parse_listen(listen), answer)


def _told(report: GatewayReport | None, trouble: StokerError | None) -> GatewayReport | None:
    """The newest report; what failed in a sync comes before what keeps us from the next."""
    if report is None or trouble is None or report.error_message:
        return report
    return evolve(report, error_message=str(trouble))


def _answer(path: str, report: GatewayReport | None, *, gate_open: bool) -> Page:
    match path:
        case "/healthz":
            return Page(HTTPStatus.OK, "ok")
        case "/startupz":
            return Page(_status_of(ok=gate_open))
        case "/readyz":
            ready = report is not None and report.sync_status is SyncStatus.SYNCED
            return Page(_status_of(ok=ready), report.error_message if report else "")
        case "/status":
            return Page(HTTPStatus.OK, encode_report(report) if report else "{}")
        case _:
            return NOT_FOUND


def _posted(request: Request, follower: Follower) -> Page:
    if request.path != "/sync":
        return NOT_FOUND
    if not request.client.startswith(_LOOPBACK):
        return Page(HTTPStatus.FORBIDDEN, "only from this machine")
    follower.look()
    return Page(HTTPStatus.ACCEPTED, "accepted")


def _status_of(*, ok: bool) -> HTTPStatus:
    return HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE
