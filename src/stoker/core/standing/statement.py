"""Conditions in plain words: what each says, and whether that is as it should be.

A condition that this version does not know is told as it stands, and judged by nobody.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.conditions import ConditionReason, ConditionStatus, ConditionType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stoker.core.conditions import Condition, Conditions


class Tone(StrEnum):
    """What a statement means to whoever is called at night."""

    GOOD = "good"
    BUSY = "busy"
    """On its way."""
    NOTE = "note"
    """Worth knowing, and nothing to do about."""
    BAD = "bad"


@frozen(kw_only=True)
class Statement:
    """One condition, for people."""

    type: str
    status: ConditionStatus
    tone: Tone
    words: str
    reason: str
    message: str
    since: datetime


_T: Final = ConditionStatus.TRUE
_F: Final = ConditionStatus.FALSE
_U: Final = ConditionStatus.UNKNOWN
_KNOWN: Final[Mapping[tuple[str, ConditionStatus], tuple[Tone, str]]] = {
    (ConditionType.READY, _T): (Tone.GOOD, "every gateway has the commit"),
    (ConditionType.READY, _F): (Tone.BAD, "not every gateway has the commit"),
    (ConditionType.REF_RESOLVED, _T): (Tone.GOOD, "the repository has the ref"),
    (ConditionType.REF_RESOLVED, _F): (Tone.BAD, "no commit can be had for the ref"),
    (ConditionType.REF_RESOLVED, _U): (Tone.BUSY, "the git server has not answered yet"),
    (ConditionType.PROFILES_VALID, _T): (Tone.GOOD, "the spec can be used"),
    (ConditionType.PROFILES_VALID, _F): (Tone.BAD, "the spec cannot be used"),
    (ConditionType.ALL_GATEWAYS_SYNCED, _T): (Tone.GOOD, "all gateways are synced"),
    (ConditionType.ALL_GATEWAYS_SYNCED, _F): (Tone.BUSY, "gateways are not synced"),
    (ConditionType.SIDECAR_INJECTED, _T): (Tone.GOOD, "every gateway has an agent"),
    (ConditionType.SIDECAR_INJECTED, _F): (Tone.BAD, "gateways run without an agent"),
    (ConditionType.SSH_HOST_KEY_VERIFICATION, _T): (Tone.GOOD, "the git server is verified"),
    (ConditionType.SSH_HOST_KEY_VERIFICATION, _F): (Tone.NOTE, "the git server is not verified"),
    (ConditionType.AGENT_READY, _T): (Tone.GOOD, "every agent reports"),
    (ConditionType.AGENT_READY, _F): (Tone.BAD, "agents are silent"),
    (ConditionType.REF_SKEW, _T): (Tone.NOTE, "gateways are at different commits"),
    (ConditionType.REF_SKEW, _F): (Tone.GOOD, "gateways are in step"),
    (ConditionType.DRIFTED, _T): (Tone.BAD, "files were changed by somebody else"),
    (ConditionType.DRIFTED, _F): (Tone.GOOD, "files are as they were applied"),
    (ConditionType.RECONCILING, _T): (Tone.BUSY, "work is under way"),
    (ConditionType.RECONCILING, _F): (Tone.GOOD, "nothing is under way"),
    (ConditionType.STALLED, _T): (Tone.BAD, "nothing happens before somebody changes something"),
    (ConditionType.STALLED, _F): (Tone.GOOD, "nothing waits for somebody"),
}
_PAUSED: Final = "it is paused"


def statements(conditions: Conditions) -> tuple[Statement, ...]:
    """All of them, in the order in which the controller tells them."""
    return tuple(map(_statement, conditions))


def _statement(condition: Condition) -> Statement:
    tone, words = _KNOWN.get((condition.type, condition.status), (Tone.NOTE, ""))
    if condition.reason == ConditionReason.PAUSED:
        tone, words = Tone.NOTE, _PAUSED
    elif condition.reason == ConditionReason.NO_GATEWAYS_DISCOVERED:
        words = "there is no gateway"
    return Statement(
        type=condition.type,
        status=condition.status,
        tone=tone,
        words=words or f"it is {condition.status}",
        reason=condition.reason,
        message=condition.message,
        since=condition.last_transition_time,
    )
