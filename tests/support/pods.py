"""Pods and CRs for tests: as little as makes sense, and what a test says on top."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from stoker.core import names
from stoker.core.injection import ImageSettings, InjectionSettings
from stoker.core.spec import (
    GatewayAccess,
    GatewayApi,
    GatewaySync,
    GatewaySyncSpec,
    GitAuth,
    GitSource,
    ObjectMeta,
    SourceMapping,
    SyncProfile,
    SyncSection,
)

NAMESPACE = "plant"
SETTINGS = InjectionSettings(
    image=ImageSettings("ghcr.io/stoker/agent", "1.0.0", "IfNotPresent"),
    allowed_repositories=frozenset({"registry.local:5000/stoker/agent"}),
)


def a_pod(
    annotations: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    """A gateway's pod that asks for the sidecar, as a StatefulSet makes it."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "gw-0",
            "namespace": NAMESPACE,
            "labels": {"app.kubernetes.io/name": "ignition", **(labels or {})},
            "annotations": {names.INJECT: "true", **(annotations or {})},
        },
        "spec": {
            "containers": [
                {
                    "name": "ignition",
                    "image": "inductiveautomation/ignition:8.3",
                    "volumeMounts": [
                        {"name": "data", "mountPath": "/usr/local/bin/ignition/data"},
                    ],
                }
            ],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-gw-0"}}],
            **spec,
        },
    }


def a_cr(
    name: str = "prod",
    *,
    profiles: tuple[str, ...] = ("default",),
    auth: GitAuth | None = None,
    repo: str = "https://git.example.com/plant/gateways.git",
) -> GatewaySync:
    """A CR with profiles of these names."""
    profile = SyncProfile(mappings=(SourceMapping(source="a", destination="b"),))
    return GatewaySync(
        metadata=ObjectMeta(name=name, namespace=NAMESPACE),
        spec=GatewaySyncSpec(
            git=GitSource(repo=repo, ref="main", auth=auth or GitAuth()),
            gateway=GatewayAccess(api=GatewayApi("gateway-key")),
            sync=SyncSection(profiles=dict.fromkeys(profiles, profile)),
        ),
    )


def with_metadata(cr: GatewaySync, **changes: Any) -> GatewaySync:
    """`cr` with other members of its metadata."""
    return evolve(cr, metadata=evolve(cr.metadata, **changes))


def with_spec(cr: GatewaySync, **changes: Any) -> GatewaySync:
    """`cr` with other members of its spec."""
    return evolve(cr, spec=evolve(cr.spec, **changes))


def sidecar_of(pod: Mapping[str, Any]) -> dict[str, Any]:
    """The injected container."""
    first: dict[str, Any] = pod["spec"]["initContainers"][0]
    assert first["name"] == names.AGENT_CONTAINER
    return first


def env_of(pod: Mapping[str, Any]) -> dict[str, Any]:
    """The sidecar's variables: text, or the path of the pod's field."""
    return {
        entry["name"]: entry.get("value", entry.get("valueFrom", {}).get("fieldRef"))
        for entry in sidecar_of(pod)["env"]
    }


def volumes_of(pod: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The pod's volumes by name, without their names."""
    return {
        volume["name"]: {key: value for key, value in volume.items() if key != "name"}
        for volume in pod["spec"]["volumes"]
    }


def mounts_of(pod: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The sidecar's mounts by path."""
    return {mount["mountPath"]: mount for mount in sidecar_of(pod)["volumeMounts"]}
