"""The events of one watch, as they come.

Each line is a JSON document with a type and an object. Who does not want all of them says by its
bytes which lines are to be skipped: to read a line takes most of the time that an event costs, and
one that is skipped is told as such, being a sign of life. A line may be as long as an object and no
longer, a wait as long as `idle`, and the whole as long as was asked for and a little more. Another
thread can end it at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

from attrs import frozen

from stoker.adapters.kube import json_text
from stoker.adapters.kube.errors import Silent, Unreachable, Unreadable, of_status
from stoker.adapters.kube.reasons import Broken
from stoker.adapters.kube.reception import Reception

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stoker.adapters.kube.transport import Request, Transport

MOST: Final = 1 << 24
"""Bytes of a line."""
GRACE: Final = 30.0
"""Seconds that a stream may last beyond its end."""


@frozen
class Event:
    """A change, or a bookmark."""

    type: str
    object: dict[str, Any]


SKIPPED: Final = Event("", {})
"""Something happened, and it was not wanted to know what."""


def read_all(_: bytes) -> bool:
    """Nothing is skipped."""
    return False


class Stream:
    """One watch: `with stream as events: for event in events`."""

    def __init__(
        self,
        transport: Transport,
        request: Request,
        timeout_seconds: float,
        idle: float,
        skips: Callable[[bytes], bool] = read_all,
    ) -> None:
        """`skips` tells by its bytes whether a line is to be left unread."""
        self._skips = skips
        self._reception = Reception(transport, request, seconds=timeout_seconds + GRACE, idle=idle)

    def __enter__(self) -> Self:
        self._reception.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self._reception.__exit__(*raised)

    def stop(self) -> None:
        """End it, from any thread and before or after it has begun."""
        self._reception.stop()

    @property
    def _where(self) -> str:
        return self._reception.request.where

    def __iter__(self) -> Iterator[Event]:
        """The events, `SKIPPED` for what was; raises `ApiFailed` for what is no event.

        So it does at the end of the connection. It ends by itself when the server has ended it as
        asked, or `stop` has.
        """
        try:
            for line in self._lines():
                if self._reception.is_stopped:
                    return
                yield SKIPPED if self._skips(line) else self._event(line)
        except Broken as error:
            if self._reception.is_stopped:
                return
            kind = Silent if error.is_slow else Unreachable
            raise kind(error.why, where=self._where) from error

    def _lines(self) -> Iterator[bytes]:
        kept = bytearray()
        for block in self._reception.blocks():
            head, *rest = block.split(b"\n")
            kept += head
            for more in rest:
                if kept.strip():
                    yield bytes(kept)
                kept = bytearray(more)
            if len(kept) > MOST:
                raise Unreadable(f"a line is longer than {MOST} bytes", where=self._where)
        if kept.strip():
            raise Unreadable("the last line broke off", where=self._where)

    def _event(self, line: bytes) -> Event:
        where = self._where
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
