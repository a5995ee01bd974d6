"""Where the gateway's files are: the volume, and the path at which the agent mounts it.

The agent and the gateway must see the same directory under the same path, so the sidecar repeats
the gateway's own mount, sub-path included. The gateway is the first container that mounts the
volume; of several mounts the one over Ignition's data directory counts, else the first.

A pod without such a volume still gets its sidecar: the agent then says in its status that there
is nothing to write to, which a pod that was never made could not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from stoker.core import names
from stoker.core.errors import Problem
from stoker.core.pods.json_shapes import members, objects, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stoker.core.injection.anatomy import Anatomy

IGNITION_DATA: Final = "/usr/local/bin/ignition/data"
"""The data directory of the official image."""

_READ_ONLY_KINDS: Final = ("configMap", "secret", "downwardAPI", "projected", "image")
_REFERENCE: Final = re.compile(r"\$(?:\$|\(([^()]*)\))")
_SHARED_VARIABLES: Final = {
    names.ENV_POD_NAME: "metadata.name",
    names.ENV_POD_NAMESPACE: "metadata.namespace",
}
"""Variables that the sidecar has as well, and what they stand for there."""


@frozen
class DataVolume:
    """The gateway's data volume as the sidecar mounts it."""

    volume: str
    path: str = names.PATH_DATA
    sub_path: str = ""
    sub_path_expr: str = ""
    foreign_variables: tuple[str, ...] = ()
    """Variables in `sub_path_expr` that would stand for something else in the sidecar."""

    @property
    def mount(self) -> dict[str, Any]:
        """The volumeMount."""
        mount = {"name": self.volume, "mountPath": self.path}
        if self.sub_path:
            mount["subPath"] = self.sub_path
        if self.sub_path_expr:
            mount["subPathExpr"] = self.sub_path_expr
        return mount

    def problems(self, taken: Iterable[str]) -> tuple[Problem, ...]:
        """Why the sidecar cannot mount it, beside its own mounts at `taken`."""
        place = f"spec.volumes[{self.volume}]"
        found = []
        if any(_overlap(self.path, path) for path in taken):
            message = f"the gateway mounts it at {self.path}, which the agent needs for itself"
            found.append(Problem(place, message, "mount the data volume elsewhere"))
        if self.foreign_variables:
            listed = ", ".join(self.foreign_variables)
            message = f"the subPathExpr of its mount uses {listed}, which the agent does not know"
            cure = "use subPath, or only POD_NAME and POD_NAMESPACE taken from the pod's metadata"
            found.append(Problem(place, message, cure))
        return tuple(found)


def find_data_volume(pod: Anatomy) -> DataVolume | None:
    """The volume that the gateway keeps its files in, if the pod has one under a known name."""
    writable = {
        text(volume.get("name"))
        for volume in objects(pod.volumes)
        if not any(volume.get(kind) is not None for kind in _READ_ONLY_KINDS)
    }
    name = next((name for name in names.DATA_VOLUMES if name in writable), None)
    if name is None:
        return None
    for container in objects(pod.containers):
        mounts = [mount for mount in objects(container.get("volumeMounts")) if _shows(mount, name)]
        if mounts:
            main = next((mount for mount in mounts if _at_ignition(mount)), mounts[0])
            return _as_mounted(name, main, container)
    return DataVolume(name)


def _shows(mount: Mapping[str, Any], volume: str) -> bool:
    return mount.get("name") == volume and bool(text(mount.get("mountPath")))


def _at_ignition(mount: Mapping[str, Any]) -> bool:
    return _parts(text(mount.get("mountPath"))) == _parts(IGNITION_DATA)


def _as_mounted(name: str, mount: Mapping[str, Any], container: Mapping[str, Any]) -> DataVolume:
    expression = text(mount.get("subPathExpr"))
    return DataVolume(
        name,
        text(mount.get("mountPath")),
        text(mount.get("subPath")),
        expression,
        _foreign_variables(expression, container),
    )


def _foreign_variables(expression: str, container: Mapping[str, Any]) -> tuple[str, ...]:
    defined = {text(entry.get("name")): entry for entry in objects(container.get("env"))}
    used = {found for found in _REFERENCE.findall(expression) if found}
    return tuple(
        sorted(
            variable
            for variable in used
            if variable not in _SHARED_VARIABLES
            or _field_of(defined.get(variable)) != _SHARED_VARIABLES[variable]
        )
    )


def _field_of(entry: Mapping[str, Any] | None) -> str:
    source = members(members((entry or {}).get("valueFrom")).get("fieldRef"))
    return text(source.get("fieldPath"))


def _overlap(one: str, other: str) -> bool:
    pairs = zip(_parts(one), _parts(other), strict=False)
    return all(ours == theirs for ours, theirs in pairs)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]
