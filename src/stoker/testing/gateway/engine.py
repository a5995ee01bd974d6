"""What drives the model: a clock, a disk, ports, and one thread.

The thread does what the model asks for, one thing after the other: it reads the disk for a scan,
opens and shuts ports, writes files. Requests are answered by the threads of their connections, see
`answering`. All of them hold one lock while they touch the model, and none while it works on disk
or socket. Every change of the model wakes whoever waits, so nothing here, and nothing in a test,
has to sleep.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, assert_never

from stoker.core.errors import StokerError
from stoker.testing.gateway import writing
from stoker.testing.gateway.disk import timestamp
from stoker.testing.gateway.model import (
    Announce,
    CheckFolders,
    ClosePorts,
    Effect,
    Model,
    OpenPorts,
    ReadDisk,
    Save,
    WatchFolders,
    WriteCommissioned,
)
from stoker.testing.gateway.scans import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from stoker.core.ignition import ScanKind
    from stoker.testing.gateway.actions import DesignerSaves, When
    from stoker.testing.gateway.clock import Clock
    from stoker.testing.gateway.disk import Disk
    from stoker.testing.gateway.loaded import LoadReport
    from stoker.testing.gateway.ports import Port

_LOOK_AGAIN: Final = 0.05
"""Real seconds between two looks at the folders during a start."""
_LONGEST_WAIT: Final = 3600.0
_FAKE_LOG: Final = "fake.Engine"


class Engine:
    """The running gateway; `changed` is the lock, and wakes whoever waits for a change."""

    def __init__(self, model: Model, clock: Clock, disk: Disk) -> None:
        self.model = model
        self.clock = clock
        self.disk = disk
        self.changed = threading.Condition()
        self.ports: Sequence[Port] = ()
        self.on_load: list[Callable[[LoadReport], None]] = []
        self.revision = 0
        self.waiting = 0
        self._effects: deque[Effect] = deque()
        self._busy = False
        self.stopping = False
        self._thread = threading.Thread(target=self._run, name="fake gateway", daemon=True)
        clock.subscribe(self.wake)

    # --- the thread

    def start(self) -> None:
        """Begin the start of the gateway; returns when what is to be done at once is done."""
        with self.changed:
            commissioned = writing.is_commissioned(self.disk.data)
            self.do(self.model.start(self.clock.now(), commissioned=commissioned))
            self._thread.start()
            self.changed.wait_for(lambda: self.idle)

    def stop(self) -> None:
        """End it; the ports have to be closed by who made them."""
        with self.changed:
            self.stopping = True
            self.changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def idle(self) -> bool:
        """Whether the thread has nothing to do; the lock is held."""
        return not self._effects and not self._busy

    def wake(self) -> None:
        """Have everybody look at the clock again."""
        with self.changed:
            self.catch_up()
            self.changed.notify_all()

    @contextmanager
    def at_work(self) -> Iterator[Model]:
        """The model, at this moment, to be changed or looked at; what follows is done after."""
        with self.changed:
            self.catch_up()
            yield self.model
            self.catch_up()
            self.do(())

    def wait(self, predicate: Callable[[], object], timeout: float) -> bool:
        """Wait until `predicate` holds, for so many real seconds; the lock is held."""
        self.changed.wait_for(lambda: self.stopping or predicate(), timeout)
        return bool(predicate())

    def do(self, effects: Sequence[Effect]) -> None:
        """Note a change of the model, and have the thread do what follows; the lock is held."""
        self._effects.extend(effects)
        self.revision += 1
        self.changed.notify_all()

    def catch_up(self) -> None:
        """Bring the model to this moment; the lock is held."""
        while (now := self.clock.now()) >= self.model.due():
            self.do(self.model.advance(now, self.clock.epoch_ms()))

    def _run(self) -> None:
        while (effect := self._next_effect()) is not None:
            effects = self._perform(effect)
            with self.changed:
                self._busy = False
                self.do(effects)

    def _next_effect(self) -> Effect | None:
        with self.changed:
            while not self.stopping:
                self.catch_up()
                if self._effects:
                    self._busy = True
                    return self._effects.popleft()
                in_time = self.changed.wait(self._patience())
                if not in_time and self._boots():
                    return CheckFolders()
        return None

    def _boots(self) -> bool:
        return self.model.phase.boots and self.model.settings.wiping_faults

    def _patience(self) -> float | None:
        due = self.model.due()
        seconds = None if due == NEVER else self.clock.sleep_for(due - self.clock.now())
        if self._boots():
            return _LOOK_AGAIN if seconds is None else min(seconds, _LOOK_AGAIN)
        return None if seconds is None else min(seconds, _LONGEST_WAIT)

    def _perform(self, effect: Effect) -> Sequence[Effect]:
        try:
            return self._performed(effect)
        except StokerError as error:
            self.note(error)
            return ()

    def _performed(self, effect: Effect) -> Sequence[Effect]:
        match effect:
            case OpenPorts():
                for port in self.ports:
                    port.open()
            case ClosePorts():
                for port in self.ports:
                    port.shut()
            case WatchFolders():
                self.disk.watch(self.model.settings)
            case CheckFolders():
                return self._check_folders()
            case ReadDisk():
                return self._read(effect)
            case WriteCommissioned() | Save() | Announce():
                self._write(effect)
            case _:
                assert_never(effect)
        return ()

    def _write(self, effect: WriteCommissioned | Save | Announce) -> None:
        match effect:
            case WriteCommissioned():
                writing.commission(self.disk.data, timestamp(self.clock.epoch_ms()))
            case Save(save):
                self.save(save)
            case Announce(report):
                self._announce(report)
            case _:
                assert_never(effect)

    def _announce(self, report: LoadReport) -> None:
        for listener in tuple(self.on_load):
            try:
                listener(report)
            except Exception as error:  # noqa: BLE001 - a listener is anybody's code
                self.note(f"a listener failed: {error!r}")

    def _check_folders(self) -> Sequence[Effect]:
        if not self.model.settings.wiping_faults:
            return ()
        gone = self.disk.vanished(self.model.settings)
        if not gone:
            return ()
        with self.changed:
            why = f"the folder {gone} vanished during the start"
            return self.model.break_down(why, self.clock.epoch_ms())

    def _read(self, effect: ReadDisk) -> Sequence[Effect]:
        with self.changed:
            loaded, settings = self.model.loaded, self.model.settings
        reading = self.disk.read(effect.kind, loaded, settings, self.clock.epoch_ms())
        with self.changed:
            return self.model.has_read(effect, reading, self.clock.now(), self.clock.epoch_ms())

    def restart(self) -> None:
        """Restart now."""
        with self.changed:
            self.do(self.model.restart(self.clock.now()))

    def note(self, error: object) -> None:
        """Have something that went wrong in the log."""
        with self.changed:
            self.model.log.add(self.clock.epoch_ms(), "ERROR", _FAKE_LOG, str(error))
            self.do(())

    # --- Designers

    def save_at(self, moment: When, kind: ScanKind) -> None:
        """Carry out what Designers save at a moment."""
        for save in self.model.take_saves(moment, kind):
            self.save(save)

    def save(self, save: DesignerSaves) -> None:
        """Write a file as a Designer does; where that cannot be done, the log says so."""
        try:
            writing.write(self.disk.data, save.path, save.content, in_place=save.in_place)
        except StokerError as error:
            self.note(error)
