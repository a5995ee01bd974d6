"""Control groups of both versions, on folders that look like theirs.

Version 1 is also what the tests of the cluster run on; version 2 is tested here alone.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from cluster import Problem, groups


def version_1(root: Path, *controllers: str) -> Path:
    for name in controllers:
        (root / name).mkdir()
        (root / name / "cgroup.procs").touch()
    (root / "cpuset" / "cpuset.cpus").write_text("0-1\n")
    (root / "cpuset" / "cpuset.mems").write_text("0\n")
    return root


def version_2(root: Path, there: str, on: str = "") -> Path:
    (root / "cgroup.controllers").write_text(f"{there}\n")
    (root / "cgroup.subtree_control").write_text(f"{on}\n")
    return root


def test_version_1_has_a_group_in_every_tree(tmp_path: Path) -> None:
    root = version_1(tmp_path, "cpu,cpuacct", "cpuset", "memory", "pids", "systemd")
    (root / "cpu").symlink_to("cpu,cpuacct")
    groups.make("one", root)
    made = sorted(
        str(each.relative_to(root)) for each in root.rglob("one") if "cpu/" not in str(each)
    )
    assert made == ["cpu,cpuacct/one", "cpuset/one", "memory/one", "pids/one", "systemd/one"]
    assert (root / "cpuset/one/cpuset.cpus").read_text() == "0-1\n"
    assert groups.names(root) == {"one"}


def test_version_1_without_limits_is_no_use(tmp_path: Path) -> None:
    version_1(tmp_path, "cpu", "cpuset")
    with pytest.raises(Problem, match="no control groups for memory, pids"):
        groups.trees(tmp_path)


def test_version_2_has_one_group_and_switches_on_what_is_off(tmp_path: Path) -> None:
    root = version_2(tmp_path, "cpuset cpu io memory pids", "cpu pids")
    groups.make("one", root)
    assert (root / "one").is_dir()
    assert (root / "cgroup.subtree_control").read_text() == "+cpuset +memory"


def test_version_2_leaves_alone_what_is_on(tmp_path: Path) -> None:
    root = version_2(tmp_path, "cpuset cpu memory pids", "cpuset cpu memory pids")
    groups.make("one", root)
    assert (root / "cgroup.subtree_control").read_text() == "cpuset cpu memory pids\n"


def test_version_2_that_lacks_controllers_says_which(tmp_path: Path) -> None:
    root = version_2(tmp_path, "cpu pids hugetlb")
    with pytest.raises(Problem, match="lacks the controllers cpuset, memory"):
        groups.make("one", root)
    assert not (root / "one").exists()


def test_groups_are_removed_from_the_inside_out(tmp_path: Path) -> None:
    root = version_2(tmp_path, "cpuset cpu memory pids")
    (root / "one" / "kubepods" / "burstable").mkdir(parents=True)
    groups.remove("one", root)
    assert not (root / "one").exists()
    groups.remove("one", root)


def test_groups_with_processes_are_waited_for_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = version_2(tmp_path, "cpuset cpu memory pids")
    (root / "one").mkdir()
    (root / "one" / "busy").touch()  # a folder with a file cannot be removed, as one with processes
    monkeypatch.setattr(groups, "_PATIENCE", 0.1)
    with pytest.raises(Problem, match="still has processes"):
        groups.remove("one", root)
