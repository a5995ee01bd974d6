"""The two small web applications: probes for the kubelet, metrics for who may read them.

A scrape of a large fleet is megabytes of text. It is made and sent family by family, in a thread of
its own, so that neither all of it is in memory nor a probe waits for it. What a review takes is
waited for in a thread too, and only so many go on at a time: a flood of unknown tokens becomes no
flood at the API server.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol

from attrs import frozen
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from stoker.entrypoints.serving.reviewing import PATH, Reviewer, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

MOST_REVIEWS: Final = 4
"""How many reviews go on at a time."""

_REFUSALS: Final = {
    Verdict.UNKNOWN: HTTPStatus.UNAUTHORIZED,
    Verdict.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Verdict.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}


class Health(Protocol):
    """Says how the process is."""

    def alive(self) -> str:
        """Why it has to be started anew; "" is well."""
        ...

    def ready(self) -> str:
        """Why it cannot do its work; "" is well."""
        ...


def probes(health: Health) -> Starlette:
    """`/healthz` and `/readyz`; health is asked at once, so it must not take long."""

    async def healthz(_: Request) -> Response:
        return _told(health.alive())

    async def readyz(_: Request) -> Response:
        return _told(health.ready())

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz)])


def metrics(registry: CollectorRegistry, reviewer: Reviewer) -> Starlette:
    """`/metrics`, for the bearer of a token that may read them."""
    places = asyncio.Semaphore(MOST_REVIEWS)

    async def scrape(request: Request) -> Response:
        token = _token(request.headers.get("authorization", ""))
        if token is None:
            return _refused(Verdict.UNKNOWN)
        async with places:
            verdict = await run_in_threadpool(reviewer, token)
        if verdict is not Verdict.ALLOWED:
            return _refused(verdict)
        return StreamingResponse(_families(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return Starlette(routes=[Route(PATH, scrape)])


def _told(trouble: str) -> Response:
    status = HTTPStatus.SERVICE_UNAVAILABLE if trouble else HTTPStatus.OK
    return PlainTextResponse(f"{trouble or 'ok'}\n", status)


def _token(header: str) -> str | None:
    scheme, _, token = header.partition(" ")
    token = token.strip()
    is_one = scheme.lower() == "bearer" and token.isascii() and token.isprintable()
    return token if is_one and token and " " not in token else None


def _refused(verdict: Verdict) -> Response:
    status = _REFUSALS[verdict]
    headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else None
    return PlainTextResponse(f"{status.phrase}\n", status, headers)


@frozen
class _One(Collector):
    metric: Metric

    def collect(self) -> Iterator[Metric]:
        yield self.metric


def _families(registry: CollectorRegistry) -> Iterator[bytes]:
    for metric in registry.collect():
        yield generate_latest(_One(metric))
