"""The JSON of `stoker status`; `docs/kubectl-plugin.md` names its fields, which are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stoker.core.errors import InvalidDocument
from stoker.core.refs import RequestedRef, read_request
from stoker.core.spec.document import rfc3339
from stoker.core.standing import gateways, next_steps, statements, summarise
from stoker.entrypoints.cli.standing.layout import without_password

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from stoker.core.standing import (
        Facts,
        GatewayStanding,
        Happening,
        Statement,
        Step,
        Summary,
    )
    from stoker.entrypoints.cli.standing.gathering import Gathered


def fleet_document(summaries: Sequence[Summary]) -> dict[str, Any]:
    """All GatewaySyncs of a place."""
    are_ready = all(summary.is_ready for summary in summaries)
    return {
        "result": "ready" if are_ready else "notReady",
        "gatewaySyncs": [_summary(summary) for summary in summaries],
        "error": None,
    }


def sync_document(gathered: Gathered) -> dict[str, Any]:
    """One GatewaySync as a whole."""
    facts = gathered.facts
    summary = summarise(facts.metadata, facts.spec, facts.status)
    return {
        "result": "ready" if summary.is_ready else "notReady",
        **_summary(summary),
        "source": _source(facts),
        "commitSince": _time(facts.status.last_sync_time),
        "gateways": [_gateway(gateway) for gateway in gateways(facts)],
        "conditions": [_condition(one) for one in statements(facts.status.conditions)],
        "events": [_event(one) for one in facts.happenings],
        "next": [_step(step) for step in next_steps(facts)],
        "hidden": list(gathered.hidden),
        "error": None,
    }


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "namespace": summary.namespace,
        "name": summary.name,
        "state": summary.state.value,
        "ready": summary.is_ready,
        "since": _time(summary.since),
        "reason": summary.reason,
        "message": summary.message,
        "ref": summary.ref,
        "commit": summary.commit,
        "synced": summary.synced,
        "total": summary.gateways,
    }


def _source(facts: Facts) -> dict[str, Any] | None:
    spec = facts.spec
    if isinstance(spec, InvalidDocument):
        return None
    request = read_request(facts.metadata.annotations).request
    asked = isinstance(request, RequestedRef)
    return {
        "repository": without_password(spec.git.repo),
        "ref": spec.git.ref,
        "semver": spec.git.semver,
        "requestedRef": str(request.ref) if isinstance(request, RequestedRef) else None,
        "requestedAt": _time(request.at) if request is not None and asked else None,
        "requestedBy": request.by.value if request is not None and asked else None,
        "paused": spec.paused,
        "pollingInterval": spec.polling.interval.text if spec.polling.enabled else None,
    }


def _gateway(gateway: GatewayStanding) -> dict[str, Any]:
    row = gateway.row
    return {
        "name": row.name,
        "pod": row.pod_name,
        "profile": row.profile,
        "status": row.sync_status.value,
        "commit": row.synced_commit,
        "ref": row.synced_ref,
        "atCommit": gateway.is_at_commit,
        "pinnedTo": gateway.pinned_to or None,
        "lastSync": _time(row.last_sync_time),
        "lastScan": row.last_scan_result,
        "message": row.error_message,
        "drift": row.drift,
        "designersBlocking": gateway.designers,
        "wouldAdd": gateway.would_add,
        "wouldModify": gateway.would_modify,
        "wouldDelete": gateway.would_delete,
        "agentVersion": row.agent_version,
        "reportedAt": _time(gateway.reported_at),
    }


def _condition(statement: Statement) -> dict[str, Any]:
    return {
        "type": statement.type,
        "status": statement.status.value,
        "tone": statement.tone.value,
        "reason": statement.reason,
        "message": statement.message,
        "since": _time(statement.since),
    }


def _event(happening: Happening) -> dict[str, Any]:
    return {
        "at": _time(happening.at),
        "warning": happening.is_warning,
        "reason": happening.reason,
        "message": happening.message,
        "count": happening.count,
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "kind": step.kind.value,
        "pods": list(step.gateways),
        "problem": step.what,
        "cure": step.cure,
        "command": step.command or None,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
