"""How long an agent takes in a pod until its gateway may start, and what memory it needs.

    .venv/bin/python tests/kind/measure.py [SITE…]

A SITE is S, M, L or a number of files; 1000 and L without any. One pod after the other, each with
the product's image under the contract's limits, follows such a site on a git server in the cluster,
over HTTPS. It needs a node of our own: the kernel's accounts of the container are read from outside
of it while it works. Seconds count from the start of the agent's process.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from cluster import Cluster, Problem, open_cluster  # noqa: E402 - the path is set above
from kit import Pod, Spaces, eventually, git_server, loading, sidecars, stations  # noqa: E402
from kit.git_server import GitServer  # noqa: E402

from stoker.testing.repositories import SIZES, Site, Size  # noqa: E402

_PERIOD: Final = 0.02
_BYTES_OF_A_FILE: Final = 600
_PATIENCE: Final = 300
_AGENT: Final = "stoker-agent"


@dataclass
class Accounts:
    """What the kernel counts for a container, read again and again."""

    folders: dict[str, Path]
    most: int = 0
    """The most memory in bytes that was not files' and could not be given back."""
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Read them until the end of the `with`."""
        watching = threading.Thread(target=self._watch)
        watching.start()
        try:
            yield
        finally:
            self._over.set()
            watching.join()

    def _watch(self) -> None:
        while not self._over.wait(_PERIOD):
            self.most = max(self.most, self._anonymous())

    def _anonymous(self) -> int:
        lines = (self.folders["memory"] / "memory.stat").read_text().splitlines()
        counted = dict(line.split() for line in lines)
        return int(counted["total_rss" if "total_rss" in counted else "anon"])

    def peak(self) -> int:
        """The most memory in bytes, the files in the cache of the kernel included."""
        for name in ("memory.max_usage_in_bytes", "memory.peak"):
            file = self.folders["memory"] / name
            if file.exists():
                return int(file.read_text())
        raise Problem("this kernel does not count the most memory of a container")

    def seconds_of_cpu(self) -> float:
        """The time that its processes have had."""
        file = self.folders["cpuacct"] / "cpuacct.usage"
        if file.exists():
            return int(file.read_text()) / 1e9
        lines = (self.folders["cpuacct"] / "cpu.stat").read_text().splitlines()
        return int(dict(line.split() for line in lines)["usage_usec"]) / 1e6


def accounts_of(cluster: Cluster, container: str) -> Accounts:
    """The accounts of a container of a node of our own."""
    root = Path("/sys/fs/cgroup")
    name = container.rpartition("/")[2]
    folders = {}
    for kind in ("memory", "cpuacct"):
        # The second version of control groups has one tree for all kinds.
        top = (root / kind if (root / kind).is_dir() else root) / cluster.name
        found = [path for path in top.rglob(name) if path.is_dir()]
        if not found:
            raise Problem(f"there is no account of container {name} below {top}")
        folders[kind] = found[0]
    return Accounts(folders)


def began(accounts: Accounts) -> float:
    """When the container's first process began, in seconds since the machine's boot."""
    numbers = map(int, (accounts.folders["memory"] / "cgroup.procs").read_text().split())
    stat = Path(f"/proc/{min(numbers)}/stat").read_text().rpartition(")")[2].split()
    return int(stat[19]) / os.sysconf("SC_CLK_TCK")


def since_boot() -> float:
    """The clock that processes' starts are counted in."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def site_of(text: str) -> Site:
    """S, M, L, XL, or a number of files of the same kind."""
    if text in SIZES:
        return Site.of(text)
    if not text.isdigit():
        raise Problem(f"{text!r} is no site: give S, M, L, XL or a number of files")
    return Site(Size(int(text), int(text) * _BYTES_OF_A_FILE))


@dataclass(frozen=True)
class Bench:
    """Where it is measured."""

    cluster: Cluster
    spaces: Spaces
    server: GitServer
    image: str

    def measure(self, name: str) -> str:
        """One line of the table."""
        site = site_of(name)
        repository = self.server.repository(f"site-{name.lower()}")
        repository.commit_site(site)
        agent = sidecars.Sidecar(
            self.image, sidecars.over_https(repository.https), secrets=("git-token", "git-ca")
        )
        with self.spaces.new(f"measure-{name}") as space:
            space.apply(self.server.token_secret(), self.server.ca_secret())
            pod = stations.start_alone(space, "agent", [agent], {})
            return f"{name:>6}  {site.size.files:>7}  {self._watched(pod)}"

    def _watched(self, pod: Pod) -> str:
        identity = eventually(
            lambda: (
                pod.container(_AGENT)["state"]["running"] and pod.container(_AGENT)["containerID"]
            ),
            what="the agent's container runs",
        )
        accounts = accounts_of(self.cluster, identity)
        start = began(accounts)
        with accounts.watched():
            answers = _reached(pod, "/healthz") - start
            ready = _reached(pod, "/startupz") - start
            cpu = accounts.seconds_of_cpu()
        own, together = accounts.most / 2**20, accounts.peak() / 2**20
        return f"{answers:>8.1f}  {ready:>7.1f}  {cpu:>6.1f}  {own:>9.0f}  {together:>10.0f}"


def _reached(pod: Pod, path: str) -> float:
    """When the agent first answers with 200, in seconds since boot."""

    def answers() -> bool:
        return pod.ask(sidecars.PORT, path).status == 200

    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if _succeeds(answers):
            return since_boot()
        time.sleep(_PERIOD)
    raise Problem(f"{path} was not reached within {_PATIENCE} s: {pod.logs(_AGENT)}")


def _succeeds(answers: Callable[[], bool]) -> bool:
    try:
        return answers()
    except OSError:
        return False


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each site and print a table."""
    parser = argparse.ArgumentParser(description="Measure the agent in a pod.")
    parser.add_argument("sites", nargs="*", default=["1000", "L"], metavar="SITE")
    options = parser.parse_args(arguments)
    try:
        with open_cluster(lifetime_of=os.getpid(), say=_say) as cluster:
            _measure_all(cluster, options.sites)
    except Problem as problem:
        _say(f"measure: {problem}")
        return 1
    return 0


def _measure_all(cluster: Cluster, names: Sequence[str]) -> None:
    if cluster.mode != "node":
        raise Problem("only the accounts of a node of our own can be read")
    spaces, image = Spaces(cluster), loading.in_cluster(cluster, "stoker")
    with tempfile.TemporaryDirectory() as folder:
        git_image = loading.in_cluster(cluster, "git")
        with git_server.serving(spaces, git_image, Path(folder)) as server:
            bench = Bench(cluster, spaces, server, image)
            _print("  site    files  answers    ready     CPU  MiB anon.  MiB in all")
            for name in names:
                _print(bench.measure(name))


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
