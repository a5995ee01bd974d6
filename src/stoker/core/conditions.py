"""Conditions of a CR's status, as Kubernetes keeps them: a list that is a map by type.

A `Condition` is always one that the API server accepts: text that is too long is cut, text that
cannot be JSON or would colour a terminal is cleaned, a reason that is no CamelCase word is made
one. Otherwise a single huge error message could keep a whole status from being written.

`Conditions` is immutable; `with_condition` moves the transition time only when the status moves.
Times are kept in UTC and whole seconds, because that is what comes back from the API: what was
written and what is read are equal, and an unchanged status is not written again.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

from attrs import evolve, field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_MESSAGE: Final = 32_768
"""How many characters the API takes as a message."""

MAX_REASON: Final = 1_024
"""How many characters the API takes as a reason."""

CUT: Final = " … (cut)"
"""What a message that was cut ends with."""

_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_NO_REASON: Final = re.compile(r"[^A-Za-z0-9_,:]+")
_REASON_START: Final = re.compile(r"^[^A-Za-z]+")
_REASON_END: Final = re.compile(r"[,:]+$")


class ConditionType(StrEnum):
    """What the contract says something about."""

    REF_RESOLVED = "RefResolved"
    PROFILES_VALID = "ProfilesValid"
    ALL_GATEWAYS_SYNCED = "AllGatewaysSynced"
    SIDECAR_INJECTED = "SidecarInjected"
    SSH_HOST_KEY_VERIFICATION = "SSHHostKeyVerification"
    AGENT_READY = "AgentReady"
    REF_SKEW = "RefSkew"
    DRIFTED = "Drifted"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    READY = "Ready"


class ConditionReason(StrEnum):
    """Why: the words that dashboards and scripts may rely on."""

    REF_RESOLVED = "RefResolved"
    REF_RESOLUTION_FAILED = "RefResolutionFailed"
    GITHUB_APP_EXCHANGE_FAILED = "GitHubAppExchangeFailed"
    PROFILES_VALID = "ProfilesValid"
    PROFILES_INVALID = "ProfilesInvalid"
    SYNC_SUCCEEDED = "SyncSucceeded"
    NO_GATEWAYS_DISCOVERED = "NoGatewaysDiscovered"
    SYNC_IN_PROGRESS = "SyncInProgress"
    SIDECAR_PRESENT = "SidecarPresent"
    SIDECAR_MISSING = "SidecarMissing"
    HOST_KEY_VERIFICATION_ENABLED = "HostKeyVerificationEnabled"
    HOST_KEY_VERIFICATION_DISABLED = "HostKeyVerificationDisabled"
    AGENT_READY = "AgentReady"
    AGENT_STALE = "AgentStale"
    SKEWED = "Skewed"
    IN_STEP = "InStep"
    DRIFT_DETECTED = "DriftDetected"
    NO_DRIFT = "NoDrift"
    PAUSED = "Paused"
    RECONCILING = "Reconciling"
    PROGRESSING = "Progressing"
    STALLED = "Stalled"


class ConditionStatus(StrEnum):
    """The three values that a condition has."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


def legal_message(text: str) -> str:
    """`text` as the API takes it."""
    clean = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text[: MAX_MESSAGE + 1])
    return clean if len(clean) <= MAX_MESSAGE else clean[: MAX_MESSAGE - len(CUT)] + CUT


def legal_reason(text: str) -> str:
    """`text` as a word that the API takes; `Unknown` when nothing of it is left."""
    letters = _REASON_START.sub("", _NO_REASON.sub("", text))[:MAX_REASON]
    return _REASON_END.sub("", letters) or "Unknown"


def _whole_seconds(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        # Within a day of the years 1 and 9999 the zone does not matter to anyone.
        return time.replace(microsecond=0, tzinfo=UTC)


@frozen
class Condition:
    """One statement: whether it holds, why, since when, and for which generation of the spec."""

    type: str
    status: ConditionStatus
    reason: str = field(converter=legal_reason)
    message: str = field(converter=legal_message)
    last_transition_time: datetime = field(converter=_whole_seconds)
    observed_generation: int = 0


@frozen
class Conditions:
    """Conditions in a fixed order, at most one of each type."""

    items: tuple[Condition, ...] = ()

    @classmethod
    def of(cls, conditions: Iterable[Condition]) -> Self:
        """These conditions; of two of the same type, the later one at the place of the first."""
        return cls(tuple({one.type: one for one in conditions}.values()))

    def __iter__(self) -> Iterator[Condition]:
        """The conditions in order."""
        return iter(self.items)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.items)

    def get(self, kind: str) -> Condition | None:
        """The condition of this type."""
        return next((one for one in self.items if one.type == kind), None)

    def is_true(self, kind: str) -> bool:
        """Whether there is a condition of this type, and it is true."""
        found = self.get(kind)
        return found is not None and found.status is ConditionStatus.TRUE

    def with_condition(self, new: Condition) -> Self:
        """With `new` in place of the condition of its type, or at the end.

        The transition time of `new` says when its status would have changed; where the status is
        the same as before, so is the time.
        """
        old = self.get(new.type)
        if old is None:
            return type(self)((*self.items, new))
        if old.status == new.status:
            new = evolve(new, last_transition_time=old.last_transition_time)
        return type(self)(tuple(new if one is old else one for one in self.items))

    def without(self, kind: str) -> Self:
        """Without the condition of this type."""
        return type(self)(tuple(one for one in self.items if one.type != kind))
