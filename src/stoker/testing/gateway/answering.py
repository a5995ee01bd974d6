"""Requests on the running gateway, answered as the script has it.

A fault comes before everything else. What is left goes to the model's API; what that wants (a lock
that may have to be waited for, a restart behind the answer) is done here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from stoker.core.ignition import ScanKind
from stoker.testing.gateway.access import OK
from stoker.testing.gateway.actions import (
    Action,
    Fault,
    Hang,
    Reset,
    RestartInScan,
    ScanNeverEnds,
    Status,
    When,
    take,
)
from stoker.testing.gateway.api import Asked, LockWanted, RestartWanted, answer, lock_refused
from stoker.testing.gateway.http1 import Exchange
from stoker.testing.gateway.messages import Request, Response, json_response, page_response
from stoker.testing.gateway.model import Received
from stoker.testing.gateway.startup import Phase

if TYPE_CHECKING:
    from stoker.testing.gateway.engine import Engine


class Answering:
    """What the ports hand their requests to."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def handle(self, request: Request) -> Exchange:
        """Answer a request, as the script has it."""
        with self._engine.changed:
            self._engine.catch_up()
            fault, self._engine.model.faults = take(self._engine.model.faults, request)
            exchange = self._scripted(request, fault)
            self._engine.model.requests.append(Received(request, exchange.response.status))
            self._engine.do(())
            return exchange

    def _scripted(self, request: Request, fault: Fault | None) -> Exchange:
        if fault is None:
            return self._answered(request, None)
        action = fault.action
        if not isinstance(action, (Hang, Reset, Status)):
            return self._answered(request, action)
        done = self._answered(request, None) if fault.takes_effect else Exchange(Response())
        if isinstance(action, Status):
            page = page_response(action.status, action.body)
            return Exchange(evolve(page, headers=action.headers), None, done.then)
        return Exchange(done.response, action, done.then)

    def _answered(self, request: Request, action: Action | None) -> Exchange:
        asked = Asked(request, self._engine.clock.now(), self._engine.clock.epoch_ms())
        match answer(self._engine.model, asked):
            case LockWanted() as wanted:
                response = self._lock(wanted)
            case RestartWanted(response):
                return Exchange(response, action, self._engine.restart)
            case response:
                if response.status == OK:
                    self._with_scan(request, action)
                self._engine.catch_up()
        return Exchange(response, action)

    def _with_scan(self, request: Request, action: Action | None) -> None:
        method, _, path = request.endpoint().partition(" /scan/")
        if method != "POST" or path not in self._engine.model.scans:
            return
        kind = ScanKind(path)
        self._engine.save_at(When.SCAN, kind)
        match action:
            case ScanNeverEnds():
                self._engine.model.scans[kind] = evolve(self._engine.model.scans[kind], stuck=True)
            case RestartInScan():
                half = self._engine.model.settings.scan_seconds / 2
                self._engine.model.restart_later(self._engine.clock.now() + half)

    def _lock(self, wanted: LockWanted) -> Response:
        deadline = self._engine.clock.now() + wanted.seconds
        while self._engine.model.phase is Phase.RUNNING and not self._engine.stopping:
            self._engine.catch_up()
            now = self._engine.clock.now()
            if self._engine.model.lock(wanted.kind, wanted.holder, wanted.hold, now):
                self._engine.save_at(When.LOCK, wanted.kind)
                return json_response({})
            if now >= deadline:
                return lock_refused(self._engine.model)
            self._engine.waiting += 1
            self._engine.do(())
            self._engine.changed.wait(self._engine.clock.sleep_for(deadline - now))
            self._engine.waiting -= 1
        return page_response(503, "The gateway is not available.")
