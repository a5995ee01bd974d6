"""What the probes say.

- `/healthz` fails when a part of the agent stands still that only a new process would bring back.
  A git server, an API server or a gateway that is away is none of these: the agent goes on by
  itself.
- `/startupz` passes when the gateway may start: its files are complete, or none are to come.
- `/readyz` is the same. A pod is ready only if its sidecar is, so an agent that cannot sync must
  not take a gateway that runs out of service.

What is wrong is told in the text of each, whatever the probe makes of it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol

from stoker.entrypoints.pages import NOT_ALLOWED, NOT_FOUND, Page, Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stoker.entrypoints.telling import Teller

STANDSTILL: Final = 60.0
"""Seconds after which something that should be thought about and is not shows a standstill."""


class Part(Protocol):
    """A part of the agent with a thread of its own."""

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""

    @property
    def trouble(self) -> str:
        """What it has to put up with; "" for nothing."""


class Thinking(Protocol):
    """The loop."""

    def lag(self) -> float:
        """Seconds for which something has waited to be thought about."""


class Health:
    """How the agent is; asked by any thread."""

    def __init__(self, log: Teller, thinking: Thinking, parts: Mapping[str, Part]) -> None:
        """`parts` by the words for them."""
        self._log = log
        self._thinking = thinking
        self._parts = parts

    def answer(self, request: Request) -> Page:
        """The page that is asked for."""
        if request.method not in {"GET", "HEAD"}:
            return NOT_ALLOWED
        match request.path:
            case "/healthz":
                stands = self._standstill()
                return _page(not stands, stands or self._troubles())
            case "/startupz" | "/readyz":
                return _page(self._log.gate_open, self._troubles() or self._waiting())
            case _:
                return NOT_FOUND

    def _standstill(self) -> str:
        dead = [
            f"the thread for {what} has ended" for what, one in self._parts.items() if not one.alive
        ]
        if self._thinking.lag() > STANDSTILL:
            dead.append("the agent has stopped thinking")
        return "; ".join(dead)

    def _troubles(self) -> str:
        return "; ".join(self._each_trouble())

    def _each_trouble(self) -> Iterator[str]:
        last = self._log.last
        if last is not None and last.error_message:
            yield last.error_message
        yield from (one.trouble for one in self._parts.values() if one.trouble)

    def _waiting(self) -> str:
        return "" if self._log.gate_open else "the files are not complete yet"


def _page(ok: bool, text: str) -> Page:  # noqa: FBT001 - what the page is about
    status = HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE
    return Page(status, text or "ok")
