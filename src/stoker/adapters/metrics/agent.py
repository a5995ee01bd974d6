"""The agent's metrics: names and labels are a contract with dashboards.

Labels are bounded: profiles are those that the GatewaySync has, all others are words of our own.
"""

from __future__ import annotations

import os
import resource
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from stoker.adapters.metrics.exposition import Family, Histogram
from stoker.core.agent.effects import CountSkip, CountSync, SyncResult

if TYPE_CHECKING:
    from datetime import datetime

    from stoker.core.agent.effects import Audit
    from stoker.core.report import GatewayReport

PREFIX: Final = "stoker_agent_"
SYNC_BOUNDS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
CALL_BOUNDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_PROFILE: Final = ("profile",)
_RESULT: Final = ("result",)
_GOOD: Final = frozenset({SyncResult.SYNCED, SyncResult.UNCHANGED, SyncResult.DRY_RUN})
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def _gauge(name: str, text: str, labels: tuple[str, ...] = ()) -> Family:
    return Family(PREFIX + name, text, labels, "gauge")


def _counter(name: str, text: str, labels: tuple[str, ...] = ()) -> Family:
    return Family(PREFIX + name, text, labels, "counter")


class AgentMetrics:
    """What the agent tells of itself; any thread may tell, any may ask."""

    def __init__(self, started: datetime) -> None:
        """`started`: when the process did."""
        self._lock: Final = threading.Lock()
        self._sync_seconds: Final = Histogram(
            f"{PREFIX}sync_duration_seconds",
            "Seconds from the beginning of a sync to its end, with waiting for Designers and all.",
            SYNC_BOUNDS,
            _PROFILE,
        )
        self._syncs: Final = _counter(
            "sync_total",
            "Syncs, by result: synced, unchanged, dryRun, error, blocked, rolledBack.",
            (*_PROFILE, "result"),
        )
        self._changed: Final = {
            kind: _gauge(f"files_{kind}", f"Files that the last sync {verb}.", _PROFILE)
            for kind, verb in (
                ("changed", "changed"),
                ("added", "added"),
                ("modified", "modified"),
                ("deleted", "deleted"),
            )
        }
        self._fetch_seconds: Final = Histogram(
            f"{PREFIX}git_fetch_duration_seconds",
            "Seconds that git takes to fetch a commit; clone is the first time, fetch any other.",
            CALL_BOUNDS,
            ("operation",),
        )
        self._fetches: Final = _counter(
            "git_fetch_total", "Fetches, by result: success, error.", ("operation", "result")
        )
        self._scan_seconds: Final = Histogram(
            f"{PREFIX}scan_duration_seconds",
            "Seconds from the request for a scan until the gateway is done with it.",
            CALL_BOUNDS,
        )
        self._scans: Final = _counter(
            "scan_total",
            "Scans, by result: success, rejected, error where the gateway did not say.",
            _RESULT,
        )
        self._active: Final = _gauge(
            "designer_sessions_active", "Designers that were open when they were listed last."
        )
        self._blocking: Final = _gauge(
            "designer_sessions_blocked", "Designers that are in the way of a sync now."
        )
        self._last: Final = _gauge("last_sync_timestamp_seconds", "When the last good sync ended.")
        self._last_good: Final = _gauge("last_sync_success", "Whether the last sync was good.")
        self._skips: Final = _counter(
            "sync_skipped_total",
            "Regular looks that began no sync, by reason: commit_unchanged, paused, profile_error,"
            " designer_blocked, backoff.",
            ("reason",),
        )
        self._startup: Final = _gauge(
            "gateway_startup_duration_seconds",
            "Seconds from when the files were complete until the gateway ran.",
        )
        self._drifted: Final = _gauge(
            "drifted_files", "Files that differ from what was last applied."
        )
        self._rollbacks: Final = _counter(
            "rollback_total", "Rollbacks, by result: success, error.", _RESULT
        )
        self._requests: Final = _counter(
            "api_requests_total",
            "Requests to the API server, by their answer's code; 0 where none came. WATCH is a"
            " method of its own.",
            ("method", "resource", "code"),
        )
        self._process: Final = _Process(started.timestamp())

    # --- What happens ---

    def counted(self, what: CountSync | CountSkip) -> None:
        """A sync ended, or was not made."""
        with self._lock:
            match what:
                case CountSync(result, profile, seconds):
                    self._syncs.add(1, profile, result.value)
                    self._sync_seconds.observe(seconds, profile)
                    self._last_good.set(float(result in _GOOD))
                case CountSkip(reason):
                    self._skips.add(1, reason.value)

    def audited(self, record: Audit) -> None:
        """This is what a sync did."""
        counts = {"added": record.added, "modified": record.modified, "deleted": record.deleted}
        with self._lock:
            self._changed["changed"].set(sum(counts.values()), record.profile)
            for kind, count in counts.items():
                self._changed[kind].set(count, record.profile)
            if record.result in _GOOD:
                self._last.set(record.time.timestamp())

    def reported(self, report: GatewayReport) -> None:
        """This is how the gateway stands."""
        with self._lock:
            self._blocking.set(report.designer_sessions_blocked)
            self._drifted.set(report.drift)

    def fetched(self, operation: str, result: str, seconds: float) -> None:
        """Git was asked for a commit."""
        with self._lock:
            self._fetches.add(1, operation, result)
            self._fetch_seconds.observe(seconds, operation)

    def scanned(self, result: str, seconds: float) -> None:
        """The gateway was asked to scan."""
        with self._lock:
            self._scans.add(1, result)
            self._scan_seconds.observe(seconds)

    def rolled_back(self, result: str) -> None:
        """What an apply had replaced was to be put back."""
        with self._lock:
            self._rollbacks.add(1, result)

    def designers(self, active: int) -> None:
        """So many Designers are at work on the gateway, wherever in it."""
        with self._lock:
            self._active.set(active)

    def gateway_started(self, seconds: float) -> None:
        """The gateway runs, so long after it could start."""
        with self._lock:
            self._startup.set(seconds)

    def api_request(self, method: str, resource: str, code: int) -> None:
        """The API server was asked something, or told."""
        with self._lock:
            self._requests.add(1, method, resource, str(code))

    # --- What is told of it ---

    def exposition(self) -> str:
        """All of it, as Prometheus reads it."""
        with self._lock:
            return "".join(f"{line}\n" for family in self.families() for line in family.lines())

    def families(self) -> tuple[Family | Histogram, ...]:
        """Everything that there is to tell, also where there are no numbers yet."""
        return (
            self._sync_seconds,
            self._syncs,
            *self._changed.values(),
            self._fetch_seconds,
            self._fetches,
            self._scan_seconds,
            self._scans,
            self._active,
            self._blocking,
            self._last,
            self._last_good,
            self._skips,
            self._startup,
            self._drifted,
            self._rollbacks,
            self._requests,
            *self._process.families(),
        )


class _Process:
    """What every process tells of itself, under the names that dashboards know."""

    def __init__(self, started: float) -> None:
        self._started = Family("process_start_time_seconds", "When the process started.")
        self._started.set(started)
        self._cpu = Family(
            "process_cpu_seconds_total",
            "Seconds of CPU, with those of processes that have ended.",
            kind="counter",
        )
        self._memory = Family("process_resident_memory_bytes", "Resident memory.")
        self._files = Family("process_open_fds", "Open files.")

    def families(self) -> tuple[Family, ...]:
        whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        used = [resource.getrusage(one) for one in whose]
        self._cpu.set(sum(one.ru_utime + one.ru_stime for one in used))
        with suppress(OSError, ValueError, IndexError):
            with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no file
                self._memory.set(int(file.read().split()[1]) * _PAGE)
            self._files.set(len(os.listdir("/proc/self/fd")))  # noqa: PTH208 - as above
        return self._started, self._cpu, self._memory, self._files
