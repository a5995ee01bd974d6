"""The certificates of one cluster: an authority, and a key for everybody who needs one.

Made anew for each instance by one `openssl` command each, and gone with its folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cluster.running import run

if TYPE_CHECKING:
    from pathlib import Path

    from cluster.addresses import Network

_DAYS: Final = "365"
_CURVE: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
API_NAMES: Final = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody with a certificate: a file name, a subject, and the names of a server."""

    file: str
    user: str
    group: str = ""
    names: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """As openssl wants it."""
        return f"/O={self.group}/CN={self.user}" if self.group else f"/CN={self.user}"

    def extensions(self) -> list[str]:
        """What the certificate may be used for, and by whom."""
        # Without the first, `openssl req -x509` makes every certificate an authority.
        lines = ["basicConstraints=critical,CA:false", "keyUsage=critical,digitalSignature"]
        uses = "clientAuth,serverAuth" if self.names else "clientAuth"
        lines.append(f"extendedKeyUsage={uses}")
        if self.names:
            lines.append("subjectAltName=" + ",".join(self.names))
        return [word for line in lines for word in ("-addext", line)]


def holders(node: str, network: Network) -> list[Holder]:
    """Everybody in a cluster of one node."""
    dns = tuple(f"DNS:{name}" for name in API_NAMES)
    addresses = tuple(
        f"IP:{address}" for address in (network.node, network.first_service, "127.0.0.1")
    )
    return [
        Holder("apiserver", "kube-apiserver", names=(*dns, *addresses)),
        Holder("apiserver-kubelet", "apiserver-kubelet", "system:masters"),
        Holder("controller-manager", "system:kube-controller-manager"),
        Holder("scheduler", "system:kube-scheduler"),
        Holder("proxy", "system:kube-proxy"),
        Holder(
            "kubelet", f"system:node:{node}", "system:nodes", (f"DNS:{node}", f"IP:{network.node}")
        ),
        Holder("admin", "admin", "system:masters"),
    ]


def issue(folder: Path, node: str, network: Network) -> None:
    """Write the authority, a certificate and key for each holder, and the tokens' key."""
    folder.mkdir(mode=0o700, exist_ok=True)
    authority = ["openssl", "req", "-x509", "-days", _DAYS, *_CURVE]
    run([*authority, "-subj", "/CN=stoker-test", "-keyout", "ca.key", "-out", "ca.crt"], cwd=folder)
    signed = [*authority, "-CA", "ca.crt", "-CAkey", "ca.key"]
    for holder in holders(node, network):
        files = ["-keyout", f"{holder.file}.key", "-out", f"{holder.file}.crt"]
        run([*signed, "-subj", holder.subject, *holder.extensions(), *files], cwd=folder)
    curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    run(["openssl", "genpkey", *curve, "-out", "tokens.key"], cwd=folder)
    run(["openssl", "pkey", "-in", "tokens.key", "-pubout", "-out", "tokens.pub"], cwd=folder)
