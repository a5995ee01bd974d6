"""Servers, networks and disks that fail a soak, and objects that somebody deletes.

The methods are faults of `kit.soak_plan`; see `kit.soak_faults`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cluster import Problem

from kit.breaking import refusal
from kit.doors import Does
from kit.passages import DEAF, PASSING, SHUT, SILENT
from kit.soak_pods import PodStation
from kit.soak_turns import Missed, Turns
from stoker.adapters.kube.resources import CONFIG_MAPS, ROLE_BINDINGS, ROLES, Resource
from stoker.core import names
from support.git_servers import BreakOff, Hang, Refuse

if TYPE_CHECKING:
    from cluster import Cluster

    from kit.control_plane import ControlPlane
    from kit.git_here import GitHere
    from kit.passages import Passage
    from kit.soak_plan import Stroke
    from kit.soak_stations import Station
    from support.git_faults import Fault as GitFault

_BLOCK: Final = 1 << 16


@dataclass
class Outages:
    """All that is no process of Stoker's."""

    cluster: Cluster
    control_plane: ControlPlane
    git: GitHere
    passages: Sequence[Passage]
    stations: Sequence[Station]
    turns: Turns

    @property
    def in_pods(self) -> list[PodStation]:
        """The gateways in pods."""
        return [one for one in self.stations if isinstance(one, PodStation)]

    # --- The API server ---

    def kill_api_server(self, _: Stroke) -> None:
        """Until it can be written to again."""
        with self.turns.of("api server"):
            self.control_plane.kill_api_server()
            self.control_plane.back()

    def compact(self, _: Stroke) -> None:
        """Every watch that asks for the past is told that it is gone."""
        with self.turns.of("api server"):
            self.control_plane.compact()

    # --- On the way to the API server ---

    def wall_off(self, stroke: Stroke) -> None:
        """Packets of a pod vanish in the node's firewall, both ways."""
        with self.turns.one_of(self.in_pods, stroke) as station, ExitStack() as stack:
            address = _address(station)
            there = ("INPUT", "-s", address, "-p", "tcp", "--dport", "6443", "-j", "DROP")
            back = ("OUTPUT", "-d", address, "-p", "tcp", "--sport", "6443", "-j", "DROP")
            for rule in (there, back):
                self.cluster.node("iptables", "-w", "-I", *rule)
                stack.callback(self.cluster.node, "iptables", "-w", "-D", *rule)
            time.sleep(stroke.lasts)

    def passage_silent(self, stroke: Stroke) -> None:
        """Nothing passes."""
        self._passage(stroke, SILENT)

    def passage_shut(self, stroke: Stroke) -> None:
        """Nobody gets in."""
        self._passage(stroke, SHUT)

    def passage_refuses(self, stroke: Stroke) -> None:
        """It is too much for it."""
        self._passage(stroke, refusal(429, after=1))

    def passage_deaf(self, stroke: Stroke) -> None:
        """Nothing comes of a watch."""
        self._passage(stroke, DEAF)

    def _passage(self, stroke: Stroke, what: str | bytes) -> None:
        with self.turns.one_of(self.passages, stroke) as passage:
            passage.become(what)
            time.sleep(stroke.lasts)
            passage.become(PASSING)

    # --- The git server ---

    def git_500(self, stroke: Stroke) -> None:
        """An error."""
        self._git(stroke, Refuse(500))

    def git_429(self, stroke: Stroke) -> None:
        """Patience is asked for."""
        self._git(stroke, Refuse(429, {"Retry-After": "2"}))

    def git_break(self, stroke: Stroke) -> None:
        """A pack that breaks off."""
        self._git(stroke, BreakOff(after=200))

    def git_hang(self, stroke: Stroke) -> None:
        """A request that is never answered."""
        self._git(stroke, Hang())
        self.git.door.reset()

    def git_shut(self, stroke: Stroke) -> None:
        """A server that is not there."""
        self._door(stroke, Does.SHUT)

    def git_silent(self, stroke: Stroke) -> None:
        """A network that is not there."""
        self._door(stroke, Does.SILENT)

    def _git(self, stroke: Stroke, fault: GitFault) -> None:
        with self.turns.of("git server"), self.git.failing(fault):
            time.sleep(stroke.lasts)

    def _door(self, stroke: Stroke, does: Does) -> None:
        with self.turns.of("git server"):
            self.git.door.does = does
            time.sleep(stroke.lasts)
            self.git.door.does = Does.OPEN

    # --- Disks ---

    def fill_data(self, stroke: Stroke) -> None:
        """No room for the gateway's files."""
        with self.turns.one_of(self.in_pods, stroke) as station:
            self._fill(stroke, station.data)

    def fill_repo(self, stroke: Stroke) -> None:
        """No room for the repository."""
        with self.turns.one_of(self.in_pods, stroke) as station:
            self._fill(stroke, station.repo)

    def _fill(self, stroke: Stroke, folder: Path) -> None:
        ballast = folder / "ballast"
        try:
            with ballast.open("wb", buffering=0) as file, suppress(OSError):
                while file.write(bytes(_BLOCK)):
                    pass
            time.sleep(stroke.lasts)
        except FileNotFoundError:
            raise Missed from None
        finally:
            ballast.unlink(missing_ok=True)

    # --- What the controller has made ---

    def delete_maps(self, stroke: Stroke) -> None:
        """What agents are told, and what they write into."""
        station = self.stations[stroke.whom % len(self.stations)]
        cr = station.works.name
        told = (names.metadata_config_map(cr), names.status_config_map(cr, station.name))
        self._delete(station, CONFIG_MAPS, *told, names.changes_config_map(cr, station.name))

    def delete_rights(self, stroke: Stroke) -> None:
        """What lets them."""
        station = self.stations[stroke.whom % len(self.stations)]
        for kind in (ROLE_BINDINGS, ROLES):
            self._delete(station, kind, names.agent_role(station.works.name))

    def _delete(self, station: Station, kind: Resource, *called: str) -> None:
        works = station.works
        for name in called:
            works.admin.delete(kind, works.space.name, name)


def _address(station: PodStation) -> str:
    try:
        return station.pod.address
    except Problem:
        raise Missed from None
