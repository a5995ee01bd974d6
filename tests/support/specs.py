"""A small valid spec, and short ways to change one thing of it."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from stoker.core.spec import (
    GatewayAccess,
    GatewayApi,
    GatewaySyncSpec,
    GitSource,
    SourceMapping,
    SyncProfile,
    SyncSection,
    SyncSettings,
)

REPO = "https://git.example/plant/files.git"


def a_mapping(source: str = "projects", destination: str = "projects", **given: Any) -> Any:
    """A mapping of one directory."""
    return SourceMapping(source=source, destination=destination, **given)


def a_profile(*mappings: SourceMapping, **settings: Any) -> SyncProfile:
    """A profile with these mappings, or with one."""
    return SyncProfile(mappings=mappings or (a_mapping(),), settings=SyncSettings(**settings))


def a_spec(**given: Any) -> GatewaySyncSpec:
    """A spec that nobody has anything against."""
    base = GatewaySyncSpec(
        git=GitSource(repo=REPO, ref="v1.0.0"),
        gateway=GatewayAccess(api=GatewayApi("gateway-api")),
        sync=SyncSection(profiles={"default": a_profile()}),
    )
    return evolve(base, **given)


def with_mappings(*mappings: SourceMapping, **settings: Any) -> GatewaySyncSpec:
    """That spec with these mappings in its one profile."""
    return with_profiles({"default": a_profile(*mappings, **settings)})


def with_profiles(profiles: dict[str, SyncProfile], **defaults: Any) -> GatewaySyncSpec:
    """That spec with these profiles and defaults."""
    return a_spec(sync=SyncSection(profiles=profiles, defaults=SyncSettings(**defaults)))


def a_document(**spec: Any) -> dict[str, Any]:
    """A resource as a user would write it, with these sections of its spec changed."""
    return {
        "apiVersion": "stoker.io/v1alpha1",
        "kind": "GatewaySync",
        "metadata": {"name": "plant", "namespace": "line-a"},
        "spec": {
            "git": {"repo": REPO, "ref": "v1.0.0"},
            "gateway": {"api": {"secretName": "gateway-api"}},
            "sync": {
                "profiles": {
                    "default": {"mappings": [{"source": "projects", "destination": "projects"}]}
                }
            },
            **spec,
        },
    }
