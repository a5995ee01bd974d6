"""The body of a review, within bounds of size, time and memory.

A review is some kilobytes. Many large ones at once would fill the memory, and what is parsed of
them several times as much; so only a few large ones are taken in at a time, and the others wait
where they are: nothing more is read from their connections. One that will be refused is still read
to its end, as far as that is not too far: who is cut while sending never sees the answer.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from attrs import field, frozen
from starlette.requests import ClientDisconnect

from stoker.adapters.codec.admission import MAX_BODY
from stoker.core.errors import StokerError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

SECONDS: Final = 8.0
"""How long a body may take to come."""
SMALL: Final = 64 << 10
"""Bytes of a body that is taken in at any time."""
LARGE_ONES: Final = 4
"""How many larger ones are taken in at a time."""
MOST_PARTS: Final = 250_000
"""How many members and items a review may have; each is up to a hundred bytes of memory."""

_HEARD_OUT: Final = 4 * MAX_BODY
_TYPE: Final = "application/json"


@frozen
class Refused(StokerError):
    """A request that is no review; `status` is the answer's."""

    status: HTTPStatus = field(default=HTTPStatus.BAD_REQUEST, kw_only=True)


class Bodies:
    """Takes in the bodies of requests."""

    def __init__(self, seconds: float = SECONDS, large_ones: int = LARGE_ONES) -> None:
        self._seconds = seconds
        self._places = asyncio.Semaphore(large_ones)

    @asynccontextmanager
    async def taken_in(self, request: Request) -> AsyncIterator[bytes]:
        """The body, while it is worked on; raises `Refused`."""
        if (kind := request.headers.get("content-type", "").partition(";")[0].strip()) != _TYPE:
            raise Refused(
                f"the content type {kind[:100]!r} is not {_TYPE}",
                status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            )
        place = _Place(self._places)
        try:
            yield await self._read(request, place)
        finally:
            place.leave()

    async def _read(self, request: Request, place: _Place) -> bytes:
        try:
            async with asyncio.timeout(self._seconds):
                return await _whole(request, place)
        except TimeoutError:
            raise Refused(
                f"the body did not come within {self._seconds:g} s",
                status=HTTPStatus.REQUEST_TIMEOUT,
            ) from None
        except ClientDisconnect:
            raise Refused("whoever asked has gone") from None


class _Place:
    """A place for a large body, if it turns out to be one."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places, self._has_one = places, False

    async def take(self) -> None:
        if not self._has_one:
            await self._places.acquire()
            self._has_one = True

    def leave(self) -> None:
        if self._has_one:
            self._places.release()
            self._has_one = False


async def _whole(request: Request, place: _Place) -> bytes:
    body, came = bytearray(), 0
    async for block in request.stream():
        came += len(block)
        if came > _HEARD_OUT:
            break
        if came > MAX_BODY:
            body.clear()
            continue
        body += block
        if came > SMALL:
            await place.take()
    if came > MAX_BODY:
        raise Refused(
            f"the review is larger than {MAX_BODY} bytes",
            status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )
    if sum(map(body.count, (b",", b"[", b"{"))) > MOST_PARTS:
        raise Refused(f"the review has more than {MOST_PARTS} parts")
    return bytes(body)
