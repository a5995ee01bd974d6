"""One sync, from its start to its end, by the same machine that an agent runs for ever.

The machine is given its metadata and driven until it rests: nothing is asked at the same time,
nothing happens in between but what it waits for itself. What came of it is read from what it did.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from stoker.core.agent import State, initial, step
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.agent.state import AtRest, Unrecovered
from stoker.core.errors import ScanError, StokerError
from stoker.entrypoints.engine.doers import Doers
from stoker.entrypoints.engine.planner import Prepared

if TYPE_CHECKING:
    from stoker.core.pods import Pod
    from stoker.core.profile import Metadata


@frozen(kw_only=True)
class Ending:
    """How the one sync ended."""

    state: State
    audit: ef.Audit | None
    """The record of the sync; None where it never began."""
    prepared: Prepared | None
    """What was planned."""
    error: StokerError | None


@define
class _Drive:
    doers: Doers
    sleep: Callable[[float], None]
    state: State
    events: deque[ev.Event] = field(factory=deque)
    audit: ef.Audit | None = None
    prepared: Prepared | None = None
    error: StokerError | None = None
    left_over: StokerError | None = None
    timer: float = 0.0

    def run(self) -> None:
        """Hear and do, until there is nothing left to wait for."""
        while self.events or not self._at_rest():
            if not self.events:
                self.sleep(self.timer)
                self.events.append(ev.Tick(self.doers.place.now()))
            event = self.events.popleft()
            self._note(event)
            self.state, effects = step(self.state, event)
            for effect in effects:
                self._do(effect)

    def _at_rest(self) -> bool:
        return isinstance(self.state.phase, AtRest | Unrecovered)

    def _do(self, effect: ef.Effect) -> None:
        match effect:
            case _ if isinstance(effect, ef.Order):
                self._obey(effect)
            case ef.Audit():
                self.audit = effect
            case ef.SetTimer(seconds):
                self.timer = seconds
            case _ if isinstance(effect, ef.Question):
                self.events.append(self.doers.answer(effect))
            case _:
                # Reports and counts are for agents.
                pass

    def _obey(self, order: ef.Order) -> None:
        self.prepared = self.doers.prepared or self.prepared
        try:
            self.doers.obey(order)
        except StokerError as error:
            # What was to be done for the gateway is done; what is left over, the next sync finds.
            self.left_over = error

    def _note(self, event: ev.Event) -> None:
        error = getattr(event, "error", None)
        if isinstance(error, StokerError):
            self.error = error


def sync_once(
    doers: Doers, metadata: Metadata, pod: Pod, sleep: Callable[[float], None] = time.sleep
) -> Ending:
    """Bring the gateway to what `metadata` says; whatever happens, there is an ending."""
    place = doers.place
    drive = _Drive(doers, sleep, initial(place.identity, pod))
    now = place.now()
    # Whoever asks for one sync wants the files to be as they should be, whoever has changed them.
    drive.events.extend((ev.Started(now), ev.SyncRequested(now), ev.MetadataChanged(now, metadata)))
    drive.run()
    standing = drive.state.standing
    error = drive.error
    if standing.error and error is None:
        error = ScanError(standing.error)
    return Ending(
        state=drive.state,
        audit=drive.audit,
        prepared=doers.prepared or drive.prepared,
        error=error if standing.error else None,
    )
