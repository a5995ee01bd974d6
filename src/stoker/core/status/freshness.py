"""Until when each agent has to be heard of again.

An agent is stale when nothing was heard of it for more than three of its sync periods. When it was
heard is a matter of the controller's clock, not of the agent's: `heard` says when each origin's
report last changed here. Until the controller has seen a change itself (it was just started), the
agent's own time stands in; for an agent that never reported, the time when its pod was made.

Nothing is said of pods without an agent, and of Go agents, which report only what changed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.status.rows import reports_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stoker.core.discovery import Gateway
    from stoker.core.profile import ResolvedProfile
    from stoker.core.report import GatewayReport, Origin
    from stoker.core.status.merging import StatusMap

PERIODS: Final = 3
"""How many sync periods an agent may be silent."""
DEFAULT_PERIOD: Final = 30
"""Seconds between an agent's own checks where neither pod nor profile says."""
_END: Final = datetime.max.replace(tzinfo=UTC)


@frozen
class Deadline:
    """Until when a gateway's agent is fresh."""

    pod_name: str
    until: datetime


def deadlines(
    gateways: Sequence[Gateway],
    reports: StatusMap,
    *,
    profiles: Mapping[str, ResolvedProfile],
    heard: Mapping[Origin, datetime],
) -> tuple[Deadline, ...]:
    """The deadline of each agent that has one, in the order of the gateways."""
    found = []
    for gateway, report in zip(gateways, reports_of(gateways, reports), strict=True):
        last = _last_heard(gateway, report, heard)
        if last is not None:
            found.append(Deadline(gateway.pod_name, _after(last, _period(gateway, profiles))))
    return tuple(found)


def _last_heard(
    gateway: Gateway, report: GatewayReport | None, heard: Mapping[Origin, datetime]
) -> datetime | None:
    if not gateway.has_sidecar:
        return None
    if report is None:
        return gateway.created
    if not report.pod_uid:
        return None
    return heard.get(report.origin, report.reported_at)


def _period(gateway: Gateway, profiles: Mapping[str, ResolvedProfile]) -> int:
    if gateway.sync_period is not None:
        return gateway.sync_period
    profile = profiles.get(gateway.profile)
    return DEFAULT_PERIOD if profile is None else profile.sync_period


def _after(last: datetime, period: int) -> datetime:
    try:
        return last + timedelta(seconds=PERIODS * period)
    except OverflowError:
        return _END
