"""What a node needs of the host: one pair of links, two routes, and a set of processes.

The link has the instance's name. Its other end moves into the node's network namespace, which has
no name and no mount: it ends with the node, and the pair with it. A node's processes are found by
the words that process 1 was started with, in which the instance's folder stands; so there is no
number in a file that could be out of date.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cluster.inside import UPLINK
from cluster.problems import Problem
from cluster.running import run, succeeds

if TYPE_CHECKING:
    from cluster.addresses import Network
    from cluster.state import Place

PROCESS_1: Final = "__node"
KEEPER: Final = "__keep"
_PROGRAM: Final = str(Path(__file__).parent)
_NAMESPACES: Final = ("--net", "--mount", "--pid", "--ipc", "--uts")
_PATIENCE: Final = 20.0


def add_link(name: str, network: Network) -> None:
    """The host's end of the pair, with its routes; from here on the networks are taken."""
    for words in (
        f"link add {name} type veth peer name {_peer(name)}",
        f"address add {network.host}/24 dev {name}",
        f"link set {name} up",
        f"link set {_peer(name)} up",
        f"route add {network.services} via {network.node} dev {name}",
    ):
        run(["ip", *words.split()])


def move_link(name: str, process_1: int) -> None:
    """Give the other end to the node."""
    run(["ip", "link", "set", _peer(name), "netns", str(process_1), "name", UPLINK])


def remove_link(name: str) -> None:
    """Take the pair and its routes away, unless the node's end took them along."""
    if Path("/sys/class/net", name).exists():
        # The kernel may be about to do it, as the node's namespace has ended.
        succeeds(["ip", "link", "delete", name])
    until = time.monotonic() + _PATIENCE
    while Path("/sys/class/net", name).exists():
        if time.monotonic() > until:
            raise Problem(f"the link {name} will not go away: ip link delete {name}")
        time.sleep(0.02)


def _peer(name: str) -> str:
    return f"{name}-in"


def load_modules() -> None:
    """Modules that nothing loads by itself; many kernels have them built in."""
    succeeds(["modprobe", "-a", "br_netfilter", "overlay"])


def start(place: Place) -> None:
    """Start process 1 in new namespaces; it lives on when we end."""
    child = ["--fork", "--kill-child", "--mount-proc"]
    me = [sys.executable, _PROGRAM, PROCESS_1, str(place.folder)]
    detached(["unshare", *_NAMESPACES, *child, *me], place.logs / "node")


def detached(argv: list[str], log: Path) -> None:
    """Start a program that has nothing to do with this process any more, not even as its child."""
    words = ["setsid", "--fork", *argv]
    with log.open("ab") as output:
        subprocess.run(  # noqa: S603 - an argument list that this tool put together
            words,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=True,
        )


def _words(pid: str) -> list[str]:
    try:
        return Path("/proc", pid, "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def processes(place: Place, role: str = PROCESS_1) -> list[int]:
    """The numbers of the processes that were started for this instance in this role."""
    mark = [role, str(place.folder)]
    found = []
    for entry in Path("/proc").iterdir():
        words = _words(entry.name) if entry.name.isdigit() else []
        if any(words[n : n + 2] == mark for n in range(len(words) - 1)):
            found.append(int(entry.name))
    return found


def process_1(place: Place) -> int | None:
    """The node's process 1, by the number that the host knows it by."""
    for pid in processes(place):
        if _numbers(pid)[1:] == ["1"]:
            return pid
    return None


def _numbers(pid: int) -> list[str]:
    """The numbers of a process, from our namespace inwards."""
    try:
        lines = Path("/proc", str(pid), "status").read_text().splitlines()
    except OSError:
        return []
    return next((line.split()[1:] for line in lines if line.startswith("NSpid:")), [])


def kill_keeper(place: Place) -> None:
    """End the process that waits for the end of another, unless that is this one."""
    for pid in processes(place, KEEPER):
        if pid != os.getpid():
            _end(pid, grace=0)


def kill(place: Place) -> None:
    """End an instance's processes, and wait until they are gone.

    Process 1 is gone when the kernel has ended everything in its namespace. Its parent, `unshare`,
    ends by itself after that; it is killed only if it does not, as it then has no child.
    """
    until = time.monotonic() + _PATIENCE
    while left := processes(place):
        inner = [pid for pid in left if _numbers(pid)[1:] == ["1"]]
        for pid in inner or left:
            _end(pid, grace=0 if inner else 2)
        if time.monotonic() > until:
            raise Problem(f"processes {left} of {place.name} will not end")


def _end(pid: int, grace: float) -> None:
    """Wait for a process to end, kill it when it does not, and wait again."""
    handle = _handle(pid)
    if handle is None:
        return
    try:
        ended, _, _ = select.select([handle], [], [], grace)
        if not ended:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [], _PATIENCE)
    except ProcessLookupError:
        return
    finally:
        os.close(handle)


def _handle(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def mounts_below(folder: Path) -> list[str]:
    """Mounts in our own namespace below a folder; there should be none."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = (line.split()[4] for line in lines)
    return [point for point in points if Path(point).is_relative_to(folder)]
