"""Scans and the locks that keep them away.

A scan is asked for and runs by itself. One that already ran when ours was asked for proves nothing,
so its end is waited for first; then the state is remembered, the scan asked for, and the state read
until the gateway has done one later than that. A question that fails on the way is asked again for
a few seconds: a gateway that is busy loading drops connections, and one that restarts says so soon.

A lock ends with the scan of its kind, or by itself after its time; there is no other way to end it.
Where nothing was written under it a scan gives it back at once and harms nobody. Where something
was, a scan would show the gateway half of a change: there the lock is left to its end, remembered,
and counts as had when it is asked for again. For the same reason it cannot be prolonged: who needs
more time asks for it in the beginning.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from stoker.adapters.ignition.errors import NoAnswer, not_locked
from stoker.adapters.ignition.patience import Patience
from stoker.core.ignition import ScanKind
from stoker.core.scan import (
    Accepted,
    Busy,
    Running,
    ScanOutcome,
    ScanStatus,
    TimedOut,
    Unreachable,
    Unsupported,
    interpret_scan_post,
    interpret_scan_status,
    read_scan_status,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from stoker.adapters.ignition.api import Api

GRACE: Final = 5.0
"""Seconds for which the state of an accepted scan may not be had."""


class Scans:
    """The scans and scan locks of one gateway."""

    def __init__(
        self, api: Api, sleep: Callable[[float], None], monotonic: Callable[[], float]
    ) -> None:
        self._api = api
        self._sleep = sleep
        self._monotonic = monotonic
        self._held: dict[ScanKind, float] = {}

    def scan(self, kind: ScanKind, seconds: float) -> ScanOutcome:
        """Have the gateway scan, and wait for the end."""
        patience = Patience(seconds, self._sleep, self._monotonic)
        while True:
            outcome = self._attempt(kind, patience)
            if not isinstance(outcome, Busy) or not patience.wait(outcome.after or 0.0):
                return outcome

    def _attempt(self, kind: ScanKind, patience: Patience) -> ScanOutcome:
        before = self._idle(kind, patience)
        if not isinstance(before, ScanStatus):
            return before
        requested = self._request(kind, patience)
        if not isinstance(requested, Accepted):
            return requested
        return self._finished(kind, before, patience) or TimedOut(patience.seconds)

    def _idle(self, kind: ScanKind, patience: Patience) -> ScanStatus | ScanOutcome:
        """The state once no scan runs; Busy if one runs for too long."""
        while True:
            status = self._status(kind, patience)
            if not isinstance(status, ScanStatus) or not status.active:
                return status
            if not patience.wait():
                return Busy()

    def _finished(
        self, kind: ScanKind, before: ScanStatus, patience: Patience
    ) -> ScanOutcome | None:
        failing: float | None = None
        while patience.wait():
            status = self._status(kind, patience)
            if isinstance(status, ScanStatus):
                failing = None
                outcome = interpret_scan_status(before, status)
                if not isinstance(outcome, Running):
                    return outcome
            elif failing is None:
                failing = patience.now
            elif patience.now - failing >= GRACE:
                return status
        return None

    def _status(self, kind: ScanKind, patience: Patience) -> ScanStatus | ScanOutcome:
        try:
            answer = self._api.get("scan", kind, seconds=patience.request(self._api.seconds))
        except NoAnswer as error:
            return Unreachable(error.message)
        return read_scan_status(answer)

    def _request(self, kind: ScanKind, patience: Patience) -> Accepted | ScanOutcome:
        try:
            answer = self._api.post("scan", kind, seconds=patience.request(self._api.seconds))
        except NoAnswer as error:
            return Unreachable(error.message)
        outcome = interpret_scan_post(answer)
        if isinstance(outcome, Accepted):
            self._held.pop(kind, None)
        return outcome

    def lock(self, kinds: Collection[ScanKind], acquire: float, hold: float) -> None:
        """Have all of the locks or none; raises `ScanError`."""
        fresh: list[ScanKind] = []
        # Always in one order, so that two who want both never wait for each other.
        for kind in (kind for kind in ScanKind if kind in kinds):
            if self._still_held(kind) >= hold / 2:
                continue
            match self._acquire(kind, acquire, hold):
                case Accepted():
                    fresh.append(kind)
                case Unsupported():
                    continue
                case outcome:
                    self.give_back(fresh)
                    raise not_locked(kind, outcome)

    def give_back(self, kinds: Collection[ScanKind]) -> None:
        """End those of the locks that are held, by a scan that nobody waits for."""
        for kind in (kind for kind in ScanKind if kind in kinds):
            if self._still_held(kind) > 0:
                self._request(kind, Patience(self._api.seconds, self._sleep, self._monotonic))

    def _still_held(self, kind: ScanKind) -> float:
        return self._held.get(kind, -math.inf) - self._monotonic()

    def _acquire(self, kind: ScanKind, acquire: float, hold: float) -> Accepted | ScanOutcome:
        # A lock of our own may be in the way, and it ends when it ends.
        wait = math.ceil(max(acquire, self._still_held(kind)))
        wish = {"acquireTimeout": wait, "holdTimeout": math.ceil(hold)}
        asked = self._monotonic()
        try:
            answer = self._api.post(
                "scan-lock", kind, document=wish, seconds=wait + self._api.seconds
            )
        except NoAnswer as error:
            return Unreachable(error.message)
        outcome = interpret_scan_post(answer)
        if isinstance(outcome, Accepted):
            self._held[kind] = asked + hold
        return outcome
