"""What people are told of the end of a sync: what has changed, or what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stoker.core.agent.effects import Announce, AnnouncementReason, SyncResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stoker.core.agent.effects import Audit

_SHORT: Final = 7
_REASONS: Final[Mapping[SyncResult, AnnouncementReason]] = {
    SyncResult.SYNCED: AnnouncementReason.SYNC_SUCCEEDED,
    SyncResult.DRY_RUN: AnnouncementReason.DRY_RUN_COMPLETED,
    SyncResult.ERROR: AnnouncementReason.SYNC_FAILED,
    SyncResult.BLOCKED: AnnouncementReason.SYNC_BLOCKED,
    SyncResult.ROLLED_BACK: AnnouncementReason.ROLLED_BACK,
}
"""A sync that changed nothing is no news."""


def announced(record: Audit, error: str) -> tuple[Announce, ...]:
    """The announcement of a sync that ended like this, if it is worth one."""
    reason = _REASONS.get(record.result)
    if reason is None:
        return ()
    commit = f"{record.commit[:_SHORT]} ({record.ref})" if record.commit else record.ref
    if error:
        return (Announce(reason, f"{record.gateway}: {commit}: {error}", warning=True),)
    counts = f"{record.added} added, {record.modified} modified, {record.deleted} deleted"
    scanned = f"; scan: {record.scan}" if record.scan else ""
    return (Announce(reason, f"{record.gateway}: {commit}: {counts}{scanned}"),)
