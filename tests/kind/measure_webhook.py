"""What the webhook costs a pod, how fast a push is heard, and what a flood does to either.

    .venv/bin/python tests/kind/measure_webhook.py [--pods N] [--pushes N] [--no-agents]

Admission is measured by the API server itself: its own histogram of the time that webhooks take,
over dry runs that come at 50 a second. Pushes are real ones, told of as GitHub tells of them. The
flood is 500 requests a second with wrong signatures, from a hundred addresses and a process of its
own, so that the limits on an address let most of them come as far as the signature. Processes have
the rights that the chart gives.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from cluster import Cluster, Problem, open_cluster  # noqa: E402 - the path is set above
from kit import Spaces, charts, definitions, eventually, git_here, injected, loading  # noqa: E402
from kit.admissions import pods_are_created  # noqa: E402
from kit.api import Api, connected  # noqa: E402
from kit.controllers import Controllers, controllers  # noqa: E402
from kit.crowds import talking  # noqa: E402
from kit.local_webhook import LocalWebhook  # noqa: E402
from kit.senders import Flood, Sender, github_push  # noqa: E402
from kit.spaces import Space  # noqa: E402
from kit.webhooks import NO_IMAGE, PODS_HOOK, webhooks  # noqa: E402
from kit.works import Works, works  # noqa: E402

from stoker.core import names  # noqa: E402
from support.standalone import VIEW, project  # noqa: E402

RATE: Final = 50.0
FLOOD: Final = 500.0
KEY: Final = "measured"
_HISTOGRAM: Final = "apiserver_admission_webhook_admission_duration_seconds_bucket{"
_PATIENCE: Final = 60.0


@dataclass
class Histogram:
    """How many answers took up to so many seconds."""

    counts: dict[float, float] = field(default_factory=dict)

    @classmethod
    def of(cls, space: Space) -> Histogram:
        """What the API server has counted for the webhook of pods so far."""
        made = cls()
        for line in space.kubectl("get", "--raw", "/metrics").splitlines():
            if line.startswith(_HISTOGRAM) and f'name="{PODS_HOOK}"' in line:
                bound = line.partition('le="')[2].partition('"')[0]
                limit = math.inf if bound == "+Inf" else float(bound)
                made.counts[limit] = made.counts.get(limit, 0) + float(line.rpartition(" ")[2])
        return made

    def since(self, before: Histogram) -> Histogram:
        """What came after that."""
        return Histogram({k: n - before.counts.get(k, 0) for k, n in self.counts.items()})

    def quantile(self, part: float) -> float:
        """The time that so many took at the most, between the bounds as Prometheus reckons it."""
        wanted = part * max(self.counts.values())
        last_bound, last_count = 0.0, 0.0
        for bound in sorted(self.counts):
            count = self.counts[bound]
            if count >= wanted:
                if math.isinf(bound) or count == last_count:
                    return last_bound
                share = (wanted - last_count) / (count - last_count)
                return last_bound + (bound - last_bound) * share
            last_bound, last_count = bound, count
        return last_bound


@dataclass
class Bench:
    """Where it is measured."""

    api: Api
    works: Works
    receiver: LocalWebhook

    @property
    def space(self) -> Space:
        """The namespace of all."""
        return self.works.space

    @property
    def sender(self) -> Sender:
        """Who tells of pushes."""
        return Sender("127.0.0.1", self.receiver.port, KEY)

    @contextmanager
    def flooded(self, seconds: float) -> Iterator[None]:
        """A flood for the `with`, and what came of it."""
        path = f"/webhook/{self.space.name}/{self.works.name}"
        flood = Flood.begin(self.sender, path, rate=FLOOD, seconds=seconds)
        time.sleep(1)
        try:
            yield
            if not flood.goes_on():
                _print("  the flood was over before the end of this")
        finally:
            counted = flood.end()
            told = ", ".join(f"{number} {what}" for what, number in sorted(counted.items()))
            _print(f"  the flood: {told}")

    def admissions(self, count: int, what: str) -> None:
        """Pods that ask for an agent, and what the API server waits for each."""
        before = Histogram.of(self.space)
        with pods_are_created(self.api, self.space.name, rate=RATE) as made:
            made.will_be(count, within=_PATIENCE * 2)
        took = Histogram.of(self.space).since(before)
        client = sorted(one.seconds for one in made.done)
        _print(f"{what}: {len(made.done)} pods, {RATE:.0f} a second")
        _line("  the API server waits: p50", took.quantile(0.5) * 1000, "ms")
        _line("  p99", took.quantile(0.99) * 1000, "ms")
        _line("  the whole creation: p50", statistics.median(client) * 1000, "ms")
        _line("  p99", client[int(len(client) * 0.99)] * 1000, "ms")
        _line("  without an agent, or refused", len(made.failed()), "")

    def pushes(self, count: int, what: str) -> None:
        """From the request to the annotation, and to the commit in the status."""
        answered, resolved = [], []
        for number in range(count):
            commit = self.works.source.commit({f"{VIEW}/view.json": f'{{"a": {time.time_ns()}}}'})
            began = time.monotonic()
            self._told(commit)
            answered.append(time.monotonic() - began)
            while self.works.status().get("lastSyncCommit") != commit:
                time.sleep(0.005)
                if time.monotonic() - began > _PATIENCE:
                    raise Problem(f"push {number} was not heard of")
            resolved.append(time.monotonic() - began)
            # As many a second as the receiver takes for one GatewaySync.
            time.sleep(0.3)
        _print(f"{what}: {count} pushes")
        _quantiles("to the annotation, answered", answered)
        _quantiles("to the commit in the status", resolved)

    def scans(self, count: int, agents: Sequence[Any], what: str) -> None:
        """From the request to the first gateway's scan, and to the last one's."""
        first, last = [], []
        for _ in range(count):
            text = f'{{"a": {time.time_ns()}}}'
            commit = self.works.source.commit({f"{VIEW}/view.json": text})
            began = time.time()
            self._told(commit)
            for agent in agents:
                agent.will_hold(f"{VIEW}/view.json", text)
            times = [scanned(agent, began) - began for agent in agents]
            first.append(min(times))
            last.append(max(times))
            time.sleep(2)
        _print(f"{what}: {count} pushes, {len(agents)} gateways, an agent has 200m of CPU")
        _quantiles("to the first gateway's scan", first)
        _quantiles("to the last gateway's scan", last)

    def _told(self, commit: str) -> None:
        answer = self.sender.send(
            self.space.name, self.works.name, github_push("refs/heads/main", commit)
        )
        if answer.status != 202:
            raise Problem(f"the receiver answers {answer.status}: {answer.text}")


def scanned(agent: Any, began: float) -> float:
    """When its gateway was asked for a scan after that."""
    received = agent.gateway.received()
    times = [one["received_ms"] / 1000 for one in received if "/scan/" in one["endpoint"]]
    return float(min(at for at in times if at >= began))


def in_pods(cluster: Cluster, image: str) -> None:
    """What the processes of a release need, which reach the API server as pods do."""
    with Spaces(cluster).new("released") as space:
        values = {"watchNamespaces": [space.name], "webhookReceiver": {"enabled": True}}
        with charts.installed(space, image, values) as release:
            time.sleep(10)
            (document,) = release.pods()
            pod = space.pod(document["metadata"]["name"])
            _print("memory in a pod, at rest, and at the most")
            for name in ("controller", "webhook", "receiver"):
                lines = pod.exec(name, "cat", "/proc/1/status").splitlines()
                found = dict(line.split(":", 1) for line in lines)
                now, most = (int(found[key].split()[0]) / 1024 for key in ("VmRSS", "VmHWM"))
                _line(f"  {name}", now, f"MiB {most:>8.1f} MiB")


@contextmanager
def bench(cluster: Cluster, folder: Path, *, agents: bool) -> Iterator[Bench]:
    """All that is measured."""
    with ExitStack() as stack:
        definitions.real(stack.enter_context(talking(cluster)))
        api = stack.enter_context(connected(cluster))
        space = stack.enter_context(Spaces(cluster).new("measured"))
        git = stack.enter_context(git_here.git_here(cluster, folder))
        made: Controllers = stack.enter_context(controllers(space, folder / "controllers"))
        made.start()
        images = [loading.in_cluster(cluster, one) for one in ("stoker", "gateway")]
        image = images[0] if agents else NO_IMAGE
        hooks = stack.enter_context(webhooks(made, image=image))
        key = folder / "key"
        key.write_text(KEY)
        hooks.start()
        # Who pushes here pushes more often than a CR is meant to be asked for.
        receiver = hooks.receive(receiver_hmac_file=key, rate_limit_cr=1000)
        plant = works(space, "site", git, *images, polling={"interval": "1h"})
        plant.push(project())
        hooks.is_asked()
        yield Bench(api, plant, receiver)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description="Measure the webhook.")
    parser.add_argument("--pods", type=int, default=500)
    parser.add_argument("--pushes", type=int, default=30)
    parser.add_argument("--no-agents", dest="agents", action="store_false")
    options = parser.parse_args(arguments)
    try:
        with (
            open_cluster(lifetime_of=os.getpid(), say=_say) as cluster,
            tempfile.TemporaryDirectory() as folder,
            bench(cluster, Path(folder), agents=options.agents) as made,
        ):
            _measure(made, options)
    except Problem as problem:
        _say(f"measure_webhook: {problem}")
        return 1
    return 0


def _measure(made: Bench, options: argparse.Namespace) -> None:
    made.admissions(options.pods, "admission")
    made.pushes(options.pushes, "nothing else")
    with made.flooded(options.pods / RATE + 8):
        made.admissions(options.pods, "admission while flooded")
    with made.flooded(options.pushes * 1.0 + 5):
        made.pushes(options.pushes, "while flooded")
    if options.agents:
        image = made.works.gateway_image
        pod = injected.gateway_pod("unused", image, injected.marks())
        made.space.apply(injected.stateful_set("gw", pod, 2))
        agents = [made.works.agent(f"gw-{number}") for number in range(2)]
        for agent in agents:
            eventually(agent.pod.status, what=f"{agent.name} is there")
            agent.ready().will_say("Synced", made.works.source.head())
        made.scans(max(3, options.pushes // 3), agents, "nothing else")
        in_pods(made.space.cluster, made.works.agent_image)
    annotations = made.works.document()["metadata"].get("annotations", {})
    if names.REQUESTED_AT not in annotations:
        raise Problem("no request has come to the GatewaySync")


def _quantiles(what: str, took: list[float]) -> None:
    ordered = sorted(took)
    _line(f"  {what}: p50", statistics.median(ordered) * 1000, "ms")
    _line("  95 of 100", ordered[int(len(ordered) * 0.95)] * 1000, "ms")


def _line(what: str, value: float, unit: str) -> None:
    _print(f"{what:<46}{value:>9.1f} {unit}".rstrip())


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
