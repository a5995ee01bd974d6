"""Process 1 of the node: it makes the namespaces habitable and keeps the daemons running.

It runs in namespaces of its own for network, mounts, processes, IPC and host name, which `unshare`
made. So the host's firewall, ports, mounts and `/var/lib/kubelet` stay as they are, and when this
process ends, the kernel ends every daemon, shim and pod with it and takes down every mount, link
and rule that they made.

It does not decide anything; `plan` tells it what to do. A daemon that ends is started again after
half a second, and the end is noted in `log/restarts`, where `up` looks.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cluster import cache
from cluster.configuration import API_PORT, BRIDGE
from cluster.daemons import After
from cluster.plan import Plan
from cluster.probing import Api, accepts
from cluster.problems import Problem
from cluster.running import run

if TYPE_CHECKING:
    from cluster.daemons import Daemon

UPLINK: Final = "host0"  # the node's end of the pair that joins it to the host
RESTARTS: Final = "restarts"
_AGAIN_AFTER: Final = 0.5
_LINK_WAIT: Final = 30.0
# Folders whose place is fixed in the daemons' code.
_FIXED: Final = ("/var/lib/kubelet", "/var/lib/cni", "/var/log/pods", "/var/log/containers")
# A kubelet changes these where they differ, and they are the whole machine's.
WANTED_BY_KUBELET: Final = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1_000_000,
    "kernel/keys/root_maxbytes": 25_000_000,
}


def main(folder: Path) -> int:
    """Run the node until it is killed."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGTERM})
    plan = Plan.read(folder)
    keeper = Keeper(plan)
    try:
        os.environ["PATH"] = plan.path
        socket.sethostname(plan.name)
        mount_over(folder)
        wait_for_link()
        connect(plan)
    except Problem as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    keeper.keep()
    return 0


def mount_over(folder: Path) -> None:
    """Hide the host's folders that the daemons write to."""
    run(["mount", "--make-rshared", "/"])
    resolver = Path("/etc/resolv.conf").resolve()
    run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"])
    Path("/run/netns").mkdir()
    Path("/run/lock").mkdir()
    for parent in ("/var/lib", "/var/log"):
        layers = folder / "over" / parent.replace("/", "-").lstrip("-")
        upper, work = layers / "upper", layers / "work"
        upper.mkdir(parents=True)
        work.mkdir()
        options = f"lowerdir={parent},upperdir={upper},workdir={work}"
        run(["mount", "-t", "overlay", "-o", options, "overlay", parent])
    for fixed in _FIXED:
        own = folder / "fixed" / fixed.replace("/", "-").lstrip("-")
        own.mkdir(parents=True)
        Path(fixed).mkdir(exist_ok=True)
        run(["mount", "--bind", own, fixed])
    if resolver.is_relative_to("/run"):
        resolver.parent.mkdir(parents=True, exist_ok=True)
        resolver.touch()
    if resolver.exists():
        run(["mount", "--bind", folder / "resolv.conf", resolver])
    for name, value in WANTED_BY_KUBELET.items():
        believed = folder / "fixed" / name.replace("/", "-")
        believed.write_text(f"{value}\n")
        run(["mount", "--bind", believed, Path("/proc/sys", name)])


def wait_for_link() -> None:
    """The host moves one end of the pair in as soon as it knows our number."""
    until = time.monotonic() + _LINK_WAIT
    while f"{UPLINK}:" not in Path("/proc/net/dev").read_text():
        if time.monotonic() > until:
            raise Problem(f"the host gave the node no link in {_LINK_WAIT:.0f} s")
        time.sleep(0.02)


def connect(plan: Plan) -> None:
    """The bridge of node, pods and host, and what the kernel must not do with it."""
    network = plan.network
    for words in (
        "link set lo up",
        # A bridge takes the lowest address of its ports otherwise, and changes it with them.
        f"link add {BRIDGE} address 02:00:00:00:00:01 type bridge",
        f"address add {network.node}/24 dev {BRIDGE}",
        f"link set {UPLINK} master {BRIDGE} up",
        f"link set {BRIDGE} up",
        # With no route the kernel gives up before kube-proxy's rules see a packet to a Service.
        f"route add {network.services} dev {BRIDGE}",
    ):
        run(["ip", *words.split()])
    for name, value in (
        ("net/ipv4/ip_forward", "1"),
        ("net/bridge/bridge-nf-call-iptables", "1"),
        # Packets to a Service enter and leave by the same bridge. The redirects sent for that would
        # use up the limit of one 'unreachable' a second, and a Service with nothing behind it would
        # time out in place of refusing.
        ("net/ipv4/conf/all/send_redirects", "0"),
        (f"net/ipv4/conf/{BRIDGE}/send_redirects", "0"),
        ("net/ipv4/icmp_ratelimit", "0"),
    ):
        _set_kernel(name, value)


def _set_kernel(name: str, value: str) -> None:
    try:
        Path("/proc/sys", name).write_text(value)
    except OSError as error:
        raise Problem(f"cannot set {name.replace('/', '.')}={value}: {error.strerror}") from None


class Keeper:
    """Starts the daemons, and starts them again."""

    def __init__(self, plan: Plan) -> None:
        self._held = [cache.hold(Path(each)) for each in plan.held]
        self._logs = Path(plan.folder) / "log"
        self._env = {"PATH": plan.path, "HOME": f"{plan.folder}/home", "LANG": "C.UTF-8"}
        self._running: dict[int, Daemon] = {}
        self._due: list[tuple[float, Daemon]] = []
        self._waiting = list(plan.daemons)  # for what they come after
        self._node = plan.network.node
        self._api = Api(plan.network, Path(plan.folder) / "keys")

    def keep(self) -> None:
        """Until somebody sends SIGTERM."""
        while True:
            self._start_due()
            pause = 0.1 if self._due or self._waiting else 60
            received = signal.sigtimedwait((signal.SIGCHLD, signal.SIGTERM), pause)
            if received is not None and received.si_signo == signal.SIGTERM:
                return
            self._reap()

    def _start_due(self) -> None:
        for daemon in [each for each in self._waiting if self._come(each.after)]:
            self._waiting.remove(daemon)
            self._start(daemon)
        now = time.monotonic()
        for moment, daemon in [each for each in self._due if each[0] <= now]:
            self._due.remove((moment, daemon))
            self._start(daemon)

    def _come(self, after: After) -> bool:
        match after:
            case After.NOTHING:
                return True
            case After.ETCD:
                return accepts("127.0.0.1", 2379)
            case After.API:
                return accepts(self._node, API_PORT)
            case After.RIGHTS:
                return self._api.ready()

    def _start(self, daemon: Daemon) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        log = str(self._logs / daemon.name)
        pid = os.posix_spawnp(
            daemon.argv[0],
            daemon.argv,
            self._env,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, log, flags, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigmask=(),
        )
        self._running[pid] = daemon

    def _reap(self) -> None:
        """Every child that has ended, ours or left to us by one that did."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            daemon = self._running.pop(pid, None)
            if daemon is not None:
                self._note(daemon, os.waitstatus_to_exitcode(status))
                self._due.append((time.monotonic() + _AGAIN_AFTER, daemon))

    def _note(self, daemon: Daemon, code: int) -> None:
        with (self._logs / RESTARTS).open("a") as file:
            file.write(f"{daemon.name} {code}\n")
