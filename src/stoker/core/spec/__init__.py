"""The `GatewaySync` custom resource as frozen types, and the rules that its values obey.

- `types`, `status`: the objects, field by field
- `schema`: what a field says of itself; `fields_of` reads it
- `document`: from the types to JSON values, and the one text of a document
- `problems`: places in a document, and what is wrong there
- `rules`: everything that the contract asks of well-typed values
"""

from __future__ import annotations

from stoker.core.spec.durations import Duration
from stoker.core.spec.status import (
    DiscoveredGateway,
    GatewaySyncStatus,
    RefResolutionStatus,
    SyncStatus,
)
from stoker.core.spec.types import (
    AgentImage,
    AgentSettings,
    DesignerPolicy,
    DesignerScope,
    DriftAction,
    FieldPatch,
    GatewayAccess,
    GatewayApi,
    GatewaySync,
    GatewaySyncSpec,
    GitAuth,
    GitHubAppAuth,
    GitSource,
    KnownHosts,
    MappingType,
    ObjectMeta,
    Polling,
    PruneMode,
    PullPolicy,
    ReceiverSettings,
    SecretKeyRef,
    SourceMapping,
    SshKeyAuth,
    SyncProfile,
    SyncSection,
    SyncSettings,
    TokenAuth,
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
