"""What numbers mean: the words and colours that both dashboards have for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tools.dashboards.panels import (
    BLUE,
    DARK_RED,
    GREEN,
    GREY,
    LIGHT_BLUE,
    ORANGE,
    PURPLE,
    RED,
    YELLOW,
    fixed,
    named,
    words,
)

from stoker.core.conditions import ConditionType
from stoker.core.spec import SyncStatus
from stoker.core.status import state_number

if TYPE_CHECKING:
    from tools.dashboards.panels import Json

_COLOURS: Final = {
    SyncStatus.PENDING: LIGHT_BLUE,
    SyncStatus.SYNCED: GREEN,
    SyncStatus.ERROR: RED,
    SyncStatus.MISSING_SIDECAR: DARK_RED,
    SyncStatus.SYNCING: BLUE,
    SyncStatus.BLOCKED: YELLOW,
    SyncStatus.PAUSED: GREY,
    SyncStatus.DRY_RUN: PURPLE,
    SyncStatus.ROLLED_BACK: ORANGE,
}
STATES: Final = words({state_number(one): (one.value, _COLOURS[one]) for one in SyncStatus})
"""Of `gateway_sync_status`."""
READY: Final = words({0: ("not ready", RED), 1: ("ready", GREEN)})
YES: Final = words({0: ("no", GREY), 1: ("yes", ORANGE)})
_TRUTHS: Final[dict[str, dict[float, tuple[str, str]]]] = {
    "good": {-1: ("unknown", GREY), 0: ("false", RED), 1: ("true", GREEN)},
    "bad": {-1: ("unknown", GREY), 0: ("false", GREEN), 1: ("true", ORANGE)},
    "on its way": {-1: ("unknown", GREY), 0: ("false", GREEN), 1: ("true", BLUE)},
}
CONDITION: Final = words(_TRUTHS["good"])
"""Of a condition that is to be true."""
LEADER: Final = words({0: ("waits", GREY), 1: ("leads", GREEN)})

_RESULTS: Final = {
    **dict.fromkeys(("success", "synced", "ok", "injected", "allowed", "202", "200"), GREEN),
    **dict.fromkeys(("unchanged", "skipped", "abandoned"), GREY),
    **dict.fromkeys(("conflict", "warned", "blocked", "timeout", "429"), YELLOW),
    **dict.fromkeys(("rolledBack", "denied", "rejected", "401"), ORANGE),
    **dict.fromkeys(("error", "503"), RED),
    "dryRun": PURPLE,
}


def states_by_number() -> list[Json]:
    """For series that are called as the number of a state."""
    return [
        named(str(state_number(one)), displayName=one.value, color=fixed(_COLOURS[one]))
        for one in SyncStatus
    ]


def conditions() -> list[Json]:
    """Of those that are not to be true."""
    kinds = dict.fromkeys(
        (ConditionType.DRIFTED, ConditionType.REF_SKEW, ConditionType.STALLED), "bad"
    )
    kinds[ConditionType.RECONCILING] = "on its way"
    return [named(one.value, mappings=words(_TRUTHS[kind])) for one, kind in kinds.items()]


def results(*names: str) -> list[Json]:
    """For series that are called as a result."""
    return [named(name, color=fixed(_RESULTS[name])) for name in names]
