"""The configuration files of the node's daemons.

JSON wherever the reader takes YAML, which is a superset of it. Every setting that is not obvious
has its reason beside it; most of them were found by a daemon that would not start.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cluster.addresses import HOST_NAME

if TYPE_CHECKING:
    from pathlib import Path

    from cluster.addresses import Network
    from cluster.state import Place

BRIDGE: Final = "node0"
PAUSE_IMAGE: Final = "localhost/stoker/pause:1"
API_PORT: Final = 6443


@dataclass(frozen=True, slots=True)
class Node:
    """What the files are about."""

    place: Place
    network: Network
    plugins: Path  # the folder of CNI plugins

    @property
    def name(self) -> str:
        """The instance, its node, and its control group."""
        return self.place.name


def kubeconfig(node: Node, holder: str) -> str:
    """The way into the API server as one of the holders, with everything inside."""

    def inlined(file: str) -> str:
        return base64.b64encode((node.place.keys / file).read_bytes()).decode()

    cluster = {
        "server": f"https://{node.network.node}:{API_PORT}",
        "certificate-authority-data": inlined("ca.crt"),
    }
    user = {
        "client-certificate-data": inlined(f"{holder}.crt"),
        "client-key-data": inlined(f"{holder}.key"),
    }
    context = {"cluster": node.name, "user": holder, "namespace": "default"}
    return _json(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": node.name, "cluster": cluster}],
            "users": [{"name": holder, "user": user}],
            "contexts": [{"name": node.name, "context": context}],
            "current-context": node.name,
        }
    )


def containerd(node: Node) -> str:
    """No service manager, no oom scores that need a capability, and everything in one folder."""
    folder = node.place.folder
    return f"""\
version = 2
root = "{folder}/containerd"
state = "{folder}/containerd-state"
[grpc]
  address = "{node.place.containerd}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{folder}/containerd-opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  # Without CAP_SYS_RESOURCE no score may be lowered, and no pod would start.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{node.plugins}"
    conf_dir = "{folder}/cni"
"""


def cni(node: Node) -> str:
    """Pods on one bridge, with addresses from .10 on; a pod reaches itself by its Service."""
    prefix = node.network.node_prefix
    addresses = {
        "type": "host-local",
        "dataDir": f"{node.place.folder}/cni-addresses",
        "ranges": [
            [
                {
                    "subnet": node.network.pods,
                    "rangeStart": f"{prefix}.10",
                    "rangeEnd": f"{prefix}.250",
                    "gateway": node.network.node,
                }
            ]
        ],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {
        "type": "bridge",
        "bridge": BRIDGE,
        "isGateway": True,
        "hairpinMode": True,
        "ipMasq": False,
        "ipam": addresses,
    }
    plugins = [bridge, {"type": "loopback"}]
    return _json({"cniVersion": "0.4.0", "name": "node", "plugins": plugins})


def kubelet(node: Node) -> str:
    """Works on any disk, on either version of control groups, and never throws images away."""
    endpoint = f"unix://{node.place.containerd}"
    keys = node.place.keys
    return _json(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": f"{keys}/ca.crt"},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": f"{keys}/kubelet.crt",
            "tlsPrivateKeyFile": f"{keys}/kubelet.key",
            "cgroupDriver": "cgroupfs",
            # Two kubelets below one group would end each other's pods.
            "cgroupRoot": f"/{node.name}",
            "failCgroupV1": False,
            "failSwapOn": False,
            "clusterDomain": "cluster.local",
            "clusterDNS": [node.network.node],
            "resolvConf": f"{node.place.folder}/resolv.conf",
            "containerRuntimeEndpoint": endpoint,
            "imageServiceEndpoint": endpoint,
            # An image that was removed cannot be pulled again: there is no registry.
            "imageGCHighThresholdPercent": 100,
            "evictionHard": {
                "memory.available": "100Mi",
                "nodefs.available": "1%",
                "nodefs.inodesFree": "1%",
                "imagefs.available": "1%",
            },
            "volumePluginDir": f"{node.place.folder}/volume-plugins",
        }
    )


def proxy(node: Node) -> str:
    """Rules by nftables; no settings that a network namespace may not change."""
    return _json(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": f"{node.place.folder}/proxy.kubeconfig"},
            "hostnameOverride": node.name,
            "mode": "nftables",
            "clusterCIDR": node.network.pods,
            "nftables": {"minSyncPeriod": "100ms"},
            "oomScoreAdj": 0,
            "conntrack": {
                "maxPerCore": 0,
                "min": 0,
                "tcpEstablishedTimeout": "0s",
                "tcpCloseWaitTimeout": "0s",
            },
        }
    )


def corefile(node: Node) -> str:
    """The cluster's names, the host's, and no others.

    CoreDNS runs plugins in an order of its own, in which `template` answers before `kubernetes`:
    hence one block for each.
    """
    listen = f"bind {node.network.node}"
    return f"""\
cluster.local in-addr.arpa {{
    {listen}
    errors
    kubernetes {{
        kubeconfig {node.place.folder}/dns.kubeconfig
        pods insecure
    }}
}}
{HOST_NAME} {{
    {listen}
    hosts {{
        {node.network.host} {HOST_NAME}
    }}
}}
. {{
    {listen}
    template ANY ANY {{
        rcode NXDOMAIN
    }}
}}
"""


def files(node: Node) -> dict[str, str]:
    """Every file below the instance's folder, by its path there."""
    return {
        "containerd.toml": containerd(node),
        "cni/10-node.conflist": cni(node),
        "kubelet.json": kubelet(node),
        "proxy.json": proxy(node),
        "Corefile": corefile(node),
        "resolv.conf": f"nameserver {node.network.node}\n",
        "kubelet.kubeconfig": kubeconfig(node, "kubelet"),
        "controller-manager.kubeconfig": kubeconfig(node, "controller-manager"),
        "scheduler.kubeconfig": kubeconfig(node, "scheduler"),
        "proxy.kubeconfig": kubeconfig(node, "proxy"),
        "dns.kubeconfig": kubeconfig(node, "admin"),
    }


def write(node: Node) -> None:
    """Write them all, for nobody else to read."""
    for name, text in files(node).items():
        file = node.place.folder / name
        file.parent.mkdir(exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(text)


def _json(document: Any) -> str:
    return json.dumps(document, indent=1) + "\n"
