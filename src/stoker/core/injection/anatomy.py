"""The parts of a pod that injection reads and extends.

Parts that are absent or `null` are empty. A part of a wrong type is a `DecodeError`: extending it
would lose what it holds. Everything that is not extended is shared with the original, so it comes
back exactly as it was, however odd or deep it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from attrs import frozen

from stoker.core import names
from stoker.core.errors import DecodeError
from stoker.core.pods.json_shapes import objects


@frozen(kw_only=True)
class Anatomy:
    """A pod taken apart."""

    pod: Mapping[str, Any]
    metadata: Mapping[str, Any]
    annotations: Mapping[str, Any]
    labels: Mapping[str, Any]
    spec: Mapping[str, Any]
    init_containers: Sequence[Any]
    containers: Sequence[Any]
    volumes: Sequence[Any]

    @classmethod
    def of(cls, pod: object) -> Self:
        """Take a pod's JSON apart, or raise `DecodeError`."""
        root = _members(pod, "pod")
        metadata = _members(root.get("metadata"), "metadata")
        spec = _members(root.get("spec"), "spec")
        return cls(
            pod=root,
            metadata=metadata,
            annotations=_members(metadata.get("annotations"), "metadata.annotations"),
            labels=_members(metadata.get("labels"), "metadata.labels"),
            spec=spec,
            init_containers=_entries(spec.get("initContainers"), "spec.initContainers"),
            containers=_entries(spec.get("containers"), "spec.containers"),
            volumes=_entries(spec.get("volumes"), "spec.volumes"),
        )

    @property
    def every_container(self) -> tuple[Mapping[str, Any], ...]:
        """The containers of all kinds: they share one space of names."""
        ephemeral = objects(self.spec.get("ephemeralContainers"))
        return (*objects(self.init_containers), *objects(self.containers), *ephemeral)

    @property
    def runs_agent(self) -> bool:
        """Whether a container is the agent: ours, or one that somebody wrote by hand."""
        return any(map(_is_agent, self.every_container))

    @property
    def impostors(self) -> tuple[Mapping[str, Any], ...]:
        """Containers that bear the agent's name and are something else."""
        return tuple(
            container
            for container in self.every_container
            if container.get("name") == names.AGENT_CONTAINER and not _is_agent(container)
        )

    def extended(
        self,
        *,
        first: Mapping[str, Any],
        volumes: Sequence[Mapping[str, Any]],
        annotations: Mapping[str, str],
        labels: Mapping[str, str],
    ) -> dict[str, Any]:
        """The pod with `first` before its init containers, and the others behind what it has."""
        metadata = {
            **self.metadata,
            "annotations": {**self.annotations, **annotations},
            "labels": {**self.labels, **labels},
        }
        spec = {
            **self.spec,
            "initContainers": [first, *self.init_containers],
            "volumes": [*self.volumes, *volumes],
        }
        return {**self.pod, "metadata": metadata, "spec": spec}


def _is_agent(container: Mapping[str, Any]) -> bool:
    named = container.get("name") == names.AGENT_CONTAINER
    return named and container.get("command") == [names.AGENT_COMMAND]


def _members(value: object, where: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise DecodeError("is not an object", where=where, cure="write it as `name: value` lines")
    return value


def _entries(value: object, where: str) -> Sequence[Any]:
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise DecodeError("is not a list", where=where, cure="write it as a list")
    return value
