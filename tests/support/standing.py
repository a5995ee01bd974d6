"""A GatewaySync's standing, made of what a test wants to say of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from stoker.core.conditions import Condition, Conditions, ConditionStatus
from stoker.core.report import GatewayReport
from stoker.core.spec import GatewaySyncSpec, GatewaySyncStatus
from stoker.core.spec.status import DiscoveredGateway, SyncStatus
from stoker.core.spec.types import (
    GatewayAccess,
    GatewayApi,
    GitSource,
    ObjectMeta,
    SyncProfile,
    SyncSection,
)
from stoker.core.standing import Facts, PodFacts

NOW: Final = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)
COMMIT: Final = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"
OTHER: Final = "0a2c7e1127ae82c7b1a177c8d03f9e96e0adf246"


def ago(**time: int) -> datetime:
    """`ago(minutes=12)`."""
    return NOW - timedelta(**time)


def spec(**more: Any) -> GatewaySyncSpec:
    """One that follows `main`; `git` has what it says of the repository."""
    git = {"repo": "https://git.example/plant/files.git", "ref": "main", **more.pop("git", {})}
    return GatewaySyncSpec(
        git=GitSource(**git),
        gateway=GatewayAccess(api=GatewayApi(secret_name="gateway-api-key")),
        sync=SyncSection(profiles={"default": SyncProfile(mappings=())}),
        **more,
    )


def metadata(**more: Any) -> ObjectMeta:
    """That of `plant/line-a`."""
    known: dict[str, Any] = {"name": "line-a", "namespace": "plant", "uid": "u", "generation": 2}
    return ObjectMeta(**known | more)


def row(pod: str = "line-a-0", status: str = "Synced", **more: Any) -> DiscoveredGateway:
    """A gateway of the status."""
    known = {"name": pod, "namespace": "plant", "pod_name": pod, "profile": "default"}
    times = {"synced_commit": COMMIT, "synced_ref": "main", "last_sync_time": ago(minutes=5)}
    return DiscoveredGateway(**{**known, **times, "sync_status": SyncStatus(status), **more})


def report(pod: str = "line-a-0", status: str = "Synced", **more: Any) -> GatewayReport:
    """What its agent has said."""
    known = {"gateway": pod, "namespace": "plant", "pod_name": pod, "pod_uid": f"uid-{pod}"}
    return GatewayReport(
        **{"reported_at": ago(seconds=10), **known, "sync_status": SyncStatus(status), **more}
    )


def pod(name: str = "line-a-0", **more: Any) -> PodFacts:
    """Its pod; `annotations` are ours, `agent` is the state of its container."""
    named = {f"stoker.io/{key}": text for key, text in more.pop("annotations", {}).items()}
    made = {
        "name": name,
        "namespace": "plant",
        "uid": more.pop("uid", f"uid-{name}"),
        "annotations": named,
        "creationTimestamp": more.pop("created", ago(hours=1)).isoformat(),
    }
    agent = {"name": "stoker-agent", **more.pop("agent", {})}
    return PodFacts.of({"metadata": made, "status": {"initContainerStatuses": [agent], **more}})


def conditions(**told: str) -> Conditions:
    """`Ready="False Reconciling: 1/3 synced"`, each twelve minutes old."""
    found = []
    for kind, text in told.items():
        head, _, message = text.partition(": ")
        status, _, reason = head.partition(" ")
        found.append(
            Condition(kind, ConditionStatus(status), reason or "Because", message, ago(minutes=12))
        )
    return Conditions.of(found)


def status(*rows: DiscoveredGateway, **more: Any) -> GatewaySyncStatus:
    """What the controller has written of these gateways; ready unless `conditions` say else."""
    known = {
        "observed_generation": 2,
        "last_sync_ref": "main",
        "last_sync_commit": COMMIT,
        "last_sync_time": ago(minutes=20),
        "conditions": conditions(Ready="True SyncSucceeded: 1/1 synced"),
    }
    return GatewaySyncStatus(discovered_gateways=rows, **{**known, **more})


def facts(*rows: DiscoveredGateway, **more: Any) -> Facts:
    """All that is known; `reports` and `pods` are given as lists."""
    reports = {one.pod_name: one for one in more.pop("reports", ())}
    pods = {one.pod.name: one for one in more.pop("pods", ())}
    known: dict[str, Any] = {"now": NOW, "metadata": metadata(), "spec": spec()}
    held = more.pop("status", {})
    return Facts(**known | more, status=status(*rows, **held), reports=reports, pods=pods)
