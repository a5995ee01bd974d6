"""Scans and their locks, for one half of the files, on a clock that is handed in.

A scan is wanted, begins when no lock is in the way, reads the disk at once (what is written after
that moment it has missed), and is over when its time has passed. The lock keeps scans from
beginning, its own as well as those that somebody asked for; it ends with its time, or when its
holder asks for a scan.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from attrs import evolve, frozen

from stoker.testing.gateway.settings import Coalescing, LockedScan

NEVER: Final = float("inf")
_TELLING_APART_MS: Final = 1000


@frozen
class Hold:
    """Somebody's lock."""

    holder: str
    until: float


class Reply(Enum):
    """What a request for a scan met."""

    WANTED = "wanted"
    MERGED = "merged"
    FOLLOWS = "follows"
    LOCKED = "locked"


class Moment(Enum):
    """What happened in a step."""

    BEGAN = "began"
    """The disk has to be read now."""
    ENDED = "ended"
    """What was read is what is loaded."""


@frozen
class Timing:
    """How scans run: how long one takes, and how often the gateway makes one by itself."""

    seconds: float
    every: float


@frozen
class Scans:
    """The scans of one half of the files."""

    active: bool = False
    reading: bool = False
    began: float = 0.0
    ends: float = 0.0
    wanted: bool = False
    again: bool = False
    stuck: bool = False
    """Whether the next scan will never come to an end."""
    hold: Hold | None = None
    own: float = NEVER
    """When the gateway's own next scan is due."""
    last_timestamp: int = 0
    last_duration: int = 0
    count: int = 0

    def asked(
        self, holder: str, coalescing: Coalescing, locked: LockedScan, now: float
    ) -> tuple[Scans, Reply]:
        """After a request for a scan by `holder`, whose lock it gives back."""
        mine = self.hold is None or self.hold.holder == holder
        if not mine and locked is LockedScan.REFUSE:
            return self, Reply.LOCKED
        freed = evolve(self, hold=None) if mine else self
        if not self.active:
            return evolve(freed, wanted=True, began=now), Reply.WANTED
        if coalescing is Coalescing.FOLLOW:
            return evolve(freed, again=True), Reply.FOLLOWS
        return freed, Reply.MERGED

    def locked_by(self, holder: str, seconds: float, now: float) -> Scans | None:
        """With a lock of `holder`; None while somebody else's lock or a scan is in the way."""
        free = self.hold is None or self.hold.holder == holder
        if not free or self.active:
            return None
        return evolve(self, hold=Hold(holder, now + seconds))

    def released(self) -> Scans:
        """Without any lock."""
        return evolve(self, hold=None)

    def has_read(self) -> Scans:
        """After the disk was read for the running scan."""
        return evolve(self, reading=False)

    def broken_off(self, own: float) -> Scans:
        """After a restart: nothing runs, nothing is held, nothing is wanted."""
        return Scans(
            own=own,
            last_timestamp=self.last_timestamp,
            last_duration=self.last_duration,
            count=self.count,
        )

    def at(self, now: float, calendar_ms: int, timing: Timing) -> tuple[Scans, Moment | None]:
        """One step towards `now`; another may be due after it."""
        scans = self
        if scans.hold is not None and now >= scans.hold.until:
            scans = evolve(scans, hold=None)
        if scans.active:
            over = not scans.reading and now >= scans.ends
            return (_ended(scans, now, calendar_ms), Moment.ENDED) if over else (scans, None)
        if now >= scans.own:
            scans = evolve(scans, wanted=True, own=now + timing.every if timing.every else NEVER)
        if scans.wanted and scans.hold is None:
            return _begun(scans, now, timing.seconds), Moment.BEGAN
        return scans, None

    def due(self) -> float:
        """When the next step is due, if nothing happens before."""
        expiry = NEVER if self.hold is None else self.hold.until
        if self.active:
            return min(expiry, NEVER if self.reading else self.ends)
        if self.wanted:
            return expiry if self.hold else self.began
        return min(expiry, self.own)


def _begun(scans: Scans, now: float, seconds: float) -> Scans:
    ends = NEVER if scans.stuck else now + seconds
    return evolve(scans, active=True, reading=True, began=now, ends=ends, wanted=False, stuck=False)


def _ended(scans: Scans, now: float, calendar_ms: int) -> Scans:
    # Scans within a millisecond still have to be told apart; a clock that was set back is not.
    ahead = scans.last_timestamp - calendar_ms
    fresh = scans.last_timestamp + 1 if 0 <= ahead < _TELLING_APART_MS else calendar_ms
    return evolve(
        scans,
        active=False,
        wanted=scans.again,
        again=False,
        last_timestamp=fresh,
        last_duration=round((now - scans.began) * 1000),
        count=scans.count + 1,
    )
