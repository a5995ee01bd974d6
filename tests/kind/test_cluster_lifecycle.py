"""A node of our own comes and goes, and the machine is as it was.

These tests are about that kind of cluster alone, so they need root on Linux; on a machine where the
tests use kind or a given cluster they say so and are skipped.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cluster import (
    Problem,
    addresses,
    configuration,
    daemons,
    given,
    host,
    leftovers,
    node,
    opening,
    packages,
    state,
)
from cluster.command import main
from cluster.programs import SOURCES
from cluster.running import Steps, run
from kit.control_plane import only_where

UP = (sys.executable, str(SOURCES.parent), "up", "--mode", "node", "--state")


PREFIX = f"t{os.getpid() % 100_000}"  # of every name here: others may come and go meanwhile
ASKED, FOREIGN, HALF, OLD = (f"{PREFIX}-{word}" for word in ("ask", "for", "half", "old"))


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder of the test's own, and the same machine after it."""
    kind = opening.choose(None, given.kubeconfig(os.environ), lambda: False)
    only_where(kind == "node", "nodes come and go")
    folder = state.default_root().with_name(f"stoker-nodes-test-{os.getpid()}")
    node.build(Steps(print))  # else what a build brings along would count as left behind
    packages.ensure(Steps(print))
    names = (f"{PREFIX}{letter}" for letter in "abcdefgh")
    monkeypatch.setattr(addresses, "free_name", lambda _: next(names))
    before = leftovers.machine()
    yield folder
    main(["down", "--all", "--state", str(folder)])
    # A killed `up` may have had a child, which ends by itself at once.
    eventually(lambda: leftovers.of(folder, PREFIX) == [], seconds=2)
    assert leftovers.machine() == before


def up(
    root: Path, name: str | None = None, network: str | None = None, services: str | None = None
) -> opening.Cluster:
    return opening.up(root, node.Wishes(name, network, services), "node", Steps(print))


def eventually(look: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.1)


def begin(root: Path) -> subprocess.Popen[bytes]:
    """An `up` of HALF in a process of its own."""
    return subprocess.Popen([*UP, str(root), "--name", HALF])  # noqa: S603 - our own words


@contextmanager
def link(name: str) -> Iterator[None]:
    """A network link that is no instance's."""
    run(["ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}p"])
    try:
        yield
    finally:
        run(["ip", "link", "delete", name])


def place_of(cluster: opening.Cluster) -> state.Place:
    assert cluster.place is not None
    return cluster.place


def nodes(cluster: opening.Cluster) -> list[str]:
    argv = [str(cluster.kubectl), "--kubeconfig", str(cluster.kubeconfig)]
    return run([*argv, "get", "nodes", "-o", "name"]).split()


def test_two_instances_live_side_by_side(root: Path) -> None:
    before = leftovers.machine()
    with up(root) as first, up(root) as second:
        assert nodes(first) == [f"node/{first.name}"]
        assert nodes(second) == [f"node/{second.name}"]
        assert first.host_address != second.host_address
        # The host has their links and routes, and nothing else of them: no mounts, no rules.
        links = {name for name in addresses.links_of_host() if name.startswith(PREFIX)}
        assert links == {first.name, second.name}
        assert leftovers.machine() == before
        first.close()
        assert nodes(second) == [f"node/{second.name}"]
    assert not root.exists()


def test_name_and_networks_are_as_asked_and_refused_when_taken(root: Path) -> None:
    with up(root, name=ASKED, network="10.222.7", services="10.223.7") as cluster:
        assert cluster.host_address == "10.222.7.254"
        assert nodes(cluster) == [f"node/{ASKED}"]
        with pytest.raises(Problem, match=f"{ASKED} is there already"):
            up(root, name=ASKED)
        with pytest.raises(Problem, match=r"10\.222\.7\.0/24 is taken"):
            up(root, name=f"{PREFIX}-other", network="10.222.7")
        assert [place.name for place in state.places(root)] == [ASKED]


def test_name_of_a_foreign_link_is_left_alone(root: Path) -> None:
    with link(FOREIGN):
        with pytest.raises(Problem, match="network link called "):
            up(root, name=FOREIGN)
        with pytest.raises(Problem, match="no instance "):
            opening.find(root, FOREIGN)
        assert FOREIGN in addresses.links_of_host()


def test_failed_up_shows_why_and_clears_away(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = daemons.all_of

    def broken(of: configuration.Node) -> list[daemons.Daemon]:
        wrong = "--no-such-flag"
        return [
            replace(each, argv=(*each.argv, wrong)) if each.name == "kube-scheduler" else each
            for each in sound(of)
        ]

    monkeypatch.setattr(daemons, "all_of", broken)
    with pytest.raises(Problem, match="unknown flag: --no-such-flag"):
        up(root)
    assert not root.exists()


def test_machine_that_grants_no_namespaces_is_told_at_once(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "_NAMESPACES", ("--no-such-namespace",))
    began = time.monotonic()
    with pytest.raises(Problem, match=r"(?s)process 1 of the node has ended.*no-such-namespace"):
        up(root)
    assert time.monotonic() - began < 10
    assert not root.exists()


@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.6, 1.2, 2.5])
def test_up_that_is_killed_half_way_is_cleared_away(root: Path, seconds: float) -> None:
    started = begin(root)
    eventually((root / HALF).exists)
    time.sleep(seconds)
    started.kill()
    started.wait()
    assert main(["down", "--state", str(root), "--name", HALF]) == 0
    assert not root.exists()


def test_up_that_is_told_to_stop_clears_away(root: Path) -> None:
    started = begin(root)
    eventually((root / HALF / "log").exists)
    started.terminate()
    assert started.wait() == 128 + signal.SIGTERM
    assert not root.exists()


def test_instance_ends_with_the_process_that_it_was_tied_to(root: Path) -> None:
    tied = subprocess.Popen(["sleep", "600"])  # noqa: S607 - as the PATH has it
    words = ["up", "--mode", "node", "--state", str(root), "--lifetime-of", str(tied.pid)]
    assert main(words) == 0
    assert [node.alive(place) for place in state.places(root)] == [True]
    tied.kill()
    tied.wait()
    eventually(lambda: not root.exists())


@pytest.mark.parametrize("seconds", [0.02, 0.1])
def test_run_that_is_killed_while_it_closes_leaves_nothing(root: Path, seconds: float) -> None:
    script = """
import os, sys
from pathlib import Path
from cluster import node, opening, state
from cluster.running import Steps
wishes = node.Wishes(sys.argv[2], lifetime=state.Watched.of(os.getpid()))
with opening.up(Path(sys.argv[1]), wishes, "node", Steps(lambda _: None)):
    print("closing", flush=True)
"""
    with subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-c", script, str(root), HALF],
        env={**os.environ, "PYTHONPATH": str(SOURCES.parents[1])},
        stdout=subprocess.PIPE,
        text=True,
    ) as run_:
        assert run_.stdout is not None
        assert run_.stdout.readline() == "closing\n"
        time.sleep(seconds)
        run_.kill()
    eventually(lambda: not root.exists())


def test_instance_lives_on_when_up_ends_and_is_found_by_its_kubeconfig(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = run([*UP, str(root), "--name", HALF], timeout=200).strip()
    assert Path(printed).is_file()
    monkeypatch.setenv("KUBECONFIG", printed)
    with opening.up(root, node.Wishes(), None, Steps(print)) as cluster:
        assert (cluster.mode, cluster.owned) == ("node", False)
        assert cluster.node("hostname").strip() == cluster.name
        with pytest.raises(Problem, match="no archive"):
            cluster.load(root / "absent.tar")
    assert main(["status", "--state", str(root)]) == 0
    assert "runs" in capsys.readouterr().out
    monkeypatch.delenv("KUBECONFIG")
    assert main(["down", "--state", str(root)]) == 0
    monkeypatch.setenv("KUBECONFIG", printed)
    with pytest.raises(Problem, match="is not there"):
        opening.up(root, node.Wishes(), None, Steps(print))


def test_given_cluster_is_used_and_left_alone(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with up(root) as ours:
        theirs = tmp_path / "kubeconfig"  # nothing says here that this tool has started it
        theirs.write_text(ours.kubeconfig.read_text())
        monkeypatch.setenv("KUBECONFIG", str(theirs))
        with opening.up(root, node.Wishes(), None, Steps(print)) as given_one:
            assert (given_one.mode, given_one.owned) == ("given", False)
            assert given_one.host_address == given_one.host_name == ours.host_address
            archive = tmp_path / "image.tar"
            archive.touch()
            with pytest.raises(Problem, match="STOKER_LOAD_COMMAND"):
                given_one.load(archive)
            monkeypatch.setenv("STOKER_LOAD_COMMAND", "rm")
            given_one.load(archive)
            assert not archive.exists()
            with pytest.raises(Problem, match="not started here"):
                given_one.node("true")
        assert main(["down", "--state", str(root)]) == 0
        assert nodes(ours) == [f"node/{ours.name}"]


def test_kubeconfig_of_a_dead_cluster_is_an_error(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = up(root)
    host.kill(place_of(cluster))
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    with pytest.raises(Problem, match="does not answer"):
        opening.up(root, node.Wishes(), None, Steps(print))


def test_node_whose_process_1_was_killed_is_dead_and_cleared_away(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = up(root)
    process_1 = host.process_1(place_of(cluster))
    assert process_1 is not None
    os.kill(process_1, signal.SIGKILL)
    eventually(lambda: not node.alive(place_of(cluster)))
    main(["status", "--state", str(root)])
    assert "is dead" in capsys.readouterr().out
    with pytest.raises(Problem, match="does not run"):
        cluster.node("true")


def test_instance_from_before_a_reboot_is_a_folder_and_no_more(root: Path) -> None:
    place = state.make(root, OLD)
    place.write(state.Record("node", OLD, "another boot", "10.222.8", "10.223.8"))
    with link(OLD):  # somebody else's by now
        assert main(["down", "--state", str(root)]) == 0
        assert OLD in addresses.links_of_host()
    assert not root.exists()


def test_next_up_ends_what_a_run_left_behind(root: Path) -> None:
    cluster = up(root, name=OLD)
    place = place_of(cluster)
    record = place.read()
    assert record is not None
    place.write(replace(record, lifetime=state.Watched(2**22 - 1, "1")))
    with up(root, name=HALF):
        assert [each.name for each in state.places(root)] == [HALF]


def test_down_with_pods_leaves_nothing(root: Path, tmp_path: Path) -> None:
    """Pods have mounts, links, groups and processes of their own."""
    with up(root) as cluster:
        image = configuration.PAUSE_IMAGE
        main_container = {"name": "main", "image": image, "imagePullPolicy": "Never"}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "left"}}
        volume = {"name": "memory", "emptyDir": {"medium": "Memory"}}
        mount = {"name": "memory", "mountPath": "/memory"}
        spec = {"containers": [main_container | {"volumeMounts": [mount]}], "volumes": [volume]}
        file = tmp_path / "pod.json"
        file.write_text(json.dumps(pod | {"spec": spec}))
        argv = [str(cluster.kubectl), "--kubeconfig", str(cluster.kubeconfig)]
        run([*argv, "apply", "-f", str(file)])
        run([*argv, "wait", "--for=condition=Ready", "pod/left", "--timeout=60s"])
        assert "pause" in cluster.node("ps", "-A", "-o", "comm=")
