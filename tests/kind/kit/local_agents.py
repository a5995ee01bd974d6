"""Agents as plain processes on this machine, for pods that run nowhere.

Such a pod is an object that no scheduler takes, so controller and API server treat it as any other.
Its agent gets what the kubelet would give it: the environment that `inject` has written, a folder
of the service account with a real token, Secrets as files, and the pod's labels and annotations
as the downward API writes them. It reaches the API server through a `Passage`, which counts.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kit import gateways, git_here, injected
from kit.agents import Agent
from kit.lodgings import Lodging, Place
from kit.plants import ACCOUNT
from kit.pods import Answer
from stoker.adapters.kube.resources import PODS
from stoker.core import names
from stoker.testing.gateway import FakeGateway, Settings
from support.server_processes import children

if TYPE_CHECKING:
    from kit.kubectl import Document
    from kit.works import Works

HERE: Final = "127.0.0.1"
_PROGRAM: Final = Path(sys.executable).with_name("stoker-agent")
_ENV_ACCOUNT: Final = "STOKER_SERVICE_ACCOUNT_DIR"
_ENV_PODINFO: Final = "STOKER_PODINFO_DIR"
_ENV_PROBES: Final = "STOKER_PROBE_ADDRESS"
_ENV_METRICS: Final = "STOKER_METRICS_ADDRESS"
_END: Final = 25.0
_PORTS: Final = range(20_000, 32_000)
_GIVEN: Final[set[int]] = set()


@dataclass(eq=False)
class LocalAgent(Agent):
    """The process, running or not; what it has said is kept over all its lives."""

    works: Works
    pod_name: str
    lodging: Lodging
    environment: dict[str, str] = field(repr=False)
    probe_port: int
    metrics_port: int
    gateway: FakeGateway | None = None
    process: subprocess.Popen[bytes] | None = None
    before: tuple[str, ...] = ()
    """The command that runs it, for an agent that something is done to."""
    stack: ExitStack = field(default_factory=ExitStack, repr=False)

    def __post_init__(self) -> None:
        """As every agent."""
        Agent.__init__(self, self.works, self.pod_name)

    @property
    def out(self) -> Path:
        """What it has printed."""
        return self.lodging.folder / "stdout"

    def start(self) -> LocalAgent:
        """Begin a life, without waiting for anything."""
        with self.out.open("ab") as out, (self.lodging.folder / "stderr").open("ab") as err:
            self.process = subprocess.Popen(  # noqa: S603 - no shell, and the tests' own words
                [*self.before, str(_PROGRAM)],
                stdout=out,
                stderr=err,
                stdin=subprocess.DEVNULL,
                cwd=self.lodging.folder,
                env=self.environment,
            )
        return self

    def kill(self) -> None:
        """End it without a warning."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self, within: float = _END) -> int:
        """Ask it to end; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within)

    @property
    def pids(self) -> list[int]:
        """Its process, and all below it."""
        assert self.process is not None
        return [self.process.pid, *children(self.process.pid)]

    def complaints(self) -> str:
        """What it has written to its error stream."""
        path = self.lodging.folder / "stderr"
        return path.read_text(errors="replace") if path.exists() else ""

    def ask(self, port: int, path: str, method: str = "GET") -> Answer:
        """Its answer; `port` is the one that it would have in a pod."""
        own = {names.PROBE_PORT: self.probe_port, names.METRICS_PORT: self.metrics_port}[port]
        connection = http.client.HTTPConnection(HERE, own, timeout=10)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return Answer(response.status, response.read().decode(errors="replace"))
        except http.client.HTTPException as error:
            raise OSError(f"no answer from {self.name}: {error!r}") from error
        finally:
            connection.close()

    def log(self, *more: str) -> list[dict[str, Any]]:
        """What it has printed in all its lives."""
        assert not more, "there is one log"
        said = self.out.read_text(errors="replace").splitlines() if self.out.exists() else []
        return [json.loads(line) for line in said if line.startswith("{") and line.endswith("}")]

    def tail(self, count: int = 30) -> str:
        """Its last lines, and its complaints."""
        return f"{super().tail(count)}\n{self.complaints()[-2000:]}"

    def annotate(self, **values: str | None) -> None:
        """Change the pod's annotations, and tell the agent as the kubelet does."""
        given = {f"stoker.io/{key.replace('_', '-')}": text for key, text in values.items()}
        space = self.works.space.name
        change = {"metadata": {"annotations": given}}
        self.lodging.describe(self.works.admin.merge(PODS, space, self.name, change))


@dataclass
class LocalAgents:
    """The agents of a works on this machine."""

    works: Works
    passage: Place
    folder: Path
    there: list[LocalAgent] = field(default_factory=list)
    _token: str = field(default="", repr=False)

    def prepare(
        self,
        name: str,
        *,
        gateway: Settings | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> LocalAgent:
        """An agent that can be started, with its pod; `gateway` is a fake one in this process."""
        space = self.works.space
        pod = self._pod(name, annotations or {})
        lodging = Lodging(self.folder / name)
        lodging.admit(self.passage, self.token, space.name)
        lodging.describe(pod)
        lodging.keep({"git-token": git_here.TOKEN, "api-key": gateways.API_KEY})
        (lodging.secrets / "git-ca").write_text(self._ca())
        probes, metrics = _free_ports(2)
        stack = ExitStack()
        fake = stack.enter_context(FakeGateway(lodging.data, gateway)) if gateway else None
        if fake is not None:
            # It is the CR that says it, so a works has one such gateway.
            self.works.change(gateway={"port": _port(fake)})
        environment = self._environment(pod, lodging) | {
            _ENV_PROBES: f"{HERE}:{probes}",
            _ENV_METRICS: f"{HERE}:{metrics}",
            **({names.ENV_GATEWAY_PORT: str(_port(fake))} if fake else {}),
        }
        made = LocalAgent(
            self.works, name, lodging, environment, probes, metrics, fake, stack=stack
        )
        self.there.append(made)
        return made

    @property
    def token(self) -> str:
        """A real token of the pods' account."""
        if not self._token:
            words = ("create", "token", ACCOUNT, "--duration", "2h")
            self._token = self.works.space.kubectl(*words).strip()
        return self._token

    def close(self) -> None:
        """End all of them."""
        for one in self.there:
            one.kill()
            one.stack.close()

    def _pod(self, name: str, annotations: Mapping[str, str]) -> Document:
        document = self.works.pod(name, annotations=annotations, schedulerName="nobody")
        made: Document = self.works.admin.create(PODS, self.works.space.name, document)
        return made

    def _ca(self) -> str:
        (found,) = [
            one for one in self.works.git.secrets if one["metadata"]["name"] == git_here.CA_SECRET
        ]
        return str(found["stringData"]["ca.crt"])

    def _environment(self, pod: Document, lodging: Lodging) -> dict[str, str]:
        told = {one["name"]: _value(one, pod) for one in injected.sidecar(pod)["env"]}
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(lodging.folder),
            "TMPDIR": str(lodging.tmp),
            "KUBERNETES_SERVICE_HOST": self.passage.address,
            "KUBERNETES_SERVICE_PORT": str(self.passage.port),
            _ENV_ACCOUNT: str(lodging.account),
            _ENV_PODINFO: str(lodging.podinfo),
            **told,
            names.ENV_REPO_PATH: str(lodging.repo),
            names.ENV_DATA_PATH: str(lodging.data),
            names.ENV_API_KEY_FILE: str(lodging.secrets / "api-key"),
            names.ENV_GIT_TOKEN_FILE: str(lodging.secrets / "git-token"),
            names.ENV_GIT_CA_FILE: str(lodging.secrets / "git-ca"),
        }


@contextmanager
def local_agents(works: Works, passage: Place, folder: Path) -> Iterator[LocalAgents]:
    """Agents of this works for the `with`."""
    made = LocalAgents(works, passage, folder)
    try:
        yield made
    finally:
        made.close()


def _value(variable: Mapping[str, Any], pod: Document) -> str:
    """What the kubelet makes of an entry of `env`."""
    if "value" in variable:
        return str(variable["value"]).replace("$$", "$")
    path = variable["valueFrom"]["fieldRef"]["fieldPath"]
    return str(pod["metadata"][path.removeprefix("metadata.")])


def _port(gateway: FakeGateway) -> int:
    return int(gateway.url.rpartition(":")[2])


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens at, and that no connection gets as its own end of it."""
    found: list[int] = []
    while len(found) < count:
        port = secrets.choice(_PORTS)
        if port in _GIVEN:
            continue
        _GIVEN.add(port)
        with suppress(OSError), socket.create_server((HERE, port)):
            found.append(port)
    return found
