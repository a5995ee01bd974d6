"""An agent whose work on files is done by a child, driven step by step; and the child's death.

The machine, the child, the repository and the disk are real. The clock is not: where the machine
waits, it is set forward.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from attrs import define, field

from stoker.adapters.fs import disk
from stoker.adapters.ignition import Gateway
from stoker.core.agent import State, initial, step
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.agent.state import Idle, Paused, WaitingForMetadata
from stoker.core.profile import Metadata, ResolvedProfile
from stoker.core.scan import DesignerList, Readiness, ScanOutcome, Succeeded
from stoker.entrypoints.engine.apart import Apart, apart
from stoker.entrypoints.engine.observations import Observation
from support.faults import CALLS
from support.synced_gateway import SyncedGateway, profile

MOST_STEPS = 400


class Clock:
    """A time that goes on when it is told to, in this process and in its children."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 8)

    def __call__(self) -> datetime:
        self.pass_by(0.001)
        (seconds,) = struct.unpack("d", self._shared[:8])
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        (before,) = struct.unpack("d", self._shared[:8])
        self._shared[:8] = struct.pack("d", before + seconds)


@define
class Listener:
    """A gateway that answers at once, and thinks of each scan what the test says."""

    verdicts: list[ScanOutcome] = field(factory=list)
    scans: int = 0
    at_work: list[DesignerList] = field(factory=list)
    up: Readiness = Readiness.RUNNING

    def readiness(self) -> Readiness:
        return self.up

    def scan(self, _: object) -> ScanOutcome:
        self.scans += 1
        return self.verdicts.pop(0) if self.verdicts else Succeeded(self.scans)

    def lock(self, _: object) -> None:
        return

    def designers(self) -> tuple[DesignerList, int]:
        return (self.at_work.pop(0) if self.at_work else DesignerList(())), 0

    def verify(self, _: object, since_ms: int) -> ScanOutcome:
        return Succeeded(since_ms)


@define
class Agent:
    """The machine, and hands apart."""

    hands: Apart
    clock: Clock
    state: State
    complaints: list[tuple[str, Exception]]
    observed: list[Observation]
    asked: list[ef.Question | ef.Order] = field(factory=list)
    answers: list[ev.Event] = field(factory=list)
    records: list[ef.Audit] = field(factory=list)
    timer: float = 0.0
    between: Callable[[ef.Question | ef.Order], None] = lambda _: None
    """Called before each question and order."""

    def hear(self, kind: type[ev.Event], *values: Any) -> None:
        """Let it happen, and all that follows from it, until the machine rests."""
        events: deque[ev.Event] = deque([kind(self.clock(), *values)])
        for _ in range(MOST_STEPS):
            if not events:
                if isinstance(self.state.phase, Idle | Paused | WaitingForMetadata):
                    return
                self.clock.pass_by(self.timer)
                events.append(ev.Tick(self.clock()))
            self.state, effects = step(self.state, events.popleft())
            for effect in effects:
                events.extend(self._do(effect))
        raise AssertionError(f"it finds no rest: {self.state.phase} {self.asked[-10:]}")

    def _do(self, effect: ef.Effect) -> Iterator[ev.Event]:
        match effect:
            case ef.SetTimer(seconds):
                self.timer = seconds
            case ef.Audit():
                self.records.append(effect)
            case _ if isinstance(effect, ef.Order):
                self._obey(effect)
            case _ if isinstance(effect, ef.Question):
                self.asked.append(effect)
                self.between(effect)
                self.answers.append(self.hands.answer(effect))
                yield self.answers[-1]
            case _:
                pass

    def _obey(self, order: ef.Order) -> None:
        self.asked.append(order)
        self.between(order)
        try:
            self.hands.obey(order)
        except Exception as error:  # noqa: BLE001 - as the loop does
            self.complaints.append((type(order).__name__, error))

    def look(self) -> None:
        """The time of the regular look has come."""
        self.clock.pass_by(self.timer)
        self.hear(ev.Tick)

    @property
    def kinds(self) -> list[type]:
        """What was asked, by kind."""
        return [type(each) for each in self.asked]


@contextmanager
def living(gateway: SyncedGateway) -> Iterator[Agent]:
    """One life of an agent that has been started."""
    clock = Clock()
    complaints: list[tuple[str, Exception]] = []
    observed: list[Observation] = []

    def complain(doing: str, error: Exception) -> None:
        complaints.append((doing, error))

    with apart(gateway.site, clock, observe=observed.append, complain=complain) as hands:
        state = initial(gateway.site.identity, gateway.pod)
        agent = Agent(hands, clock, state, complaints, observed)
        agent.hear(ev.Started)
        yield agent


def listened_to(folder: Path, listener: Listener) -> SyncedGateway:
    """A gateway that is asked."""
    return SyncedGateway(folder, cast("Gateway", listener))


def wants(
    gateway: SyncedGateway, commit: str, wanted: ResolvedProfile | None = None
) -> tuple[type[ev.Event], Metadata]:
    """The news that the gateway is to have this commit."""
    return ev.MetadataChanged, gateway.metadata(commit, wanted or profile())


class Doom:
    """Kills the process that does something for the chosen time, if it is not this one."""

    def __init__(self, lives: int | None, deaths: int = 1) -> None:
        """Lets `lives` calls pass between two deaths; None counts them alone."""
        self._here = os.getpid()
        self._shared = mmap.mmap(-1, 24)
        self._lives = -1 if lives is None else lives
        self._write(0, 0, deaths)

    def _read(self) -> tuple[int, int, int]:
        return struct.unpack("qqq", self._shared[:24])

    def _write(self, calls: int, since: int, deaths: int) -> None:
        self._shared[:24] = struct.pack("qqq", calls, since, deaths)

    @property
    def calls(self) -> int:
        """How many there were in all."""
        return self._read()[0]

    @property
    def has_struck(self) -> bool:
        """Whether nobody is to die any more."""
        return self._read()[2] == 0

    def call(self) -> None:
        """One call."""
        if os.getpid() == self._here:
            return
        calls, since, deaths = self._read()
        if since == self._lives and deaths:
            self._write(calls, 0, deaths - 1)
            os.kill(os.getpid(), signal.SIGKILL)
        self._write(calls + 1, since + 1, deaths)


@contextmanager
def doomed_at_the_disk(doom: Doom) -> Iterator[None]:
    """Every change of the disk is a call."""
    before = {name: getattr(disk, name) for name in CALLS}

    def wrapped(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            doom.call()
            return real(*args)

        return call

    for name, real in before.items():
        setattr(disk, name, wrapped(real))
    try:
        yield
    finally:
        for name, real in before.items():
            setattr(disk, name, real)


def left_over(gateway: SyncedGateway) -> list[str]:
    """What is in Stoker's own folders and ought not to be there at rest."""
    own = gateway.data / ".stoker"
    belongs = {"lock", "head", "manifest"}
    found = [path.name for path in own.iterdir() if path.name not in belongs]
    repository = gateway.site.repository
    locks = [str(path) for path in repository.rglob("*.lock") if path.name != "stoker.lock"]
    temporary = [str(path) for path in repository.rglob("tmp_*")]
    return [*found, *locks, *temporary]


def processes_with(word: str) -> list[int]:
    """Which processes have the word in their command line."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                if word.encode() in (each / "cmdline").read_bytes():
                    found.append(int(each.name))
            except OSError:
                pass
    return found
