"""An answer that goes on: opened, read block by block, and ended from any thread.

Streams of events and logs of containers are both of this kind; what a block holds is theirs to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.adapters.kube.transport import Answer, Request, Transport

_BLOCK: Final = 1 << 16


class Reception:
    """One answer, for a `with`: it lasts at most `seconds`, and `idle` of silence end it."""

    def __init__(
        self, transport: Transport, request: Request, *, seconds: float, idle: float
    ) -> None:
        """Nothing is asked before it is entered."""
        self.request = request
        self.is_stopped = False
        self._transport = transport
        self._seconds = seconds
        self._idle = idle
        self._answer: Answer | None = None

    def __enter__(self) -> Self:
        self._answer = self._transport.stream(self.request, self._idle)
        if line := self._answer.line:
            line.stream(self._seconds, self._idle)
        if self.is_stopped:
            self.stop()
        return self

    def __exit__(self, *_: object) -> None:
        if self._answer is not None:
            self._answer.close()

    def stop(self) -> None:
        """End it, before or after it has begun."""
        self.is_stopped = True
        if self._answer is not None and (line := self._answer.line):
            line.cut()

    def blocks(self) -> Iterator[bytes]:
        """What comes, as it comes; raises `Broken`."""
        while self._answer is not None and (block := self._answer.read(_BLOCK)):
            yield block
