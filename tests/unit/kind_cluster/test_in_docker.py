"""kind: the commands, on programs that write down what they were asked.

There is no Docker engine where these run; what a real kind does is for a machine that has one.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cluster import Problem, in_docker, node, opening, state
from cluster.running import Steps

COREFILE = """.:53 {
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
    }
    forward . /etc/resolv.conf
}
"""
NETWORKS = [{"IPAM": {"Config": [{"Gateway": "fc00::1"}, {"Gateway": "172.18.0.1"}]}}]
Asked = Callable[[], list[str]]


def silent(_: str) -> None:
    """Say nothing."""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Programs kind, docker and kubectl, and what they were asked so far."""
    folder, log = tmp_path / "bin", tmp_path / "asked"
    folder.mkdir()
    log.touch()
    answers = {"kind": "others", "docker": json.dumps(NETWORKS), "helm": "v3.99.0"}
    answers["kubectl"] = json.dumps({"data": {"Corefile": COREFILE}})
    for name, answer in answers.items():
        (folder / f"{name}.answer").write_text(answer)
        script = f'#!/bin/sh\necho "{name} $*" >> {log}\ncat {folder}/{name}.answer\n'
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.delenv("KUBECONFIG", raising=False)
    return lambda: log.read_text().splitlines()


@pytest.fixture
def root() -> Iterator[Path]:
    """Sockets have to fit below it, and the folders of parallel tests have long names."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "state"


def up(root: Path, name: str | None = None) -> opening.Cluster:
    return opening.up(root, node.Wishes(name), None, Steps(silent))


def test_cluster_is_made_loaded_and_deleted(asked: Asked, root: Path, tmp_path: Path) -> None:
    cluster = up(root)
    file = f"{root}/stoker1/kubeconfig"
    assert cluster.kubeconfig == Path(file)
    assert (cluster.mode, cluster.owned) == ("kind", True)
    assert (cluster.host_name, cluster.host_address) == ("testhost.lab", "172.18.0.1")
    made = f"kind create cluster --name stoker1 --kubeconfig {file} --wait 180s"
    assert made in asked()
    assert f"kubectl --kubeconfig {file} --namespace kube-system get configmap coredns -o json" in (
        asked()
    )
    archive = tmp_path / "image.tar"
    archive.touch()
    cluster.load(archive)
    assert asked()[-1] == f"kind load image-archive {archive} --name stoker1"
    cluster.node("pkill", "kubelet")
    assert asked()[-1] == "docker exec stoker1-control-plane pkill kubelet"
    cluster.close()
    assert asked()[-1] == f"kind delete cluster --name stoker1 --kubeconfig {file}"
    assert not root.exists()


def test_clusters_of_others_are_left_alone(asked: Asked, root: Path, tmp_path: Path) -> None:
    (tmp_path / "bin" / "kind.answer").write_text("stoker1\nothers\n")
    assert up(root).name == "stoker2"
    with pytest.raises(Problem, match="was not started here"):
        up(root, "others")
    assert not any("--name others" in line or "--name stoker1" in line for line in asked())


def test_cluster_that_fails_is_deleted(asked: Asked, root: Path, tmp_path: Path) -> None:
    kubectl = tmp_path / "bin" / "kubectl"
    kubectl.write_text(
        '#!/bin/sh\ncase "$*" in version*) exit 0;; esac\necho "no such cluster" >&2\nexit 1\n'
    )
    with pytest.raises(Problem, match="no such cluster"):
        up(root)
    assert asked()[-1].startswith("kind delete cluster --name stoker1 ")
    assert not root.exists()


def test_no_engine_no_kind(asked: Asked, tmp_path: Path) -> None:
    assert in_docker.available()
    assert asked()
    (tmp_path / "bin" / "docker").write_text("#!/bin/sh\nexit 1\n")
    assert not in_docker.available()
    (tmp_path / "bin" / "kind").unlink()
    assert not in_docker.available()


def test_record_of_kind_is_kept_apart(asked: Asked, root: Path) -> None:
    cluster = up(root)
    assert cluster.place is not None
    record = cluster.place.read()
    assert record == state.Record("kind", "stoker1", state.boot_id())
    assert opening.condition(cluster.place).startswith("stoker1: kind, is dead")
    assert "kind get clusters" in asked()


def test_host_is_named_in_the_dns() -> None:
    found = in_docker.with_host(COREFILE, "172.18.0.1")
    assert found.index("172.18.0.1 testhost.lab") < found.index("kubernetes cluster.local")
    assert found.count("{") == found.count("}")
    with pytest.raises(Problem, match="no plugin `kubernetes`"):
        in_docker.with_host(".:53 {\n}\n", "172.18.0.1")


def test_gateway_must_be_there() -> None:
    with pytest.raises(Problem, match="no IPv4 gateway"):
        in_docker.host_address([{"IPAM": {"Config": [{"Gateway": "fc00::1"}, {}]}}])
