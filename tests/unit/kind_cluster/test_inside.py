"""Process 1's restart loop, on small programs, and what tells a node that works."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cluster import packing, probing
from cluster.addresses import Network
from cluster.daemons import After, Daemon
from cluster.plan import Plan
from cluster.programs import SOURCES

_LOOP = """
import signal, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from cluster import inside, probing
from cluster.plan import Plan
probing.Api.__init__ = lambda self, network, keys: None  # no API server to ask here
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGTERM})
inside.Keeper(Plan.read(Path(sys.argv[1]))).keep()
"""


def shell(name: str, script: str, after: After = After.NOTHING) -> Daemon:
    return Daemon(name, ("sh", "-c", script), after)


@contextmanager
def ended(loop: subprocess.Popen[bytes]) -> Iterator[None]:
    """The loop ends in any case, and its children: outside of a namespace nobody else does it."""
    try:
        yield
    finally:
        children = Path(f"/proc/{loop.pid}/task/{loop.pid}/children").read_text().split()
        loop.send_signal(signal.SIGTERM)
        try:
            loop.wait(10)
        finally:
            loop.kill()
            for child in children:
                with suppress(ProcessLookupError):
                    os.kill(int(child), signal.SIGKILL)


def test_daemons_are_started_again(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    steady = shell("steady", "echo here; echo $HOME; exec sleep 60")
    fleeting = shell("fleeting", "(sleep 0.1 &); exit 3")
    patient = shell("patient", "exit 0", After.ETCD)
    path = "/usr/bin:/bin"
    network = Network("10.1.2", "10.3.4")
    Plan(str(tmp_path), "one", network, path, (), (steady, fleeting, patient)).write()
    words = [sys.executable, "-c", _LOOP, str(tmp_path), str(SOURCES.parents[1])]
    with subprocess.Popen(words) as loop, ended(loop):  # noqa: S603 - our own words
        restarts = tmp_path / "log" / "restarts"
        until = time.monotonic() + 20
        while not restarts.exists() or len(restarts.read_text().splitlines()) < 3:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert set(restarts.read_text().splitlines()) == {"fleeting 3"}
        assert (tmp_path / "log" / "steady").read_text() == f"here\n{tmp_path}/home\n"
        assert not (tmp_path / "log" / "patient").exists(), "nothing answers as etcd"
    assert loop.returncode == 0


@pytest.mark.parametrize(
    ("node", "takes"),
    [
        ({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, True),
        ({"status": {"conditions": [{"type": "Ready", "status": "False"}]}}, False),
        ({"status": {"conditions": [{"type": "Other", "status": "True"}]}}, False),
        ({}, False),
        (
            {
                "spec": {"taints": [{"key": "node.kubernetes.io/not-ready"}]},
                "status": {"conditions": [{"type": "Ready", "status": "True"}]},
            },
            False,
        ),
    ],
)
def test_node_that_takes_pods(node: object, takes: bool) -> None:  # noqa: FBT001 - a case
    assert probing.takes_pods(node) is takes


def test_dns_question() -> None:
    assert probing.question("a.bc") == (
        b"\0\1\1\0\0\1\0\0\0\0\0\0" + b"\1a\2bc\0" + b"\0\1\0\1"
    )  # fmt: skip


def test_nothing_answers_where_nothing_is() -> None:
    assert not probing.accepts("127.0.0.1", 1)
    assert not probing.resolves("127.0.0.1", "kubernetes.default")


def test_image_of_one_program(tmp_path: Path) -> None:
    program = tmp_path / "it"
    program.write_bytes(b"program")
    packing.write(program, "localhost/it:1", tmp_path / "it.tar")
    with tarfile.open(tmp_path / "it.tar") as archive:
        archive.extractall(tmp_path / "out", filter="data")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())[0]
    assert manifest["RepoTags"] == ["localhost/it:1"]
    config = json.loads((tmp_path / "out" / manifest["Config"]).read_text())
    assert config["config"]["Entrypoint"] == ["/it"]
    with tarfile.open(tmp_path / "out" / manifest["Layers"][0]) as layer:
        assert [(each.name, each.mode) for each in layer] == [("it", 0o755)]
