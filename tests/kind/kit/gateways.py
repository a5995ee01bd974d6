"""Fake gateways in pods, and the way to their controls.

The pod is shaped as Ignition's chart shapes it: user 2003, the data directory in a volume, the API
key in a Secret. `pod` makes the document, so that a test can add annotations or sidecars, and
`Gateway` asks one that runs what it has loaded, or tells it how to behave.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cluster import Problem

from kit import manifests
from kit.kubectl import Document

if TYPE_CHECKING:
    from kit.pods import Answer, Pod

DATA: Final = "/usr/local/bin/ignition/data"
DATA_VOLUME: Final = "ignition-data"
PORT: Final = 8088
TLS_PORT: Final = 8043
CONTROL_PORT: Final = 8099
CONTAINER: Final = "gateway"

API_KEY: Final = "stoker:sesame"
API_KEY_SECRET: Final = "api-key"
API_KEY_FIELD: Final = "apiKey"
_KEY_FOLDER: Final = "/etc/gateway/api-key"


def api_key_secret(name: str = API_KEY_SECRET, api_key: str = API_KEY) -> Document:
    """The key that gateways take, for them and for their agents."""
    return manifests.secret(name, {API_KEY_FIELD: api_key})


def container(image: str, switches: Mapping[str, object] | None = None, **more: Any) -> Document:
    """The gateway's container; `switches` are those of `stoker.testing.gateway.Settings`."""
    settings = [f"--set={name}={json.dumps(value)}" for name, value in (switches or {}).items()]
    made = manifests.container(
        CONTAINER,
        image,
        f"--token-file={_KEY_FOLDER}/{API_KEY_FIELD}",
        *settings,
        mounts={DATA: DATA_VOLUME, _KEY_FOLDER: API_KEY_SECRET, "/tmp": "gateway-tmp"},  # noqa: S108 - the container's own
        ports=[
            {"name": "http", "containerPort": PORT},
            {"name": "https", "containerPort": TLS_PORT},
        ],
        **manifests.probes(PORT, "/StatusPing"),
    )
    return made | more


def volumes() -> list[Document]:
    """What the container mounts; the Secret of the API key has to be there."""
    return [
        manifests.scratch(DATA_VOLUME),
        manifests.from_secret(API_KEY_SECRET),
        manifests.scratch("gateway-tmp"),
    ]


def pod(
    name: str,
    image: str,
    *,
    sidecars: Sequence[Document] = (),
    more_volumes: Sequence[Document] = (),
    switches: Mapping[str, object] | None = None,
    **rest: Any,
) -> Document:
    """A gateway's pod; `rest` is for `manifests.pod`."""
    return manifests.pod(
        name,
        [container(image, switches)],
        sidecars=sidecars,
        volumes=[*volumes(), *more_volumes],
        **rest,
    )


@dataclass(frozen=True)
class Gateway:
    """A fake gateway that runs in a pod."""

    pod: Pod

    def state(self) -> dict[str, Any]:
        """What its page shows."""
        return self._shown("state")

    def files(self) -> dict[str, str]:
        """The SHA-256 of each file that it has loaded, by path below the data directory."""
        return dict(self._shown("loaded")["files"])

    def holds(self, path: str, content: str | bytes) -> bool:
        """Whether it has loaded a file with this content."""
        raw = content.encode() if isinstance(content, str) else content
        return self.files().get(path) == hashlib.sha256(raw).hexdigest()

    def projects(self) -> list[str]:
        """The names of the projects that it has loaded."""
        return [str(one["name"]) for one in self.state()["projects"]]

    def reports(self) -> list[dict[str, Any]]:
        """What its loads changed in short, the newest first."""
        return list(self.state()["reports"])

    def requests(self) -> list[str]:
        """Which requests it was sent of late, such as `POST /scan/projects`, the oldest first."""
        return [str(one["endpoint"]) for one in self.received()]

    def received(self) -> list[dict[str, Any]]:
        """The same with all that is known of them, such as when each came."""
        return list(self._shown("requests")["items"])

    def tell(self, control: str, content: object = None) -> Any:
        """Use one of its controls: `settings`, `script`, `designers`, `save`, `scan` and others."""
        body = {} if content is None else content
        answer = self.pod.ask(CONTROL_PORT, f"/_fake/{control}", method="POST", body=body)
        return _good(answer, control).json

    def change(self, **switches: object) -> None:
        """Turn switches of its `Settings` while it runs."""
        self.tell("settings", switches)

    def api(self, path: str, method: str = "GET", api_key: str = API_KEY) -> Answer:
        """A request to the gateway's own API, such as `/data/api/v1/gateway-info`."""
        return self.pod.ask(PORT, path, method=method, headers={"X-Ignition-API-Token": api_key})

    def _shown(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = _good(self.pod.ask(CONTROL_PORT, f"/_fake/{name}"), name).json
        return found


def _good(answer: Answer, asked: str) -> Answer:
    if answer.status != 200:
        raise Problem(f"the fake gateway answers {answer.status} to {asked}: {answer.text}")
    return answer
