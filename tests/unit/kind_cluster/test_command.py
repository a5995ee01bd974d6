"""The command line: what it takes, and what it says when something is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cluster import Problem, command, packages, state
from cluster.programs import SOURCES
from cluster.running import Steps

TOOL = str(SOURCES.parent)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setattr(state, "_LONGEST", 500)


def says(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """What a command that ends with 1 says."""
    assert command.main([str(word) for word in words]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    _, said, error = shown.err.rpartition("cluster: ")
    assert said
    return error


def test_runs_as_a_folder() -> None:
    shown = subprocess.check_output([sys.executable, TOOL, "--help"], text=True, cwd="/")  # noqa: S603 - our own
    for name in ("up", "down", "status", "build", "load", "node", "kubeconfig"):
        assert f"    {name} " in shown or f"    {name}\n" in shown


@pytest.mark.parametrize(
    "words", [[], ["sideways"], ["up", "--mode", "other"], ["up", "--lifetime-of", "me"], ["load"]]
)
def test_wrong_words(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(words)
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_wrong_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    up = ("up", "--state", tmp_path, "--mode", "node")
    assert "no name for an instance" in says(capsys, *up, "--name", "Not_This")
    assert "three numbers" in says(capsys, *up, "--network", "10.1.2.3")
    assert "no private network" in says(capsys, *up, "--services", "9.9.9")
    assert "no process" in says(capsys, *up, "--lifetime-of", 2**22)
    assert "the node hides" in says(capsys, "up", "--state", "/run/x")
    assert "needs KUBECONFIG" in says(capsys, "up", "--mode", "given")
    assert list(tmp_path.iterdir()) == []


def test_instances_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ("--state", tmp_path)
    for words in (("down",), ("kubeconfig",), ("node", "true"), ("load", "x.tar")):
        where = (words[0], *at, *words[1:])
        assert "there is: none" in says(capsys, *where)
    assert "no instance other" in says(capsys, "down", *at, "--name", "other")
    assert command.main(["down", "--all", "--state", str(tmp_path)]) == 0
    assert command.main(["status", "--state", str(tmp_path)]) == 0
    assert capsys.readouterr() == ("", "")


def test_down_leaves_a_given_cluster_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kubeconfig"
    file.touch()
    monkeypatch.setenv("KUBECONFIG", str(file))
    assert command.main(["down", "--state", str(tmp_path / "state")]) == 0
    assert "left alone" in capsys.readouterr().err
    assert command.main(["kubeconfig", "--state", str(tmp_path / "state")]) == 0
    assert capsys.readouterr().out == f"{file}\n"
    at = ("--state", tmp_path / "state")
    assert "not started here" in says(capsys, "node", *at, "true")
    (tmp_path / "image.tar").touch()
    assert "STOKER_LOAD_COMMAND" in says(capsys, "load", *at, tmp_path / "image.tar")


def test_given_cluster_that_does_not_answer_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    kubectl = folder / "kubectl"
    kubectl.write_text(
        '#!/bin/sh\n[ "$1" = version ] && exit 0\necho "no route to it" >&2; exit 1\n'
    )
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    file = tmp_path / "kubeconfig"
    file.touch()
    monkeypatch.setenv("KUBECONFIG", str(file))
    said = says(capsys, "up", "--state", tmp_path / "state")
    assert "does not answer" in said
    assert "no route to it" in said


def test_half_made_instance_is_cleared_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "state"
    state.make(root, "half")  # `up` was killed before it wrote a record
    assert command.main(["status", "--state", str(root)]) == 0
    assert "half made" in capsys.readouterr().out
    assert command.main(["down", "--state", str(root)]) == 0
    assert not root.exists()


def test_node_needs_root(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "needs root" in says(capsys, "up", "--mode", "node", "--state", "/tmp/never")  # noqa: S108


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(packages, "_SYSTEM_FOLDERS", ())
    found = packages.missing()
    assert {"iproute2", "nftables", "openssl", "util-linux"} <= set(found)
    with pytest.raises(Problem, match="apt-get install iproute2 iptables"):
        packages.ensure(Steps(print))
    with pytest.raises(Problem, match="install etcd, containerd and runc"):
        packages.program_folders(packages.unpacked(Steps(print)))
