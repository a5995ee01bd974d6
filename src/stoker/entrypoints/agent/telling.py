"""What an agent in a pod tells: its log, its status over the API server, and its metrics.

It is the `Outlet` of the loop. What it is told goes to all who make something of it; none of them
waits for anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from stoker.core.scan import Verdict
from stoker.entrypoints.engine.observations import (
    DesignersSeen,
    Fetched,
    Observation,
    RolledBack,
    Scanned,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stoker.adapters.metrics.agent import AgentMetrics
    from stoker.core.agent import effects as ef
    from stoker.core.report import ChangeList, GatewayReport
    from stoker.entrypoints.telling import Teller

_SCANS: Final[Mapping[Verdict, str]] = {
    Verdict.TAKEN: "success",
    Verdict.REJECTED: "rejected",
    Verdict.UNKNOWN: "error",
}


class Desk(Protocol):
    """Who writes to the API server."""

    def report(self, report: GatewayReport) -> None:
        """The state of the gateway."""

    def publish(self, changes: ChangeList) -> None:
        """What the last sync changed, or would change."""

    def event(self, kind: str, reason: str, message: str, *, commit: str = "") -> None:
        """An event of the CR."""


class PodTeller:
    """The log, and whoever else wants to know."""

    def __init__(self, log: Teller, desk: Desk, metrics: AgentMetrics) -> None:
        """These are told."""
        self.log = log
        self._desk = desk
        self._metrics = metrics

    def report(self, report: GatewayReport) -> None:
        """Have it written, and counted."""
        self.log.report(report)
        self._desk.report(report)
        self._metrics.reported(report)

    def publish(self, changes: ChangeList) -> None:
        """Have it written."""
        self.log.publish(changes)
        self._desk.publish(changes)

    def audit(self, record: ef.Audit) -> None:
        """Have it counted."""
        self.log.audit(record)
        self._metrics.audited(record)

    def announce(self, news: ef.Announce) -> None:
        """Make an event of it."""
        self.log.announce(news)
        kind = "Warning" if news.warning else "Normal"
        last = self.log.last
        commit = last.synced_commit if last else ""
        self._desk.event(kind, news.reason.value, news.message, commit=commit)

    def count(self, counted: ef.CountSync | ef.CountSkip) -> None:
        """Have it counted."""
        self.log.count(counted)
        self._metrics.counted(counted)

    def open_gate(self) -> None:
        """Let the gateway start."""
        self.log.open_gate()

    def complain(self, doing: str, error: Exception) -> None:
        """Have it logged."""
        self.log.complain(doing, error)

    def observe(self, observation: Observation) -> None:
        """Count what was done for a sync."""
        metrics = self._metrics
        match observation:
            case Fetched(operation, result, seconds):
                metrics.fetched(operation.value, result.value, seconds)
            case Scanned(_, verdict, seconds):
                metrics.scanned(_SCANS[verdict], seconds)
            case RolledBack(result):
                metrics.rolled_back(result.value)
            case DesignersSeen(active):
                metrics.designers(active)
