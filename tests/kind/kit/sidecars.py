"""The agent as a native sidecar that is configured by a file, with the contract's resources.

It is the standalone agent: nothing of it needs the controller. `Sidecar` makes the container, its
volumes and its ConfigMap; `Agent` asks one that runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from kit import gateways, manifests
from kit.kubectl import Document

if TYPE_CHECKING:
    from kit.pods import Pod

PORT: Final = 8082
REPO: Final = "/repo"
RESOURCES: Final[Document] = {
    "requests": {"cpu": "50m", "memory": "64Mi"},
    "limits": {"cpu": "200m", "memory": "256Mi"},
}
"""What the contract gives the agent."""

MAPPINGS: Final = (
    {"source": "projects", "destination": "projects"},
    {"source": "config/resources/core", "destination": "config/resources/core"},
)

_CONFIG: Final = "/etc/stoker/config"
_SECRETS: Final = "/etc/stoker"
_SUMS: Final = """
import hashlib, json, pathlib, sys
root = pathlib.Path(sys.argv[1])
files = {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
print(json.dumps({
    name: hashlib.sha256(path.read_bytes()).hexdigest()
    for name, path in files.items() if not name.startswith(".stoker/")
}))
"""


def over_https(repo: str, access: str = "git-token", ca: str = "git-ca") -> Document:
    """`git` of a configuration, with the Secrets `access` and `ca`."""
    files = {"tokenFile": f"{_SECRETS}/{access}/token", "caFile": f"{_SECRETS}/{ca}/ca.crt"}
    return {"repo": repo, "ref": "main", "pollInterval": "1s", **files}


def over_ssh(repo: str, key: str = "git-key", known_hosts: str = "known-hosts") -> Document:
    """`git` of a configuration, with the Secrets `key` and `known_hosts`."""
    files = {
        "sshKeyFile": f"{_SECRETS}/{key}/ssh-privatekey",
        "knownHostsFile": f"{_SECRETS}/{known_hosts}/known_hosts",
    }
    return {"repo": repo, "ref": "main", "pollInterval": "1s", **files}


@dataclass(frozen=True)
class Sidecar:
    """An agent of a pod: its container is called `name`, and so is what belongs to it."""

    image: str
    git: Mapping[str, Any]
    name: str = "stoker-agent"
    port: int = PORT
    data_volume: str = gateways.DATA_VOLUME
    secrets: tuple[str, ...] = ()
    """The names of the Secrets that `git` refers to."""
    gateway: Mapping[str, Any] = field(default_factory=dict)
    """What is said of the gateway beside its name, which is the agent's."""
    profile: Mapping[str, Any] = field(default_factory=dict)
    repo_volume: Document = field(default_factory=dict)
    """The volume of the repository, if it is not to be one of 2 GiB on the node's disk."""
    resources: Mapping[str, Any] = field(default_factory=lambda: RESOURCES)

    def config(self) -> Document:
        """The configuration as a ConfigMap."""
        content = {
            "gateway": {"name": self.name, **self.gateway},
            "git": dict(self.git),
            "dataDir": gateways.DATA,
            "repoDir": REPO,
            "profile": {"mappings": list(MAPPINGS), **self.profile},
            "listen": f"0.0.0.0:{self.port}",
        }
        return manifests.config_map(self.name, {"agent.yaml": content})

    def container(self, *, native: bool = True) -> Document:
        """The container; a `native` sidecar holds up the others until its first sync is done."""
        mounts = {
            _CONFIG: f"{self.name}-config",
            REPO: f"{self.name}-repo",
            "/tmp": f"{self.name}-tmp",  # noqa: S108 - the container's own
            gateways.DATA: self.data_volume,
            **{f"{_SECRETS}/{secret}": secret for secret in self.secrets},
        }
        live = manifests.probe(self.port, "/healthz", period=10)
        made = manifests.container(
            self.name,
            self.image,
            mounts=mounts,
            command=["stoker-agent", "--config", f"{_CONFIG}/agent.yaml"],
            resources=dict(self.resources),
            livenessProbe=live,
        )
        if not native:
            return made
        started = manifests.probe(self.port, "/startupz", period=2, failures=150)
        ready = manifests.probe(self.port, "/readyz", period=5)
        return {**made, "restartPolicy": "Always", "startupProbe": started, "readinessProbe": ready}

    def volumes(self) -> list[Document]:
        """Its own volumes; those of `secrets` and of the data are the pod's."""
        repo = self.repo_volume or manifests.scratch("", "2Gi")
        return [
            manifests.from_config_map(f"{self.name}-config", self.name),
            {**repo, "name": f"{self.name}-repo"},
            manifests.scratch(f"{self.name}-tmp"),
        ]

    def in_pod(self, pod: Pod) -> Agent:
        """This agent as it runs in a pod."""
        return Agent(pod, self.name, self.port)


def beside_gateway(image: str, git: Mapping[str, Any], *secrets: str, **more: Any) -> Sidecar:
    """An agent that asks the gateway of its pod for scans."""
    gateway = {
        "url": f"http://localhost:{gateways.PORT}",
        "apiKeyFile": f"{_SECRETS}/{gateways.API_KEY_SECRET}/{gateways.API_KEY_FIELD}",
    }
    return Sidecar(image, git, secrets=(*secrets, gateways.API_KEY_SECRET), gateway=gateway, **more)


@dataclass(frozen=True)
class Agent:
    """An agent that runs."""

    pod: Pod
    name: str = "stoker-agent"
    port: int = PORT

    def status(self) -> dict[str, Any]:
        """What it tells of its gateway."""
        found: dict[str, Any] = self.pod.ask(self.port, "/status").json
        return found

    def says(self, sync_status: str, commit: str | None = None) -> dict[str, Any]:
        """Its status if that is so, and of this commit; raises AssertionError with what it is."""
        status = self.status()
        assert status.get("syncStatus") == sync_status, status
        assert commit is None or status.get("syncedCommit") == commit, status
        return status

    def files(self) -> dict[str, str]:
        """The SHA-256 of every file in the data directory that is not Stoker's own."""
        told = self.pod.exec(self.name, "python", "-c", _SUMS, gateways.DATA)
        found: dict[str, str] = json.loads(told)
        return found

    def complaints(self) -> list[str]:
        """The errors that it has logged."""
        return [str(one["error"]) for one in self.pod.lines(self.name) if one.get("error")]

    def audits(self, *more: str) -> list[dict[str, Any]]:
        """The records of its syncs."""
        return [one for one in self.pod.lines(self.name, *more) if one["logger"] == "audit"]
