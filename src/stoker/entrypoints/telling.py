"""What an agent tells in its log: one JSON line for each thing that happened, on stdout.

The records of syncs bear `"logger": "audit"`. Texts that come from elsewhere go through `clean`,
which takes secrets out of them; the line's own shape is never touched by it.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import TYPE_CHECKING, TextIO

from stoker.core.errors import StokerError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from stoker.core.agent import effects as ef
    from stoker.core.report import ChangeList, GatewayReport


class Teller:
    """The `Outlet` of an agent that has nothing but its log; others build upon it."""

    def __init__(
        self,
        now: Callable[[], datetime],
        out: TextIO = sys.stdout,
        clean: Callable[[str], str] = str,
    ) -> None:
        """Lines go to `out`."""
        self._now = now
        self._out = out
        self._clean = clean
        self._writing = threading.Lock()
        self.last: GatewayReport | None = None
        """The newest report."""
        self.gate_open = False
        """Whether the files were complete once, or are not to be waited for."""
        self.gate_opened: datetime | None = None

    def report(self, report: GatewayReport) -> None:
        """Keep it for whoever asks, and tell a change of the state."""
        before, self.last = self.last, report
        if before is None or before.sync_status is not report.sync_status:
            self._write(
                "agent",
                f"the gateway is {report.sync_status}",
                status=report.sync_status.value,
                commit=report.synced_commit,
                error=report.error_message,
            )
        elif before.drift != report.drift:
            self._write("agent", "drift", drift=report.drift)

    def publish(self, changes: ChangeList) -> None:
        """Name the paths, as far as a log should."""
        shown = [*changes.added, *changes.modified, *changes.deleted][:20]
        self._write("agent", "files changed", commit=changes.commit, paths=shown)

    def audit(self, record: ef.Audit) -> None:
        """The record of one sync."""
        self._write(
            "audit",
            "sync",
            time=record.time.isoformat(),
            gateway=record.gateway,
            cr=record.cr,
            ref=record.ref,
            commit=record.commit,
            author=record.author,
            added=record.added,
            modified=record.modified,
            deleted=record.deleted,
            scan=record.scan,
            durationSeconds=round(record.duration_seconds, 3),
            result=record.result.value,
            profile=record.profile,
        )

    def announce(self, news: ef.Announce) -> None:
        """The records and the state say the same."""

    def count(self, counted: ef.CountSync | ef.CountSkip) -> None:
        """Nobody collects metrics of a standalone agent."""

    def open_gate(self) -> None:
        """The gateway may start."""
        self.gate_open, self.gate_opened = True, self._now()

    def complain(self, doing: str, error: Exception) -> None:
        """Something failed that nobody waits for."""
        told = str(error) if isinstance(error, StokerError) else f"{type(error).__name__}: {error}"
        self._write("agent", f"failed to {doing}", level="error", error=told)

    def _write(self, logger: str, message: str, **said: object) -> None:
        told = {
            name: self._clean(one) if isinstance(one, str) else one for name, one in said.items()
        }
        line = {"logger": logger, "time": self._now().isoformat(), "message": message, **told}
        with self._writing:
            print(json.dumps(line, ensure_ascii=False), file=self._out, flush=True)
