"""Pods of agents, ready made: one agent beside a gateway, or several agents by themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kit import gateways, manifests
from kit.gateways import Gateway
from kit.sidecars import Agent, Sidecar

if TYPE_CHECKING:
    from kit.kubectl import Document
    from kit.pods import Pod
    from kit.spaces import Space

_SEED: Final = """
import json, pathlib, sys
for folder in pathlib.Path("/data").iterdir():
    for path, text in json.loads(sys.argv[1]).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
"""


@dataclass(frozen=True)
class Station:
    """A gateway's pod with its agent."""

    agent: Agent
    gateway: Gateway

    @property
    def pod(self) -> Pod:
        """The pod of both."""
        return self.agent.pod


def beside_gateway(space: Space, name: str, sidecar: Sidecar, gateway_image: str) -> Station:
    """A station that is ready; the Secrets that it names have to be there."""
    space.apply(sidecar.config())
    shared = [one for one in sidecar.secrets if one != gateways.API_KEY_SECRET]
    document = gateways.pod(
        name,
        gateway_image,
        sidecars=[sidecar.container()],
        more_volumes=[*sidecar.volumes(), *map(manifests.from_secret, shared)],
    )
    pod = space.start(document).ready()
    return Station(sidecar.in_pod(pod), Gateway(pod))


def alone(
    space: Space,
    name: str,
    sidecars: Sequence[Sidecar],
    seed: Mapping[str, str],
    sizes: Mapping[str, str] | None = None,
) -> Pod:
    """As `start_alone`, and ready."""
    return start_alone(space, name, sidecars, seed, sizes).ready()


def start_alone(
    space: Space,
    name: str,
    sidecars: Sequence[Sidecar],
    seed: Mapping[str, str],
    sizes: Mapping[str, str] | None = None,
) -> Pod:
    """A pod of agents without a gateway, each with a data directory that holds the files of `seed`.

    `sizes` are those of data directories that are to be in memory, by the agents' names.
    """
    space.apply(*(sidecar.config() for sidecar in sidecars))
    secrets = sorted({secret for sidecar in sidecars for secret in sidecar.secrets})
    volumes = [
        *(_data_volume(sidecar, sizes or {}) for sidecar in sidecars),
        *(volume for sidecar in sidecars for volume in sidecar.volumes()),
        *map(manifests.from_secret, secrets),
    ]
    sower = manifests.container(
        "seed",
        sidecars[0].image,
        mounts={f"/data/{sidecar.name}": sidecar.data_volume for sidecar in sidecars},
        command=["python", "-c", _SEED, json.dumps(dict(seed))],
    )
    containers = [sidecar.container(native=False) for sidecar in sidecars]
    return space.start(manifests.pod(name, containers, sidecars=[sower], volumes=volumes))


def _data_volume(sidecar: Sidecar, sizes: Mapping[str, str]) -> Document:
    size = sizes.get(sidecar.name)
    return manifests.scratch(sidecar.data_volume, size, in_memory=size is not None)
