"""The state of a fake gateway, and everything that happens to it, on a clock that is handed in.

`advance` moves the state towards a moment and says what has to be done about it (`Effect`): read
the disk, open the ports, write the files of the commissioning. Whoever drives the model does that
and reports back. Nothing here touches a disk, a socket or a thread.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from attrs import define, evolve, field, frozen

from stoker.core.ignition import ScanKind
from stoker.testing.gateway.actions import DesignerSaves, Fault, When
from stoker.testing.gateway.designers import Designer
from stoker.testing.gateway.loaded import Loaded, LoadReport, Reading, compare
from stoker.testing.gateway.log import Log
from stoker.testing.gateway.messages import Request
from stoker.testing.gateway.scans import NEVER, Moment, Reply, Scans, Timing
from stoker.testing.gateway.settings import Release, Settings
from stoker.testing.gateway.startup import Phase, Startup, first_start, restart

_REQUESTS_KEPT: Final = 5_000
_REPORTS_KEPT: Final = 200
_PROJECTS_LOG: Final = "project.ProjectManager"
_CONFIG_LOG: Final = "config.ConfigurationManager"
_GATEWAY_LOG: Final = "gateway.Gateway"


@frozen
class OpenPorts:
    """Begin to answer."""


@frozen
class ClosePorts:
    """Refuse connections, and break off those that are open."""


@frozen
class WatchFolders:
    """Note which folders there are: none of them may vanish during the start."""


@frozen
class ReadDisk:
    """Read one half of the files, now."""

    kind: ScanKind
    life: int
    """Which of its lives asked for it: after a restart nobody wants to know any more."""
    boot: bool = False


@frozen
class CheckFolders:
    """See whether a folder vanished since `WatchFolders`."""


@frozen
class WriteCommissioned:
    """Write what the set-up of a gateway writes."""


@frozen
class Save:
    """Write a file as a Designer does."""

    save: DesignerSaves


@frozen
class Announce:
    """Tell whoever listens that something was loaded."""

    report: LoadReport


Effect = (
    OpenPorts
    | ClosePorts
    | WatchFolders
    | CheckFolders
    | ReadDisk
    | WriteCommissioned
    | Save
    | Announce
)


@frozen
class Received:
    """A request that came in, and the status that it was answered with."""

    request: Request
    status: int


@define
class Model:
    """Everything that changes about a gateway."""

    settings: Settings
    startup: Startup = field(factory=Startup)
    scans: dict[ScanKind, Scans] = field(factory=lambda: {kind: Scans() for kind in ScanKind})
    loaded: Loaded = field(factory=Loaded)
    log: Log = field(factory=Log)
    designers: tuple[Designer, ...] = ()
    faults: tuple[Fault, ...] = ()
    saves: tuple[DesignerSaves, ...] = ()
    timed_saves: tuple[tuple[float, DesignerSaves], ...] = ()
    requests: deque[Received] = field(factory=lambda: deque(maxlen=_REQUESTS_KEPT))
    reports: deque[LoadReport] = field(factory=lambda: deque(maxlen=_REPORTS_KEPT))
    fault: str = ""
    """Why it is at an end; empty while it is not."""
    restarts: int = 0
    leads: bool = True
    """Whether it is the active one of its pair."""
    _read: dict[ScanKind, Reading] = field(factory=dict)
    _restart_at: float | None = None

    @property
    def phase(self) -> Phase:
        """How far its start has come."""
        return self.startup.phase

    def kinds(self) -> tuple[ScanKind, ...]:
        """The halves that this gateway has as files."""
        everything = self.settings.release is Release.V83
        return tuple(ScanKind) if everything else (ScanKind.PROJECTS,)

    # --- starting and stopping

    def start(self, now: float, *, commissioned: bool) -> tuple[Effect, ...]:
        """The process was started."""
        stages = first_start(self.settings, commissioned=commissioned)
        return self._begin(Startup.begin(stages, now))

    def restart(self, now: float) -> tuple[Effect, ...]:
        """A restart was asked for: whatever runs or is held is gone."""
        self.restarts += 1
        return (ClosePorts(), *self._begin(Startup.begin(restart(self.settings), now)))

    def _begin(self, startup: Startup) -> tuple[Effect, ...]:
        self.startup = startup
        self.fault = ""
        self._restart_at = None
        self._read.clear()
        self.scans = {kind: scans.broken_off(NEVER) for kind, scans in self.scans.items()}
        return (WatchFolders(), *self._entered())

    def _entered(self) -> tuple[Effect, ...]:
        ports = (OpenPorts(),) if self.phase.listens else ()
        if self.phase.boots:
            return ports
        reads = (ReadDisk(kind, self.restarts, boot=True) for kind in self.kinds())
        return (CheckFolders(), *reads, *ports)

    def commission(self, now: float) -> tuple[Effect, ...]:
        """Somebody finished the set-up."""
        if self.phase is not Phase.COMMISSIONING:
            return ()
        return self._next_stage(self.startup.next(now))

    def break_down(self, why: str, calendar_ms: int) -> tuple[Effect, ...]:
        """The gateway is at an end, until its next start; it still says so."""
        self.startup = self.startup.faulted()
        self.fault = why
        self.scans = {kind: scans.broken_off(NEVER) for kind, scans in self.scans.items()}
        self._read.clear()
        self._restart_at = None
        self.log.add(calendar_ms, "FATAL", _GATEWAY_LOG, f"the gateway is faulted: {why}")
        return (OpenPorts(),)

    def restart_later(self, at: float) -> None:
        """Restart at a moment to come."""
        self._restart_at = at

    # --- time

    def due(self) -> float:
        """When something is due, if nothing happens before."""
        times = [scans.due() for scans in self.scans.values()]
        times += [at for at, _ in self.timed_saves]
        times += [at for at in (self.startup.ends, self._restart_at) if at is not None]
        return min(times)

    def advance(self, now: float, calendar_ms: int) -> tuple[Effect, ...]:
        """One step towards `now`; another may be due after it."""
        if self._restart_at is not None and now >= self._restart_at:
            return self.restart(now)
        stage = self.startup.at(now)
        if stage != self.startup:
            return self._next_stage(stage)
        return (*self._saves_due(now), *self._scans_at(now, calendar_ms))

    def _next_stage(self, stage: Startup) -> tuple[Effect, ...]:
        before, self.startup = self.phase, stage
        if before is Phase.COMMISSIONING:
            return (WriteCommissioned(), *self._entered())
        return self._entered()

    def _saves_due(self, now: float) -> tuple[Effect, ...]:
        due = tuple(Save(save) for at, save in self.timed_saves if now >= at)
        self.timed_saves = tuple(one for one in self.timed_saves if now < one[0])
        return due

    def _scans_at(self, now: float, calendar_ms: int) -> tuple[Effect, ...]:
        timing = Timing(self.settings.scan_seconds, self.settings.scan_every)
        effects: list[Effect] = []
        for kind, scans in self.scans.items():
            self.scans[kind], moment = scans.at(now, calendar_ms, timing)
            match moment:
                case Moment.BEGAN:
                    effects.append(ReadDisk(kind, self.restarts))
                case Moment.ENDED:
                    effects += self._publish(kind, calendar_ms, boot=False)
        return tuple(effects)

    # --- what is asked of it

    def ask_for_scan(self, kind: ScanKind, holder: str, now: float) -> Reply:
        """Somebody asks for a scan, and gives back the lock that he may hold."""
        settings = self.settings
        self.scans[kind], reply = self.scans[kind].asked(
            holder, settings.coalescing, settings.locked_scan, now
        )
        return reply

    def lock(self, kind: ScanKind, holder: str, seconds: float, now: float) -> bool:
        """Whether `holder` has the lock from now on, for so many seconds."""
        locked = self.scans[kind].locked_by(holder, seconds, now)
        if locked is not None:
            self.scans[kind] = locked
        return locked is not None

    def take_saves(self, moment: When, kind: ScanKind) -> tuple[DesignerSaves, ...]:
        """What Designers save at such a moment, which they do once."""
        due = tuple(one for one in self.saves if one.at is moment and one.kind in {None, kind})
        self.saves = tuple(one for one in self.saves if one not in due)
        return due

    # --- loading

    def has_read(
        self, effect: ReadDisk, reading: Reading, now: float, calendar_ms: int
    ) -> tuple[Effect, ...]:
        """The disk was read for a scan, or for the start."""
        if effect.life != self.restarts or self.phase is Phase.FAULTED:
            return ()
        if reading.fault:
            return self.break_down(reading.fault, calendar_ms)
        kind = effect.kind
        self._read[kind] = reading
        if not effect.boot:
            self.scans[kind] = self.scans[kind].has_read()
            return ()
        every = self.settings.scan_every
        self.scans[kind] = evolve(
            self.scans[kind],
            own=now + every if every else NEVER,
            last_timestamp=calendar_ms if self.settings.boot_counts_as_scan else 0,
            last_duration=0,
        )
        return self._publish(kind, calendar_ms, boot=True)

    def _publish(self, kind: ScanKind, calendar_ms: int, *, boot: bool) -> tuple[Effect, ...]:
        reading = self._read.pop(kind)
        before = self.loaded
        if kind is ScanKind.PROJECTS:
            self.loaded = evolve(before, projects=reading.loaded.projects)
        else:
            self.loaded = evolve(
                before, collections=reading.loaded.collections, tags=reading.loaded.tags
            )
        added, changed, removed = compare(before.files(kind), self.loaded.files(kind))
        duration = self.scans[kind].last_duration
        report = LoadReport(
            kind, calendar_ms, duration, added, changed, removed, reading.failures, boot
        )
        self.reports.append(report)
        self._tell(report)
        return (Announce(report),)

    def _tell(self, report: LoadReport) -> None:
        logger = _PROJECTS_LOG if report.kind is ScanKind.PROJECTS else _CONFIG_LOG
        for failure in report.failures:
            self.log.add(report.timestamp, "ERROR", logger, failure.message)
        told = (
            f"{'start' if report.boot else 'scan'} of {report.kind}: {len(report.added)} added, "
            f"{len(report.changed)} changed, {len(report.removed)} removed"
        )
        self.log.add(report.timestamp, "INFO", logger, told)
