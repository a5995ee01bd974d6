"""What is measured of a fleet, one part after the other.

- `start`: from the start of the process until all CRs are resolved and agents are told; then every
  agent reports, until all are ready
- `rest`: a minute in which nothing happens but polls
- `push`: from a commit until every agent's metadata names it; once by the poll, once because the
  receiver asks each CR for it
- `reports`: from a report to the status, at 200 a second and at growing rates
- `lives`: reports that say only that agents live
- `kill`: the controller that leads (a shard, where there are several) is killed, and one waits
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from dataclasses import field as part
from typing import Any, Final

from kit import eventually
from kit.crowds import at_once
from kit.local_controller import LocalController

from bench.scale.accounts import Account, Memory, Spent
from bench.scale.agents import Round, share
from bench.scale.fields import Field, Problem
from bench.scale.results import Results

PARTS: Final = ("start", "rest", "push", "reports", "lives", "kill")
RATE: Final = 200.0
"""Reports a second."""
_PATIENCE: Final = 900.0
_SETTLED: Final = 3.0
"""Seconds without a write after which nothing more is expected."""
_LATEST: Final = 2.0
"""Seconds that 99 of 100 reports may take at the most."""
_FASTER: Final = 1.5
_SLOWER: Final = 1.2
_SLOWEST: Final = 20.0


@dataclass
class Rounds:
    """All parts for one fleet."""

    field: Field
    results: Results
    shards: int = 1
    minute: float = 60.0
    seconds: float = 20.0
    """How long reports come at each rate."""
    commit: str = ""
    running: list[LocalController] = part(default_factory=list)
    _reports: int = 0

    def measure(self, parts: Iterable[str]) -> None:
        """These parts; `start` is always among them."""
        wanted = {"start", *parts}
        for one in PARTS:
            if one in wanted:
                getattr(self, one)()

    # --- From nothing ---

    def start(self) -> None:
        """From nothing."""
        self.commit = self.field.push()
        account, began = self.field.account(), time.monotonic()
        self.running = [self._begin(f"controller-{n}") for n in range(self.shards)]
        crs = self.field.fleet.size
        shown = self._whole(lambda: self._times("shown", self.commit), crs, "all are resolved")
        told = self._whole(lambda: self._times("told", self.commit), crs, "all are told")
        row = self.results.row
        row("start: the first agents are told", told[0] - began, "s")
        row("start: all agents are told of the commit", told[-1] - began, "s")
        row("start: all are resolved and agents told", max(told[-1], shown[-1]) - began, "s", "40")
        pods = 2 * len(self.field.fleet.gateways)
        ready = self._whole(self._writable, pods, "all agents can report")
        row("start: every agent can report", ready[-1] - began, "s")
        self._until_quiet()
        self._told_cpu("start: CPU", self._with_controllers(account).spent())
        self._memory("start")
        self._requests("start: requests for each GatewaySync", Counter(), crs)
        self._first_reports()

    def _first_reports(self) -> None:
        fleet, began = self.field.fleet, time.monotonic()
        account = self.field.account()
        at_once(lambda one: fleet.report(one, self.commit), fleet.gateways)
        self.results.row("first reports: writing them", time.monotonic() - began, "s")
        eventually(self._all_ready, what="all are ready", within=_PATIENCE)
        self.results.row("first reports: until all are ready", time.monotonic() - began, "s")
        self._told_cpu("first reports: CPU", account.spent())
        self.field.heard.all_are_ready()

    # --- Nothing happens ---

    def rest(self) -> None:
        """A minute of nothing."""
        time.sleep(_SETTLED * 2)
        before, calls = self._asked(), len(self.field.relay.calls)
        account = self.field.account()
        time.sleep(self.minute)
        spent = account.spent()
        minutes = spent.seconds / 60
        own = sum(spent.cpu.get(one.name, 0.0) for one in self.running)
        self.results.row("rest: CPU of the controller, a minute", own / minutes, "s", "4")
        self._told_cpu("rest: CPU", spent)
        self._memory("rest")
        git = (len(self.field.relay.calls) - calls) / minutes / len(self.field.repositories)
        self.results.row("rest: git connections, a minute and repository", git, "", "1")
        self._requests("rest: requests, a minute", before, minutes)

    # --- A push ---

    def push(self) -> None:
        """By the poll, and by requests."""
        calls, commit, account = (
            len(self.field.relay.calls),
            self.field.push(),
            self.field.account(),
        )
        eventually(
            lambda: len(self.field.relay.calls) > calls,
            what="the poll",
            within=90,
            tell=[self._tails],
        )
        asked = self.field.relay.calls[calls].at
        self._followed("push, found by the poll", commit, asked, account)
        commit, account = self.field.push(), self.field.account()
        began = time.monotonic()
        at_once(self.field.fleet.look, self.field.fleet.crs)
        self.results.row("push, each CR asked for it: asking", time.monotonic() - began, "s")
        self._followed("push, each CR asked for it", commit, began, account)

    def _followed(self, what: str, commit: str, began: float, account: Account) -> None:
        crs = self.field.fleet.size
        told = self._whole(lambda: self._times("told", commit), crs, "all are told")
        shown = self._whole(lambda: self._times("shown", commit), crs, "all show it")
        self.results.row(f"{what}: the first agents are told", told[0] - began, "s")
        self.results.row(f"{what}: all agents are told", told[-1] - began, "s")
        self.results.row(f"{what}: all statuses show it", shown[-1] - began, "s")
        self._until_quiet()
        self._told_cpu(f"{what}: CPU", account.spent())
        self.commit = commit

    # --- Reports ---

    def reports(self) -> None:
        """At the rate of the goal; from there faster while that goes well, else slower until so."""
        rate = RATE
        if self._reported(rate):
            while self._reported(rate := rate * _FASTER):
                pass
        else:
            while rate > _SLOWEST and not self._reported(rate := rate / _SLOWER):
                pass

    def _reported(self, rate: float) -> bool:
        before, account = self._asked(), self.field.account()
        made = self._round(rate, news=True)
        made.run()
        time.sleep(_LATEST)
        delays = made.delays(self.field.heard.shown.reports)
        missing = len(made.written) - len(delays)
        what, spent = f"reports, {rate:.0f} a second", account.spent()
        goal = str(_LATEST) if rate == RATE else ""
        self.results.row(f"{what}: to the status, median", share(delays, 0.5), "s")
        self.results.row(f"{what}: 99 of 100", share(delays, 0.99), "s", goal)
        self.results.row(f"{what}: not shown after {_LATEST:.0f} s", missing, "")
        if not made.kept_up:
            self.results.row(f"{what}: the API server took", made.rate_taken, "a second")
        self._told_cpu(f"{what}: CPU a second", _a_second(spent))
        self._requests(f"{what}: requests a second", before, spent.seconds)
        self._until_quiet()
        return made.kept_up and not missing and share(delays, 0.99) < _LATEST

    def lives(self) -> None:
        """Reports that are no news: each agent says once more what it will repeat."""
        at_once(lambda one: self.field.fleet.report(one, self.commit), self.field.fleet.gateways)
        self._until_quiet()
        before, account = self._asked(), self.field.account()
        made = self._round(RATE, news=False)
        made.run()
        what = f"agents say that they live, {RATE:.0f} a second"
        self._told_cpu(f"{what}: CPU a second", _a_second(account.spent()))
        writes = self._asked() - before
        self.results.row(f"{what}: writes", sum(_writes(writes).values()), "", "0")
        self._memory(what)

    def _round(self, rate: float, *, news: bool) -> Round:
        # The reports name the commit that agents were told last, so they stay synced.
        made = Round(self.field.fleet, self.commit, rate, self.seconds, self._reports, news)
        self._reports += int(rate * self.seconds)
        return made

    # --- Who leads is killed ---

    def kill(self) -> None:
        """The first, whose share is taken over by one that has waited for that."""
        other = self._begin("other", waiting=True)
        first, *others = self.running
        self._until_quiet()
        began = time.monotonic()
        first.kill()
        commit = self.field.push()
        at_once(self.field.fleet.look, self.field.fleet.crs)
        self.running = [*others, other]
        account = self.field.account()
        self._followed("a leader is killed, and pushed", commit, began, account)
        # Metadata, status, and its event; of how many CRs it led, the hash of namespaces decides.
        needed = str(3 * self.field.fleet.size) if self.shards == 1 else ""
        self.results.row("a leader is killed: writes of who follows", other.writes(), "", needed)

    # --- Parts of these ---

    def _begin(self, name: str, *, waiting: bool = False) -> LocalController:
        options: dict[str, Any] = {"allowed_protocols": "git,https"}
        if self.shards > 1:
            options["shards"] = self.shards
        begun = self.field.controllers.begin(name, **options)
        return begun.ready() if waiting else begun

    def _with_controllers(self, account: Account) -> Account:
        """The same account, opened before the controllers were there."""
        account.controllers = {one.name: one.pid for one in self.running}
        return account

    def _times(self, who: str, commit: str) -> list[float]:
        seen = self.field.heard.told if who == "told" else self.field.heard.shown
        return seen.times(commit)

    def _writable(self) -> list[float]:
        return sorted(self.field.heard.ready.objects.copy().values())

    def _whole(self, look: Callable[[], list[float]], count: int, what: str) -> list[float]:
        """What it finds once there are so many."""
        until = time.monotonic() + _PATIENCE
        while len(found := look()) < count:
            if time.monotonic() > until:
                raise Problem(f"{len(found)} of {count} after {_PATIENCE:.0f} s: {what}")
            time.sleep(0.2)
        return found

    def _all_ready(self) -> bool:
        time.sleep(self.field.fleet.size / 1000)
        ready = sum(one.metric("stoker_controller_cr_ready") for one in self.running)
        return ready == self.field.fleet.size

    def _until_quiet(self) -> None:
        """Until the controllers use no CPU to speak of."""
        while True:
            account = Account("", {one.name: one.pid for one in self.running})
            time.sleep(_SETTLED)
            spent = account.spent()
            if sum(spent.cpu.get(one.name, 0.0) for one in self.running) < _SETTLED * 0.1:
                return

    def _asked(self) -> Counter[str]:
        counted: Counter[str] = Counter()
        for one in self.running:
            counted.update({" ".join(key): number for key, number in one.asked().items()})
        return counted

    def _requests(self, what: str, before: Counter[str], divisor: float) -> None:
        asked = self._asked() - before
        self.results.table(what, {name: n / divisor for name, n in asked.most_common()}, "requests")

    def _told_cpu(self, what: str, spent: Spent) -> None:
        self.results.table(what, spent.rounded(), "s")

    def _memory(self, what: str) -> None:
        for one in self.running:
            memory = Memory.of(one.pid)
            self.results.row(f"{what}: memory of {one.name}", memory.now, "MiB", "130")
            self.results.row(f"{what}: memory of {one.name}, at the most", memory.most, "MiB")

    def _tails(self) -> str:
        return "\n".join(one.tail(5) for one in self.running)


def _a_second(spent: Spent) -> Spent:
    return Spent({who: cpu / spent.seconds for who, cpu in spent.cpu.items()}, 1.0)


def _writes(asked: Counter[str]) -> Counter[str]:
    spared = ("leases", "tokenreviews", "subjectaccessreviews")
    return Counter(
        {
            name: number
            for name, number in asked.items()
            if name.split()[0] in {"POST", "PUT", "PATCH", "DELETE"} and not name.endswith(spared)
        }
    )
