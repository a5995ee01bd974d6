"""Replicas that look after webhook certificates on a cluster, and a webhook that they serve.

Each replica is a `CertificateKeeper` with a client and a server of its own. The servers share one
port, and the kernel gives each connection to one of them, as a Service does, and as there, one that
was never ready gets none. Every call of the API server is a connection and a handshake of its own.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from attrs import define, field

from kit.eventually import eventually
from kit.kubectl import Document
from kit.spaces import Space
from kit.speaking import as_admin
from stoker.adapters.clock import utc_now
from stoker.adapters.kube.client import Client, connect
from stoker.adapters.kube.errors import ApiFailed
from stoker.adapters.kube.resources import (
    CONFIG_MAPS,
    MUTATING_WEBHOOKS,
    SECRETS,
    VALIDATING_WEBHOOKS,
    Resource,
)
from stoker.entrypoints.webhook.certificates import CertificateKeeper

SECRET: Final = "stoker-webhook-certificate"
QUICK: Final[dict[str, Any]] = {"grace": timedelta(seconds=1), "breath": timedelta(seconds=0.3)}
"""For who has no minute to wait."""


class _Allows(BaseHTTPRequestHandler):
    """Allows everything."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        response = {"uid": asked["request"]["uid"], "allowed": True}
        body = json.dumps({**asked, "request": None, "response": response}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    """One of several on a port, whose handshakes are made by threads."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], keeper: CertificateKeeper) -> None:
        self._keeper = keeper
        super().__init__(address, _Allows, bind_and_activate=False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.server_bind()
        self.is_ready, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Serve once the keeper says that all is well."""
        self._thread.start()

    def _run(self) -> None:
        while self._keeper.trouble:
            if self._over.wait(0.02):
                return
        self.server_activate()
        self.is_ready.set()
        self.serve_forever(0.05)

    def end(self) -> None:
        """Serve no more."""
        self._over.set()
        if self.is_ready.is_set():
            self.shutdown()
        self._thread.join(10)
        self.server_close()

    def get_request(self) -> tuple[Any, Any]:
        plain, address = super().get_request()
        plain.settimeout(10)
        context = self._keeper.context
        return (
            context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False),
            address,
        )

    def handle_error(self, *_: object) -> None:
        """A client that does not trust us says so itself."""


@define
class Replica:
    """One of them."""

    keeper: CertificateKeeper
    client: Client
    complaints: list[str]
    requests: list[tuple[str, str, int]]
    server: _Server

    def stop(self) -> None:
        """End it, the server first."""
        self.server.end()
        self.keeper.stop()
        self.client.close()

    def count(self, method: str, resource: Resource, status: range = range(200, 300)) -> int:
        """How many of its requests were answered like that."""
        wanted = (method, resource.plural)
        return sum((each[0], each[1]) == wanted and each[2] in status for each in self.requests)

    def writes(self) -> int:
        """How many of its writes were done."""
        return sum(each[0] not in ("GET", "WATCH") and each[2] < 300 for each in self.requests)


@define
class Keepers:
    """The replicas of one release, in the namespace of a test."""

    space: Space
    port: int
    replicas: list[Replica] = field(factory=list)

    @property
    def host(self) -> str:
        """This machine, as the API server reaches it."""
        return self.space.cluster.host_address

    @property
    def admin(self) -> Client:
        """Whoever may do everything."""
        return as_admin(self.space.cluster.kubeconfig)

    def start(self, kubeconfig: Path | None = None, **how: Any) -> Replica:
        """Another one."""
        client = connect(
            kubeconfig or self.space.cluster.kubeconfig, user_agent="stoker-test", pool=8
        )
        complaints: list[str] = []
        requests: list[tuple[str, str, int]] = []

        def observe(method: str, resource: Resource | None, status: int, _took: float) -> None:
            requests.append((method, str(resource), status))

        def complain(what: str, error: Exception) -> None:
            complaints.append(f"{what}: {error}")

        client.observer = observe
        given: dict[str, Any] = {
            "namespace": self.space.name,
            "secret": SECRET,
            "names": (self.host, "webhook.test.svc"),
            "mutating": self.space.name,
            "validating": self.space.name,
            "now": utc_now,
            "complain": complain,
        }
        keeper = CertificateKeeper(client, **(given | QUICK | how))
        server = _Server((self.host, self.port), keeper)
        keeper.start()
        server.start()
        self.replicas.append(Replica(keeper, client, complaints, requests, server))
        return self.replicas[-1]

    def end(self, replica: Replica) -> None:
        """One of them leaves."""
        self.replicas.remove(replica)
        replica.stop()

    def well(self, within: float = 15) -> None:
        """Wait until all say that all is well."""
        eventually(
            lambda: all(
                one.server.is_ready.is_set() and not one.keeper.trouble for one in self.replicas
            ),
            what="all is well",
            within=within,
            tell=[lambda: "\n".join(f"{one.keeper.trouble!r}" for one in self.replicas)],
        )

    # --- What there is ---

    def secret(self) -> Document:
        """The Secret."""
        return self.admin.get(SECRETS, self.space.name, SECRET)

    def configuration(self, resource: Resource = VALIDATING_WEBHOOKS) -> Document:
        """One of the configurations."""
        return self.admin.get(resource, "", self.space.name)

    def bundles(self) -> list[str]:
        """The caBundles of our webhooks."""
        return [
            webhook["clientConfig"].get("caBundle", "")
            for resource in (MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS)
            for webhook in self.configuration(resource)["webhooks"]
            if webhook["name"].endswith(".stoker.io")
        ]

    def is_published(self) -> bool:
        """Whether all of them say what the Secret says."""
        return set(self.bundles()) == {self.secret()["data"]["ca.crt"]}

    def overwrite(self, bundle: str, resource: Resource = VALIDATING_WEBHOOKS) -> None:
        """Somebody else writes another caBundle into the first of our webhooks."""
        path = "/webhooks/0/clientConfig/caBundle"
        steps = [{"op": "add", "path": path, "value": bundle}]
        self.admin.json_patch(resource, "", self.space.name, steps)

    def make_configurations(self) -> None:
        """As the chart makes them, and with a webhook of somebody else."""
        for resource in (MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS):
            self.admin.apply(resource, "", self.space.name, self._configuration())

    def _configuration(self) -> Document:
        common = {"admissionReviewVersions": ["v1"], "sideEffects": "None", "timeoutSeconds": 10}
        space = {"matchLabels": {"kubernetes.io/metadata.name": self.space.name}}
        rule = {"apiGroups": [""], "apiVersions": ["v1"], "scope": "Namespaced"}
        ours = {
            **common,
            "failurePolicy": "Fail",
            "clientConfig": {"url": f"https://{self.host}:{self.port}/"},
            "namespaceSelector": space,
            "rules": [{**rule, "operations": ["CREATE"], "resources": ["configmaps"]}],
        }
        other = {
            **common,
            "failurePolicy": "Ignore",
            "clientConfig": {"url": "https://other.example.com/"},
            "namespaceSelector": {"matchLabels": {"nobody": "has-this"}},
            "rules": [{**rule, "operations": ["CREATE"], "resources": ["secrets"]}],
        }
        return {
            "webhooks": [
                {**ours, "name": "first.stoker.io"},
                {**other, "name": "stoker.io.example.com"},
                {**ours, "name": "second.stoker.io"},
            ]
        }

    def close(self) -> None:
        """End all of it."""
        for replica in self.replicas:
            replica.stop()
        for resource in (MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS):
            self.admin.delete(resource, "", self.space.name)


@define
class Calls:
    """What is made in the namespace, one thing after another, each by way of our webhooks."""

    keepers: Keepers
    done: int = 0
    failures: list[tuple[datetime, str]] = field(factory=list)
    _over: threading.Event = field(factory=threading.Event)

    def _call(self) -> None:
        space = self.keepers.space.name
        client = self.keepers.admin
        while not self._over.is_set():
            try:
                client.create(CONFIG_MAPS, space, {"metadata": {"generateName": "called-"}})
                self.done += 1
            except ApiFailed as error:
                self.failures.append((utc_now(), str(error)))
            self._over.wait(0.005)

    @contextmanager
    def running(self, threads: int = 2) -> Iterator[Calls]:
        """Call all the time."""
        callers = [threading.Thread(target=self._call) for _ in range(threads)]
        for one in callers:
            one.start()
        try:
            yield self
        finally:
            self._over.set()
            for one in callers:
                one.join()


@contextmanager
def keepers(space: Space, *, configured: bool = True) -> Iterator[Keepers]:
    """None yet, for the `with`."""
    with ExitStack() as stack:
        held = stack.enter_context(socket.socket())
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind((space.cluster.host_address, 0))
        made = Keepers(space, int(held.getsockname()[1]))
        stack.callback(made.close)
        if configured:
            made.make_configurations()
        yield made
