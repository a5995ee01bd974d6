"""The answer to a request, also to one whose body is still on its way.

Whoever sends a body without looking reads the answer only at its end; were the connection closed
before, they would be told of a broken connection instead of why they were refused. So the answer is
sent whole at once, and then a little more of the body is taken and thrown away, for a moment, and
from only so many each second: a flood is not worth it.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from attrs import define

from stoker.core.payload import MAX_BODY, Rate, Reply, take

if TYPE_CHECKING:
    from starlette.types import Receive, Send

LINGERING: Final = Rate(10, 20)
"""From how many senders more is taken."""
LINGER: Final = 1.0
"""Seconds that a body is still taken after the answer."""
MOST_TAKEN: Final = 2 * MAX_BODY


@define
class Sending:
    """Sends answers; for one event loop."""

    _full_at: float | None = None

    async def answer(self, reply: Reply, send: Send) -> None:
        """Answer a request that was read to its end."""
        await self._begin(reply, send)
        await self._end(reply, send)

    async def cut_off(self, reply: Reply, receive: Receive, send: Send, *, expects: bool) -> None:
        """Answer one that was not, and be done with its connection.

        `expects`: its sender waits for the answer before it sends the body.
        """
        await self._begin(reply, send, (b"connection", b"close"))
        if expects or not self._may_linger():
            await self._end(reply, send)
            return
        await send({"type": "http.response.body", "body": _text(reply), "more_body": True})
        await self._linger(receive)
        await send({"type": "http.response.body", "body": b""})

    def _may_linger(self) -> bool:
        taken = take(self._full_at, LINGERING, asyncio.get_running_loop().time())
        self._full_at = taken.full_at
        return not taken.wait

    async def _begin(self, reply: Reply, send: Send, *more: tuple[bytes, bytes]) -> None:
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(_text(reply))),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **reply.headers,
        }
        raw = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
        await send(
            {"type": "http.response.start", "status": reply.status, "headers": [*raw, *more]}
        )

    async def _end(self, reply: Reply, send: Send) -> None:
        await send({"type": "http.response.body", "body": _text(reply)})

    async def _linger(self, receive: Receive) -> None:
        taken, more = 0, True
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while more and taken < MOST_TAKEN:
                    message = await receive()
                    taken += len(message.get("body", b""))
                    more = bool(message.get("more_body"))


def _text(reply: Reply) -> bytes:
    return json.dumps(reply.body).encode() + b"\n"
