"""One GatewaySync in a line: what it follows, how far it is, and what is in its way."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from attrs import frozen

from stoker.core.conditions import Condition, ConditionReason, ConditionType
from stoker.core.errors import InvalidDocument
from stoker.core.refs import RequestedRef, read_request
from stoker.core.spec.status import SyncStatus

if TYPE_CHECKING:
    from stoker.core.refs import Request
    from stoker.core.spec import GatewaySyncSpec, GatewaySyncStatus
    from stoker.core.spec.types import ObjectMeta


class State(StrEnum):
    """How a GatewaySync stands as a whole."""

    READY = "ready"
    PROGRESSING = "progressing"
    STALLED = "stalled"
    """Nothing happens until somebody changes something."""
    PAUSED = "paused"
    UNSEEN = "unseen"
    """No controller has looked at it, or at its latest spec."""
    DELETING = "deleting"


@frozen(kw_only=True)
class Summary:
    """The line."""

    namespace: str
    name: str
    state: State
    since: datetime | None
    """When it became so, as far as that is known."""
    reason: str
    """The word of the condition that says so; "" where there is none."""
    message: str
    """Why it is not ready; "" when it is."""
    ref: str
    """The ref that is followed, or is to be."""
    is_requested: bool
    """Whether somebody has asked for that ref, and the spec names another."""
    commit: str
    synced: int
    gateways: int

    @property
    def is_ready(self) -> bool:
        """Whether every gateway is where it should be, and all of the spec is heeded."""
        return self.state is State.READY


def summarise(
    metadata: ObjectMeta, spec: GatewaySyncSpec | InvalidDocument, status: GatewaySyncStatus
) -> Summary:
    """How a GatewaySync stands, by what its own document says."""
    ready = status.conditions.get(ConditionType.READY)
    state, reason, message = _judged(metadata, status, ready)
    wanted = wanted_ref(spec)
    request = read_request(metadata.annotations).request
    ref = status.last_sync_ref or wanted
    rows = status.discovered_gateways
    return Summary(
        namespace=metadata.namespace,
        name=metadata.name,
        state=state,
        since=None if ready is None else ready.last_transition_time,
        reason=reason,
        message=message,
        ref=ref,
        is_requested=is_in_force(request, ref, wanted),
        commit=status.last_sync_commit,
        synced=sum(row.sync_status is SyncStatus.SYNCED for row in rows),
        gateways=len(rows),
    )


def wanted_ref(spec: GatewaySyncSpec | InvalidDocument) -> str:
    """What the spec names: a ref, or a range of versions; "" when it cannot be read."""
    if isinstance(spec, InvalidDocument):
        return ""
    return spec.git.ref or spec.git.semver or ""


def is_in_force(request: Request | None, ref: str, wanted: str) -> bool:
    """Whether `ref` is followed because it was requested."""
    return isinstance(request, RequestedRef) and ref == request.ref and ref != wanted


def _judged(
    metadata: ObjectMeta, status: GatewaySyncStatus, ready: Condition | None
) -> tuple[State, str, str]:
    """The state, the word for its reason, and why it is not ready."""
    if metadata.deleting:
        return State.DELETING, "Deleting", "it is being deleted"
    if ready is None or status.observed_generation != metadata.generation:
        return State.UNSEEN, "NotSeen", "the controller has not seen the latest spec yet"
    if ready.reason == ConditionReason.PAUSED:
        return State.PAUSED, ready.reason, ready.message
    if status.conditions.is_true(ConditionType.READY):
        return State.READY, ready.reason, ""
    stalled = status.conditions.get(ConditionType.STALLED)
    if stalled is not None and status.conditions.is_true(ConditionType.STALLED):
        return State.STALLED, stalled.reason, stalled.message
    return State.PROGRESSING, ready.reason, ready.message
