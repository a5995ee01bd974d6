"""From what an agent knows to what it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from stoker.core.agent.effects import Report
from stoker.core.agent.moving import Move
from stoker.core.report import ChangeList, GatewayReport, next_seq

if TYPE_CHECKING:
    from datetime import datetime

    from stoker.core.agent.state import State

_NOTHING = ChangeList(commit="")


def view(state: State) -> GatewayReport:
    """The report that `state` makes, without its number and its time."""
    identity, standing, pod = state.identity, state.standing, state.pod
    compared = standing.dry_run or _NOTHING
    return GatewayReport(
        gateway=pod.gateway_name,
        namespace=identity.namespace,
        pod_name=identity.pod_name,
        pod_uid=identity.pod_uid,
        profile=pod.profile,
        sync_status=standing.status,
        synced_commit=state.on_disk.commit,
        synced_ref=state.on_disk.ref,
        last_sync_time=standing.last_sync_time,
        last_sync_duration=standing.last_sync_duration,
        agent_version=identity.agent_version,
        last_scan_result=standing.scan_result,
        files_changed=standing.files_changed,
        projects_synced=standing.projects,
        error_message=standing.error,
        drift=standing.drift,
        dry_run=standing.dry_run is not None,
        dry_run_diff_added=compared.total_added,
        dry_run_diff_modified=compared.total_modified,
        dry_run_diff_deleted=compared.total_deleted,
        designer_sessions_blocked=standing.designers,
    )


def with_report(move: Move, now: datetime, *, heartbeat: bool) -> Move:
    """`move`, and a report if there is something new to tell, or it is time for a sign of life."""
    state = move.state
    seen = view(state)
    if seen == state.told and not heartbeat:
        return move
    seq = next_seq(state.seq, now)
    report = evolve(seen, seq=seq, reported_at=now)
    state = evolve(state, seq=seq, told=seen, told_at=now)
    return Move(state, (*move.effects, Report(report)))
