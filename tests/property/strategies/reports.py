"""Reports of a few pods with few commits, so that they meet; and reports with anything in them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from stoker.core.discovery import Gateway
from stoker.core.paths import RelPath
from stoker.core.report import ChangeList, GatewayReport
from stoker.core.spec.status import SyncStatus

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
COMMITS = ("a" * 40, "b" * 40, "c" * 40)
NAMESPACE = "plant"

PODS = st.sampled_from(("red-0", "blue-0", "blue-1"))
LIVES = st.sampled_from(("u1", "u2"))
ALWAYS = st.sampled_from((True,))
MOSTLY = st.sampled_from((True, True, True, False))

any_text = st.text(st.characters(), max_size=40)
counts = st.integers(0, 2**63 - 1)
times = st.none() | st.datetimes(
    datetime(1, 1, 2),  # noqa: DTZ001 - a bound
    datetime(9999, 12, 30),  # noqa: DTZ001 - a bound
    timezones=st.just(UTC),
)


@st.composite
def pod_reports(
    draw: st.DrawFn,
    pods: st.SearchStrategy[str] = PODS,
    lives: st.SearchStrategy[str] = LIVES,
) -> GatewayReport:
    """A plausible report of one of few pods: small numbers, few commits, every state."""
    pod = draw(pods)
    return GatewayReport(
        gateway=pod.partition("-")[0],
        namespace=NAMESPACE,
        pod_name=pod,
        pod_uid=draw(lives),
        seq=draw(st.integers(0, 4)),
        sync_status=draw(st.sampled_from(SyncStatus)),
        synced_commit=draw(st.sampled_from(("", *COMMITS))),
        synced_ref=draw(st.sampled_from(("main", "trial"))),
        drift=draw(st.integers(0, 2)),
    )


@st.composite
def legacy_reports(draw: st.DrawFn) -> GatewayReport:
    """A report as a Go agent writes it: no pod, no life, no number."""
    return GatewayReport(
        gateway=draw(st.sampled_from(("red", "blue"))),
        namespace=NAMESPACE,
        sync_status=draw(st.sampled_from(SyncStatus)),
        synced_commit=draw(st.sampled_from(("", *COMMITS))),
        last_sync_time=draw(st.none() | st.integers(0, 3).map(lambda s: NOW.replace(second=s))),
    )


@st.composite
def any_reports(draw: st.DrawFn) -> GatewayReport:
    """A report with anything in every field."""
    return GatewayReport(
        gateway=draw(any_text),
        namespace=draw(any_text),
        pod_name=draw(any_text),
        pod_uid=draw(any_text),
        seq=draw(counts),
        reported_at=draw(times),
        profile=draw(any_text),
        sync_status=draw(st.sampled_from(SyncStatus)),
        synced_commit=draw(any_text),
        synced_ref=draw(any_text),
        last_sync_time=draw(times),
        last_sync_duration=draw(any_text),
        agent_version=draw(any_text),
        last_scan_result=draw(any_text),
        files_changed=draw(counts),
        projects_synced=tuple(draw(st.lists(any_text, max_size=4))),
        error_message=draw(any_text),
        drift=draw(counts),
        dry_run=draw(st.booleans()),
        dry_run_diff_added=draw(counts),
        dry_run_diff_modified=draw(counts),
        dry_run_diff_deleted=draw(counts),
        designer_sessions_blocked=draw(counts),
    )


rel_paths = st.text(st.sampled_from("abä\"/ '"), min_size=1, max_size=12).map(
    lambda text: RelPath.parse(f"x{text}")
)


@st.composite
def change_lists(draw: st.DrawFn) -> ChangeList:
    """A list of changes, cut or not."""
    added, modified, deleted = (tuple(draw(st.lists(rel_paths, max_size=4))) for _ in range(3))
    return ChangeList(
        commit=draw(st.sampled_from(COMMITS)),
        dry_run=draw(st.booleans()),
        added=added,
        modified=modified,
        deleted=deleted,
        total_added=len(added) + draw(st.integers(0, 3)),
        total_modified=len(modified) + draw(st.integers(0, 3)),
        total_deleted=len(deleted) + draw(st.integers(0, 3)),
    )


def a_gateway(pod: str = "blue-0", uid: str = "u1", **fields: Any) -> Gateway:
    """The gateway in the pod `pod`, whose name it has up to the number."""
    values: dict[str, Any] = {
        "name": pod.rpartition("-")[0],
        "namespace": NAMESPACE,
        "pod_name": pod,
        "pod_uid": uid,
        "cr_name": "site",
        "profile": "default",
        "has_sidecar": True,
        "labels": {},
    }
    return Gateway(**(values | fields))


def a_report(
    pod: str = "blue-0",
    uid: str = "u1",
    status: SyncStatus = SyncStatus.SYNCED,
    commit: str = COMMITS[0],
    **fields: Any,
) -> GatewayReport:
    """What the agent in the pod `pod` says of its gateway."""
    values: dict[str, Any] = {
        "gateway": pod.rpartition("-")[0],
        "namespace": NAMESPACE,
        "pod_name": pod,
        "pod_uid": uid,
        "seq": 1,
        "sync_status": status,
        "synced_commit": commit,
    }
    return GatewayReport(**(values | fields))


@st.composite
def gateway_lists(
    draw: st.DrawFn, has_sidecar: st.SearchStrategy[bool] = MOSTLY
) -> tuple[Gateway, ...]:
    """Some of the gateways that `pod_reports` and `legacy_reports` speak of."""
    pods = draw(st.lists(PODS, unique=True))
    return tuple(
        a_gateway(
            pod,
            draw(LIVES),
            has_sidecar=draw(has_sidecar),
            ref_override=draw(st.none() | st.none() | st.just("trial")),
            sync_period=draw(st.none() | st.just(5)),
            created=draw(st.none() | st.just(NOW)),
        )
        for pod in sorted(pods)
    )
