"""Debian's part of the node: etcd, containerd, runc and the CNI plugins, and a few small programs.

The first four are daemons, or come with one, and their packages start services: they are downloaded
by apt, checked by it, and unpacked into the cache, never installed. So no service of the machine
starts, is enabled, or changes, and a Docker engine's own containerd is left alone. Where there is
no apt they are taken from the PATH. The small programs bring no services; root on Debian installs
those that are missing, anybody else is told which.
"""

from __future__ import annotations

import ctypes.util
import os
import platform
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cluster import cache
from cluster.problems import Problem
from cluster.running import run

if TYPE_CHECKING:
    from cluster.running import Steps

UNPACKED: Final = ("etcd-server", "containerd", "runc", "containernetworking-plugins")
_PROGRAMS: Final = {
    "ip": "iproute2",
    "nft": "nftables",
    "iptables": "iptables",  # the kubelet calls it
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "mount": "mount",
    "openssl": "openssl",
}
_DAEMONS: Final = ("etcd", "containerd", "containerd-shim-runc-v2", "ctr", "runc")
_PLUGIN_FOLDERS: Final = ("/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni")
_SYSTEM_FOLDERS: Final = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_APT: Final = {"DEBIAN_FRONTEND": "noninteractive"}


def search_path() -> str:
    """The PATH, with the folders that a user's often lacks."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS])


def _found(program: str) -> bool:
    return shutil.which(program, path=search_path()) is not None


def missing() -> list[str]:
    """Debian's names of what the node needs from the machine and does not find."""
    names = {package for program, package in _PROGRAMS.items() if not _found(program)}
    if ctypes.util.find_library("seccomp") is None:
        names.add("libseccomp2")  # runc's only library beside the C library
    return sorted(names)


def ensure(steps: Steps) -> None:
    """Install the small programs, or say what to install."""
    names = missing()
    if not names:
        return
    if os.geteuid() != 0 or not _found("apt-get"):
        raise Problem(f"missing: {' '.join(names)}; on Debian: apt-get install {' '.join(names)}")
    with steps.step(f"installed {' '.join(names)}"):
        run(["apt-get", "update", "-qq"], env=_APT)
        run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *names], env=_APT)
    for line in run(["dpkg-query", "-W", "-f", "${Package} ${Version}\\n", *names]).splitlines():
        steps.say(f"           {line}")


def _system() -> str:
    file = Path("/etc/os-release")
    return file.read_text() if file.exists() else platform.platform()


def unpacked(steps: Steps) -> Path | None:
    """The folder with the four packages' files; None where there is no apt."""
    if not _found("apt-get"):
        return None

    def make(draft: Path) -> None:
        with steps.step(f"unpacked {' '.join(UNPACKED)}"):
            _download(draft)
            versions = _unpack(draft)
        for line in versions:
            steps.say(f"           {line}")

    return cache.entry("packages", cache.key([*UNPACKED, _system(), platform.machine()]), make)


def _download(draft: Path) -> None:
    # As root apt would drop to a user of its own, who may not write here.
    argv = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", *UNPACKED]
    try:
        run(argv, cwd=draft, env=_APT)
    except Problem:  # no list of packages, or one older than the archive
        if os.geteuid() == 0:
            run(["apt-get", "update", "-qq"], env=_APT)
        run(argv, cwd=draft, env=_APT)


def _unpack(draft: Path) -> list[str]:
    versions = []
    for file in sorted(draft.glob("*.deb")):
        versions.append(run(["dpkg-deb", "-W", file]).strip().replace("\t", " "))
        run(["dpkg-deb", "-x", file, draft])
        file.unlink()
    return versions


def program_folders(tree: Path | None) -> list[str]:
    """Where the node's daemons are, first place first."""
    if tree is not None:
        return [str(tree / "usr/bin"), str(tree / "usr/sbin")]
    absent = [name for name in _DAEMONS if not _found(name)]
    if absent:
        raise Problem(f"missing: {', '.join(absent)}; install etcd, containerd and runc")
    return []


def plugin_folder(tree: Path | None) -> Path:
    """Where the CNI plugins are."""
    places = (
        [tree / "usr/lib/cni"] if tree is not None else [Path(each) for each in _PLUGIN_FOLDERS]
    )
    for place in places:
        if (place / "bridge").exists():
            return place
    raise Problem(f"no CNI plugins in {', '.join(map(str, places))}; install them")
