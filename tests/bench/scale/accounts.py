"""What each of the processes has used that share the machine: the kernel's own figures.

Two cores are shared by the API server with its store, the controller, and the bench. Who reads the
figures has to see which of them was in the way, so each one's CPU is told.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_DAEMONS: Final = {
    "kube-apiserver": "API server",
    "etcd": "etcd",
    "kube-controller-manager": "rest of the node",
    "kube-scheduler": "rest of the node",
    "kube-proxy": "rest of the node",
    "kubelet": "rest of the node",
    "containerd": "rest of the node",
    "coredns": "rest of the node",
    "kwok": "KWOK",
}
"""What a process is, by the name of its program."""


@dataclass(frozen=True)
class Memory:
    """MiB resident: now, and at the most so far."""

    now: float
    most: float

    @classmethod
    def of(cls, pid: int) -> Memory:
        """Of a process."""
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        found = dict(line.split(":", 1) for line in lines)
        return cls(*(int(found[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")))


@dataclass(frozen=True)
class Spent:
    """Seconds of CPU by whom, and seconds that have passed."""

    cpu: Mapping[str, float]
    seconds: float

    def rounded(self) -> dict[str, float]:
        """For a table."""
        return {who: round(cpu, 2) for who, cpu in sorted(self.cpu.items())}


@dataclass
class Account:
    """The CPU since it was opened; `controllers` are processes, by name."""

    namespace: str
    """The PID namespace of the node's process 1: other nodes are not looked at."""
    controllers: Mapping[str, int] = field(default_factory=dict)
    _before: Mapping[str, float] = field(init=False)
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._before, self._began = self._read(), time.monotonic()

    def spent(self) -> Spent:
        """What was used since."""
        now = self._read()
        used = {who: now[who] - self._before.get(who, 0.0) for who in now}
        return Spent(used, time.monotonic() - self._began)

    def _read(self) -> dict[str, float]:
        found: defaultdict[str, float] = defaultdict(float, bench=time.process_time())
        for name, pid in self.controllers.items():
            # git's processes that have ended count as well.
            found[name] += sum(_ticks(pid)) / _TICKS
        for entry in Path("/proc").iterdir():
            who = _DAEMONS.get(_program(entry)) if entry.name.isdigit() else None
            if who is not None and (who == "KWOK" or _namespace(entry) == self.namespace):
                found[who] += sum(_ticks(int(entry.name))[:2]) / _TICKS
        return found


def namespace_of(pid: int) -> str:
    """The PID namespace of a process."""
    return _namespace(Path(f"/proc/{pid}"))


def _namespace(entry: Path) -> str:
    try:
        return str((entry / "ns" / "pid").readlink())
    except OSError:
        return ""


def _program(entry: Path) -> str:
    try:
        return (entry / "cmdline").read_bytes().split(b"\0")[0].decode().rpartition("/")[2]
    except OSError:
        return ""


def _ticks(pid: int) -> list[int]:
    """Those of the process, user's and system's, and then those of its children that ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return [0, 0, 0, 0]
    return [int(one) for one in stat.rpartition(")")[2].split()[11:15]]
