"""What a container has printed, and goes on printing, line by line.

Each line comes with the time at which the kubelet took it. With that time a log that broke off is
taken up where it ended; the kubelet knows whole seconds alone, so the lines of that second come
once more, and whoever asks for them leaves out those that it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from attrs import frozen

from stoker.adapters.kube.errors import Unreachable
from stoker.adapters.kube.reasons import Broken
from stoker.adapters.kube.reception import Reception
from stoker.adapters.kube.resources import PODS
from stoker.adapters.kube.transport import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.adapters.kube.transport import Transport

MOST: Final = 1 << 20
"""Bytes of a line that are kept; the rest of it is left out."""


@frozen(kw_only=True)
class Wanted:
    """Which lines of which container."""

    namespace: str
    pod: str
    container: str
    follow: bool = False
    previous: bool = False
    """Those of the container before its last restart."""
    tail: int | None = None
    since_seconds: int | None = None
    since_time: str = ""
    """RFC 3339."""

    @property
    def request(self) -> Request:
        """How it is asked for."""
        query = {"container": self.container, "timestamps": "true"}
        query |= {"follow": "true"} if self.follow else {}
        query |= {"previous": "true"} if self.previous else {}
        query |= {} if self.tail is None else {"tailLines": str(self.tail)}
        query |= {} if self.since_seconds is None else {"sinceSeconds": str(self.since_seconds)}
        query |= {"sinceTime": self.since_time} if self.since_time else {}
        path = PODS.object_path(self.namespace, self.pod, "log")
        # The log is text; a refusal is JSON all the same, and the server answers 406 to less.
        return Request(method="GET", path=path, resource=PODS, query=query, accept="*/*")


class PodLog:
    """One log: `with log as lines: for time, text in lines`."""

    def __init__(
        self, transport: Transport, wanted: Wanted, *, seconds: float, idle: float
    ) -> None:
        """It lasts no longer than `seconds`, and `idle` of them without a byte end it."""
        self._reception = Reception(transport, wanted.request, seconds=seconds, idle=idle)

    def __enter__(self) -> Self:
        self._reception.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self._reception.__exit__(*raised)

    def stop(self) -> None:
        """End it, from any thread."""
        self._reception.stop()

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Time and text of each line; raises `Unreachable` when it breaks off.

        It ends by itself when the container has ended, or `stop` has.
        """
        try:
            for line in self._lines():
                time, _, text = line.decode("utf-8", "replace").partition(" ")
                yield time, text
        except Broken as error:
            if not self._reception.is_stopped:
                where = self._reception.request.where
                raise Unreachable(error.why, where=where) from error

    def _lines(self) -> Iterator[bytes]:
        kept = bytearray()
        for block in self._reception.blocks():
            head, *rest = block.split(b"\n")
            kept += head[: max(MOST - len(kept), 0)]
            for more in rest:
                yield bytes(kept)
                kept = bytearray(more)
        if kept:
            yield bytes(kept)
