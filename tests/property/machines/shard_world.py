"""A model of replicas that divide shards among themselves, over a server that holds the leases.

Each replica has a clock of its own and looks after all its leases at once. Requests and answers are
late or lost, a request may arrive after its sender gave it up, the API is away for a time, and
processes are paused, die, or leave. What decides is `stoker.core.sharding` itself.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from math import gcd
from random import Random

from attrs import define, evolve, field

from stoker.core import leadership
from stoker.core.leadership import Look, Record, Rest, Standing, Terms, Write
from stoker.core.sharding import moves, outcomes
from stoker.core.sharding.division import lease_name, place_of
from stoker.core.sharding.moves import Cede, Take, Wish
from stoker.core.sharding.replica import ALONE, Replica, View

TRAVEL = 0.05
"""Seconds that a packet takes at most while all is well."""
NAME = "stoker"

Lead = tuple[int, int]
"""Shard and count."""


@define
class Server:
    """Leases by name; each write has a version of its own."""

    records: dict[str, Record] = field(factory=dict)
    version: int = 0
    asked: Counter[str] = field(factory=Counter)

    def read(self) -> dict[str, Record]:
        self.asked["LIST"] += 1
        return dict(self.records)

    def write(self, name: str, record: Record) -> Record | None:
        """The record with its new version; None: a conflict."""
        there = self.records.get(name)
        self.asked["WRITE"] += 1
        if record.version != (there.version if there else ""):
            return None
        self.version += 1
        self.records[name] = evolve(record, version=str(self.version))
        return self.records[name]


@define(eq=False)
class Process:
    """A replica that runs, and its clock."""

    knows: Replica
    offset: float
    rate: float
    dead: bool = False
    stopped_until: float = 0.0
    """Until when it is stopped, as by a signal."""
    cut_until: float = 0.0
    """Until when its packets do not come through."""
    view: View | None = None

    @property
    def count(self) -> int:
        return len(self.knows.shards)

    def clock(self, time: float) -> float:
        return self.offset + time * self.rate

    def leads(self, time: float) -> Iterator[Lead]:
        """What it would write for, if it were asked at this moment."""
        if not self.dead:
            now = self.clock(time)
            for number in range(self.count):
                if self.knows.leads(number, now):
                    yield number, self.count


@define(eq=False)
class Single:
    """A process without shards, as it was before there were any."""

    standing: Standing
    dead: bool = False

    def leads(self, time: float) -> Iterator[Lead]:
        if not self.dead and self.standing.leads(time):
            yield 0, 1


def overlap(one: Lead, other: Lead) -> bool:
    """Whether there can be a namespace that is in both."""
    common = gcd(one[1], other[1])
    return one[0] % common == other[0] % common


@define
class World:
    """Everything that happens, in order."""

    random: Random
    terms: Terms
    server: Server = field(factory=Server)
    time: float = 0.0
    processes: list[Process] = field(factory=list)
    singles: list[Single] = field(factory=list)
    stormy: bool = False
    away_until: float = 0.0
    changes: int = 0
    """How often somebody began to lead, or ceased to."""
    reigns: set[tuple[Lead, int]] = field(factory=set)
    _agenda: list[tuple[float, int, Callable[[], None]]] = field(factory=list)
    _count: Iterator[int] = field(factory=itertools.count)
    _names: Iterator[int] = field(factory=itertools.count)

    # --- What may be done to it ---

    def add(self, count: int, rate: float = 1.0, after: float = 0.0) -> Process:
        replica = Replica.of(f"replica-{next(self._names)}", self.terms, count)
        made = Process(replica, self.random.uniform(-1e6, 1e6), rate)
        self.processes.append(made)
        for number in range(count):
            self.later(after + self.random.uniform(0, 0.01), self._acting(made, number))
        return made

    def add_single(self) -> Single:
        made = Single(Standing(f"single-{next(self._names)}", self.terms))
        self.singles.append(made)
        self.later(self.random.uniform(0, 1), lambda: self._act_alone(made))
        return made

    def leave(self, process: Process, *, in_flight: bool = True) -> None:
        """Stop leading first, and then say so.

        What is said does not count where a write is `in_flight`: it names an outdated version.
        """
        now = process.clock(self.time)
        led = [number for number in range(process.count) if process.knows.leads(number, now)]
        process.dead = True
        for number in led:
            name = lease_name(NAME, number, process.count)
            known = process.knows.shards[number].record
            record = known if in_flight else self.server.records[name]
            if record is not None:
                self.server.write(name, leadership.released(record))

    def leave_alone(self, single: Single) -> None:
        record, led = single.standing.record, single.standing.leads(self.time)
        single.dead = True
        if led and record is not None:
            self.server.write(NAME, leadership.released(record))

    def run(self, until: float) -> None:
        """Let time pass; nobody may ever lead what another leads."""
        while self._agenda and self._agenda[0][0] <= until:
            self.time, _, what = heapq.heappop(self._agenda)
            what()
            self.check()
        self.time = until
        self.check()

    def check(self) -> None:
        leads = [(lead, id(one)) for one in self._all() for lead in one.leads(self.time)]
        owners = dict(leads)
        assert len(owners) == len(leads), self.who()
        if len({count for _, count in owners}) > 1:
            for one, other in itertools.combinations(owners, 2):
                is_same = owners[one] == owners[other]
                assert is_same or not overlap(one, other), self.who()
        now = set(leads)
        self.changes += len(now ^ self.reigns)
        self.reigns = now

    def settled(self, count: int) -> None:
        """Every shard has a leader, and they have the same number of them, but for one."""
        assert self.led() == [(number, count) for number in range(count)], self.who()
        assert max(self.loads()) - min(self.loads()) <= 1, self.who()

    # --- What there is to see ---

    def who(self) -> dict[str, list[Lead]]:
        """Who leads what."""
        named = {one.knows.identity: list(one.leads(self.time)) for one in self.alive()}
        alone = [single for single in self.singles if not single.dead]
        return named | {one.standing.identity: list(one.leads(self.time)) for one in alone}

    def alive(self) -> list[Process]:
        return [one for one in self.processes if not one.dead]

    def loads(self) -> list[int]:
        return [len(list(one.leads(self.time))) for one in self.alive()]

    def led(self) -> list[Lead]:
        return sorted(lead for one in self._all() for lead in one.leads(self.time))

    def _all(self) -> list[Process | Single]:
        return [*self.processes, *self.singles]

    # --- One replica ---

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (self.time + seconds, next(self._count), what))

    def _acting(self, process: Process, number: int) -> Callable[[], None]:
        def act() -> None:
            if process.dead:
                return
            if process.stopped_until > self.time:
                self.later(process.stopped_until - self.time, act)
            else:
                self._act(process, number)

        return act

    def _act(self, process: Process, number: int) -> None:
        now = process.clock(self.time)
        move = moves.move(process.knows, number, now)
        process.knows = outcomes.begun(process.knows, number, move, now)
        match move:
            case Rest(seconds):
                assert 0 < seconds <= max(self.terms.retry, 1e-6) + 1e-6
                self._then(
                    process,
                    number,
                    seconds / process.rate,
                    lambda knows, _: outcomes.rested(knows, number),
                )
            case Look():
                self._look(process, number, now)
            case Write(record) | Take(record) | Wish(record) | Cede(record):
                name = lease_name(NAME, number, process.count)
                self._ask(
                    process,
                    number,
                    lambda: self.server.write(name, record),
                    _after(move, number, now),
                )

    def _look(self, process: Process, number: int, now: float) -> None:
        view = process.view
        if view and view.answers(process.knows.shards[number], now, self.terms.retry):
            process.knows = outcomes.looked(process.knows, number, view)
            self._act(process, number)
            return

        def seen(knows: Replica, answer: object, at: float) -> Replica:
            assert isinstance(answer, dict)
            view = view_of(answer, process.count, now, at)
            if process.view is None or process.view.at < at:
                process.view = view
            return outcomes.looked(knows, number, view)

        self._ask(process, number, self.server.read, seen)

    def _then(
        self,
        process: Process,
        number: int,
        seconds: float,
        change: Callable[[Replica, float], Replica],
    ) -> None:
        """Change what it knows, and go on; a thread may be late, and its process stopped."""

        def go_on() -> None:
            if process.dead:
                return
            if process.stopped_until > self.time:
                self.later(process.stopped_until - self.time, go_on)
                return
            process.knows = change(process.knows, process.clock(self.time))
            self._act(process, number)

        pause = 0.0
        if self.stormy and self.random.random() < 0.01:
            pause = self.random.uniform(0, 2 * self.terms.duration)
        self.later(seconds + pause, go_on)

    def _ask(
        self,
        process: Process,
        number: int,
        ask: Callable[[], object],
        change: Callable[[Replica, object, float], Replica],
    ) -> None:
        """A request: what the server does with it, and what its answer changes."""
        standing = process.knows.shards[number].standing
        patience = standing.patience(process.clock(self.time)) / process.rate
        is_cut = process.cut_until > self.time
        there, back = (None, None) if is_cut else (self._travel(), self._travel())
        answers: list[object] = []
        if there is not None:
            self.later(there, lambda: answers.append(ask()))
        if there is None or back is None or there + back >= patience:
            self._then(
                process, number, patience, lambda knows, at: outcomes.failed(knows, number, at)
            )
        else:
            self._then(
                process, number, there + back, lambda knows, at: change(knows, answers[0], at)
            )

    def _travel(self) -> float | None:
        """How long a packet is under way; None: for ever."""
        if self.away_until > self.time:
            return None
        if not self.stormy:
            return self.random.uniform(0, TRAVEL)
        fate = self.random.random()
        if fate < 0.15:
            return None
        return self.random.uniform(0, 1.0 if fate < 0.95 else 2 * self.terms.duration)

    # --- One without shards, for whom packets are never lost ---

    def _act_alone(self, single: Single) -> None:
        if single.dead:
            return
        match leadership.move(single.standing, self.time):
            case Rest(seconds):
                single.standing = leadership.rested(single.standing)
                self.later(seconds, lambda: self._act_alone(single))
                return
            case Look():
                single.standing = leadership.looked(
                    single.standing, self.server.records.get(NAME), self.time
                )
            case Write(record):
                written = self.server.write(NAME, record)
                single.standing = (
                    leadership.refused(single.standing, self.time)
                    if written is None
                    else leadership.wrote(single.standing, written, self.time, self.time)
                )
        self.later(self.random.uniform(0, TRAVEL), lambda: self._act_alone(single))


def view_of(records: dict[str, Record], count: int, begun: float, at: float) -> View:
    """What a replica of `count` shards makes of all leases."""
    shards, rivals = {}, {}
    for name, record in records.items():
        place = place_of(name, NAME)
        if place is not None and place[1] == count:
            shards[place[0]] = record
        else:
            rivals[ALONE if name == NAME else name] = record
    return View(begun, at, shards, rivals)


def _after(
    move: Write | Take | Wish | Cede, number: int, began: float
) -> Callable[[Replica, object, float], Replica]:
    def change(knows: Replica, answer: object, now: float) -> Replica:
        if answer is None:
            return outcomes.refused(knows, number, now)
        assert isinstance(answer, Record)
        match move:
            case Wish():
                return outcomes.wished(knows, number, answer, now)
            case Cede():
                return outcomes.ceded(knows, number, answer, now)
        return outcomes.wrote(knows, number, answer, began, now)

    return change
