"""The `GatewaySync` custom resource as frozen types, and the rules that its values obey.

- `types`, `mappings`, `status`: the objects, field by field
- `words`: the choices that a field leaves
- `schema`: what a field says of itself; `fields_of` reads it
- `document`: from the types to JSON values, and the one text of a document
- `problems`: places in a document, and what is wrong there
- `rules`: everything that the contract asks of well-typed values
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.core.exporting import exported

if TYPE_CHECKING:
    from stoker.core.spec.durations import Duration
    from stoker.core.spec.mappings import FieldPatch, SourceMapping
    from stoker.core.spec.status import (
        DiscoveredGateway,
        GatewaySyncStatus,
        RefResolutionStatus,
        SyncStatus,
    )
    from stoker.core.spec.types import (
        AgentImage,
        AgentSettings,
        GatewayAccess,
        GatewayApi,
        GatewaySync,
        GatewaySyncSpec,
        GitAuth,
        GitHubAppAuth,
        GitSource,
        KnownHosts,
        ObjectMeta,
        Polling,
        PullPolicy,
        ReceiverSettings,
        SecretKeyRef,
        SshKeyAuth,
        SyncProfile,
        SyncSection,
        SyncSettings,
        TokenAuth,
    )
    from stoker.core.spec.words import (
        DesignerPolicy,
        DesignerScope,
        DriftAction,
        MappingType,
        PruneMode,
    )
else:
    __getattr__ = exported(
        __name__,
        durations="Duration",
        mappings="FieldPatch SourceMapping",
        status="DiscoveredGateway GatewaySyncStatus RefResolutionStatus SyncStatus",
        types=(
            "AgentImage AgentSettings GatewayAccess GatewayApi GatewaySync GatewaySyncSpec "
            "GitAuth GitHubAppAuth GitSource KnownHosts ObjectMeta Polling PullPolicy "
            "ReceiverSettings SecretKeyRef SshKeyAuth SyncProfile SyncSection SyncSettings "
            "TokenAuth"
        ),
        words="DesignerPolicy DesignerScope DriftAction MappingType PruneMode",
    )

__all__ = [
    "AgentImage",
    "AgentSettings",
    "DesignerPolicy",
    "DesignerScope",
    "DiscoveredGateway",
    "DriftAction",
    "Duration",
    "FieldPatch",
    "GatewayAccess",
    "GatewayApi",
    "GatewaySync",
    "GatewaySyncSpec",
    "GatewaySyncStatus",
    "GitAuth",
    "GitHubAppAuth",
    "GitSource",
    "KnownHosts",
    "MappingType",
    "ObjectMeta",
    "Polling",
    "PruneMode",
    "PullPolicy",
    "ReceiverSettings",
    "RefResolutionStatus",
    "SecretKeyRef",
    "SourceMapping",
    "SshKeyAuth",
    "SyncProfile",
    "SyncSection",
    "SyncSettings",
    "SyncStatus",
    "TokenAuth",
]
