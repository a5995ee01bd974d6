"""What an agent says of its gateway, and which of two such sayings is the newer one.

An agent writes one `GatewayReport` after everything that it does. Reports reach the controller
late, twice, in the wrong order, or not at all, so order lies in the report and not in its arrival:
`Origin` says who speaks (one life of one pod), `seq` grows with each report of that life, and
`newer` is the greater of two under a total order. Reports of two lives are never compared: a pod
that was made anew under the same name is another origin.

`next_seq` is a hybrid clock: one more than the last number, or the time in milliseconds if that is
more. An agent that remembers its last number (it reads its own ConfigMap before it writes it) is
always ahead of itself, whatever its clock does. One that has forgotten it is ahead as well, unless
its clock was also set back.

Two different reports with one number are a fault of somebody's; then the worse one counts, so that
no such fault can make a gateway look better than it is.

Every text in a report is bounded and free of control characters from the moment it is made: it
ends up in ConfigMaps, conditions, events and terminals.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from stoker.core.spec.status import SyncStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_MESSAGE: Final = 2048
"""Characters of an error message or a scan's result."""
MAX_NAME: Final = 255
"""Characters of a name, a ref, a commit, a version."""
MAX_PROJECTS: Final = 200
"""Names in `projects_synced`."""
MAX_COUNT: Final = 2**63 - 1
"""What a whole number of a Kubernetes object can be."""

_UNFIT: Final = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]",
)
"""Controls (the line break apart), separators and directions that forge lines, half characters."""

_WORST_FIRST: Final = (
    SyncStatus.ERROR,
    SyncStatus.ROLLED_BACK,
    SyncStatus.MISSING_SIDECAR,
    SyncStatus.BLOCKED,
    SyncStatus.PENDING,
    SyncStatus.SYNCING,
    SyncStatus.PAUSED,
    SyncStatus.DRY_RUN,
    SyncStatus.SYNCED,
)


def report_text(text: str, limit: int = MAX_MESSAGE) -> str:
    """`text` as a report may carry it: no control characters, at most `limit` characters.

    What was cut off is marked by an ellipsis at the end. Doing it twice changes nothing.
    """
    clean = _UNFIT.sub("\ufffd", text[: limit + 1])
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def _name(text: str) -> str:
    return report_text(text, MAX_NAME)


def _names(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({_name(text) for text in texts}))[:MAX_PROJECTS]


def _count(number: int) -> int:
    return min(max(number, 0), MAX_COUNT)


def _utc_seconds(moment: datetime | None) -> datetime | None:
    # Whole seconds, as Kubernetes writes times: what was written reads back as the same value.
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return aware.astimezone(UTC).replace(microsecond=0)
    except OverflowError:  # the first or last hours of the calendar, in another zone
        return None


def badness(status: SyncStatus) -> int:
    """How far a state is from `Synced`, which is 0."""
    return len(_WORST_FIRST) - 1 - _WORST_FIRST.index(status)


@frozen
class Origin:
    """Who speaks: one life of one pod, or for a Go agent its gateway's name without a life."""

    name: str
    pod_uid: str


@frozen(kw_only=True)
class GatewayReport:
    """One report: the state of one gateway as its agent saw it.

    `synced_commit` is the commit whose files are on disk, never one that was only tried. Empty
    texts and None stand for what the agent does not know.
    """

    gateway: str = field(converter=_name)
    namespace: str = field(converter=_name)
    pod_name: str = field(default="", converter=_name)
    pod_uid: str = field(default="", converter=_name)
    seq: int = field(default=0, converter=_count)
    reported_at: datetime | None = field(default=None, converter=_utc_seconds)
    profile: str = field(default="", converter=_name)
    sync_status: SyncStatus = SyncStatus.PENDING
    synced_commit: str = field(default="", converter=_name)
    synced_ref: str = field(default="", converter=_name)
    last_sync_time: datetime | None = field(default=None, converter=_utc_seconds)
    last_sync_duration: str = field(default="", converter=_name)
    agent_version: str = field(default="", converter=_name)
    last_scan_result: str = field(default="", converter=report_text)
    files_changed: int = field(default=0, converter=_count)
    projects_synced: tuple[str, ...] = field(default=(), converter=_names)
    error_message: str = field(default="", converter=report_text)
    drift: int = field(default=0, converter=_count)
    """How many files differ from what was last applied."""
    dry_run: bool = False
    dry_run_diff_added: int = field(default=0, converter=_count)
    dry_run_diff_modified: int = field(default=0, converter=_count)
    dry_run_diff_deleted: int = field(default=0, converter=_count)
    designer_sessions_blocked: int = field(default=0, converter=_count)

    @property
    def origin(self) -> Origin:
        """Who wrote it. A Go agent tells neither pod nor life: its gateway's name stands in."""
        if self.pod_uid:
            return Origin(self.pod_name, self.pod_uid)
        return Origin(self.gateway, "")


def newer(a: GatewayReport, b: GatewayReport) -> GatewayReport:
    """The one of two reports of one origin that counts.

    The greater `seq`; then, for a Go agent that has none, the later time of the sync; then the
    worse state; then whatever is fixed, so that the order is total.
    """
    return max(a, b, key=_rank)


def _rank(report: GatewayReport) -> tuple[int, float, int, str]:
    synced_at = report.last_sync_time.timestamp() if report.last_sync_time else 0.0
    legacy_age = 0.0 if report.pod_uid else synced_at
    return report.seq, legacy_age, badness(report.sync_status), repr(report)


def next_seq(last: int | None, now: datetime) -> int:
    """The number of the next report, after `last` (None: the agent knows of none)."""
    milliseconds = int(now.timestamp() * 1000)
    return _count(milliseconds if last is None else max(last + 1, milliseconds))
