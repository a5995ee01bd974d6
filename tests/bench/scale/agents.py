"""Agents that report at a rate: what they wrote, and when.

A report that is news is one that the CR's status has to show; it bears a number by which it is
found there. One that is none says only that its agent lives, as most reports do.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from kit.fleets import Fleet, Gateway

WRITERS: Final = 12
_LATE: Final = 0.5
"""Seconds behind its time from which on a writer counts as not keeping up."""


@dataclass
class Round:
    """Reports for some seconds at a rate."""

    fleet: Fleet
    commit: str
    rate: float
    seconds: float
    first: int
    """The number of the first; the following ones count up."""
    news: bool = True
    written: dict[int, float] = field(default_factory=dict)
    """When each was sent."""
    writers: dict[int, str] = field(default_factory=dict)
    """The pod whose agent sent it."""
    answers: list[float] = field(default_factory=list)
    """How long the API server took for each."""
    late: float = 0.0
    """By how much the latest was later than it should have been."""

    def run(self) -> None:
        """Write them all."""
        order = _order(self.fleet.gateways, int(self.rate * self.seconds), self.first)
        began = time.monotonic() + 0.1
        turns = iter(list(enumerate(order)))
        lock = threading.Lock()

        def write() -> None:
            while True:
                with lock:
                    turn = next(turns, None)
                if turn is None:
                    return
                self._write(turn[0], turn[1], began + turn[0] / self.rate)

        writers = [threading.Thread(target=write) for _ in range(WRITERS)]
        for one in writers:
            one.start()
        for one in writers:
            one.join()

    def _write(self, turn: int, gateway: Gateway, due: float) -> None:
        time.sleep(max(0.0, due - time.monotonic()))
        number = self.first + turn
        said = {"lastScanResult": f"report {number}"} if self.news else {}
        self.writers[number] = gateway.pod
        sent = self.written[number] = time.monotonic()
        self.late = max(self.late, sent - due)
        self.fleet.report(gateway, self.commit, **said)
        self.answers.append(time.monotonic() - sent)

    @property
    def rate_taken(self) -> float:
        """How many a second were written in fact."""
        sent = sorted(self.written.values())
        return len(sent) / max(sent[-1] - sent[0], 1e-9)

    @property
    def kept_up(self) -> bool:
        """Whether the API server took them as fast as they were to be written."""
        return self.late < _LATE

    def delays(self, seen: dict[int, float]) -> list[float]:
        """Seconds from writing to showing; a report that was not shown by now has none.

        Whoever shows a later report of an agent has no more use for those before it.
        """
        shown: dict[str, float] = {}
        found = []
        for number in sorted(self.written, reverse=True):
            pod = self.writers[number]
            at = min((one for one in (seen.get(number), shown.get(pod)) if one), default=None)
            if at is not None:
                shown[pod] = at
                found.append(at - self.written[number])
        return sorted(found)


def _order(gateways: Sequence[Gateway], count: int, seed: int) -> list[Gateway]:
    """Gateways by chance, none again before all others have had their turn."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    order: list[Gateway] = []
    while len(order) < count:
        order += chance.sample(gateways, len(gateways))
    return order[:count]


def share(ordered: Sequence[float], of: float) -> float:
    """The value that this share of them does not exceed; NaN of none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * of))] if ordered else float("nan")
