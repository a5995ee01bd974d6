"""`FakeGateway`: an Ignition gateway for tests and demonstrations, in this process.

    with FakeGateway(data, Settings(...)) as gateway:
        gateway.url, gateway.token
        gateway.wait_for(lambda g: "line" in g.projects)

It reads the tree below `data` and loads it as a gateway would, and answers on real ports. What it
has loaded, what it was asked, and its log are properties; `script` has it misbehave.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from attrs import evolve

from stoker.core.ignition import ScanKind
from stoker.testing.gateway import writing
from stoker.testing.gateway.actions import DesignerSaves, Fault, When
from stoker.testing.gateway.answering import Answering
from stoker.testing.gateway.clock import Clock, ScaledClock
from stoker.testing.gateway.control import answer_control, is_control
from stoker.testing.gateway.disk import Disk
from stoker.testing.gateway.engine import Engine
from stoker.testing.gateway.errors import FakeGatewayError, WaitTimedOut
from stoker.testing.gateway.listening import Ports
from stoker.testing.gateway.model import Model
from stoker.testing.gateway.settings import Settings
from stoker.testing.gateway.tags import Provider

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from stoker.testing.gateway.designers import Designer
    from stoker.testing.gateway.http1 import Exchange
    from stoker.testing.gateway.loaded import Collection, Loaded, LoadReport, Project
    from stoker.testing.gateway.log import LogLine
    from stoker.testing.gateway.messages import Request
    from stoker.testing.gateway.model import Received
    from stoker.testing.gateway.startup import Phase

_LOG_SHOWN: Final = 10
_FIXED: Final = frozenset({"host", "port", "tls_port", "control_port", "speed"})
"""Switches that count when a gateway is made, and not later."""


class FakeGateway:
    """A fake gateway on a data directory; a context manager that starts and stops it."""

    def __init__(
        self, data: Path | str, settings: Settings | None = None, *, clock: Clock | None = None
    ) -> None:
        """Take the ports; raises `FakeGatewayError` where that, or the directory, is no good."""
        settings = settings or Settings()
        self.data = Path(data)
        if not self.data.is_dir():
            raise FakeGatewayError("there is no such data directory", where=str(data))
        self.clock = clock or ScaledClock(settings.speed)
        self.engine = Engine(Model(settings), self.clock, Disk(self.data))
        self._answering = Answering(self.engine)
        self._ports = Ports(settings, self._handle)
        self.engine.ports = self._ports.of_the_gateway

    def _handle(self, request: Request) -> Exchange:
        if is_control(request, self.engine.model.phase):
            return answer_control(self, request)
        return self._answering.handle(request)

    # --- life

    def start(self) -> Self:
        """Begin its start; a gateway without start-up times runs when this returns."""
        self._ports.open_control()
        self.engine.start()
        return self

    def stop(self) -> None:
        """End it, with all its threads and sockets; a second time does nothing."""
        self.engine.stop()
        self._ports.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    # --- where and who

    @property
    def url(self) -> str:
        """Its address, without TLS."""
        return self._ports.at("plain").url

    @property
    def secure_url(self) -> str:
        """Its address with TLS; `Settings.tls_port` switches that on."""
        return self._ports.at("secure").url

    @property
    def control_url(self) -> str:
        """The address of its control port; `Settings.control_port` switches that on."""
        return self._ports.at("control").url

    @property
    def certificate(self) -> bytes:
        """The certificate of its secure port, as PEM."""
        from stoker.testing.gateway.certificate import self_signed  # noqa: PLC0415 - as above

        return self_signed()[0]

    @property
    def token(self) -> str:
        """The first of its tokens, as the header has to hold it."""
        return self.settings.tokens[0].value

    # --- what it is and has

    @property
    def settings(self) -> Settings:
        """Its switches, as they stand."""
        return self.engine.model.settings

    @property
    def phase(self) -> Phase:
        """How far its start has come."""
        with self.engine.changed:
            self.engine.catch_up()
            return self.engine.model.phase

    @property
    def idle(self) -> bool:
        """Whether all that was due by now is done; a scan may still be running."""
        with self.engine.changed:
            self.engine.catch_up()
            return self.engine.idle

    @property
    def waiting(self) -> int:
        """How many requests wait for a lock."""
        return self.engine.waiting

    @property
    def fault(self) -> str:
        """Why it is at an end; empty while it is not."""
        return self.engine.model.fault

    @property
    def loaded(self) -> Loaded:
        """Everything that it has loaded, as one value."""
        with self.engine.changed:
            self.engine.catch_up()
            return self.engine.model.loaded

    @property
    def projects(self) -> Mapping[str, Project]:
        """The loaded projects, by name."""
        return self.loaded.projects

    @property
    def collections(self) -> Mapping[str, Collection]:
        """The loaded collections of the configuration, by name."""
        return self.loaded.collections

    @property
    def tags(self) -> Mapping[str, Provider]:
        """The tag providers, by name."""
        return self.loaded.tags

    def holds(self, path: str, content: bytes) -> bool:
        """Whether the file at `path` is loaded with just these bytes."""
        return self.loaded.files().get(path) == hashlib.sha256(content).hexdigest()

    @property
    def reports(self) -> tuple[LoadReport, ...]:
        """What its starts and scans changed, oldest first."""
        with self.engine.changed:
            self.engine.catch_up()
            return tuple(self.engine.model.reports)

    @property
    def log(self) -> tuple[LogLine, ...]:
        """Its log."""
        with self.engine.changed:
            return tuple(self.engine.model.log.lines)

    @property
    def requests(self) -> tuple[Received, ...]:
        """The requests that came in, with headers and body, and the status of each answer."""
        with self.engine.changed:
            return tuple(self.engine.model.requests)

    # --- what it is told to do

    def script(self, *steps: Fault | DesignerSaves) -> None:
        """Add faults, and saves of Designers."""
        with self.engine.at_work() as model:
            for step in steps:
                match step:
                    case Fault():
                        model.faults += (step,)
                    case DesignerSaves(at=When.AFTER):
                        at = self.clock.now() + step.milliseconds / 1000
                        model.timed_saves += ((at, step),)
                    case _:
                        model.saves += (step,)

    def clear_script(self) -> None:
        """Forget all faults, and all saves that have not been made."""
        with self.engine.at_work() as model:
            model.faults, model.saves, model.timed_saves = (), (), ()

    def change(self, **switches: object) -> None:
        """Turn some of its switches, by their names in `Settings`."""
        fixed = _FIXED & switches.keys()
        if fixed:
            told = "this switch counts at the gateway's making alone"
            raise FakeGatewayError(told, where=min(fixed))
        with self.engine.at_work() as model:
            model.settings = model.settings.but(**switches)

    def open_designers(self, *designers: Designer) -> None:
        """Have these Designers open, and no others."""
        with self.engine.at_work() as model:
            model.designers = designers

    def save(self, path: str, content: bytes, *, in_place: bool = False) -> None:
        """Save a file as a Designer does, now; no scan follows by itself."""
        writing.write(self.data, path, content, in_place=in_place)

    def scan(self, kind: ScanKind = ScanKind.PROJECTS) -> None:
        """Have it scan, as its own timer would."""
        with self.engine.at_work() as model:
            model.ask_for_scan(kind, "the gateway itself", self.clock.now())

    def hold_lock(self, kind: ScanKind, seconds: float, holder: str = "somebody else") -> bool:
        """Have somebody take the lock; whether he got it."""
        with self.engine.at_work() as model:
            return model.lock(kind, holder, seconds, self.clock.now())

    def release_lock(self, kind: ScanKind) -> None:
        """Take the lock from whoever holds it."""
        with self.engine.at_work() as model:
            model.scans[kind] = model.scans[kind].released()

    def store_tags(self, provider: str, tags: Mapping[str, str]) -> None:
        """Have tags in its internal database, where those of an 8.1 are; no scan changes them."""
        with self.engine.at_work() as model:
            stored = {**model.loaded.tags, provider: Provider(provider, frozenset(), dict(tags))}
            model.loaded = evolve(model.loaded, tags=stored)

    def commission(self) -> None:
        """Finish the set-up of a gateway that waits for it."""
        with self.engine.at_work() as model:
            self.engine.do(model.commission(self.clock.now()))

    def restart(self) -> None:
        """Restart it."""
        self.engine.restart()

    def lead(self, *, leads: bool) -> None:
        """Whether it is the active one of a redundant pair."""
        with self.engine.at_work() as model:
            model.leads = leads

    # --- what happens

    def on_load(self, listener: Callable[[LoadReport], None]) -> None:
        """Have `listener` called, by the gateway's thread, whenever something was loaded."""
        self.engine.on_load.append(listener)

    def wait_for(self, predicate: Callable[[Self], object], timeout: float = 10.0) -> None:
        """Wait until `predicate` holds of the gateway; raises `WaitTimedOut`.

        It is asked after every change, so it must not wait itself. Seconds are real ones.
        """
        with self.engine.changed:
            if not self.engine.wait(lambda: predicate(self), timeout):
                lines = tuple(self.engine.model.log.lines)[-_LOG_SHOWN:]
                told = "; ".join(line.message for line in lines)
                raise WaitTimedOut(
                    f"what was waited for did not come in {timeout:g} s "
                    f"(the gateway is {self.engine.model.phase}); its log ends: {told}"
                )
