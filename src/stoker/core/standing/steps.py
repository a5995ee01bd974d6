"""A step: one problem that is known, and its cure.

The kinds are words that scripts may rely on. Their order is that in which they are to be seen to:
what keeps everything from working comes first, what is only worth knowing last.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from attrs import field, frozen

from stoker.core.report import report_text


class StepKind(StrEnum):
    """What is wrong."""

    NOT_SEEN = "NotSeen"
    DELETING = "Deleting"
    PROFILES_INVALID = "ProfilesInvalid"
    REF_NOT_RESOLVED = "RefNotResolved"
    REQUEST_IGNORED = "RequestIgnored"
    PAUSED = "Paused"
    NO_GATEWAYS = "NoGateways"
    MISSING_SIDECAR = "MissingSidecar"
    POD_NOT_STARTED = "PodNotStarted"
    AGENT_RESTARTS = "AgentRestarts"
    AGENT_SILENT = "AgentSilent"
    SYNC_FAILED = "SyncFailed"
    ROLLED_BACK = "RolledBack"
    DESIGNER_OPEN = "DesignerOpen"
    STATUS_BEHIND = "StatusBehind"
    DRIFT = "Drift"
    PROFILE_PAUSED = "ProfilePaused"
    DRY_RUN = "DryRun"
    HOST_KEYS_UNCHECKED = "HostKeysUnchecked"


_RANKS: Final = {kind: rank for rank, kind in enumerate(StepKind)}


@frozen(kw_only=True)
class Step:
    """What is wrong, with which gateways, and what to do about it."""

    kind: StepKind
    what: str = field(converter=report_text)
    """What is wrong, in a sentence without a full stop."""
    cure: str
    """What to do, as an order."""
    command: str = ""
    """A command that does it, or shows more; "" where none does."""
    gateways: tuple[str, ...] = ()
    """The pods that it is about; none: the GatewaySync as a whole."""

    @property
    def rank(self) -> tuple[int, tuple[str, ...], str]:
        """The order of steps; it is total."""
        return _RANKS[self.kind], self.gateways, self.what
