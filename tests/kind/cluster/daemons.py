"""The daemons of the node and their command lines.

Order matters little, as a daemon that ends is started again; but those that talk to the API server
wait for it, as they back off for seconds after a first attempt in vain.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cluster.configuration import API_PORT

if TYPE_CHECKING:
    from cluster.configuration import Node


SCHEDULER_PORT: Final = 10259  # its own choice; a scheduler that accepts there has started


class After(StrEnum):
    """What must work before a daemon is started for the first time."""

    NOTHING = "nothing"
    ETCD = "etcd answers"
    API = "the API server answers"
    RIGHTS = "the API server is ready, and knows everybody's rights"


@dataclass(frozen=True, slots=True)
class Daemon:
    """A program that process 1 keeps running."""

    name: str
    argv: tuple[str, ...]
    after: After = After.NOTHING


def all_of(node: Node) -> list[Daemon]:
    """Every daemon of a node."""
    rights = After.RIGHTS
    return [
        Daemon("etcd", _etcd(node)),
        Daemon("containerd", ("containerd", f"--config={node.place.folder}/containerd.toml")),
        Daemon("kube-apiserver", _apiserver(node), After.ETCD),
        Daemon("kube-controller-manager", _controller_manager(node), rights),
        Daemon("kube-scheduler", _scheduler(node), rights),
        Daemon("kubelet", _kubelet(node), After.API),
        Daemon("kube-proxy", ("kube-proxy", f"--config={node.place.folder}/proxy.json"), rights),
        Daemon("coredns", ("coredns", f"-conf={node.place.folder}/Corefile"), rights),
    ]


def _etcd(node: Node) -> tuple[str, ...]:
    client, peer = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
    return (
        "etcd",
        f"--name={node.name}",
        f"--data-dir={node.place.folder}/etcd",
        "--unsafe-no-fsync",  # it lives for one test session
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster={node.name}={peer}",
    )


def _apiserver(node: Node) -> tuple[str, ...]:
    keys = node.place.keys
    return (
        "kube-apiserver",
        "--etcd-servers=http://127.0.0.1:2379",
        # Not loopback: this is the endpoint of the Service `kubernetes`.
        f"--advertise-address={node.network.node}",
        f"--secure-port={API_PORT}",
        f"--service-cluster-ip-range={node.network.services}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={keys}/tokens.pub",
        f"--service-account-signing-key-file={keys}/tokens.key",
        f"--client-ca-file={keys}/ca.crt",
        f"--tls-cert-file={keys}/apiserver.crt",
        f"--tls-private-key-file={keys}/apiserver.key",
        f"--kubelet-client-certificate={keys}/apiserver-kubelet.crt",
        f"--kubelet-client-key={keys}/apiserver-kubelet.key",
        f"--kubelet-certificate-authority={keys}/ca.crt",
        "--kubelet-preferred-address-types=InternalIP",
        # Nobody holds this name; without the two every daemon logs each second that they lack.
        f"--requestheader-client-ca-file={keys}/ca.crt",
        "--requestheader-allowed-names=front-proxy",
    )


def _controller_manager(node: Node) -> tuple[str, ...]:
    keys, config = node.place.keys, f"{node.place.folder}/controller-manager.kubeconfig"
    return (
        "kube-controller-manager",
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        f"--service-account-private-key-file={keys}/tokens.key",
        f"--root-ca-file={keys}/ca.crt",
        f"--flex-volume-plugin-dir={node.place.folder}/volume-plugins",
        "--use-service-account-credentials",
        # It asks for an account and a token for each controller; at 20 a second that takes 5 s.
        "--kube-api-qps=500",
        "--kube-api-burst=500",
        "--leader-elect=false",
    )


def _scheduler(node: Node) -> tuple[str, ...]:
    config = f"{node.place.folder}/scheduler.kubeconfig"
    return (
        "kube-scheduler",
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        "--leader-elect=false",
    )


def _kubelet(node: Node) -> tuple[str, ...]:
    return (
        "kubelet",
        f"--config={node.place.folder}/kubelet.json",
        f"--kubeconfig={node.place.folder}/kubelet.kubeconfig",
        f"--hostname-override={node.name}",
        f"--node-ip={node.network.node}",
    )
