"""The stages of a gateway's start, on a clock that is handed in.

A start is a list of stages with the time that each takes. The last one has no end; one before it
without an end waits until somebody says that it is over (a gateway that is to be commissioned).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from stoker.testing.gateway.settings import Commissioning

if TYPE_CHECKING:
    from stoker.testing.gateway.settings import Settings


class Phase(StrEnum):
    """How far a gateway has come."""

    STOPPED = "stopped"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    STARTING = "starting"
    COMMISSIONING = "commissioning"
    RUNNING = "running"
    FAULTED = "faulted"

    @property
    def listens(self) -> bool:
        """Whether anybody answers on its ports."""
        return self not in {Phase.STOPPED, Phase.REFUSED}

    @property
    def boots(self) -> bool:
        """Whether it is on its way, and nothing may be taken from under its feet."""
        return self in {Phase.REFUSED, Phase.UNAVAILABLE, Phase.STARTING}


Stage = tuple[Phase, float | None]
"""A phase and the seconds that it takes; None if it does not end by itself."""


def first_start(settings: Settings, *, commissioned: bool) -> tuple[Stage, ...]:
    """The stages after the process was started."""
    wanted = settings.commissioning
    setup = wanted is Commissioning.ALWAYS or (wanted is Commissioning.FIRST and not commissioned)
    stages = (
        (Phase.REFUSED, settings.refused_seconds),
        (Phase.UNAVAILABLE, settings.unavailable_seconds),
        (Phase.STARTING, settings.starting_seconds),
        *(((Phase.COMMISSIONING, settings.commissioning_seconds),) if setup else ()),
    )
    return (*(stage for stage in stages if stage[1] != 0), (Phase.RUNNING, None))


def restart(settings: Settings) -> tuple[Stage, ...]:
    """The stages after a restart was asked for; the port stays open, as behind a service."""
    unavailable = settings.restart_seconds / 4
    starting = settings.restart_seconds - unavailable
    return ((Phase.UNAVAILABLE, unavailable), (Phase.STARTING, starting), (Phase.RUNNING, None))


@frozen
class Startup:
    """Where a gateway stands in its start."""

    phase: Phase = Phase.STOPPED
    ends: float | None = None
    rest: tuple[Stage, ...] = ()

    @classmethod
    def begin(cls, stages: tuple[Stage, ...], now: float) -> Startup:
        """The first of `stages`, at `now`."""
        return Startup(rest=stages).next(now)

    def next(self, now: float) -> Startup:
        """The stage after this one, which begins at `now`."""
        (phase, seconds), *rest = self.rest
        return Startup(phase, None if seconds is None else now + seconds, tuple(rest))

    def at(self, now: float) -> Startup:
        """The same, or the next stage if this one is over by `now`: one step at a time."""
        if self.ends is None or now < self.ends:
            return self
        return self.next(self.ends)

    def faulted(self) -> Startup:
        """The end of it, out of which only another start leads."""
        return evolve(self, phase=Phase.FAULTED, ends=None, rest=())
