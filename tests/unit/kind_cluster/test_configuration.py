"""The configuration files and command lines of a node."""

from __future__ import annotations

import base64
import json
import tomllib
from pathlib import Path

import pytest
from cluster import certificates, configuration, daemons
from cluster.addresses import Network
from cluster.plan import Plan
from cluster.running import run
from cluster.state import Place

NETWORK = Network("10.1.2", "10.3.4")


@pytest.fixture
def node(tmp_path: Path) -> configuration.Node:
    place = Place(tmp_path / "one")
    place.keys.mkdir(parents=True)
    for holder in certificates.holders("one", NETWORK):
        (place.keys / f"{holder.file}.crt").write_text(f"{holder.file}'s certificate")
        (place.keys / f"{holder.file}.key").write_text(f"{holder.file}'s key")
    (place.keys / "ca.crt").write_text("the authority")
    return configuration.Node(place, NETWORK, Path("/plugins"))


def test_files_are_there_and_nobody_else_reads_them(node: configuration.Node) -> None:
    configuration.write(node)
    written = [node.place.folder / name for name in configuration.files(node)]
    assert len(written) == 11
    assert {file.stat().st_mode & 0o777 for file in written} == {0o600}


def test_kubeconfig_holds_everything(node: configuration.Node) -> None:
    document = json.loads(configuration.kubeconfig(node, "admin"))
    assert document["clusters"][0]["cluster"]["server"] == "https://10.1.2.1:6443"
    user = document["users"][0]["user"]
    assert base64.b64decode(user["client-key-data"]) == b"admin's key"
    assert document["current-context"] == document["contexts"][0]["name"]


def test_containerd_keeps_to_its_folder(node: configuration.Node) -> None:
    document = tomllib.loads(configuration.containerd(node))
    folder = str(node.place.folder)
    cri = document["plugins"]["io.containerd.grpc.v1.cri"]
    places = (
        document["root"],
        document["state"],
        document["grpc"]["address"],
        document["plugins"]["io.containerd.internal.v1.opt"]["path"],
        cri["cni"]["conf_dir"],
    )
    assert all(place.startswith(f"{folder}/") for place in places)
    assert cri["sandbox_image"] == configuration.PAUSE_IMAGE
    assert cri["restrict_oom_score_adj"] is True
    runtime = cri["containerd"]["runtimes"]["runc"]
    assert runtime["options"]["SystemdCgroup"] is False


def test_pods_get_addresses_between_node_and_host(node: configuration.Node) -> None:
    bridge = json.loads(configuration.cni(node))["plugins"][0]
    range_ = bridge["ipam"]["ranges"][0][0]
    assert (range_["rangeStart"], range_["rangeEnd"]) == ("10.1.2.10", "10.1.2.250")
    assert range_["gateway"] == NETWORK.node
    assert bridge["hairpinMode"] is True


def test_kubelet_and_proxy(node: configuration.Node) -> None:
    kubelet = json.loads(configuration.kubelet(node))
    assert kubelet["cgroupRoot"] == "/one"
    assert kubelet["failCgroupV1"] is False
    assert kubelet["imageGCHighThresholdPercent"] == 100
    assert kubelet["clusterDNS"] == ["10.1.2.1"]
    proxy = json.loads(configuration.proxy(node))
    assert proxy["mode"] == "nftables"
    assert set(proxy["conntrack"].values()) == {0, "0s"}


def test_dns_knows_cluster_and_host_and_nothing_else(node: configuration.Node) -> None:
    blocks = configuration.corefile(node).split("\n}\n")
    assert ["kubernetes {" in each for each in blocks] == [True, False, False, False]
    assert "10.1.2.254 testhost.lab" in blocks[1]
    assert blocks[2].startswith(". {")
    assert "rcode NXDOMAIN" in blocks[2]


def test_certificates_are_what_they_are_for(tmp_path: Path) -> None:
    certificates.issue(tmp_path, "one", NETWORK)
    run(["openssl", "verify", "-CAfile", "ca.crt", "apiserver.crt", "admin.crt"], cwd=tmp_path)

    def text(name: str) -> str:
        return run(["openssl", "x509", "-in", f"{name}.crt", "-noout", "-text"], cwd=tmp_path)

    api = text("apiserver")
    for name in (*certificates.API_NAMES, "10.1.2.1", "10.3.4.1", "127.0.0.1"):
        assert name in api
    assert "CA:FALSE" in api
    assert "TLS Web Server Authentication" not in text("admin")
    assert "O = system:nodes, CN = system:node:one" in text("kubelet")


def test_plan_is_read_as_it_was_written(node: configuration.Node) -> None:
    running = tuple(daemons.all_of(node))
    folder = node.place.folder
    plan = Plan(str(folder), "one", NETWORK, "/bin", ("/cache/a", "/cache/b"), running)
    plan.write()
    assert Plan.read(folder) == plan


def test_every_daemon_runs_from_its_own_folder(node: configuration.Node) -> None:
    folder = str(node.place.folder)
    for daemon in daemons.all_of(node):
        assert any(folder in word for word in daemon.argv), daemon.name
    flags = next(each.argv for each in daemons.all_of(node) if each.name == "kube-apiserver")
    assert "--advertise-address=10.1.2.1" in flags
    assert "--service-cluster-ip-range=10.3.4.0/24" in flags
