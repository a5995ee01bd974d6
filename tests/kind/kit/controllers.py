"""The controller of this Python environment, as a process on the tests' machine.

It has the rights of the chart and no others: an account bound to what the chart renders, and a
kubeconfig with its token. It gets the arguments that the chart's Deployment gives, with ports of
its own. So a right or an option that is missing in the chart is missing here too, and no image has
to be built to try a change.

By default it watches the test's namespace alone, as what is in others is another test's affair.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml

from kit import charts
from kit.local_controller import LocalController
from kit.local_process import HERE
from kit.speaking import with_token

if TYPE_CHECKING:
    from kit.kubectl import Document
    from kit.spaces import Space

_CLUSTER_WIDE: Final = ("ClusterRole", "ClusterRoleBinding")


@dataclass
class Controllers:
    """The controllers of a test, and the account that they share."""

    space: Space
    folder: Path
    values: Document
    there: list[LocalController] = field(default_factory=list)
    kubeconfig: Path = field(init=False)
    scraper: str = field(init=False, repr=False)
    _given: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Make the account, give it the chart's rights, and write its kubeconfig."""
        rights = charts.render(self.space.helm, self.values, templates=charts.RIGHTS)
        self.space.apply(*rights)
        account = charts.of_kind(rights, "ServiceAccount")[0]["metadata"]["name"]
        reader = f"{self.space.name}-{account}-metrics-reader"
        self.space.apply(*_reader(self.space.name, reader))
        self.scraper = self._token("scraper")
        self.kubeconfig = self.folder / "kubeconfig"
        original = yaml.safe_load(self.space.cluster.kubeconfig.read_text())
        own = with_token(original, self._token(account), self.space.name)
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(json.dumps(own))
        self._given = charts.arguments(self.space.helm, self.values, "controller")

    def start(self, name: str = "controller", **options: object) -> LocalController:
        """Another controller, once it is ready; an option is `workers=2` for `--workers=2`."""
        return self.begin(name, LocalController, **options).ready()

    def begin(
        self,
        name: str = "controller",
        kind: type[LocalController] = LocalController,
        **options: object,
    ) -> LocalController:
        """The same without waiting; `kind` may be another one."""
        probe, metrics = free_ports(2)
        arguments = (
            f"--kubeconfig={self.kubeconfig}",
            *self._given,
            f"--health-probe-bind-address={HERE}:{probe}",
            f"--metrics-bind-address={HERE}:{metrics}",
            *spelt(options),
        )
        made = kind(name, arguments, self.folder, probe, metrics, self.scraper)
        self.there.append(made)
        return made.start()

    def stories(self) -> Iterator[tuple[str, str]]:
        """The name of each controller, and the end of its log."""
        for one in self.there:
            yield one.name, one.tail()

    def close(self) -> None:
        """End all of them, and take away what is not in the namespace, or keeps it there."""
        for one in self.there:
            one.kill()
        kubectl = self.space.kubectl
        for name in kubectl("get", "gatewaysyncs", "--output", "name").split():
            change = json.dumps({"metadata": {"finalizers": None}})
            kubectl("patch", name, "--type", "merge", "--patch", change)
        for document in self._cluster_wide():
            kubectl("delete", document["kind"], document["metadata"]["name"], "--ignore-not-found")

    def _cluster_wide(self) -> list[Document]:
        rights = charts.render(self.space.helm, self.values, templates=charts.RIGHTS)
        made = [*rights, *_reader(self.space.name, "")]
        return [one for one in made if one["kind"] in _CLUSTER_WIDE]

    def _token(self, account: str) -> str:
        return self.space.kubectl("create", "token", account, "--duration", "2h").strip()


@contextmanager
def controllers(
    space: Space, folder: Path, *, everywhere: bool = False, values: Document | None = None
) -> Iterator[Controllers]:
    """Controllers for this namespace, or `everywhere`, for the `with`; `values` are the chart's."""
    watched: Document = {} if everywhere else {"watchNamespaces": [space.name]}
    folder.mkdir(parents=True, exist_ok=True)
    made = Controllers(space, folder, watched | (values or {}))
    try:
        yield made
    finally:
        made.close()


def _reader(namespace: str, role: str) -> tuple[Document, Document]:
    """An account that may read metrics."""
    subject = {"kind": "ServiceAccount", "name": "scraper", "namespace": namespace}
    group = "rbac.authorization.k8s.io"
    return (
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "scraper"}},
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"{namespace}-scraper"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
            "subjects": [subject],
        },
    )


def free_ports(count: int, address: str = HERE) -> Sequence[int]:
    """Ports of this machine that nobody listens at."""
    sockets = [socket.create_server((address, 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def spelt(options: Mapping[str, object]) -> tuple[str, ...]:
    """Options as a command line has them: `workers=2` is `--workers=2`."""
    return tuple(f"--{key.replace('_', '-')}={_text(value)}" for key, value in options.items())


def _text(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list() | tuple():
            return ",".join(map(str, value))
        case _:
            return str(value)
