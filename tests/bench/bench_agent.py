"""What an agent takes: memory, CPU and time, with all of its processes.

`PYTHONPATH=tests python tests/bench/bench_agent.py [SIZE …]`: an agent (`agent_worker`) has its
repository behind TLS on this machine, and a fake gateway in a process of its own. For each size:
from the start of the process until the gateway may start; the peak of the first sync; what is left
when it is idle; changes of ten files; and a minute in which nothing happens but the agent's own
looks. Memory is summed over the agent and everything that it has started, by `/proc`, every 20 ms.
The resident size counts what processes share once for each of them; the proportional size does not.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast

from attrs import define, field

from stoker.testing.repositories import Site, Upstream
from support.authority import Authority
from support.https_git import HttpsGit

AGENT = Path(__file__).with_name("agent_worker.py")
GATEWAY = Path(__file__).with_name("gateway_worker.py")
NAMES = ("data", "repository", "scratch", "token", "key", "commit")
TOKEN = "token-of-the-benchmark"
PATIENCE = 300.0
EVERY = 0.02
_TICK = os.sysconf("SC_CLK_TCK")


def main(sizes: Sequence[str]) -> None:
    base = Path(tempfile.mkdtemp(prefix="stoker-bench-"))
    print("        start   peak RSS   peak PSS   idle RSS   idle PSS   ten files to scan"
          "   CPU of it   CPU idle")  # fmt: skip
    print("            s        MiB        MiB        MiB        MiB                   s"
          "           s   s/minute")  # fmt: skip
    try:
        for size in sizes:
            measure(size, base / size)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def measure(size: str, base: Path) -> None:
    """One agent's life."""
    upstream = Upstream.create(base / "upstream.git")
    site = Site.of(size)
    commit = site.commit(upstream)
    (base / "commit").write_text(commit)
    upstream.configure("http.receivepack", "false")
    upstream.configure("uploadpack.allowAnySHA1InWant", "true")
    upstream.git("repack", "-adq")
    os.sync()
    authority = Authority.create()
    tls = authority.context(base)
    with (
        HttpsGit(root=base, tls=tls, token=TOKEN) as server,
        _gateway(base / "data") as gateway,
        _agent(base, server.url("upstream.git"), gateway, authority) as agent,
        agent.watched() as memory,
    ):
        started = agent.seconds_to_start()
        agent.wait_for_syncs(1)
        gateway.wait_for_rest()
        peak = memory.peaks()
        # The child that worked is kept for some seconds.
        time.sleep(20)
        idle = memory.now()
        latency, used = ten_files(agent, gateway, site, upstream)
        time.sleep(40)
        idle_cpu = agent.idle_minute()
    print(
        f"{size:>4}{started:9.2f}{peak[0]:11.1f}{peak[1]:11.1f}{idle[0]:11.1f}{idle[1]:11.1f}"
        f"{latency:20.2f}{used:12.2f}{idle_cpu:11.2f}",
        flush=True,
    )


def ten_files(
    agent: Agent, gateway: Gateway, site: Site, upstream: Upstream
) -> tuple[float, float]:
    """From the news of a commit to the scan, and the CPU of that sync; the second best of five."""
    waits, works = [], []
    for revision in range(1, 6):
        commit = site.change(upstream, 10, revision=revision)
        syncs, scans = len(agent.syncs), len(gateway.scans)
        cpu, began = agent.cpu(), time.time()
        agent.has_to_sync(commit)
        wait(lambda scans=scans: len(gateway.scans) > scans)
        waits.append(gateway.scans[scans] - began)
        agent.wait_for_syncs(syncs + 1)
        # The child ends by itself, and is counted then.
        time.sleep(2)
        works.append(agent.cpu() - cpu)
    return sorted(waits)[1], sorted(works)[1]


def wait(what: Any) -> None:
    """Until it is so."""
    until = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > until:
            sys.exit("it takes too long")
        time.sleep(0.005)


@define
class Gateway:
    """The fake gateway's process."""

    process: subprocess.Popen[bytes]
    url: str
    token: str
    scans: list[float] = field(factory=list)

    def read(self) -> None:
        """Hear of scans until it ends."""
        for line in cast("IO[bytes]", self.process.stdout):
            self.scans.append(json.loads(line)["scan"])

    def wait_for_rest(self) -> None:
        """Until it has been asked for both scans of a first sync."""
        wait(lambda: len(self.scans) >= 2)


@contextmanager
def _gateway(data: Path) -> Iterator[Gateway]:
    data.mkdir()
    command = (sys.executable, str(GATEWAY), str(data))
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own
        told = json.loads(cast("IO[bytes]", process.stdout).readline())
        gateway = Gateway(process, told["url"], told["token"])
        threading.Thread(target=gateway.read, daemon=True).start()
        try:
            yield gateway
        finally:
            process.kill()


@define
class Agent:
    """The agent's process, and what it has started."""

    process: subprocess.Popen[bytes]
    base: Path
    began: float
    opened: float = 0.0
    syncs: list[dict[str, Any]] = field(factory=list)

    def read(self) -> None:
        """Hear of syncs until it ends."""
        for line in iter(cast("IO[bytes]", self.process.stdout).readline, b""):
            told = json.loads(line)
            if "open" in told:
                self.opened = told["open"]
            elif "sync" in told:
                self.syncs.append(told)
            else:
                sys.stderr.write(f"{told}\n")

    def seconds_to_start(self) -> float:
        """From the start of the process until the gateway may start."""
        wait(lambda: self.opened)
        return self.opened - self.began

    def has_to_sync(self, commit: str) -> None:
        """Tell it of another commit."""
        (self.base / "commit").write_text(commit)
        self.process.send_signal(signal.SIGHUP)

    def wait_for_syncs(self, count: int) -> None:
        """Until so many have ended."""
        wait(lambda: len(self.syncs) >= count)

    def all(self) -> list[int]:
        """The agent and everything below it."""
        parents = dict(_parents())
        found = {self.process.pid}
        while more := {pid for pid, above in parents.items() if above in found} - found:
            found |= more
        return sorted(found)

    def cpu(self) -> float:
        """Seconds of the agent, of what has ended and of what still runs."""
        return sum(_cpu(pid) for pid in self.all())

    def idle_minute(self) -> float:
        """CPU of a minute in which nothing happens."""
        before = self.cpu()
        time.sleep(60)
        return self.cpu() - before

    @contextmanager
    def watched(self) -> Iterator[Memory]:
        """Its memory, looked at all the time."""
        memory = Memory(self)
        watching = threading.Thread(target=memory.watch, daemon=True)
        watching.start()
        try:
            yield memory
        finally:
            memory.over.set()
            watching.join()


@contextmanager
def _agent(base: Path, url: str, gateway: Gateway, authority: Authority) -> Iterator[Agent]:
    (base / "key").write_text(gateway.token)
    (base / "token").write_text(TOKEN)
    said = {name: str(base / name) for name in NAMES}
    said |= {"url": url, "gateway": gateway.url, "ca": str(authority.write(base / "ca.pem"))}
    file = base / "agent.json"
    file.write_text(json.dumps(said))
    began = time.time()
    command = [sys.executable, str(AGENT), str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own
        agent = Agent(process, base, began)
        reading = threading.Thread(target=agent.read)
        reading.start()
        try:
            yield agent
        finally:
            process.terminate()
            reading.join()


@define
class Memory:
    """The memory of all processes of an agent; MiB."""

    agent: Agent
    resident: float = 0.0
    proportional: float = 0.0
    over: threading.Event = field(factory=threading.Event)

    def watch(self) -> None:
        """Look again and again."""
        while not self.over.wait(EVERY):
            resident, proportional = self.now()
            self.resident = max(self.resident, resident)
            self.proportional = max(self.proportional, proportional)

    def now(self) -> tuple[float, float]:
        """Resident and proportional size."""
        sizes = [_sizes(pid) for pid in self.agent.all()]
        return sum(each[0] for each in sizes), sum(each[1] for each in sizes)

    def peaks(self) -> tuple[float, float]:
        """The most so far."""
        return self.resident, self.proportional


def _parents() -> Iterator[tuple[int, int]]:
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            with suppress(OSError):
                yield int(each.name), int(_stat(int(each.name))[1])


def _stat(pid: int) -> list[str]:
    """What stands behind the name of the program in `/proc/PID/stat`."""
    return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()


def _cpu(pid: int) -> float:
    try:
        return sum(map(int, _stat(pid)[11:15])) / _TICK
    except OSError:
        return 0.0


def _sizes(pid: int) -> tuple[float, float]:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0, 0.0
    found = dict(line.split(":", 1) for line in text.splitlines()[1:])
    return tuple(int(found[name].split()[0]) / 1024 for name in ("Rss", "Pss"))  # type: ignore[return-value]


if __name__ == "__main__":
    main(sys.argv[1:] or ("M", "L", "XL"))
