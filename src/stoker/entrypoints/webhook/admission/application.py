"""HTTP around a judgement: whatever comes gets an answer, and nothing of it ends the process.

A body that is no review is refused with a status of HTTP and a line that says why. As soon as there
is a review that can be named (`uid`), the answer is a review as well: a refusal by HTTP would be
taken for a webhook that is down, and `failurePolicy: Ignore` would let pass what was never judged.
"""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from stoker.adapters.codec.admission import (
    MAX_UID,
    AdmissionRequest,
    decode_review,
    encode_review,
)
from stoker.adapters.logs import structured as logs
from stoker.core.errors import DecodeError, StokerError
from stoker.core.injection import Admission, Denied
from stoker.core.spec import Duration
from stoker.entrypoints.webhook.admission.bodies import Bodies, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

MUTATE_PODS: Final = "/mutate-pods"
VALIDATE_SYNCS: Final = "/validate-gatewaysyncs"
PATIENCE: Final = 7.0
"""Seconds that a judgement may take where the API server does not say how long it waits."""

_SPARE: Final = 1.0
"""Seconds that the answer has on its way."""
_LEAST: Final = 0.5
_JSON: Final = "application/json"


class Judge(Protocol):
    """Decides about one kind of object."""

    async def judge(self, request: AdmissionRequest, seconds: float) -> Admission:
        """The decision, within so many seconds; may raise anything."""
        ...

    def told(self, request: AdmissionRequest, admission: Admission, seconds: float) -> None:
        """Take in what was answered, for logs and metrics."""
        ...


def admission(judges: Mapping[str, Judge], bodies: Bodies | None = None) -> Starlette:
    """The application; `judges` by their path."""
    log = logs.logger("admission")
    taking = bodies or Bodies()

    def answering(judge: Judge) -> Callable[[Request], object]:
        async def answer(request: Request) -> Response:
            began = time.monotonic()
            try:
                async with taking.taken_in(request) as body:
                    return await _answered(judge, body, _patience(request), log, began)
            except Refused as refusal:
                log.debug("a request was refused", error=refusal)
                return _refused(refusal.status, str(refusal))

        return answer

    async def missing(_: Request, __: Exception) -> Response:
        paths = ", ".join(judges)
        return _refused(HTTPStatus.NOT_FOUND, f"reviews are answered at {paths}")

    async def misused(_: Request, __: Exception) -> Response:
        said = "send a review with POST"
        return _refused(HTTPStatus.METHOD_NOT_ALLOWED, said, {"Allow": "POST"})

    app = Starlette(
        routes=[Route(path, answering(judge), methods=["POST"]) for path, judge in judges.items()],
        exception_handlers={404: missing, 405: misused},
    )
    app.router.redirect_slashes = False
    return app


async def _answered(
    judge: Judge, body: bytes, patience: float, log: logs.Logger, began: float
) -> Response:
    try:
        request = decode_review(body)
    except DecodeError as error:
        return _unreadable(body, error)
    try:
        decided = await judge.judge(request, patience)
        answer = encode_review(request, decided)
    except Exception:
        log.exception("a review could not be judged", uid=request.uid, path=_path(request))
        decided = _broken(request)
        answer = encode_review(request, decided)
    judge.told(request, decided, time.monotonic() - began)
    return Response(answer, media_type=_JSON)


def _broken(request: AdmissionRequest) -> Denied:
    return Denied(
        f"Stoker could not judge this {request.kind or 'object'}: its webhook's log says why, under"
        f" {request.uid}",
        code=HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def _unreadable(body: bytes, error: DecodeError) -> Response:
    uid = _uid(body)
    if uid is None:
        return _refused(HTTPStatus.BAD_REQUEST, str(error))
    denied = Denied(f"the review cannot be read: {error}", code=HTTPStatus.BAD_REQUEST)
    request = AdmissionRequest(uid=uid, operation="")
    return Response(encode_review(request, denied), media_type=_JSON)


def _uid(body: bytes) -> str | None:
    """What the review is called, where only something else of it cannot be read."""
    try:
        review = json.loads(body)
    except (ValueError, RecursionError):
        return None
    request = review.get("request") if isinstance(review, dict) else None
    uid = request.get("uid") if isinstance(request, dict) else None
    return uid if isinstance(uid, str) and 0 < len(uid) <= MAX_UID else None


def _patience(request: Request) -> float:
    """How long the API server waits for us, as it says in the query, less the way back."""
    try:
        waits = Duration.parse(request.query_params.get("timeout", "")).seconds
    except StokerError:
        return PATIENCE
    return min(PATIENCE, max(_LEAST, waits - _SPARE))


def _path(request: AdmissionRequest) -> str:
    return "/".join(part for part in (request.namespace, request.name) if part)


def _refused(
    status: HTTPStatus, why: str, headers: Mapping[str, str] | None = None
) -> PlainTextResponse:
    # What is still to come of the request is not waited for.
    return PlainTextResponse(f"{why}\n", status, {"Connection": "close", **(headers or {})})
