"""The loop around the step machine: it hears events, and has the effects carried out.

There is one thread that thinks and one that works. The first takes events from a queue, steps the
machine, and hands on what is to be done; it never waits for disk, network or gateway, so a
SIGTERM or new metadata is heard at once. The second carries out questions and orders one after
the other, and its answers are events again. What needs no answer goes to the `Outlet` at once.

Whoever has news for the agent (a watch, a signal, a web request) calls `hear` from any thread.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from typing import TYPE_CHECKING, Protocol

from stoker.core.agent import State, step
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.entrypoints.engine.hands import failed, unexpected

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from stoker.core.report import ChangeList, GatewayReport
    from stoker.entrypoints.engine.hands import Hands


class Outlet(Protocol):
    """Where an agent tells what it has to tell; none of these may block for long, or raise."""

    def report(self, report: GatewayReport) -> None:
        """The state of the gateway; only the last one matters."""

    def publish(self, changes: ChangeList) -> None:
        """The paths that the last sync changed, or would change."""

    def audit(self, record: ef.Audit) -> None:
        """The record of one sync."""

    def announce(self, news: ef.Announce) -> None:
        """What people want to hear of."""

    def count(self, counted: ef.CountSync | ef.CountSkip) -> None:
        """A sync ended, or was not made."""

    def open_gate(self) -> None:
        """The gateway may start."""

    def complain(self, doing: str, error: Exception) -> None:
        """Something failed that nobody waits for."""


class Loop:
    """One agent at work, until it is told to end."""

    def __init__(
        self,
        state: State,
        hands: Hands,
        outlet: Outlet,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing happens before `run`."""
        self._state = state
        self._hands = hands
        self._outlet = outlet
        self._now = now
        self._monotonic = monotonic
        self._events: queue.SimpleQueue[ev.Event] = queue.SimpleQueue()
        self._work: queue.SimpleQueue[ef.Question | ef.Order | None] = queue.SimpleQueue()
        self._alarm = monotonic()
        self._busy_since = math.inf
        self._code: int | None = None

    @property
    def state(self) -> State:
        """What the agent knows; a value, so it may be looked at from any thread."""
        return self._state

    def lag(self) -> float:
        """Seconds for which something has waited to be thought about, if something does."""
        return max(self._monotonic() - min(self._alarm, self._busy_since), 0.0)

    def hear(self, event: ev.Event) -> None:
        """Something has happened."""
        self._events.put(event)

    def run(self) -> int:
        """Work until the machine says that it is over; the process's exit code."""
        # A daemon: an order to exit does not wait for a git server.
        worker = threading.Thread(target=self._carry_out_all, name="doer", daemon=True)
        worker.start()
        while self._code is None:
            event = self._next()
            self._busy_since = self._monotonic()
            self._state, effects = step(self._state, event)
            for effect in effects:
                self._hand_on(effect)
            self._busy_since = math.inf
        self._work.put(None)
        return self._code

    def _next(self) -> ev.Event:
        try:
            return self._events.get(timeout=max(self._alarm - self._monotonic(), 0.0))
        except queue.Empty:
            # Until the machine sets it anew, the alarm must not ring in every round.
            self._alarm = self._monotonic() + 1.0
            return ev.Tick(self._now())

    def _hand_on(self, effect: ef.Effect) -> None:
        match effect:
            case ef.SetTimer(seconds):
                self._alarm = self._monotonic() + seconds
            case ef.Exit(code):
                self._code = code
            case ef.Report(report):
                self._outlet.report(report)
            case ef.PublishChanges(changes):
                self._outlet.publish(changes)
            case ef.Audit():
                self._outlet.audit(effect)
            case ef.Announce():
                self._outlet.announce(effect)
            case ef.CountSync() | ef.CountSkip():
                self._outlet.count(effect)
            case ef.OpenStartupGate():
                self._outlet.open_gate()
            case question_or_order:
                self._work.put(question_or_order)

    def _carry_out_all(self) -> None:
        while self._code is None and (task := self._next_task()) is not None:
            if isinstance(task, ef.Order):
                self._obey(task)
            else:
                self._events.put(self._answer(task))

    def _next_task(self) -> ef.Question | ef.Order | None:
        while self._work.empty():
            try:
                return self._work.get(timeout=self._hands.idle())
            except queue.Empty:
                # Time for the hands to let go of something.
                continue
        return self._work.get()

    def _obey(self, order: ef.Order) -> None:
        try:
            self._hands.obey(order)
        except Exception as error:  # noqa: BLE001 - the agent stays alive, whatever happens
            self._complain(order, error)

    def _answer(self, question: ef.Question) -> ev.Event:
        try:
            return self._hands.answer(question)
        except Exception as error:  # noqa: BLE001 - as above; and the machine waits for an answer
            self._complain(question, error)
            return failed(question, unexpected(error), self._now())

    def _complain(self, about: ef.Question | ef.Order, error: Exception) -> None:
        # The end takes from the hands what they are working with; that is no failure.
        if self._code is None:
            self._outlet.complain(type(about).__name__, error)


class GatewayWatch:
    """Asks the gateway from time to time how far its start has come, and tells what is new."""

    EAGER = 1.0
    """Seconds between two questions while it does not answer."""
    CALM = 5.0

    def __init__(
        self, hands: Hands, hear: Callable[[ev.Event], None], now: Callable[[], datetime]
    ) -> None:
        """Nothing is asked before `start`."""
        self._hands = hands
        self._now = now
        self._hear = hear
        self._over = threading.Event()

    def start(self) -> None:
        """Begin to ask."""
        threading.Thread(target=self._watch, name="gateway-watch", daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self._over.set()

    def _watch(self) -> None:
        while not self._over.is_set():
            readiness = self._hands.readiness()
            self._hear(ev.GatewaySeen(self._now(), readiness))
            self._over.wait(self.CALM if readiness.answers else self.EAGER)
