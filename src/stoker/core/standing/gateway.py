"""How each gateway stands: the row of the status, with what the agent and the pod say besides.

The row is the controller's verdict and is never judged anew here. What only the agent's own report
has (Designers, what a dry run found) counts while it is of the same life as the row: the report of
an earlier pod of that name says nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from stoker.core.spec.status import DiscoveredGateway, SyncStatus

if TYPE_CHECKING:
    from stoker.core.report import GatewayReport
    from stoker.core.standing.facts import Facts, PodFacts

_AT_REST: Final = frozenset({SyncStatus.SYNCED, SyncStatus.PAUSED, SyncStatus.DRY_RUN})


@frozen(kw_only=True)
class GatewayStanding:
    """One gateway."""

    row: DiscoveredGateway
    is_at_commit: bool
    """Whether the files on its disk are those of the commit in force."""
    pinned_to: str = ""
    """The ref that its pod asks for instead of the GatewaySync's."""
    designers: int = 0
    """Designer sessions that hold a sync up."""
    would_add: int = 0
    would_modify: int = 0
    would_delete: int = 0
    reported_at: datetime | None = None
    reported: SyncStatus | None = None
    """What its agent said last; the row has it as soon as the controller has looked."""

    @property
    def status(self) -> SyncStatus:
        """The verdict."""
        return self.row.sync_status

    @property
    def is_at_rest(self) -> bool:
        """Whether it is as it should be, or is kept as it is on purpose."""
        return self.status in _AT_REST and not self.row.drift


def gateways(facts: Facts) -> tuple[GatewayStanding, ...]:
    """All of them: those with trouble first, and then by name."""
    found = [
        _gateway(facts, row, facts.reports.get(row.pod_name), facts.pods.get(row.pod_name))
        for row in facts.status.discovered_gateways
    ]
    return tuple(sorted(found, key=_order))


def _order(gateway: GatewayStanding) -> tuple[bool, str, str]:
    return gateway.is_at_rest, gateway.row.name, gateway.row.pod_name


def _gateway(
    facts: Facts, row: DiscoveredGateway, report: GatewayReport | None, pod: PodFacts | None
) -> GatewayStanding:
    override = pod.pod.annotations.ref_override if pod else None
    commit = facts.status.last_sync_commit
    standing = GatewayStanding(
        row=row,
        is_at_commit=bool(commit) and row.synced_commit == commit,
        pinned_to=override or "",
    )
    if report is None or (pod is not None and pod.pod.uid != report.pod_uid):
        return standing
    return evolve(
        standing,
        designers=report.designer_sessions_blocked,
        would_add=report.dry_run_diff_added,
        would_modify=report.dry_run_diff_modified,
        would_delete=report.dry_run_diff_deleted,
        reported_at=report.reported_at,
        reported=report.sync_status,
    )
