"""What strikes a soak: each fault begins, lasts, and ends, as the plan says.

A fault's name in `kit.soak_plan` is that of a method, of `Processes` for what is done to processes,
of `kit.soak_outages` for what is done to servers, networks, disks and objects. Whatever a fault
took away it gives back before it is over. One that does not find its victim, since the API server
is away or an agent is dead already, is not counted.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kit.soak_local import LocalStation
from kit.soak_turns import Missed, Turns
from stoker.adapters.kube.errors import ApiFailed
from stoker.testing.gateway import Fault, ScanNeverEnds, Status

if TYPE_CHECKING:
    from kit.local_agents import LocalAgent
    from kit.local_controller import LocalController
    from kit.soak_plan import Stroke
    from kit.soak_stations import Station

_SOON: Final = 5.0


@dataclass
class Trouble:
    """Whoever strikes; `ways` have a method for each fault."""

    ways: Sequence[object]
    done: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def follow(self, plan: Sequence[Stroke]) -> None:
        """Strike as the plan says, until all has been given back."""
        began, threads = time.monotonic(), []
        for stroke in plan:
            time.sleep(max(0.0, began + stroke.at - time.monotonic()))
            thread = threading.Thread(target=self.strike, args=(stroke,), name=str(stroke))
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join()

    def strike(self, stroke: Stroke) -> None:
        """One fault, from its begin to its end."""
        (way,) = [one for one in self.ways if hasattr(one, stroke.what)]
        try:
            getattr(way, stroke.what)(stroke)
            self.done[stroke.what] += 1
        except (Missed, ApiFailed):
            self.missed[stroke.what] += 1
        except Exception as error:  # noqa: BLE001 - it is told to the test
            self.failures.append(f"{stroke}: {error!r}")


@dataclass
class Processes:
    """Agents, controllers and gateways."""

    stations: Sequence[Station]
    controllers: Sequence[LocalController]
    turns: Turns

    @property
    def local(self) -> list[LocalStation]:
        """The gateways on this machine."""
        return [one for one in self.stations if isinstance(one, LocalStation)]

    # --- Agents ---

    def kill_agent(self, stroke: Stroke) -> None:
        """SIGKILL, at once for all of its processes."""
        with self.turns.one_of(self.stations, stroke) as station:
            if not station.kill():
                raise Missed
            time.sleep(stroke.lasts)
            station.revive()

    def end_agent(self, stroke: Stroke) -> None:
        """SIGTERM; it ends in time, and well."""
        with self.turns.one_of(self.local, stroke) as station:
            if not station.pids():
                raise Missed
            assert _ends_well(station.local), f"{station.name} did not end as it was asked"
            time.sleep(stroke.lasts)
            station.revive()

    def stop_agent(self, stroke: Stroke) -> None:
        """SIGSTOP."""
        with self.turns.one_of(self.local, stroke) as station:
            pids = station.pids()
            _send(pids, signal.SIGSTOP)
            time.sleep(stroke.lasts)
            _send(pids, signal.SIGCONT)

    def kill_child(self, stroke: Stroke) -> None:
        """One of its processes alone, or the whole group of git's."""
        with self.turns.one_of(self.local, stroke) as station:
            children = _soon(lambda: station.pids()[1:])
            _send([children[stroke.whom % len(children)]], signal.SIGKILL)

    def replace_pod(self, stroke: Stroke) -> None:
        """Another pod of its name."""
        with self.turns.one_of(self.stations, stroke) as station:
            station.replace()
            time.sleep(stroke.lasts)
            station.revive()

    def meddle(self, stroke: Stroke) -> None:
        """A file of ours where drift is put right."""
        with self.turns.one_of([one for one in self.local if one.restores], stroke) as station:
            ours = [path for path in station.files() if path.endswith("view.json")]
            text = f'{{"by": "hand {stroke.whom}"}}'.encode()
            ours = [path for path in ours if station.ours(path)]
            if not ours:
                raise Missed
            station.edited.add(text)
            with suppress(OSError):
                (station.data / ours[stroke.whom % len(ours)]).write_bytes(text)

    # --- Controllers ---

    def kill_controller(self, stroke: Stroke) -> None:
        """SIGKILL."""
        with self.turns.one_of(self.controllers, stroke) as controller:
            controller.kill()
            time.sleep(stroke.lasts)
            controller.start()

    def end_controller(self, stroke: Stroke) -> None:
        """SIGTERM."""
        with self.turns.one_of(self.controllers, stroke) as controller:
            assert _ends_well(controller), f"{controller.name} did not end as it was asked"
            time.sleep(stroke.lasts)
            controller.start()

    def stop_controller(self, stroke: Stroke) -> None:
        """SIGSTOP."""
        with self.turns.one_of(self.controllers, stroke) as controller:
            pid = controller.pid
            _send([pid], signal.SIGSTOP)
            time.sleep(stroke.lasts)
            _send([pid], signal.SIGCONT)

    # --- Gateways ---

    def restart_gateway(self, stroke: Stroke) -> None:
        """It starts anew."""
        with self.turns.one_of(self.local, stroke) as station:
            station.gateway.restart()

    def scan_fails(self, stroke: Stroke) -> None:
        """It does not want to, once."""
        with self.turns.one_of(self.local, stroke) as station:
            station.gateway.script(Fault(on="POST /scan/*", action=Status(500)))

    def scan_never_ends(self, stroke: Stroke) -> None:
        """It begins to, and is restarted."""
        with self.turns.one_of(self.local, stroke) as station:
            station.gateway.script(Fault(on="POST /scan/*", action=ScanNeverEnds()))
            time.sleep(stroke.lasts)
            station.gateway.clear_script()
            station.gateway.restart()


def _soon(look: Callable[[], Sequence[int]]) -> Sequence[int]:
    """What is there within a moment, as nothing is there between two syncs."""
    until = time.monotonic() + _SOON
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.005)
    raise Missed


def _ends_well(one: LocalAgent | LocalController) -> bool:
    """Ask it to end, and see whether it does so by itself.

    One that has hardly started does not listen yet, has nothing to finish, and just goes.
    """
    assert one.process is not None
    status = Path(f"/proc/{one.process.pid}/status").read_text().splitlines()
    caught = next(int(line.split()[1], 16) for line in status if line.startswith("SigCgt:"))
    listens = caught >> (signal.SIGTERM - 1) & 1
    return one.stop() in ({0} if listens else {0, -signal.SIGTERM})


def _send(pids: Sequence[int], number: int) -> None:
    """A signal; who has ended meanwhile needs none."""
    if not pids:
        raise Missed
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
