"""A works: a namespace with a GatewaySync whose gateways' pods bear real agents.

The controller runs on this machine with the chart's rights, the git server and the webhook too
(`kit.git_here`, `kit.webhooks`). The pods are those of a user; what runs in them beside a fake
gateway is what the API server has had the webhook put in. Without a webhook, or where the sidecar
has to be another one, the kit does what the webhook does (`kit.injected`).
"""

from __future__ import annotations

import hashlib
import http.client
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cluster import Problem

from kit import gateways, injected, manifests
from kit.agents import Agent
from kit.eventually import eventually
from kit.gateways import Gateway
from kit.plants import Plant, account, gateway_sync
from kit.pods import Answer
from stoker.adapters.clock import utc_now
from stoker.adapters.kube.errors import ApiFailed
from stoker.adapters.kube.resources import PODS
from stoker.core import names

if TYPE_CHECKING:
    from kit.git_here import GitHere, Source
    from kit.kubectl import Document
    from kit.passages import Passage
    from kit.pods import Pod
    from kit.spaces import Space
    from stoker.core.refs import CommitId

MAPPINGS: Final = (
    {"source": "projects", "destination": "projects"},
    {"source": "config/resources/core", "destination": "config/resources/core"},
)
_START: Final = 60.0
_REQUEST: Final = 10.0
_AUTHORITY: Final = "authority-of-the-way"
_SUMS: Final = """
import hashlib, json, pathlib, sys
root = pathlib.Path(sys.argv[1])
print(json.dumps({
    str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
    for top in sys.argv[2:] for path in (root / top).rglob("*")
    if path.is_file() and ".resources" not in path.parts
}))
"""


def digest(content: str | bytes) -> str:
    """As `files` has it."""
    raw = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(raw).hexdigest()


def digests(files: Mapping[str, str | bytes]) -> dict[str, str]:
    """The same for many."""
    return {path: digest(content) for path, content in files.items()}


class Injected(Agent):
    """An agent in a pod, beside a fake gateway."""

    def __init__(self, plant: Plant, pod: Pod) -> None:
        """In a pod that may not run yet."""
        super().__init__(plant, pod.name)
        self.pod = pod

    @cached_property
    def gateway(self) -> Gateway:
        """The gateway of its pod."""
        return Gateway(self.pod)

    @cached_property
    def address(self) -> str:
        """The pod's; it stays as long as the pod does, also while there is no API server."""
        return self._address()

    def _address(self) -> str:
        document = self.plant.admin.get(PODS, self.plant.space.name, self.name)
        found = str(document.get("status", {}).get("podIP", ""))
        if not found:
            raise Problem(f"pod {self.name} has no address yet")
        return found

    def ask(self, port: int, path: str, method: str = "GET") -> Answer:
        """Its answer; straight to the pod where there is a route to it."""
        if not self.pod.space.ways.direct:
            return self.pod.ask(port, path, method=method)
        try:
            address = self.address
        except (Problem, ApiFailed) as error:
            raise OSError(f"nobody knows where {self.name} is: {error}") from error
        connection = http.client.HTTPConnection(address, port, timeout=_REQUEST)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return Answer(response.status, response.read().decode(errors="replace"))
        except http.client.HTTPException as error:
            raise OSError(f"no answer from {self.name}:{port}: {error!r}") from error
        finally:
            connection.close()

    def log(self, *more: str) -> list[dict[str, Any]]:
        """What its container has printed."""
        return self.pod.lines(names.AGENT_CONTAINER, *more)

    @contextmanager
    def log_followed(self) -> Iterator[Callable[[], list[dict[str, Any]]]]:
        """Keep what its container prints, also after the kubelet has taken the container away.

        What the `with` gives is for after its end.
        """
        words = ("logs", "--follow", self.name, "--container", names.AGENT_CONTAINER)
        with tempfile.TemporaryFile("w+") as kept:
            process = subprocess.Popen(  # noqa: S603 - no shell, and the tests' own words
                [*self.pod.space.kubectl.words, *words], stdout=kept, stderr=subprocess.DEVNULL
            )
            lines: list[dict[str, Any]] = []
            try:
                yield lambda: lines
                process.wait(_REQUEST)
            finally:
                process.kill()
                process.wait()
                kept.seek(0)
                lines += [json.loads(line) for line in kept if line.startswith("{")]

    def ready(self, within: float = _START) -> Injected:
        """This agent, once gateway and agent are ready."""
        __tracebackhide__ = True
        self.pod.ready(within)
        return self

    def container(self) -> dict[str, Any]:
        """The state of its container."""
        return self.pod.container(names.AGENT_CONTAINER)

    @property
    def restarts(self) -> int:
        """How often its container was started anew."""
        return int(self.container()["restartCount"])

    def files(self, *tops: str) -> dict[str, str]:
        """The SHA-256 of each file below these folders of the data directory."""
        words = ("python", "-c", _SUMS, gateways.DATA, *(tops or ("projects",)))
        found: dict[str, str] = json.loads(self.pod.exec(gateways.CONTAINER, *words))
        return found

    def write(self, path: str, text: str) -> None:
        """Change a file as somebody else does who has the volume."""
        script = "import pathlib,sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
        where = f"{gateways.DATA}/{path}"
        self.pod.exec(gateways.CONTAINER, "python", "-c", script, where, text)

    def holds(self, path: str, content: str | bytes) -> bool:
        """Whether the gateway has loaded a file with this content."""
        return self.gateway.holds(path, content)

    def will_move_files(self, until: str) -> None:
        """Wait until it is moving files, and this path of the data directory is there.

        That is looked for in the gateway's container, which may use all of a processor.
        """
        script = 'until [ -e "$0/.stoker/journal" ] && [ -e "$0/$1" ]; do :; done'
        words = ("timeout", "60", "sh", "-c", script, gateways.DATA, until)
        self.pod.exec(gateways.CONTAINER, *words)

    def will_hold(self, path: str, content: str | bytes, within: float = 20.0) -> None:
        """Wait until the gateway has loaded a file with this content."""
        __tracebackhide__ = True
        what = f"the gateway of {self.name} has loaded {path}"
        eventually(lambda: self.holds(path, content), what=what, within=within, tell=[self.tail])

    def annotate(self, **values: str | None) -> None:
        """Set annotations of ours on the pod that runs, or take them away."""
        given = {f"stoker.io/{key.replace('_', '-')}": text for key, text in values.items()}
        change = {"metadata": {"annotations": given}}
        self.plant.admin.merge(PODS, self.plant.space.name, self.name, change)


@dataclass(frozen=True)
class Works(Plant):
    """A GatewaySync, its repository, and the images of its pods."""

    git: GitHere
    source: Source
    agent_image: str
    gateway_image: str
    is_asked: bool = False
    """Whether the API server asks a webhook about pods here."""

    def begin(self, **spec: Any) -> None:
        """Make the GatewaySync and what it needs; `spec` is that of `plants.gateway_sync`."""
        made = gateway_sync(
            self.name,
            self.source.url,
            git={**self.git.spec, **spec.pop("git", {})},
            gateway={"api": {"secretName": gateways.API_KEY_SECRET}},
            sync=spec.pop("sync", None) or profiles(),
            **spec,
        )
        secrets = [*self.git.secrets, gateways.api_key_secret()]
        self.space.apply(account(), *secrets, made)

    def pod(
        self,
        name: str,
        *,
        annotations: Mapping[str, str] | None = None,
        repo: Document | None = None,
        way: Passage | None = None,
        **how: Any,
    ) -> Document:
        """A gateway's pod that gets its sidecar, or has it; `how` is that of `gateway_pod`.

        `repo` is another volume for the repository, `way` another one to the API server.
        """
        marks = {**injected.marks(self.name), **(annotations or {})}
        user = injected.gateway_pod(name, self.gateway_image, marks, **how)
        if self.is_asked and repo is None and way is None:
            return user
        made = injected.injected(user, self.document(), self.agent_image, self.space.name)
        if repo is not None:
            injected.with_volume(made, {**repo, "name": names.VOLUME_REPO})
        if way is not None:
            self.space.apply(manifests.config_map(_AUTHORITY, {"ca.crt": way.ca}))
            injected.through(made, way.address, way.port, _AUTHORITY)
        return made

    def start(self, name: str, **how: Any) -> Injected:
        """A gateway in a pod, without waiting for it."""
        return Injected(self, self.space.start(self.pod(name, **how)))

    def agent(self, name: str) -> Injected:
        """The agent of a pod that is there, or will be."""
        return Injected(self, self.space.pod(name))

    def resolve(self) -> None:
        """Have the controller look at the ref now, as the receiver does for a push."""
        now = utc_now().isoformat()
        own = self.document()["spec"]["git"].get("ref", "main")
        self.annotate(requested_ref=own, requested_at=now, requested_by="generic")

    def push(self, files: Mapping[str, Any], **how: Any) -> CommitId:
        """Commit, and have the controller see it at once."""
        commit = self.source.commit(files, **how)
        self.resolve()
        return commit

    def is_ready_at(self, commit: str, within: float = 20.0) -> Document:
        """The condition Ready, once it is true for this commit."""
        __tracebackhide__ = True

        def told() -> Document:
            status = self.status()
            assert status.get("lastSyncCommit") == commit, status
            return self.says("Ready", "True", "SyncSucceeded", within=0)

        return eventually(told, what=f"{self.name} is ready at {commit}", within=within)


def profiles(**more: Any) -> Document:
    """`spec.sync` with one profile, `default`, that has `more` beside its mappings."""
    return {"profiles": {"default": {"mappings": list(MAPPINGS), **more}}}


def works(  # noqa: PLR0913 - what it is made of
    space: Space,
    name: str,
    git: GitHere,
    agent_image: str,
    gateway_image: str,
    *,
    is_asked: bool = False,
    **spec: Any,
) -> Works:
    """A works whose repository is empty still; it needs a controller of its namespace."""
    source = git.repository(f"{space.name}-{name}")
    made = Works(space, name, git, source, agent_image, gateway_image, is_asked)
    made.begin(**spec)
    return made
