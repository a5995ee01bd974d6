"""The node's control groups, which are the one thing of a node that outlives its processes.

Version 1 has a tree for each controller: the node gets a folder in every one, and the CPUs and
memory nodes that `cpuset` wants before it takes a process. Version 2 has one tree: the node gets
one folder, after the controllers that the kubelet needs were switched on for the root's children.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cluster.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path("/sys/fs/cgroup")
NEEDED: Final = ("cpu", "cpuset", "memory", "pids")
_PATIENCE: Final = 15.0


def trees(root: Path = ROOT) -> list[Path]:
    """The folders that get a child: one for version 2, one for each controller for version 1."""
    if (root / "cgroup.controllers").exists():
        return [root]
    # Some controllers share a tree and are links to it.
    found = [each for each in sorted(root.iterdir()) if each.is_dir() and not each.is_symlink()]
    found = [each for each in found if (each / "cgroup.procs").exists()]
    absent = [name for name in NEEDED if not (root / name).is_dir()]
    if absent:
        raise Problem(f"{root} has no control groups for {', '.join(absent)}: no limits, no node")
    return found


def names(root: Path = ROOT) -> set[str]:
    """The names that groups have."""
    return {each.name for tree in trees(root) for each in tree.iterdir() if each.is_dir()}


def make(name: str, root: Path = ROOT) -> None:
    """Make the groups of a node."""
    try:
        for tree in trees(root):
            if tree == root:
                _enable(root)
            (tree / name).mkdir()
            for setting in ("cpuset.cpus", "cpuset.mems"):
                if tree != root and (tree / setting).exists():
                    (tree / name / setting).write_text((tree / setting).read_text())
    except OSError as error:
        raise Problem(f"cannot make control groups: {error}; the node needs root") from None


def _enable(root: Path) -> None:
    there = set((root / "cgroup.controllers").read_text().split())
    on = root / "cgroup.subtree_control"
    absent = [name for name in NEEDED if name not in there]
    if absent:
        raise Problem(f"{root} lacks the controllers {', '.join(absent)}: no limits, no node")
    wanted = [name for name in NEEDED if name not in on.read_text().split()]
    try:
        if wanted:
            on.write_text(" ".join(f"+{name}" for name in wanted))
    except OSError as error:
        raise Problem(
            f"cannot switch on {', '.join(wanted)} in {on}: {error.strerror}; in a container, move "
            "its processes into a group below the root first"
        ) from None


def _within(group: Path) -> Iterator[Path]:
    """The group and all below it, the deepest first."""
    for child in group.iterdir():
        if child.is_dir():
            yield from _within(child)
    yield group


def remove(name: str, root: Path = ROOT) -> None:
    """Remove the groups of a node whose processes were killed; some may still be ending."""
    until = time.monotonic() + _PATIENCE
    left = [tree / name for tree in trees(root)]
    while left:
        left = [group for group in left if not _gone(group)]
        if left and time.monotonic() > until:
            raise Problem(f"control group {left[0]} still has processes; look at its cgroup.procs")
        if left:
            time.sleep(0.05)


def _gone(group: Path) -> bool:
    try:
        for each in list(_within(group)):
            each.rmdir()
    except FileNotFoundError:
        return not group.exists()
    except OSError:
        return False
    return True
