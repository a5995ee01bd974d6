"""The webhook of this Python environment, as processes on the tests' machine.

They have the account of the test's controllers, and so the chart's rights, and the arguments that
the chart gives its containers. The API server asks them by a URL, at the machine's address in the
cluster's network, about what is in the namespaces of the test and in no others: other tests run
on the same cluster. Their certificate is made and announced by the product's own keeper.

As in the chart, admission and receiver are processes of their own.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from kit import certificates, charts, manifests
from kit.controllers import free_ports, spelt
from kit.eventually import eventually
from kit.injected import marks
from kit.local_process import HERE
from kit.local_webhook import LocalWebhook
from kit.plants import UNSEEN

if TYPE_CHECKING:
    from pathlib import Path

    from kit.controllers import Controllers
    from kit.kubectl import Document
    from kit.passages import Passage
    from kit.spaces import Space
    from support.authority import Authority

NO_IMAGE: Final = "registry.example/stoker:1.2.3"
"""What is injected where no agent has to run."""
MUTATING: Final = "mutatingwebhookconfiguration"
VALIDATING: Final = "validatingwebhookconfiguration"
PODS_HOOK: Final = "pods.stoker.io"
SYNCS_HOOK: Final = "gatewaysyncs.stoker.io"
COVERED: Final = "stoker.test/webhook"
"""The label of namespaces that a webhook for several is asked about; its value is which one."""
ADMISSIONS: Final = "stoker_webhook_injector_injections_total"
_QUESTIONS: Final = "apiserver_admission_webhook_request_total{"


@dataclass
class Webhooks:
    """The processes of a test.

    The API server asks about the namespaces that the controllers watch, as the chart has it, or
    about those that a `selector` selects; `values` are further ones of the chart.
    """

    controllers: Controllers
    image: str = NO_IMAGE
    selector: Document | None = None
    pods_only: bool = False
    """Whether nobody checks GatewaySyncs, so that tests can have those which are wrong."""
    values: Document = field(default_factory=dict)
    there: list[LocalWebhook] = field(default_factory=list)
    port: int = field(init=False)
    """Where the API server asks."""

    def __post_init__(self) -> None:
        """Choose a port, and have the API server ask there as soon as somebody is to be trusted."""
        repository, _, tag = self.image.rpartition(":")
        given = {
            **self.controllers.values,
            "webhookReceiver": {"enabled": True},
            "agentImage": {"repository": repository, "tag": tag},
            # Git servers of tests speak that, too.
            "git": {"allowedProtocols": ["https", "ssh", "git"]},
        }
        self.values = charts.merged(given, self.values)
        (self.port,) = free_ports(1, self.host)
        helm = self.space.helm
        self.space.apply(*charts.render(helm, self.values, templates=["webhook/secrets"]))
        self.install()

    @property
    def space(self) -> Space:
        """The namespace of its own account and Secret."""
        return self.controllers.space

    @property
    def host(self) -> str:
        """This machine's address in the cluster's network."""
        return self.space.cluster.host_address

    @property
    def name(self) -> str:
        """The name of its configurations."""
        return f"{self.space.name}-{charts.RELEASE}"

    # --- Processes ---

    def start(self, name: str = "webhook", **options: object) -> LocalWebhook:
        """Admission, once it is ready; an option is `drain="1s"` for `--drain=1s`."""
        return self.begin(name, **options).ready()

    def begin(self, name: str = "webhook", **options: object) -> LocalWebhook:
        """The same without waiting.

        At another `port` nobody asks it, unless `ask` says so; `hasty` is that of `kit.hasty`.
        """
        port = int(str(options.pop("port", self.port)))
        in_a_hurry = bool(options.pop("hasty", False))
        given = {
            "admission_bind_address": f"{self.host}:{port}",
            "receiver_bind_address": 0,
            "certificate_names": self.host,
        }
        made = self._made(name, "webhook", port, {**given, **options})
        made.hasty = in_a_hurry
        return made.start()

    def receive(self, name: str = "receiver", **options: object) -> LocalWebhook:
        """A receiver, once it is ready."""
        (port,) = free_ports(1)
        given = {"admission_bind_address": 0, "receiver_bind_address": f"{HERE}:{port}"}
        return self._made(name, "receiver", port, {**given, **options}).start().ready()

    def by_way_of(self, way: Passage, folder: Path) -> Path:
        """A kubeconfig of the same account that leads through a passage."""
        document = json.loads(self.controllers.kubeconfig.read_text())
        authority = base64.b64encode(way.ca.encode()).decode()
        for one in document["clusters"]:
            server = f"https://{way.address}:{way.port}"
            one["cluster"] = {"server": server, "certificate-authority-data": authority}
        made = folder / "kubeconfig-by-way-of"
        made.touch(mode=0o600)
        made.write_text(json.dumps(document))
        return made

    def _made(
        self, name: str, container: str, port: int, options: dict[str, object]
    ) -> LocalWebhook:
        probe, metrics = free_ports(2)
        ours = {
            "health_probe_bind_address": f"{HERE}:{probe}",
            "metrics_bind_address": f"{HERE}:{metrics}",
            # Nobody sends anything to one that a test ends.
            "drain": "100ms",
        }
        arguments = (
            f"--kubeconfig={self.controllers.kubeconfig}",
            *charts.arguments(self.space.helm, self.values, container),
            *spelt({**ours, **options}),
        )
        folder, scraper = self.controllers.folder, self.controllers.scraper
        made = LocalWebhook(name, arguments, folder, probe, metrics, scraper, port=port)
        self.there.append(made)
        return made

    def write_certificate(self, folder: Path, authority: Authority) -> None:
        """Another certificate for `--certificate-dir`, written as a mounted Secret changes."""
        pair = certificates.certificate(authority, [self.host])
        made = folder / f"..{secrets.token_hex(4)}"
        made.mkdir(parents=True)
        (made / "tls.crt").write_text(pair.public)
        (made / "tls.key").write_text(pair.private)
        link = made.with_suffix(".link")
        link.symlink_to(made.name)
        link.replace(folder / "..data")
        for name in ("tls.crt", "tls.key"):
            if not (folder / name).is_symlink():
                (folder / name).symlink_to(f"..data/{name}")

    # --- What the API server is told ---

    def trust(self, *authorities: Authority) -> None:
        """Have the API server trust these, as whoever makes such certificates does."""
        bundle = "".join(map(certificates.pem_of, authorities))
        value = base64.b64encode(bundle.encode()).decode()
        for kind in (MUTATING, VALIDATING):
            where = {"path": "/webhooks/0/clientConfig/caBundle", "value": value}
            self.change({"op": "add", **where}, kind=kind)

    def install(self, policy: str = "") -> None:
        """Have the API server ask about pods and GatewaySyncs, by this policy or the chart's."""
        self.space.apply(*self._configurations(policy))

    def change(self, *operations: Document, kind: str = MUTATING) -> None:
        """Change one of the configurations by a JSON patch."""
        words = ("--type", "json", "--patch", json.dumps(operations))
        self.space.kubectl("patch", kind, self.name, *words)

    def unconditionally(self, kind: str) -> None:
        """Have it ask about each object: what the chart's conditions keep away is answered too."""
        (hook,) = self.space.kubectl.json("get", kind, self.name)["webhooks"]
        if "matchConditions" in hook:
            self.change({"op": "remove", "path": "/webhooks/0/matchConditions"}, kind=kind)

    def ask(self, port: int) -> None:
        """Have it ask at another port."""
        for kind, path in ((MUTATING, "/mutate-pods"), (VALIDATING, "/validate-gatewaysyncs")):
            where = {"path": "/webhooks/0/clientConfig/url", "value": self._url(path, port)}
            self.change({"op": "replace", **where}, kind=kind)

    def cover(self, space: Space) -> None:
        """Have the API server ask about this namespace too; for those that go `by_label`."""
        self.space.kubectl("label", "namespace", space.name, f"{COVERED}={self.space.name}")
        self.is_asked(space)

    def another_port(self) -> int:
        """A port where another process of admission can listen."""
        return free_ports(1, self.host)[0]

    def is_asked(
        self, space: Space | None = None, *, by: LocalWebhook | None = None, within: float = 20.0
    ) -> None:
        """Wait until the API server asks, this one if one is named, and believes what it is told.

        It hears of a change of its configurations by a watch of its own, some time later.
        """
        __tracebackhide__ = True

        def denied() -> bool:
            before = by.metric(ADMISSIONS, result="denied") if by else 0
            said = self._refused_pod(space or self.space)
            return said and (not by or by.metric(ADMISSIONS, result="denied") > before)

        eventually(denied, what="the webhook is asked", within=within, tell=[self.tell])

    def _refused_pod(self, space: Space) -> bool:
        """Whether a pod of a CR that is not there is refused; no dry run, so that it is counted."""
        probe = manifests.pod("is-it-asked", [manifests.container("main", "none")])
        probe = manifests.marked(probe, annotations=marks("nobody-s"))
        said = space.kubectl.tried("create", "--filename", "-", stdin=json.dumps(probe))
        if said.status == 0:
            space.kubectl("delete", "pod", "is-it-asked", "--now")
        return PODS_HOOK in said.err

    def questions(self) -> float:
        """How often the API server has asked webhooks about pods, dry runs among them."""
        lines = self.space.kubectl("get", "--raw", "/metrics").splitlines()
        told = [one for one in lines if one.startswith(_QUESTIONS) and f'"{PODS_HOOK}"' in one]
        return sum(float(one.rpartition(" ")[2]) for one in told)

    def tell(self) -> str:
        """The ends of their logs."""
        return "\n".join(f"-- {name}\n{story}" for name, story in self.stories())

    def stories(self) -> Iterator[tuple[str, str]]:
        """The name of each process, and the end of its log."""
        for one in self.there:
            yield one.name, one.tail()

    def close(self) -> None:
        """End all of them, and take away what is not in the namespace."""
        for one in self.there:
            one.kill()
        for kind in (MUTATING, VALIDATING):
            self.space.kubectl("delete", kind, self.name, "--ignore-not-found")

    def _configurations(self, policy: str) -> list[Document]:
        """The chart's, but for the place: a URL is where a Service cannot lead."""
        change = {"webhook": {"failurePolicy": policy}} if policy else {}
        values = charts.merged(self.values, change)
        made = charts.render(self.space.helm, values, templates=["webhook/configurations"])
        for document in made:
            for hook in document["webhooks"]:
                path = hook["clientConfig"]["service"]["path"]
                hook["clientConfig"] = {"url": self._url(path, self.port)}
                if self.selector is not None:
                    hook["namespaceSelector"] = self.selector
                if self.pods_only:
                    asked = "DoesNotExist" if hook["name"] == PODS_HOOK else "Exists"
                    unseen = {"key": UNSEEN, "operator": asked}
                    hook["objectSelector"] = {"matchExpressions": [unseen]}
        return made

    def _url(self, path: str, port: int) -> str:
        return f"https://{self.host}:{port}{path}"


@contextmanager
def webhooks(controllers: Controllers, **how: Any) -> Iterator[Webhooks]:
    """Webhooks with the account of these controllers, for the `with`."""
    made = Webhooks(controllers, **how)
    try:
        yield made
    finally:
        made.close()


def by_name(*namespaces: str) -> Document:
    """What selects namespaces by their names."""
    name = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": [*namespaces]}
    return {"matchExpressions": [name]}


def by_label(space: Space) -> Document:
    """What selects the namespaces that the webhook of this one is to `cover`."""
    return {"matchLabels": {COVERED: space.name}}
