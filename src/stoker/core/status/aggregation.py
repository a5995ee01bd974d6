"""From the rows of all gateways to the conditions of their CR.

`Ready` is true exactly when the CR is not paused, its ref is resolved, its profiles are valid,
there is a gateway, and every gateway's row is `Synced`, which a row is only at what its gateway
should have. `Ready` depends on a report through its row alone, and there `Synced` is the best:
so a worse report can take `Ready` away and can never bring it.

What follows for the cases that users ask about:
- a gateway with `dryRun` or `paused` is not `Synced`: its files are not those of the commit;
- a gateway that is pinned by `stoker.io/ref-override` is `Synced` at its own ref, so one that
  tries out a branch does not make the CR unready; `RefSkew` shows that it sits elsewhere;
- a paused CR is never ready, and its other conditions go on telling what is known.

`Reconciling` and `Stalled` are kstatus' two: something is on its way, or nothing will happen until
somebody changes something. They are never true together, and both are false for a CR that is
ready, paused, or held back on purpose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stoker.core.conditions import Condition, ConditionReason, Conditions, ConditionType
from stoker.core.spec.status import DiscoveredGateway, SyncStatus
from stoker.core.status import claims
from stoker.core.status.claims import Claim, no, yes
from stoker.core.status.freshness import deadlines
from stoker.core.status.rows import gateway_rows
from stoker.core.status.situation import Resolved, Situation, Unresolvable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stoker.core.discovery import Gateway
    from stoker.core.status.freshness import Deadline
    from stoker.core.status.merging import StatusMap

_WAITING_FOR_HANDS: Final = frozenset({SyncStatus.MISSING_SIDECAR, SyncStatus.ROLLED_BACK})
"""No retry of anybody's cures these: a new pod does, or a new commit."""
_AT_REST: Final = frozenset({SyncStatus.SYNCED, SyncStatus.PAUSED, SyncStatus.DRY_RUN})
"""Where a gateway stays when nothing is in its way."""
_PAUSED: Final = no(
    ConditionReason.PAUSED, "paused: no ref is resolved, and gateways keep what they have"
)


def aggregate(gateways: Sequence[Gateway], reports: StatusMap, situation: Situation) -> Conditions:
    """The conditions of a CR with these gateways, over those that it had before."""
    rows = gateway_rows(gateways, reports, situation.ref.commit)
    watched = deadlines(gateways, reports, profiles=situation.known_profiles, heard=situation.heard)
    return conditions_of(rows, watched, situation)


def conditions_of(
    rows: Sequence[DiscoveredGateway], watched: Sequence[Deadline], situation: Situation
) -> Conditions:
    """The same for who has the rows and the deadlines of its agents already."""
    claimed = {
        ConditionType.REF_RESOLVED: claims.ref_resolved(situation),
        ConditionType.PROFILES_VALID: claims.profiles_valid(situation),
        ConditionType.ALL_GATEWAYS_SYNCED: claims.all_synced(rows),
        ConditionType.SIDECAR_INJECTED: claims.sidecar_injected(rows),
        ConditionType.SSH_HOST_KEY_VERIFICATION: claims.host_keys(situation),
        ConditionType.AGENT_READY: claims.agent_ready(watched, situation),
        ConditionType.REF_SKEW: claims.ref_skew(rows),
        ConditionType.DRIFTED: claims.drifted(rows),
        ConditionType.RECONCILING: _reconciling(rows, situation),
        ConditionType.STALLED: _stalled(rows, situation),
        ConditionType.READY: _ready(rows, situation),
    }
    conditions = situation.previous
    for kind, claim in claimed.items():
        conditions = _with_claim(conditions, kind, claim, situation)
    return conditions


def _with_claim(
    conditions: Conditions, kind: ConditionType, claim: Claim | None, situation: Situation
) -> Conditions:
    if claim is None:
        return conditions.without(kind)
    if (old := conditions.get(kind)) is not None and _says(old, claim, situation.generation):
        return conditions
    return conditions.with_condition(
        Condition(
            type=kind.value,
            status=claim.status,
            reason=claim.reason,
            message=claim.message,
            last_transition_time=situation.now,
            observed_generation=situation.generation,
        )
    )


def _says(old: Condition, claim: Claim, generation: int) -> bool:
    """Whether a condition says already what is claimed; most do, in most looks."""
    return (old.status, old.observed_generation) == (claim.status, generation) and (
        old.reason,
        old.message,
    ) == (claim.reason, claim.message)


def _ready(rows: Sequence[DiscoveredGateway], situation: Situation) -> Claim:
    if situation.paused:
        return _PAUSED
    for needed in (claims.profiles_valid(situation), claims.ref_resolved(situation)):
        if not needed.holds:
            return no(ConditionReason.RECONCILING, needed.message)
    if not claims.all_synced(rows).holds:
        return no(ConditionReason.RECONCILING, claims.progress(rows))
    return yes(ConditionReason.SYNC_SUCCEEDED, claims.progress(rows))


def _reconciling(rows: Sequence[DiscoveredGateway], situation: Situation) -> Claim:
    if situation.paused:
        return _PAUSED
    if _obstacle(rows, situation) is not None:
        return no(ConditionReason.STALLED, "see the condition Stalled")
    if _is_settled(rows, situation):
        return no(ConditionReason.SYNC_SUCCEEDED, claims.progress(rows))
    return yes(ConditionReason.PROGRESSING, _ready(rows, situation).message)


def _stalled(rows: Sequence[DiscoveredGateway], situation: Situation) -> Claim:
    if situation.paused:
        return _PAUSED
    obstacle = _obstacle(rows, situation)
    if obstacle is not None:
        return yes(obstacle.reason, obstacle.message)
    return no(ConditionReason.PROGRESSING, "nothing has to be changed by hand")


def _obstacle(rows: Sequence[DiscoveredGateway], situation: Situation) -> Claim | None:
    """What keeps everything where it is until somebody changes something."""
    profiles = claims.profiles_valid(situation)
    if not profiles.holds:
        return profiles
    match situation.ref:
        case Unresolvable(reason=reason, message=message, stalled=True):
            return no(reason, message)
        case Resolved():
            return _gateways_in_need(rows)
        case _:
            return None


def _gateways_in_need(rows: Sequence[DiscoveredGateway]) -> Claim | None:
    unsettled = {row.sync_status for row in rows} - _AT_REST
    if not unsettled or not unsettled <= _WAITING_FOR_HANDS:
        return None
    if SyncStatus.MISSING_SIDECAR in unsettled:
        return claims.sidecar_injected(rows)
    return no(SyncStatus.ROLLED_BACK, claims.progress(rows))


def _is_settled(rows: Sequence[DiscoveredGateway], situation: Situation) -> bool:
    resolved = isinstance(situation.ref, Resolved)
    return resolved and bool(rows) and all(row.sync_status in _AT_REST for row in rows)
