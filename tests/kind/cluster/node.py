"""A node of our own: up and down.

`up` reserves a name and networks, writes the record and every file, starts process 1 (see `inside`)
and waits until pods, DNS and Services work. `down` needs the record alone: it ends the processes,
takes away the link and the control groups, and removes the folder; any of these may be missing,
because `up` or an earlier `down` was killed, or the machine was started anew.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from cluster import (
    addresses,
    certificates,
    configuration,
    daemons,
    groups,
    host,
    inside,
    keeping,
    packages,
    packing,
    probing,
    programs,
    state,
)
from cluster.plan import Plan
from cluster.problems import Problem
from cluster.running import last_lines, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster.running import Steps

_Found = TypeVar("_Found")

_PATIENCE: Final = 180.0
_NAMESPACES: Final = ("--net", "--mount", "--pid", "--ipc", "--uts")
_TOO_OFTEN: Final = 6  # a daemon that ended this often will not come up
_SURELY: Final = 5  # looks without a process after which there is none


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for; what is not named is chosen."""

    name: str | None = None
    network: str | None = None
    services: str | None = None
    lifetime: state.Watched | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """What a node is made of, ready in the cache."""

    kubernetes: Path
    coredns: Path
    helm: Path
    pause: Path
    packages: Path | None

    @property
    def path(self) -> str:
        """The PATH of the daemons."""
        own = [str(self.kubernetes), str(self.coredns)]
        return os.pathsep.join(
            [*own, *packages.program_folders(self.packages), packages.search_path()]
        )

    @property
    def entries(self) -> tuple[str, ...]:
        """The cache entries that a running node needs."""
        used = (self.kubernetes, self.coredns, self.packages)
        return tuple(str(each) for each in used if each is not None)


def build(steps: Steps) -> Parts:
    """Have every part of a node in the cache; quick when it is there already."""
    built = {program.name: programs.built(program, steps) for program in programs.ALL}
    return Parts(**built, packages=packages.unpacked(steps))


def check_machine() -> None:
    """Say at once what a node could never do without."""
    if sys.platform != "linux":
        raise Problem("a node needs Linux; elsewhere use Docker and kind, or set KUBECONFIG")
    if os.geteuid() != 0:
        raise Problem(
            "a node of our own needs root (namespaces, mounts, control groups); as somebody else "
            "use Docker and kind, or set KUBECONFIG"
        )
    groups.trees()


def up(root: Path, wishes: Wishes, steps: Steps) -> state.Place:
    """Bring a node up; what was begun is cleared away when it fails."""
    check_machine()
    packages.ensure(steps)
    parts = build(steps)
    host.load_modules()
    place, network = _reserve(root, wishes, steps)
    with place.locked():
        try:
            _bring_up(place, network, parts, steps)
        except BaseException as error:
            logs = _ends_of_logs(place)
            steps.say("clearing away what was begun")
            _clear(place)
            if isinstance(error, Problem) and logs:
                raise Problem(f"{error}\n{logs}") from None
            raise
    return place


def _reserve(root: Path, wishes: Wishes, steps: Steps) -> tuple[state.Place, addresses.Network]:
    root = state.check_root(root)
    with addresses.reserving():
        links = addresses.links_of_host()
        here = {place.name for place in state.places(root)}
        grouped = groups.names()
        name = wishes.name or addresses.free_name(links | here | grouped)
        if name in links and name not in here:
            raise Problem(f"there is a network link called {name} already; choose another name")
        if name in grouped and name not in here:
            raise Problem(f"there is a control group called {name} already; choose another name")
        network = addresses.free_network(
            addresses.routes_of_host(), node=wishes.network, services=wishes.services
        )
        place = state.make(root, name)
        prefixes = (network.node_prefix, network.service_prefix)
        place.write(state.Record("node", name, state.boot_id(), *prefixes, wishes.lifetime))
        try:
            if wishes.lifetime is not None:
                keeping.start(place, wishes.lifetime)
            host.add_link(name, network)
        except BaseException:
            _clear(place)
            raise
    steps.say(
        f"           {name}: pods {network.pods}, services {network.services}, {place.folder}"
    )
    return place, network


def _bring_up(place: state.Place, network: addresses.Network, parts: Parts, steps: Steps) -> None:
    place.logs.mkdir()
    (place.folder / "home").mkdir()
    node = configuration.Node(place, network, packages.plugin_folder(parts.packages))
    with steps.step("certificates and configuration"):
        certificates.issue(place.keys, place.name, network)
        configuration.write(node)
        packing.write(parts.pause / "pause", configuration.PAUSE_IMAGE, place.folder / "pause.tar")
        running = tuple(daemons.all_of(node))
        plan = Plan(str(place.folder), place.name, network, parts.path, parts.entries, running)
        plan.write()
    groups.make(place.name)
    host.start(place)
    api = probing.Api(network, place.keys)
    with steps.step("namespaces, containerd and the pause image"):
        process_1 = _wait(place, "process 1", lambda: host.process_1(place))
        host.move_link(place.name, process_1)
        _wait(place, "containerd", lambda: _imported(place, parts))
    with steps.step("API server is ready"):
        _wait(place, "the API server", api.ready)
    with steps.step("node is ready"):
        _wait(place, "the node", lambda: api.node_ready(place.name))
        scheduler = (network.node, daemons.SCHEDULER_PORT)
        _wait(place, "the scheduler", lambda: probing.accepts(*scheduler))
    with steps.step("DNS and Services answer"):
        name = "kubernetes.default.svc.cluster.local"
        _wait(place, "DNS", lambda: probing.resolves(network.node, name))
        _wait(place, "the Service kubernetes", lambda: probing.accepts(network.first_service, 443))
    place.kubeconfig.touch(mode=0o600)
    place.kubeconfig.write_text(configuration.kubeconfig(node, "admin"))


def _imported(place: state.Place, parts: Parts) -> bool:
    if not place.containerd.exists():
        return False
    try:
        import_image(place, parts, place.folder / "pause.tar")
    except Problem:
        return False
    return True


def import_image(place: state.Place, parts: Parts, archive: Path) -> None:
    """Load the images of an archive into the node's containerd."""
    ctr = shutil.which("ctr", path=parts.path) or "ctr"
    words = [ctr, "-a", str(place.containerd), "-n", "k8s.io", "images", "import", str(archive)]
    # As a process of the node it ends with it; the archive is where the host has it.
    run(command(place, words, ("--pid",)))


def _wait(place: state.Place, what: str, look: Callable[[], _Found | None]) -> _Found:
    """Look until there is something."""
    until, missed = time.monotonic() + _PATIENCE, 0
    while True:
        found = look()
        if found:
            return found
        failing = _failing(place)
        if failing:
            raise Problem(f"{failing} does not start; waited for {what}")
        # A process has no words for an instant, while it turns into another program.
        missed = 0 if host.processes(place) else missed + 1
        if missed > _SURELY:
            raise Problem(f"process 1 of the node has ended; waited for {what}")
        if time.monotonic() > until:
            raise Problem(f"{what} did not come within {_PATIENCE:.0f} s")
        time.sleep(0.05)


def _restarts(place: state.Place) -> list[str]:
    try:
        lines = (place.logs / inside.RESTARTS).read_text().splitlines()
    except FileNotFoundError:
        return []
    return [line.split()[0] for line in lines]


def _failing(place: state.Place) -> str | None:
    names = _restarts(place)
    return next((name for name in names if names.count(name) >= _TOO_OFTEN), None)


def _ends_of_logs(place: state.Place) -> str:
    """The logs of process 1 and of the daemons that ended: one of them says why."""
    parts = []
    for name in ("node", *sorted(set(_restarts(place)))):
        log = place.logs / name
        text = log.read_text(errors="replace") if log.exists() else ""
        if text.strip():
            parts.append(f"the last lines of {name}:\n{last_lines(text)}")
    return "\n".join(parts)


def down(place: state.Place, steps: Steps) -> None:
    """End an instance and remove all that it was."""
    with place.locked(), steps.step(f"{place.name} is down"):
        _clear(place)


def _clear(place: state.Place) -> None:
    """Every part may be there or not."""
    record = place.read()
    host.kill(place)
    if record is not None and record.boot == state.boot_id():
        host.remove_link(place.name)
        groups.remove(place.name)
    below = host.mounts_below(place.folder)
    if below:
        raise Problem(f"{below[0]} is mounted; what is there would be removed: unmount it first")
    _remove_tree(place.folder)
    keeping.end(place)  # at last: it takes over when we are killed on the way


def _remove_tree(folder: Path) -> None:
    """The mounts of the node's namespaces end a moment after its processes."""
    until = time.monotonic() + _PATIENCE
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=time.monotonic() < until)
    with contextlib.suppress(OSError):  # other instances live there, or it is gone as well
        folder.parent.rmdir()


def alive(place: state.Place) -> bool:
    """Whether the node's process 1 runs."""
    return host.process_1(place) is not None


def command(
    place: state.Place, words: list[str], namespaces: tuple[str, ...] = _NAMESPACES
) -> list[str]:
    """The words that run a command inside the node's namespaces."""
    process_1 = host.process_1(place)
    if process_1 is None:
        raise Problem(f"{place.name} does not run; `down --name {place.name}` clears it away")
    return ["nsenter", "--target", str(process_1), *namespaces, "--", *words]
