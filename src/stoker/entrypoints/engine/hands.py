"""`Hands`: what carries out the effects of the step machine, wherever it does so.

A question is answered by one event, an order is obeyed. `Doers` do both in this process, `Apart`
does the work on files in a process of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.errors import StokerError
from stoker.core.scan import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from stoker.adapters.ignition import Gateway
    from stoker.core.scan import Readiness


class Hands(Protocol):
    """The hands of one agent. But for `readiness` and `gateway`, one thread uses them."""

    gateway: Gateway | None
    """Whom to ask; it may be replaced from any thread."""

    def answer(self, question: ef.Question) -> ev.Event:
        """Carry out `question`, however long it takes; an error that has a name is an answer."""

    def obey(self, order: ef.Order) -> None:
        """Carry out what nobody waits for; raises `StokerError`."""

    def readiness(self) -> Readiness:
        """How far the gateway's start has come."""

    def idle(self) -> float | None:
        """Nothing is asked now: let go of what need not be kept.

        Returns after how many seconds without a question to call this again; None for never.
        """


def failed(question: ef.Question, error: StokerError, now: datetime) -> ev.Event:
    """The answer to a question that came to nothing."""
    match question:
        case ef.ListDesigners(ticket):
            return ev.DesignersUnavailable(now, ticket, str(error))
        case ef.Scan(ticket):
            return ev.ScanFinished(now, ticket, Unreachable(str(error)))
        case ef.Verify(ticket):
            return ev.VerifyFailed(now, ticket, Unreachable(str(error)))
        case _:
            return _FAILURES[type(question)](now, question.ticket, error)


def unexpected(error: Exception) -> StokerError:
    """The error for something that nobody has thought of."""
    return StokerError(f"unexpected {type(error).__name__}: {error}", cure="please report this")


_FAILURES: Final[Mapping[type, Callable[[datetime, int, StokerError], ev.Event]]] = {
    ef.Recover: ev.RecoverFailed,
    ef.Fetch: ev.FetchFailed,
    ef.Plan: ev.PlanFailed,
    ef.Lock: ev.LockFailed,
    ef.Apply: ev.ApplyFailed,
    ef.Rollback: ev.RollbackFailed,
    ef.CheckDrift: ev.DriftCheckFailed,
}
