"""What a controller needs when it has nothing to do, and how long it takes when it has.

    .venv/bin/python tests/kind/measure_controller.py [COUNT…] [--seconds S] [--unrelated N]

COUNT is how many GatewaySyncs, 1, 100 and 1000 without any; each has three gateways, pods that run
nowhere, with a report each, and all follow one repository, polled once a minute. For each count
there are a namespace and a controller with the rights that the chart gives, which watches all
namespaces. With `--unrelated`, the last count is measured once more beside so many pods, Secrets
and ConfigMaps of somebody else. Memory and CPU are those of the process as the kernel counts them.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from cluster import Cluster, Problem, open_cluster  # noqa: E402 - the path is set above
from kit import Spaces, definitions, eventually, manifests  # noqa: E402
from kit.controllers import Controllers, controllers  # noqa: E402
from kit.crowds import Crowd, at_once, talking  # noqa: E402
from kit.fleets import Fleet  # noqa: E402
from kit.listening import Relay  # noqa: E402
from kit.local_controller import LocalController  # noqa: E402
from kit.plants import Repository  # noqa: E402

from stoker.adapters.kube.client import Client  # noqa: E402
from stoker.adapters.kube.resources import CONFIG_MAPS, PODS, SECRETS  # noqa: E402
from support.git_servers import GitDaemon  # noqa: E402

_PATIENCE: Final = 900
_PERIOD: Final = 30.0
"""Seconds between two reports of an agent that has nothing new to say."""
_REPORTS: Final = 40
_PAUSE: Final = 0.5
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Account:
    """What a process has used so far."""

    at: float
    cpu: float
    requests: Counter[str]
    calls: int

    @classmethod
    def of(cls, controller: LocalController, relay: Relay) -> Account:
        """As it is now."""
        stat = Path(f"/proc/{controller.pid}/stat").read_text().rpartition(")")[2].split()
        counted: Counter[str] = Counter()
        for sample in controller.metrics():
            if sample.name == "stoker_controller_api_requests_total":
                labels = sample.labels
                counted[f"{labels['method']} {labels['resource']}"] += int(sample.value)
        # Processes of git that have ended count as well.
        cpu = sum(map(int, stat[11:15])) / _TICKS
        return cls(time.monotonic(), cpu, counted, len(relay.calls))


def memory(controller: LocalController) -> tuple[float, float]:
    """MiB resident now, and at the most."""
    lines = Path(f"/proc/{controller.pid}/status").read_text().splitlines()
    found = dict(line.split(":", 1) for line in lines)
    kib = [int(found[name].split()[0]) for name in ("VmRSS", "VmHWM")]
    return kib[0] / 1024, kib[1] / 1024


@dataclass
class Bench:
    """Where it is measured."""

    cluster: Cluster
    client: Client
    spaces: Spaces
    relay: Relay
    commit: str
    seconds: float
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp()))

    def measure(self, count: int, unrelated: int) -> None:
        """Print what is found with so many CRs."""
        with ExitStack() as stack:
            home, space = (stack.enter_context(self.spaces.new(one)) for one in ("home", "fleet"))
            made = stack.enter_context(controllers(home, self.folder / str(count), everywhere=True))
            crowd = Crowd(self.client, space.name)
            stack.callback(crowd.clear)
            fleet = Fleet(crowd, count)
            fleet.create(self.relay.url("site.git"))
            _print(f"{count} GatewaySyncs, {len(fleet.pods)} gateways")
            controller = self._from_nothing(made, fleet)
            self._idle(controller, "idle")
            with heartbeats(fleet, self.commit) as beats:
                self._idle(controller, "agents say every 30 s that they live")
            _print(f"  reports written meanwhile{beats.rate():>14.1f} a second")
            self._latency(controller, fleet)
            controller = self._again(made, controller, fleet)
            if unrelated:
                self._beside(made, controller, fleet, unrelated)

    def _from_nothing(self, made: Controllers, fleet: Fleet) -> LocalController:
        began = time.monotonic()
        controller = made.start(allowed_protocols="git,https")
        eventually(fleet.is_told, what="every agent can report", within=_PATIENCE)
        _line("until all are resolved and told of", time.monotonic() - began, "s")
        began = time.monotonic()
        fleet.report_all(self.commit)
        _line("writing their first reports", time.monotonic() - began, "s")
        eventually(lambda: self._ready(controller, fleet), what="all are ready", within=_PATIENCE)
        _line("until all are ready, with that", time.monotonic() - began, "s")
        return controller

    def _again(
        self, made: Controllers, controller: LocalController, fleet: Fleet, what: str = "a restart"
    ) -> LocalController:
        controller.stop()
        began = time.monotonic()
        again = made.start(f"again-{len(made.there)}", allowed_protocols="git,https")
        _line(f"after {what}: until it is ready", time.monotonic() - began, "s")
        eventually(lambda: self._ready(again, fleet), what="all are ready", within=_PATIENCE)
        _line("until it has looked at all", time.monotonic() - began, "s")
        _line("writes since then", again.writes(), "")
        now, most = memory(again)
        _line("memory, at the most", now, f"MiB {most:>8.1f} MiB")
        return again

    def _ready(self, controller: LocalController, fleet: Fleet) -> bool:
        ready = controller.metric("stoker_controller_cr_ready", namespace=fleet.crowd.namespace)
        return ready == fleet.size

    def _idle(self, controller: LocalController, what: str) -> None:
        time.sleep(5)
        before = Account.of(controller, self.relay)
        time.sleep(self.seconds)
        after = Account.of(controller, self.relay)
        minutes = (after.at - before.at) / 60
        now, most = memory(controller)
        asked = after.requests - before.requests
        _print(f"  {what}, a minute:")
        _line("  memory, at the most", now, f"MiB {most:>8.1f} MiB")
        _line("  CPU", (after.cpu - before.cpu) / minutes, "s")
        _line("  requests to the API server", asked.total() / minutes, "")
        for name, number in asked.most_common():
            _line(f"    {name}", number / minutes, "")
        _line("  connections to the git server", (after.calls - before.calls) / minutes, "")

    def _latency(self, controller: LocalController, fleet: Fleet) -> None:
        chance, took = random.Random(1), []  # noqa: S311 - no secret
        for turn in range(_REPORTS):
            pod = chance.choice(fleet.pods)
            began = time.monotonic()
            fleet.report(pod, self.commit, "Error", errorMessage=f"turn {turn}")
            while not fleet.shows(pod, "Error"):
                time.sleep(0.005)
            took.append(time.monotonic() - began)
            fleet.report(pod, self.commit, "Synced")
            time.sleep(_PAUSE)
        took.sort()
        _line("a report to the status: median", statistics.median(took) * 1000, "ms")
        _line("  95 of 100", took[int(len(took) * 0.95)] * 1000, "ms")
        eventually(lambda: self._ready(controller, fleet), what="all are ready", within=_PATIENCE)

    def _beside(
        self, made: Controllers, controller: LocalController, fleet: Fleet, unrelated: int
    ) -> None:
        before, _ = memory(controller)
        with self.spaces.new("unrelated", labels={}) as elsewhere:
            crowd = Crowd(self.client, elsewhere.name)
            for number in range(0, unrelated, 1000):
                these = range(number, min(number + 1000, unrelated))
                crowd.create(PODS, (somebodys_pod(n) for n in these))
                crowd.create(SECRETS, (manifests.secret(f"s-{n}", {"k": "v" * 500}) for n in these))
                crowd.create(
                    CONFIG_MAPS, (manifests.config_map(f"c-{n}", {"k": "v" * 500}) for n in these)
                )
            now, most = memory(controller)
            _print(f"  beside {unrelated} pods, Secrets and ConfigMaps of somebody else")
            _line("memory before, and after they were made", before, f"MiB {now:>8.1f} MiB")
            _line("  at the most", most, "MiB")
            again = self._again(made, controller, fleet, "a restart beside them")
            self._idle(again, "idle beside them")


def somebodys_pod(number: int) -> dict[str, Any]:
    """A pod that has nothing to do with gateways."""
    containers = [manifests.container("app", "none")]
    return manifests.pod(f"p-{number}", containers, schedulerName="nobody")


@dataclass
class Beats:
    """How many reports were written, in which time."""

    written: int = 0
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0

    def rate(self) -> float:
        """Reports in a second."""
        return self.written / (self.ended - self.began)


@contextmanager
def heartbeats(fleet: Fleet, commit: str) -> Iterator[Beats]:
    """Every agent says again and again that it lives, as often as agents do."""
    over, beats = threading.Event(), Beats()

    def beat() -> None:
        while not over.is_set():
            began = time.monotonic()
            for start in range(0, len(fleet.pods), 25):
                if over.is_set():
                    return
                some = fleet.pods[start : start + 25]
                at_once(lambda pod: fleet.report(pod, commit, "Synced"), some)
                beats.written += len(some)
                due = began + _PERIOD * (start + 25) / len(fleet.pods)
                over.wait(max(0.0, due - time.monotonic()))

    beating = threading.Thread(target=beat)
    beating.start()
    try:
        yield beats
    finally:
        over.set()
        beating.join()
        beats.ended = time.monotonic()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each count and print what was found."""
    parser = argparse.ArgumentParser(description="Measure the controller.")
    parser.add_argument("counts", nargs="*", type=int, default=[1, 100, 1000], metavar="COUNT")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--unrelated", type=int, default=0)
    options = parser.parse_args(arguments)
    try:
        with open_cluster(lifetime_of=os.getpid(), say=_say) as cluster:
            _measure_all(cluster, options)
    except Problem as problem:
        _say(f"measure_controller: {problem}")
        return 1
    return 0


def _measure_all(cluster: Cluster, options: argparse.Namespace) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        client = stack.enter_context(talking(cluster))
        definitions.real(client)
        git = stack.enter_context(GitDaemon(folder))
        relay = stack.enter_context(Relay(git.port))
        repository = Repository.create(git, "site")
        repository.commit()
        bench = Bench(cluster, client, Spaces(cluster), relay, repository.head(), options.seconds)
        for count in options.counts:
            is_last = count == options.counts[-1]
            bench.measure(count, options.unrelated if is_last else 0)


def _line(what: str, value: float, unit: str) -> None:
    _print(f"  {what:<44}{value:>9.1f} {unit}".rstrip())


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
