"""What a pod's author should know although the pod can have the sidecar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stoker.core import names
from stoker.core.injection.data_volume import find_data_volume
from stoker.core.injection.sidecar import credential_host
from stoker.core.pods.json_shapes import members, objects, text

if TYPE_CHECKING:
    from stoker.core.injection.anatomy import Anatomy
    from stoker.core.injection.settings import InjectionSettings
    from stoker.core.spec.types import GatewaySync

_AGENT_PORTS: Final = (names.PROBE_PORT, names.METRICS_PORT)


def advice(anatomy: Anatomy, cr: GatewaySync, settings: InjectionSettings) -> tuple[str, ...]:
    """Warnings, one sentence each, with the cure."""
    return (
        *_unknown_annotations(anatomy),
        *_missing_data(anatomy),
        *_contested_ports(anatomy),
        *_shared_resources(anatomy),
        *_unusable_credential(cr, settings),
    )


def _unknown_annotations(anatomy: Anatomy) -> tuple[str, ...]:
    unknown = sorted(
        name
        for name in anatomy.annotations
        if text(name).startswith(names.PREFIX) and name not in names.POD_ANNOTATIONS
    )
    return tuple(
        f"the annotation {name} means nothing to Stoker: is it misspelt?" for name in unknown
    )


def _missing_data(anatomy: Anatomy) -> tuple[str, ...]:
    if find_data_volume(anatomy) is not None:
        return ()
    listed = " or ".join(names.DATA_VOLUMES)
    warning = (
        f"the pod has no writable volume named {listed}: give the gateway's data volume one of"
        " these names, or the agent has nothing to write to"
    )
    return (warning,)


def _contested_ports(anatomy: Anatomy) -> tuple[str, ...]:
    contested = sorted(
        {
            (port, text(container.get("name")))
            for container in anatomy.every_container
            for entry in objects(container.get("ports"))
            if (port := entry.get("containerPort")) in _AGENT_PORTS
        }
    )
    warnings = [
        f"container {name} declares port {port}, which the agent listens on: choose another"
        for port, name in contested
    ]
    if anatomy.spec.get("hostNetwork") is True:
        listed = " and ".join(map(str, _AGENT_PORTS))
        warnings.append(f"with hostNetwork the agent takes ports {listed} of the node")
    return tuple(warnings)


def _shared_resources(anatomy: Anatomy) -> tuple[str, ...]:
    if not members(anatomy.spec.get("resources")).get("limits"):
        return ()
    warning = (
        "the limits in spec.resources are those of the whole pod, and the agent takes its part of"
        " them: raise them by what it needs"
    )
    return (warning,)


def _unusable_credential(cr: GatewaySync, settings: InjectionSettings) -> tuple[str, ...]:
    if cr.spec.git.auth.method is None or credential_host(cr, settings):
        return ()
    warning = (
        f"spec.git.repo of GatewaySync {cr.metadata.name} names no host that may be used, so the"
        " agent uses its credential for none: correct spec.git.repo"
    )
    return (warning,)
