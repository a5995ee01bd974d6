"""What runs next, when there are more questions than slots and some servers hang.

Each host is a lane: what is asked of it starts in the order in which it came, `per_host` at once.
Lanes with something to do take turns: the one that waited longest is looked at first, so nobody
starves.

A host is *slow* when its last answer was none (the question ran into its deadline), or when a
question of it has been on its way for longer than `patience`. It is *proven* once it has answered,
well or badly, and *new* before that, when it gets one slot and no more. Slow hosts share a quarter
of the slots, slow and new ones three quarters; the last quarter is for those that are known to
answer. One that answers again is proven at once. So hosts that hang cost the others some room,
once, and never all of it.

Nothing here runs anything, and the time is an argument.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from enum import Enum
from typing import Final, Generic, TypeVar

from attrs import define, field, frozen

J = TypeVar("J")

SLOTS: Final = 16
PER_HOST: Final = 4
PATIENCE: Final = 8.0
"""Seconds after which a question that is on its way makes its host slow."""
FORGET: Final = 3600.0
"""Seconds after which nothing is remembered of a host that nobody asked."""


class Verdict(Enum):
    """What a question that has ended says of its host."""

    NOTHING = "nothing"
    """The host was not asked."""
    ANSWERED = "answered"
    HUNG = "hung"


@define
class _Lane(Generic[J]):
    waiting: deque[J] = field(factory=deque)
    running: list[float] = field(factory=list)
    """When each of them was started, the first one first."""
    last: Verdict = Verdict.NOTHING
    used: float = 0.0

    def is_slow(self, now: float, patience: float) -> bool:
        hangs = bool(self.running) and now - self.running[0] > patience
        return hangs or self.last is Verdict.HUNG


@frozen
class Taken(Generic[J]):
    """What is to be run now; `done` wants it back."""

    host: str
    job: J
    started: float


@define
class Lanes(Generic[J]):
    """Jobs of type `J`, by host."""

    slots: int = SLOTS
    per_host: int = PER_HOST
    patience: float = PATIENCE
    _lanes: dict[str, _Lane[J]] = field(factory=dict)
    _turns: OrderedDict[str, None] = field(factory=OrderedDict)
    """The hosts that have something waiting, the one whose turn it is first."""
    _busy: dict[str, None] = field(factory=dict)
    """The hosts that have something running."""

    @property
    def for_slow(self) -> int:
        """How many slots slow hosts may have together."""
        return max(1, self.slots // 4)

    @property
    def for_unproven(self) -> int:
        """How many slots slow and new hosts may have together."""
        return max(1, self.slots - self.slots // 4)

    @property
    def running(self) -> int:
        """How many slots are taken."""
        return sum(len(self._lanes[host].running) for host in self._busy)

    @property
    def waiting(self) -> int:
        """How many jobs have not begun."""
        return sum(len(self._lanes[host].waiting) for host in self._turns)

    def put(self, host: str, job: J) -> None:
        """Add a job at the end of the host's lane."""
        self._lanes.setdefault(host, _Lane()).waiting.append(job)
        self._turns.setdefault(host, None)

    def take(self, now: float) -> Taken[J] | None:
        """What may start now, if anything may; it counts as running from here on."""
        total, unproven, slow = self._taken(now)
        if total >= self.slots:
            return None
        for host, lane in ((host, self._lanes[host]) for host in self._turns):
            is_slow = lane.is_slow(now, self.patience)
            is_unproven = is_slow or lane.last is not Verdict.ANSWERED
            if (
                len(lane.running) < (1 if lane.last is Verdict.NOTHING else self.per_host)
                and not (is_slow and slow >= self.for_slow)
                and not (is_unproven and unproven >= self.for_unproven)
            ):
                return self._start(host, lane, now)
        return None

    def done(self, taken: Taken[J], verdict: Verdict, now: float) -> None:
        """Give a slot back, and say what the host did."""
        lane = self._lanes[taken.host]
        lane.running.remove(taken.started)
        lane.used = now
        if verdict is not Verdict.NOTHING:
            lane.last = verdict
        if not lane.running:
            del self._busy[taken.host]

    def tidy(self, now: float) -> None:
        """Drop what is remembered of hosts that nobody asked for long."""
        idle = [
            host
            for host, lane in self._lanes.items()
            if not lane.waiting and not lane.running and now - lane.used > FORGET
        ]
        for host in idle:
            del self._lanes[host]

    def _taken(self, now: float) -> tuple[int, int, int]:
        """How many slots are taken: all, by unproven hosts, by slow ones."""
        total = unproven = slow = 0
        for lane in (self._lanes[host] for host in self._busy):
            count = len(lane.running)
            total += count
            if lane.is_slow(now, self.patience):
                slow += count
                unproven += count
            elif lane.last is not Verdict.ANSWERED:
                unproven += count
        return total, unproven, slow

    def _start(self, host: str, lane: _Lane[J], now: float) -> Taken[J]:
        job = lane.waiting.popleft()
        lane.running.append(now)
        lane.used = now
        self._busy[host] = None
        if lane.waiting:
            self._turns.move_to_end(host)
        else:
            del self._turns[host]
        return Taken(host, job, now)
