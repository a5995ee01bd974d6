"""One row for each gateway: who it is, and how it stands toward the commit that it should have.

Rows are the only place where a report becomes a verdict; conditions and metrics count rows. A row
is `Synced` when all of this is true: its pod has an agent; the report is of this life of this pod;
it says `Synced`; and what is on disk is what the gateway should have. Otherwise a report that says
`Synced` is one of the past, and the row is `Pending`.

What a gateway should have is its `Target`. One that was pinned by `stoker.io/ref-override` follows
its own ref, which its agent resolves: it is synced at that ref, and its commit is its own affair.

A Go agent says neither pod nor life. Its report counts for the only gateway of that name, and only
if it was written after the pod was made.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from attrs import evolve

from stoker.core.report import GatewayReport, Origin, report_text
from stoker.core.spec.status import DiscoveredGateway, SyncStatus
from stoker.core.status.targets import is_met, target_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stoker.core.discovery import Gateway
    from stoker.core.status.merging import StatusMap

MAX_ROWS_CHARACTERS: Final = 400_000
"""What the texts of all rows may have together; beyond it rows are written without details.

The object must fit into the API server's store (1.5 MiB), however many gateways it has and
whatever their agents write.
"""
_SHORT_MESSAGE: Final = 120


def gateway_rows(
    gateways: Sequence[Gateway], reports: StatusMap, commit: str | None
) -> tuple[DiscoveredGateway, ...]:
    """The rows of these gateways, in their order, toward `commit` (None: not resolved yet)."""
    rows = tuple(
        gateway_row(gateway, report, commit)
        for gateway, report in zip(gateways, reports_of(gateways, reports), strict=True)
    )
    return rows if _characters(rows) <= MAX_ROWS_CHARACTERS else tuple(map(_without_details, rows))


def reports_of(gateways: Sequence[Gateway], reports: StatusMap) -> tuple[GatewayReport | None, ...]:
    """The report that counts for each gateway, if there is one."""
    found = [reports.get(Origin(gateway.pod_name, gateway.pod_uid)) for gateway in gateways]
    if len(reports) == sum(report is not None for report in found):
        return tuple(found)  # nobody is left who could have said anything else
    names = Counter(gateway.name for gateway in gateways)
    return tuple(
        report or _legacy_report(gateway, reports, names[gateway.name])
        for gateway, report in zip(gateways, found, strict=True)
    )


def gateway_row(
    gateway: Gateway, report: GatewayReport | None, commit: str | None
) -> DiscoveredGateway:
    """The row of one gateway, whose report is `report`."""
    if report is None or not gateway.has_sidecar:
        status = SyncStatus.PENDING if gateway.has_sidecar else SyncStatus.MISSING_SIDECAR
        return DiscoveredGateway(
            name=gateway.name,
            namespace=gateway.namespace,
            pod_name=gateway.pod_name,
            service_account_name=gateway.service_account_name,
            profile=gateway.profile,
            sync_status=status,
        )
    return DiscoveredGateway(
        name=gateway.name,
        namespace=gateway.namespace,
        pod_name=gateway.pod_name,
        service_account_name=gateway.service_account_name,
        profile=gateway.profile,
        sync_status=_verdict(gateway, report, commit),
        last_sync_time=report.last_sync_time,
        last_sync_duration=report.last_sync_duration,
        synced_commit=report.synced_commit,
        synced_ref=report.synced_ref,
        agent_version=report.agent_version,
        last_scan_result=report.last_scan_result,
        files_changed=report.files_changed,
        projects_synced=report.projects_synced,
        error_message=report.error_message,
        drift=report.drift,
    )


def state_number(status: SyncStatus) -> int:
    """The number that stands for a state in metrics: 0 Pending, 1 Synced, 2 Error, and so on."""
    return tuple(SyncStatus).index(status)


def _legacy_report(gateway: Gateway, reports: StatusMap, namesakes: int) -> GatewayReport | None:
    report = reports.get(Origin(gateway.name, ""))
    if report is None or namesakes > 1 or report.last_sync_time is None:
        return None
    if gateway.created is not None and report.last_sync_time < gateway.created:
        return None
    return report


def _verdict(gateway: Gateway, report: GatewayReport, commit: str | None) -> SyncStatus:
    if report.sync_status is not SyncStatus.SYNCED:
        return report.sync_status
    if report.dry_run:  # a Go agent says both: it has planned, and written nothing
        return SyncStatus.DRY_RUN
    on_target = is_met(target_of(gateway, commit), report)
    return SyncStatus.SYNCED if on_target else SyncStatus.PENDING


def _characters(rows: tuple[DiscoveredGateway, ...]) -> int:
    return sum(
        len(row.error_message) + len(row.last_scan_result) + sum(map(len, row.projects_synced))
        for row in rows
    )


def _without_details(row: DiscoveredGateway) -> DiscoveredGateway:
    return evolve(
        row,
        projects_synced=(),
        last_scan_result="",
        error_message=report_text(row.error_message, _SHORT_MESSAGE),
    )
