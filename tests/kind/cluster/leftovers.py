"""What a node could leave behind on its machine, to look for when it is gone.

`of` finds everything that names an instance or its state folder: there must be nothing. `machine`
lists what has no such name, to compare before and after: firewall rules, settings, and the folders
and mounts of places that daemons like these are known to use. Other instances, and image builders,
may come and go meanwhile.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cluster.groups import ROOT
from cluster.inside import WANTED_BY_KUBELET
from cluster.packages import search_path
from cluster.problems import Problem
from cluster.running import run

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAEMONS: Final = (
    *("kube-apiserver", "kube-controller", "kube-scheduler", "kubelet", "kube-proxy"),
    *("etcd", "containerd", "containerd-shim", "coredns", "runc", "pause", "probe"),
)
_FOLDERS: Final = (
    *("/", "/etc", "/opt", "/run", "/run/netns", "/usr/libexec", "/var/lib", "/var/lib/cni"),
    *("/var/lib/kubelet", "/var/log", "/var/run", "/etc/cni", "/run/containerd"),
)
_MOUNTED: Final = ("/run", "/var/run", "/var/lib", "/var/log", "/etc", "/sys", "/proc")
# The first is the network's, the others are what a kubelet sets when it starts.
_SETTINGS: Final = ("net/ipv4/ip_forward", *WANTED_BY_KUBELET)


def of(root: Path, prefix: str) -> list[str]:
    """What names the state folder, or an instance whose name begins like this."""
    links = [each.name for each in Path("/sys/class/net").iterdir()]
    groups = [path for path, _, _ in os.walk(ROOT)]
    routes = run(["ip", "route", "show", "table", "all"]).splitlines()
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    marks = (str(root), f"/{prefix}", f" {prefix}")
    everything = [*(f" {each}" for each in links), *groups, *routes, *mounts]
    found = [each for each in everything if any(mark in each for mark in marks)]
    found += [words for _, words in _processes() if str(root) in words]
    return found + [str(each) for each in (root, *root.glob("*")) if each.exists()]


def machine() -> dict[str, list[str]]:
    """What a node could change without naming itself."""
    return {
        # Those of other instances are in process namespaces of their own.
        "daemons": [
            words for inner, words in _processes() if not inner and words.startswith(_DAEMONS)
        ],
        "mounts": sorted(_mounts()),
        "rules": _rules(),
        "folders": sorted(_folders()),
        "settings": [f"{name} {Path('/proc/sys', name).read_text().strip()}" for name in _SETTINGS],
    }


def _processes() -> Iterator[tuple[bool, str]]:
    """Whether a process has a namespace below ours, and its name, number and words."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            name = (entry / "comm").read_text().strip()
            words = (entry / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
            inner = "\nNSpid:\t" + entry.name + "\n" not in (entry / "status").read_text()
        except OSError:
            continue
        yield inner, f"{name} {entry.name} {words}"


def _mounts() -> Iterator[str]:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        point = Path(line.split()[4])
        if any(point.is_relative_to(each) for each in _MOUNTED):
            yield str(point)


def _rules() -> list[str]:
    path = {"PATH": search_path()}
    found = run(["nft", "list", "ruleset"], env=path).splitlines()
    try:
        old = run(["iptables-save"], env=path).splitlines()
    except Problem as problem:  # a kernel without them has no such rules
        old = [str(problem)]
    # ":INPUT ACCEPT [12:345]" counts packets.
    return found + [line.partition(" [")[0] for line in old if not line.startswith("#")]


def _folders() -> Iterator[str]:
    for folder in map(Path, _FOLDERS):
        if folder.is_dir():
            yield from map(str, folder.iterdir())
