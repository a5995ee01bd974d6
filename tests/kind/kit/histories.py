"""What can become of the events of a watch on their way, as a pure function of a seed.

A `History` says it for a whole run: how late the events of each kind are, how many come twice, in
the wrong order or never, where streams break off, whether a version to resume from has expired, and
whether a controller that begins anew is given lists from the past. A `Stream` is what becomes of
the events of one watch: `told` takes one as it comes and gives those that are passed on, each with
the time at which it is due.

Some of this no API server does: within one stream a real one neither leaves out nor reorders. But
caches and proxies between have had such defects, and whoever lives through all of them need not ask
which are left.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from enum import Enum
from typing import Final

from attrs import define, evolve, field, frozen

KINDS: Final = ("gatewaysyncs", "pods", "configmaps", "roles", "rolebindings")
_KEPT: Final = 8
_NOTHING: Final[Mapping[str, float]] = {}


class Past(Enum):
    """From when the lists are that a new life is given."""

    NONE = "now"
    SAME = "one moment in the past"
    MIXED = "another moment for each kind"


@frozen(kw_only=True)
class History:
    """What is done to the events of a run; numbers between 0 and 1 are probabilities."""

    name: str
    seed: int = 0
    late: Mapping[str, float] = _NOTHING
    """Seconds by which the events of a kind are late."""
    uneven: float = 0.0
    """Up to how many seconds any event is late besides; none overtakes another of its kind."""
    repeats: float = 0.0
    """That an event comes twice."""
    echoes: float = 0.0
    """That one of the last events comes once more, after those that came since."""
    swaps: float = 0.0
    """That an event comes after the next of its kind."""
    drops: float = 0.0
    """That an event never comes."""
    cuts: float = 0.0
    """That the stream breaks off after an event."""
    expires: float = 0.0
    """That a version to resume from is said to be gone."""
    bookmarks: bool = True
    """Whether bookmarks come."""
    past: Past = Past.NONE
    hold: float = 0.0
    """Seconds for which a life that began in the past stays there."""
    dies_after_events: tuple[int, ...] = ()
    dies_before_writes: tuple[int, ...] = ()
    dies_after_writes: tuple[int, ...] = ()

    def of(self, seed: int) -> History:
        """The same with other choices."""
        return evolve(self, seed=seed)

    @classmethod
    def drawn(cls, seed: int) -> History:
        """One that has a bit of everything, by chance, but loses nothing for good."""
        chance = random.Random(seed)  # noqa: S311 - no secret
        late = {kind: chance.choice((0.0, 0.0, 0.5, 2.0)) for kind in KINDS}
        deaths = [sorted(chance.sample(range(20, 200), chance.randrange(3))) for _ in range(3)]
        return cls(
            name="drawn by chance",
            seed=seed,
            late=late,
            uneven=chance.choice((0.0, 0.3, 1.0)),
            repeats=chance.choice((0.0, 0.1, 0.4)),
            echoes=chance.choice((0.0, 0.05)),
            swaps=chance.choice((0.0, 0.05, 0.1)),
            cuts=chance.choice((0.0, 0.02, 0.1)),
            expires=chance.choice((0.0, 0.3)),
            bookmarks=chance.random() < 0.5,
            past=chance.choice(tuple(Past)),
            hold=chance.choice((0.0, 1.0, 3.0)),
            dies_after_events=tuple(deaths[0]),
            dies_before_writes=tuple(deaths[1]),
            dies_after_writes=tuple(deaths[2]),
        )

    @property
    def deaths(self) -> int:
        """How often the client is killed."""
        named = (self.dies_after_events, self.dies_before_writes, self.dies_after_writes)
        return sum(map(len, named))

    def stream(self, kind: str, which: str, begins: float = 0.0) -> Stream:
        """A watch of a kind, `which` among all; nothing is passed on before `begins`."""
        chance = random.Random(f"{self.seed} {which}")  # noqa: S311 - no secret
        return Stream(self, kind, chance, begins)


@frozen
class Told:
    """A line that is passed on."""

    due: float
    line: bytes
    last: bool = False
    """Whether the stream breaks off behind it."""


@define
class Stream:
    """What becomes of the events of one watch, while `quiet` is not set."""

    history: History
    kind: str
    chance: random.Random
    begins: float = 0.0
    counts: dict[str, int] = field(factory=dict)
    """How often something was done."""
    _due: float = 0.0
    _held: bytes | None = None
    _last: list[bytes] = field(factory=list)

    def told(self, line: bytes, now: float, *, quiet: bool = False) -> list[Told]:
        """What is passed on when this comes; with `quiet` it is no more than late."""
        if is_bookmark(line):
            return self._bookmark(line, now)
        self._due = max(self._due, self.begins, now + self._lateness())
        if quiet:
            return [Told(self._due, one) for one in (*self._released(), line)]
        if self._happens("an event never came", self.history.drops):
            return []
        if self._held is None and self._happens(
            "an event came after the next one", self.history.swaps
        ):
            self._held = line
            return []
        lines = [line, *self._released()]
        if self._happens("an event came twice", self.history.repeats):
            lines.insert(1, line)
        if self._last and self._happens(
            "an event came again after later ones", self.history.echoes
        ):
            lines.append(self.chance.choice(self._last))
        self._last = [*self._last, line][-_KEPT:]
        is_cut = self._happens("a watch broke off after an event", self.history.cuts)
        return [
            Told(self._due, one, last=is_cut and number == len(lines) - 1)
            for number, one in enumerate(lines)
        ]

    def rest(self, now: float) -> list[Told]:
        """What was held back for an event that did not come."""
        return [Told(max(self._due, now), one) for one in self._released()]

    def _bookmark(self, line: bytes, now: float) -> list[Told]:
        if not self.history.bookmarks:
            self._count("a bookmark never came")
            return []
        # It says that all before it has been told.
        return [Told(max(self._due, now), one) for one in (*self._released(), line)]

    def _lateness(self) -> float:
        late = self.history.late.get(self.kind, 0.0)
        late += self.chance.random() * self.history.uneven
        if late:
            self._count("an event came late")
        return late

    def _released(self) -> list[bytes]:
        held, self._held = self._held, None
        return [] if held is None else [held]

    def _happens(self, what: str, likely: float) -> bool:
        if self.chance.random() >= likely:
            return False
        self._count(what)
        return True

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


def is_bookmark(line: bytes) -> bool:
    """Whether it says no more than that nothing has changed."""
    return line.startswith(b'{"type":"BOOKMARK"')
