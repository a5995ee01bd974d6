"""The status of a `GatewaySync` as frozen types: what the controller tells about its gateways.

Empty texts, None and zero stand for what is not known; the document then lacks the field.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from attrs import frozen

from stoker.core.conditions import Conditions
from stoker.core.spec.schema import described


class SyncStatus(StrEnum):
    """The state of one gateway."""

    PENDING = "Pending"
    SYNCED = "Synced"
    ERROR = "Error"
    MISSING_SIDECAR = "MissingSidecar"
    SYNCING = "Syncing"
    BLOCKED = "Blocked"
    PAUSED = "Paused"
    DRY_RUN = "DryRun"
    ROLLED_BACK = "RolledBack"


class RefResolutionStatus(StrEnum):
    """How far the controller is with turning the ref into a commit."""

    NOT_RESOLVED = "NotResolved"
    RESOLVING = "Resolving"
    RESOLVED = "Resolved"
    ERROR = "Error"


@frozen(kw_only=True)
class DiscoveredGateway:
    """One gateway pod and what its agent said last."""

    name: str = described("Identity of the gateway.")
    namespace: str = described("Namespace of its pod.")
    pod_name: str = described("Name of its pod.")
    service_account_name: str = described("ServiceAccount of its pod.", default="")
    profile: str = described("Profile that it uses.", default="")
    sync_status: SyncStatus = described("State of the gateway.", default=SyncStatus.PENDING)
    last_sync_time: datetime | None = described("When it was last synced.", default=None)
    last_sync_duration: str = described("How long that took.", default="")
    synced_commit: str = described("Commit whose files are on its disk.", default="")
    synced_ref: str = described("Ref that this commit was resolved from.", default="")
    agent_version: str = described("Version of its agent.", default="")
    last_scan_result: str = described("What the gateway said to the last scan.", default="")
    files_changed: int = described("Files that the last sync changed.", default=0, minimum=0)
    projects_synced: tuple[str, ...] = described("Ignition projects that it received.", default=())
    error_message: str = described("Why it is not synced.", default="")
    drift: int = described("Files that differ from what was last applied.", default=0, minimum=0)


@frozen(kw_only=True)
class GatewaySyncStatus:
    """What the controller tells of one CR."""

    observed_generation: int = described(
        "Generation of the spec that this status is about.", default=0
    )
    last_sync_ref: str = described("Ref that was last resolved.", default="")
    last_sync_commit: str = described("Commit that it was resolved to.", default="")
    last_sync_commit_short: str = described("The first seven digits of that commit.", default="")
    last_sync_time: datetime | None = described("When that commit last changed.", default=None)
    ref_resolution_status: RefResolutionStatus = described(
        "How far the ref is resolved.", default=RefResolutionStatus.NOT_RESOLVED
    )
    profile_count: int = described("Number of profiles in the spec.", default=0, minimum=0)
    conditions: Conditions = described("What is true of the CR.", factory=Conditions)
    discovered_gateways: tuple[DiscoveredGateway, ...] = described(
        "The gateways and their state.", default=()
    )
