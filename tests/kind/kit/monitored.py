"""An installation that a Prometheus watches: a release of the chart, a works, and who scrapes both.

Nothing of it is local but Prometheus, the git server and the tests. Prometheus goes by the chart's
own ServiceMonitor and PodMonitor (`kit.monitors`) with the token of an account that may do what the
chart's documentation says such an account may: look for targets, and `get` metrics.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import yaml

from kit import charts, manifests
from kit.charts import CHART, RELEASE, Installed, installed, render
from kit.monitors import scrapes
from kit.plants import gateway_pod
from kit.prometheus import Prometheus, prometheus
from kit.senders import Sender
from kit.works import MAPPINGS, Injected, Works, works
from stoker.core import names

if TYPE_CHECKING:
    from pathlib import Path

    from kit.git_here import GitHere
    from kit.kubectl import Document
    from kit.spaces import Space

__all__ = ["ALERTS", "INTERVAL", "RATE", "WARY", "Monitored", "monitored"]

KEY: Final = "the key of all"
ALERTS: Final = CHART / "files" / "alerts.yaml"
INTERVAL: Final = "1s"
RATE: Final = "15s"
"""What Grafana would say for `$__rate_interval`, a little longer: the machine may be slow."""
ACCOUNT: Final = "prometheus"
WARY: Final = "wary"
"""The profile that does nothing while a Designer is in the way."""
RECEIVER_PORT: Final = 9444
_RIGHTS: Final = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class Monitored:
    """The release, the works, and Prometheus."""

    release: Installed
    works: Works
    prometheus: Prometheus
    reaching: Document
    """How a Prometheus here finds targets."""

    @property
    def space(self) -> Space:
        """Where the gateways are."""
        return self.works.space

    def gateway(self, name: str, profile: str = "default") -> Injected:
        """Another gateway, without waiting for it."""
        return self.works.start(name, annotations={names.PROFILE: profile})

    def sender(self, key: str = KEY) -> Sender:
        """Somebody who knows the receiver's key, or another one."""
        (pod,) = self.release.pods()
        ways = self.release.space.ways
        host, port = ways.to(pod["metadata"]["name"], RECEIVER_PORT)
        return Sender(host, port, key)

    def refused_pod(self) -> str:
        """Ask for a pod that names no GatewaySync; what is said to that."""
        wrong = gateway_pod("nobodys", "nobody", agent=False)
        wrong["metadata"]["labels"] = {}
        said = self.space.kubectl.tried("create", "--filename", "-", stdin=json.dumps(wrong))
        assert said.status != 0
        return said.err


@contextmanager
def monitored(
    where: tuple[Space, Space],
    git: GitHere,
    images: tuple[str, str],
    folder: Path,
    interval: str = INTERVAL,
) -> Iterator[Monitored]:
    """All of it for a `with`; the GatewaySync is `line-a`, and there are no gateways yet.

    `where` are the namespaces of the release and of the works; they are two, so that labels of the
    one are not by chance those of the other. `images` are those of the product and of gateways.
    """
    own, space = where
    product, gateway_image = images
    values = {
        "watchNamespaces": [space.name],
        "webhookReceiver": {"enabled": True, "hmac": {"secret": KEY}},
        "webhook": {"failurePolicy": "Fail"},
    }
    monitors = render(
        own.helm,
        charts.merged(values, _monitors(interval)),
        templates=["monitoring/servicemonitor", "monitoring/podmonitor"],
    )
    with installed(own, product, values) as release:
        for one in (own, space):
            one.apply(*_finder(own))
        own.apply(*_reader(own))
        reaching = _reaching(own, folder)
        token = folder / "token"
        listed = [
            one for monitor in monitors for one in scrapes(monitor, reaching, token, own.name)
        ]
        made = works(
            space, "line-a", git, product, gateway_image, is_asked=True,
            sync={"profiles": {
                "default": {"mappings": list(MAPPINGS), "syncPeriod": 5},
                WARY: {"mappings": list(MAPPINGS), "designerSessionPolicy": "fail"},
            }},
        )  # fmt: skip
        try:
            with prometheus(folder, listed, [ALERTS], interval) as asked:
                yield Monitored(release, made, asked, reaching)
        finally:
            # While the controller is there, so that its finalizer goes.
            space.kubectl("delete", "gatewaysync", made.name)
            own.kubectl("delete", "clusterrolebinding", f"{own.name}-{ACCOUNT}")


def _monitors(interval: str) -> Document:
    """The values that switch both monitors on."""
    how = {"enabled": True, "interval": interval, "scrapeTimeout": interval}
    return {"serviceMonitor": how, "podMonitor": how}


def _subject(own: Space) -> list[Document]:
    return [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": own.name}]


def _finder(own: Space) -> list[Document]:
    """What lets the account of Prometheus, which is in `own`, look for targets in a namespace."""
    looking = {
        "apiGroups": [""],
        "resources": ["services", "endpoints", "pods"],
        "verbs": ["get", "list", "watch"],
    }
    role = {"apiGroup": _RIGHTS, "kind": "Role", "name": ACCOUNT}
    api, subjects = f"{_RIGHTS}/v1", _subject(own)
    return [
        manifests.of_kind("Role", ACCOUNT, api, rules=[looking]),
        manifests.of_kind("RoleBinding", ACCOUNT, api, subjects=subjects, roleRef=role),
    ]


def _reader(own: Space) -> list[Document]:
    """The account of Prometheus, which may read metrics as the chart's documentation says."""
    role = f"{own.name}-{RELEASE}-metrics-reader"
    return [
        manifests.of_kind("ServiceAccount", ACCOUNT),
        manifests.of_kind(
            "ClusterRoleBinding", f"{own.name}-{ACCOUNT}", f"{_RIGHTS}/v1", subjects=_subject(own),
            roleRef={"apiGroup": _RIGHTS, "kind": "ClusterRole", "name": role},
        ),
    ]  # fmt: skip


def _reaching(space: Space, folder: Path) -> Document:
    """How Prometheus reaches the API server; its token is written besides."""
    known = yaml.safe_load(space.cluster.kubeconfig.read_text())
    (cluster,) = [one["cluster"] for one in known["clusters"]]
    authority, token = folder / "authority.pem", folder / "token"
    authority.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    token.write_text(space.kubectl("create", "token", ACCOUNT, "--duration", "1h").strip())
    return {
        "api_server": cluster["server"],
        "tls_config": {"ca_file": str(authority)},
        "authorization": {"credentials_file": str(token)},
    }
