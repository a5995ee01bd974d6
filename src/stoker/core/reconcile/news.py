"""Which changes of the status are worth an event.

An event tells of a change, so it is made by comparing the status before with the status after, and
a status that stays the same makes none. A retry that fails for the same reason is no news.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stoker.core.conditions import ConditionReason, ConditionStatus, ConditionType
from stoker.core.reconcile.actions import EmitEvent, EventType
from stoker.core.report import report_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.core.conditions import Conditions
    from stoker.core.spec import GatewaySyncStatus

MAX_EVENT: Final = 1024
"""Characters that Kubernetes takes as the message of an event."""

_BAD_NEWS: Final = (
    (ConditionType.PROFILES_VALID, ConditionStatus.FALSE),
    (ConditionType.REF_RESOLVED, ConditionStatus.FALSE),
    (ConditionType.SIDECAR_INJECTED, ConditionStatus.FALSE),
    (ConditionType.SSH_HOST_KEY_VERIFICATION, ConditionStatus.FALSE),
    (ConditionType.AGENT_READY, ConditionStatus.FALSE),
    (ConditionType.DRIFTED, ConditionStatus.TRUE),
)


def news(before: GatewaySyncStatus, after: GatewaySyncStatus) -> Iterator[EmitEvent]:
    """The events that tell of the change from one status to the next."""
    if after.last_sync_commit != before.last_sync_commit:
        commit, ref = after.last_sync_commit_short, after.last_sync_ref
        yield event(EventType.NORMAL, ConditionReason.REF_RESOLVED, f"{ref} is now {commit}")
    found, knew = len(after.discovered_gateways), len(before.discovered_gateways)
    if found != knew:
        yield event(EventType.NORMAL, "GatewaysDiscovered", f"{found} gateway(s), before {knew}")
    for kind, bad in _BAD_NEWS:
        yield from _turn(before.conditions, after.conditions, kind, bad, EventType.WARNING)
    yield from _readiness(before.conditions, after.conditions)


def event(kind: EventType, reason: str, message: str, remembered: str = "") -> EmitEvent:
    """An event whose message Kubernetes takes."""
    return EmitEvent(kind, reason, report_text(message, MAX_EVENT), remembered)


def _turn(
    before: Conditions,
    after: Conditions,
    kind: ConditionType,
    status: ConditionStatus,
    event_type: EventType,
) -> Iterator[EmitEvent]:
    now, then = after.get(kind), before.get(kind)
    if now is None or now.status is not status:
        return
    if then is None or (then.status, then.reason) != (now.status, now.reason):
        yield event(event_type, now.reason, now.message)


def _readiness(before: Conditions, after: Conditions) -> Iterator[EmitEvent]:
    yield from _turn(before, after, ConditionType.READY, ConditionStatus.TRUE, EventType.NORMAL)
    ready, was = after.get(ConditionType.READY), before.get(ConditionType.READY)
    paused = ready is not None and ready.reason == ConditionReason.PAUSED
    was_paused = was is not None and was.reason == ConditionReason.PAUSED
    if paused and not was_paused:
        yield event(EventType.NORMAL, ConditionReason.PAUSED, "syncing is paused")
    if was_paused and not paused:
        yield event(EventType.NORMAL, "Resumed", "syncing goes on")
