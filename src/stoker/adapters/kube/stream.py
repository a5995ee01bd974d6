"""The events of one watch, as they come.

Each line is a JSON document with a type and an object. A line may be as long as an object and no
longer, a wait as long as `idle`, and the whole as long as was asked for and a little more. Another
thread can end it at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

from attrs import frozen

from stoker.adapters.kube import json_text
from stoker.adapters.kube.errors import Silent, Unreachable, Unreadable, of_status
from stoker.adapters.kube.reasons import Broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.adapters.kube.transport import Answer, Request, Transport

MOST: Final = 1 << 24
"""Bytes of a line."""
GRACE: Final = 30.0
"""Seconds that a stream may last beyond its end."""

_BLOCK: Final = 1 << 16


@frozen
class Event:
    """A change, or a bookmark."""

    type: str
    object: dict[str, Any]


class Stream:
    """One watch: `with stream as events: for event in events`."""

    def __init__(
        self, transport: Transport, request: Request, timeout_seconds: float, idle: float
    ) -> None:
        self._transport = transport
        self._request = request
        self._seconds = timeout_seconds + GRACE
        self._idle = idle
        self._answer: Answer | None = None
        self._is_stopped = False

    def __enter__(self) -> Self:
        self._answer = self._transport.stream(self._request, self._idle)
        if line := self._answer.line:
            line.stream(self._seconds, self._idle)
        if self._is_stopped:
            self.stop()
        return self

    def __exit__(self, *_: object) -> None:
        if self._answer is not None:
            self._answer.close()

    def stop(self) -> None:
        """End it, from any thread and before or after it has begun."""
        self._is_stopped = True
        if self._answer is not None and (line := self._answer.line):
            line.cut()

    def __iter__(self) -> Iterator[Event]:
        """The events; raises `ApiFailed` for what is none, and for the end of the connection.

        It ends by itself when the server has ended it as asked, or `stop` has.
        """
        try:
            for line in self._lines():
                if self._is_stopped:
                    return
                yield self._event(line)
        except Broken as error:
            if self._is_stopped:
                return
            kind = Silent if error.is_slow else Unreachable
            raise kind(error.why, where=self._request.where) from error

    def _lines(self) -> Iterator[bytes]:
        kept, answer = bytearray(), self._answer
        while answer is not None and (block := answer.read(_BLOCK)):
            head, *rest = block.split(b"\n")
            kept += head
            for more in rest:
                if kept.strip():
                    yield bytes(kept)
                kept = bytearray(more)
            if len(kept) > MOST:
                raise Unreadable(f"a line is longer than {MOST} bytes", where=self._request.where)
        if kept.strip():
            raise Unreadable("the last line broke off", where=self._request.where)

    def _event(self, line: bytes) -> Event:
        where = self._request.where
        try:
            told = json_text.read(line)
        except (ValueError, RecursionError) as error:
            raise Unreadable("a line is not JSON", where=where) from error
        match told:
            case {"type": "ERROR", "object": dict() as status}:
                raise of_status(where, status)
            case {"type": str() as kind, "object": dict() as changed}:
                return Event(kind, changed)
        raise Unreadable("a line is not an event", where=where)
