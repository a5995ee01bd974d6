"""The doers of the gateway: what is asked of it, over its REST API.

They hold nothing but the time at which files changed last, and write no file.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from attrs import define, evolve

from stoker.adapters.ignition import Gateway
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.errors import StokerError
from stoker.core.scan import Readiness, Succeeded, active_designers
from stoker.core.spec import DesignerScope
from stoker.entrypoints.engine.observations import (
    DesignersSeen,
    Observe,
    Scanned,
    nobody_counts,
)
from stoker.entrypoints.engine.progress import Progress, Stage, Step, nobody_waits

if TYPE_CHECKING:
    from collections.abc import Mapping

Asked = ef.ListDesigners | ef.Lock | ef.Scan | ef.Verify
"""The questions that only the gateway can answer."""


@define
class GatewayDoers:
    """Who speaks with the gateway."""

    gateway: Gateway | None
    now: Callable[[], datetime]
    progress: Progress = nobody_waits
    observe: Observe = nobody_counts
    applied_at_ms: int = 0
    """When the files began to change that the gateway is asked about."""

    def answer(self, question: Asked) -> ev.Event:
        """Carry out `question`; raises `StokerError`."""
        return _DOERS[type(question)](self, question)

    def readiness(self) -> Readiness:
        """How far the gateway's start has come."""
        gateway = self.gateway
        return Readiness.DOWN if gateway is None else gateway.readiness()

    def attended(self, answer: ev.Event) -> ev.Event:
        """The answer to a question of files; that to `Recover` tells of the gateway as well."""
        if isinstance(answer, ev.Recovered):
            return evolve(answer, gateway=self.readiness())
        return answer

    def note(self, question: ef.Question) -> None:
        """A question of files is about to be asked."""
        if isinstance(question, ef.Apply):
            self.applied_at_ms = int(self.now().timestamp() * 1000)

    def list_designers(self, question: ef.ListDesigners) -> ev.Event:
        """Ask who has the Designer open."""
        listed, now_ms = self._gateway().designers()
        active = active_designers(listed, now_ms, DesignerScope.GATEWAY, ())
        self.observe(DesignersSeen(active))
        return ev.DesignersListed(self.now(), question.ticket, listed, now_ms)

    def lock(self, question: ef.Lock) -> ev.Event:
        """Keep the gateway from scanning."""
        if self.gateway is not None:
            self.gateway.lock(question.kinds)
        return ev.Locked(self.now(), question.ticket)

    def scan(self, question: ef.Scan) -> ev.Event:
        """Have the gateway scan."""
        self.progress(Step(Stage.SCAN, question.kind.value))
        began = time.monotonic()
        outcome = self._gateway().scan(question.kind)
        self.observe(Scanned(question.kind, outcome.verdict, time.monotonic() - began))
        return ev.ScanFinished(self.now(), question.ticket, outcome)

    def verify(self, question: ef.Verify) -> ev.Event:
        """Ask the gateway what it has loaded."""
        outcome = self._gateway().verify(question.resources, self.applied_at_ms)
        if isinstance(outcome, Succeeded):
            return ev.Verified(self.now(), question.ticket)
        return ev.VerifyFailed(self.now(), question.ticket, outcome)

    def _gateway(self) -> Gateway:
        gateway = self.gateway
        if gateway is None:
            raise StokerError("there is no gateway to ask", cure="give its address")
        return gateway


_DOERS: Final[Mapping[type, Callable[[GatewayDoers, Any], ev.Event]]] = {
    ef.ListDesigners: GatewayDoers.list_designers,
    ef.Lock: GatewayDoers.lock,
    ef.Scan: GatewayDoers.scan,
    ef.Verify: GatewayDoers.verify,
}
