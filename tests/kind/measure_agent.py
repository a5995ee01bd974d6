"""What the agent of a GatewaySync needs in a pod, under the contract's limits of 200m and 256Mi.

    .venv/bin/python tests/kind/measure_agent.py [SITE…] [--seconds S] [--changes N]

A SITE is S, M, L, XL or a number of files; 1000 and L without any. For each there are a GatewaySync
in a namespace of its own, a controller on this machine, a git server on this machine over HTTPS,
and one pod with the injected sidecar beside a fake gateway.

- `ready`: from the start of the agent's process until `/startupz` passes, its first sync done
- `peak`: the most memory that is not files' and cannot be given back, of all its processes together
- `change`: from the metadata that names a commit of ten files until the gateway is asked for a
  scan; the median of N
- idle, over S seconds that begin a minute after the last sync: memory resident, the sum over its
  processes (shared pages counted for each), and per minute processor time and requests to the API
  server

It needs a node of our own: the kernel's accounts of the container are read from outside of it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from cluster import Cluster, Problem, open_cluster  # noqa: E402 - the path is set above
from kit import Spaces, definitions, eventually, loading  # noqa: E402
from kit.controllers import controllers  # noqa: E402
from kit.crowds import talking  # noqa: E402
from kit.git_here import GitHere, git_here  # noqa: E402
from kit.passages import Passage, passage  # noqa: E402
from kit.works import Injected, Works, profiles, works  # noqa: E402
from measure import Accounts, accounts_of, began, since_boot, site_of  # noqa: E402

_PATIENCE: Final = 300
_PERIOD: Final = 0.02
_PROBING: Final = 0.2
"""Seconds between two probes: each of them costs the agent some of what it has."""
_SETTLED: Final = 65.0
"""Seconds from a sync until there was a regular look at all files, which later ones build upon."""
_FILES: Final = 10
_PAUSE: Final = 5.0
_MIB: Final = 1 << 20


@dataclass(frozen=True)
class Idle:
    """What it needs when it has nothing to do."""

    resident: float
    processes: int
    cpu: float
    requests: float


@dataclass(frozen=True)
class Bench:
    """Where it is measured."""

    cluster: Cluster
    spaces: Spaces
    git: GitHere
    way: Passage
    folder: Path
    images: tuple[str, str]
    seconds: float
    changes: int

    def measure(self, name: str) -> str:
        """One line of the table."""
        site = site_of(name)
        with (
            self.spaces.new(f"measure-{name}") as space,
            controllers(space, self.folder / f"controller-{name}") as made,
        ):
            made.start()
            plant = works(space, "site", self.git, *self.images, sync=profiles())
            commit = plant.source.commit_site(site)
            plant.resolve()
            eventually(lambda: plant.metadata()["commit"] == commit, what="the commit is told")
            agent = plant.start("gw-0", way=self.way, switches={"scan_seconds": 0.05})
            first = self._first(agent)
            agent.ready(_PATIENCE)
            agent.will_say("Synced", commit, within=_PATIENCE)
            took = []
            for number in range(self.changes):
                time.sleep(_PAUSE)
                took.append(self._change(plant, agent, number + 1, name))
            time.sleep(_SETTLED)
            idle = self._idle(agent)
        change = f"{statistics.median(took):>8.2f}  {max(took):>8.2f}"
        rest = (
            f"{idle.resident:>8.1f}  {idle.processes:>5}  {idle.cpu:>8.2f}  {idle.requests:>8.1f}"
        )
        return f"{name:>6}  {site.size.files:>7}  {first}  {change}  {rest}"

    def _first(self, agent: Injected) -> str:
        accounts = self._accounts(agent)
        start = began(accounts)
        with accounts.watched():
            answers = _reached(agent, "/healthz") - start
            ready = _reached(agent, "/startupz") - start
            cpu = accounts.seconds_of_cpu()
        peak = accounts.most / _MIB
        return f"{answers:>8.2f}  {ready:>8.2f}  {cpu:>6.2f}  {peak:>8.1f}"

    def _accounts(self, agent: Injected) -> Accounts:
        def runs() -> str:
            found = agent.container()
            return str(found["state"]["running"] and found["containerID"])

        return accounts_of(self.cluster, eventually(runs, what="the agent's container runs"))

    def _change(self, plant: Works, agent: Injected, number: int, name: str) -> float:
        site = site_of(name)
        commit = site.change(plant.source.upstream, _FILES, number)
        before = len(_scans(agent))
        plant.resolve()
        told = _told(plant, commit)
        eventually(lambda: len(_scans(agent)) > before, what="a scan is asked for", within=60)
        asked = _scans(agent)[before]
        agent.will_say("Synced", commit, within=60)
        return asked - told

    def _idle(self, agent: Injected) -> Idle:
        accounts = self._accounts(agent)
        cpu, at = accounts.seconds_of_cpu(), time.monotonic()
        resident, processes = [], []
        while time.monotonic() < at + self.seconds:
            time.sleep(1)
            found = _resident(accounts)
            resident.append(sum(found))
            processes.append(len(found))
        minutes = (time.monotonic() - at) / 60
        used = (accounts.seconds_of_cpu() - cpu) / minutes
        asked = len(self.way.since(at)) / minutes
        return Idle(statistics.median(resident) / _MIB, max(processes), used, asked)


def _told(plant: Works, commit: str) -> float:
    """When the metadata names the commit, by the clock of the machine."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if plant.metadata()["commit"] == commit:
            return time.clock_gettime(time.CLOCK_REALTIME)
        time.sleep(_PERIOD)
    raise Problem(f"nobody is told of {commit}")


def _scans(agent: Injected) -> list[float]:
    """When the gateway was asked for scans of its projects, the oldest first."""
    return [
        one["received_ms"] / 1000
        for one in agent.gateway.received()
        if (one["method"], one["path"].rpartition("/scan/")[2]) == ("POST", "projects")
    ]


def _resident(accounts: Accounts) -> list[int]:
    """Bytes of each process of the container."""
    found = []
    for number in (accounts.folders["memory"] / "cgroup.procs").read_text().split():
        try:
            pages = int(Path(f"/proc/{number}/statm").read_text().split()[1])
        except OSError:
            continue
        found.append(pages * os.sysconf("SC_PAGE_SIZE"))
    return found


def _reached(agent: Injected, path: str) -> float:
    """When the agent first answers with 200, in seconds since boot."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if _answers(agent, path):
            return since_boot()
        time.sleep(_PROBING)
    raise Problem(f"{path} was not reached within {_PATIENCE} s: {agent.pod.logs('stoker-agent')}")


def _answers(agent: Injected, path: str) -> bool:
    try:
        return agent.probe(path) == 200
    except Problem:
        return False


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each site and print a table."""
    parser = argparse.ArgumentParser(description="Measure the agent of a GatewaySync in a pod.")
    parser.add_argument("sites", nargs="*", default=["1000", "L"], metavar="SITE")
    parser.add_argument("--seconds", type=float, default=90.0, help="idle time that is measured")
    parser.add_argument("--changes", type=int, default=5, help="how many commits of ten files")
    options = parser.parse_args(arguments)
    try:
        with open_cluster(lifetime_of=os.getpid(), say=_say) as cluster:
            _measure_all(cluster, options)
    except Problem as problem:
        _say(f"measure: {problem}")
        return 1
    return 0


def _measure_all(cluster: Cluster, options: argparse.Namespace) -> None:
    if cluster.mode != "node":
        raise Problem("only the accounts of a node of our own can be read")
    images = (loading.in_cluster(cluster, "stoker"), loading.in_cluster(cluster, "gateway"))
    with talking(cluster) as client, tempfile.TemporaryDirectory() as name:
        definitions.real(client)
        folder = Path(name)
        with git_here(cluster, folder) as git, passage(cluster, folder) as way:
            bench = Bench(
                *(cluster, Spaces(cluster), git, way, folder, images),
                seconds=options.seconds,
                changes=options.changes,
            )
            _print(
                "  site    files   answers     ready     CPU  peak MiB"
                "    change       max  idle MiB  procs     CPU/m     API/m"
            )
            for site in options.sites:
                _print(bench.measure(site))


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
