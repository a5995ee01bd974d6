"""The way from the tests' machine to a port of a pod.

On a node of our own there is a route to every pod, which also works while the API server does not.
Elsewhere kubectl forwards a port of this machine; a forwarding that broke off, as it does when the
API server restarts, is begun anew at the next use.
"""

from __future__ import annotations

import os
import select
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Final, cast

from cluster import Problem

if TYPE_CHECKING:
    from kit.kubectl import Kubectl

_PATIENCE: Final = 20.0
_HERE: Final = "127.0.0.1"


@dataclass(frozen=True)
class _Forwarding:
    process: subprocess.Popen[bytes]
    port: int


@dataclass(frozen=True)
class Ways:
    """The ways to the pods of one namespace."""

    kubectl: Kubectl
    direct: bool
    """Whether pods are reached by their addresses."""
    _forwardings: dict[tuple[str, int], _Forwarding] = field(default_factory=dict)

    def to(self, pod: str, port: int) -> tuple[str, int]:
        """Host and port that lead to a port of the pod."""
        if self.direct:
            path = "jsonpath={.status.podIP}"
            address = self.kubectl("get", "pod", pod, "--output", path)
            if not address:
                raise Problem(f"pod {pod} has no address yet")
            return address, port
        there = self._forwardings.get((pod, port))
        if there is None or there.process.poll() is not None:
            self._end((pod, port))
            there = self._forwardings[pod, port] = _forward(self.kubectl, pod, port)
        return _HERE, there.port

    def close(self) -> None:
        """End every forwarding."""
        for key in list(self._forwardings):
            self._end(key)

    def _end(self, key: tuple[str, int]) -> None:
        there = self._forwardings.pop(key, None)
        if there is not None:
            _kill(there.process)


def _forward(kubectl: Kubectl, pod: str, port: int) -> _Forwarding:
    words = [*kubectl.words, "port-forward", f"pod/{pod}", "--address", _HERE, f":{port}"]
    with tempfile.TemporaryFile("w+") as complaints:
        process = subprocess.Popen(  # noqa: S603 - no shell, and the tests' own words
            words, stdout=subprocess.PIPE, stderr=complaints
        )
        line = _first_line(process)
        # It says where it forwards from, and where to.
        number = line.partition(f"{_HERE}:")[2].split(" ", 1)[0]
        if number.isdigit():
            return _Forwarding(process, int(number))
        _kill(process)
        complaints.seek(0)
        raise Problem(f"cannot reach port {port} of pod {pod}: {complaints.read().strip() or line}")


def _first_line(process: subprocess.Popen[bytes]) -> str:
    out = cast("IO[bytes]", process.stdout)
    until = time.monotonic() + _PATIENCE
    said = b""
    while b"\n" not in said and time.monotonic() < until:
        ready, _, _ = select.select([out], [], [], 0.5)
        if ready:
            more = os.read(out.fileno(), 4096)
            if not more:
                break
            said += more
    return said.decode(errors="replace").partition("\n")[0]


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    cast("IO[bytes]", process.stdout).close()
