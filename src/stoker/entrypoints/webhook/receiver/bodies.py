"""Bodies of requests whose sender nobody knows yet: read in bounds of size, time and number.

What says that it is too large is not read at all, and what turns out to be is read no further. A
body has so many seconds, whoever is slow. One that is small and comes at once, as nearly all do, is
read without further ado. For the others there is room, for a number of them at a time and for only
a few large ones, so that neither memory nor the loop is theirs alone. When a room is full, the next
one waits a moment, and whoever has been in it for too long has to go: slow senders keep nobody out
for long, however many they are.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Final

from attrs import define, field

from stoker.core.payload import CROWDED, MAX_BODY, TOO_LARGE, TOO_SLOW, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.types import Receive

SMALL: Final = 1 << 16
"""Bytes of a body that is not large; more than nearly all deliveries have."""
AT_ONCE: Final = 0.3
"""Seconds within which a body has come at once."""
GRACE: Final = 1.0
"""Seconds that a body has in a full room."""
MOST: Final = 256
"""How many bodies are read at a time."""
MOST_LARGE: Final = 6


class Unread(Exception):
    """A body that was not read to its end; `reply` is None when its sender has gone."""

    def __init__(self, reply: Reply | None) -> None:
        super().__init__()
        self.reply = reply


@define
class Room:
    """Places for bodies; for one event loop."""

    places: int
    most_waiting: int
    grace: float = GRACE
    _free: asyncio.Semaphore = field(init=False, repr=False)
    _waiting: int = 0
    _inside: OrderedDict[asyncio.Timeout, float] = field(factory=OrderedDict, repr=False)
    """Who is there, by what ends their time, and since when; who came first is the first."""

    @_free.default
    def _all(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(self.places)

    @asynccontextmanager
    async def place(self, until: asyncio.Timeout) -> AsyncIterator[None]:
        """A place in the room; who has to leave it finds that the time for it is over."""
        if self._free.locked():
            await self._wait()
        else:
            await self._free.acquire()
        self._inside[until] = asyncio.get_running_loop().time()
        self._hurry()
        try:
            yield
        finally:
            del self._inside[until]
            self._free.release()

    async def _wait(self) -> None:
        if self._waiting >= self.most_waiting:
            raise Unread(CROWDED)
        self._waiting += 1
        self._hurry()
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1

    def _hurry(self) -> None:
        """For each who waits, let one of those who came first have no more than its grace."""
        now = asyncio.get_running_loop().time()
        for timeout, since in islice(self._inside.items(), self._waiting):
            end, last = timeout.when(), max(now, since + self.grace)
            if end is not None and last < end and not timeout.expired():
                timeout.reschedule(last)


@define
class _Reading:
    """What has come of a body, whether there is more, and whether its sender is kept waiting."""

    body: bytearray = field(factory=bytearray)
    more: bool = True
    waits: bool = False


@define
class Bodies:
    """Reads bodies; for one event loop."""

    seconds: float
    most: int = MAX_BODY
    small: int = SMALL
    room: Room = field(factory=lambda: Room(MOST, MOST))
    large_room: Room = field(factory=lambda: Room(MOST_LARGE, 8 * MOST_LARGE))

    async def read(self, headers: Mapping[str, str], receive: Receive) -> bytes:
        """The whole body; raises `Unread`."""
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:20]) > self.most:
            raise Unread(TOO_LARGE)
        reading = _Reading()
        try:
            async with asyncio.timeout(self.seconds) as timeout:
                with suppress(TimeoutError):
                    async with asyncio.timeout(AT_ONCE):
                        while reading.more and len(reading.body) <= self.small:
                            await self._next(receive, reading)
                if reading.more:
                    await self._slowly(receive, reading, timeout)
        except TimeoutError:
            raise Unread(CROWDED if reading.waits else TOO_SLOW) from None
        return bytes(reading.body)

    async def _slowly(self, receive: Receive, reading: _Reading, until: asyncio.Timeout) -> None:
        is_large = False
        async with AsyncExitStack() as places:
            reading.waits = True
            await places.enter_async_context(self.room.place(until))
            while reading.more:
                # Not before so much has come: to say that there will be more is easy.
                if not is_large and len(reading.body) > self.small:
                    is_large = reading.waits = True
                    await places.enter_async_context(self.large_room.place(until))
                reading.waits = False
                await self._next(receive, reading)

    async def _next(self, receive: Receive, reading: _Reading) -> None:
        message = await receive()
        if message["type"] != "http.request":
            raise Unread(None)
        reading.body += message.get("body", b"")
        reading.more = bool(message.get("more_body"))
        if len(reading.body) > self.most:
            raise Unread(TOO_LARGE)
