"""What a gateway says, and what that means: scans, Designers, readiness.

- `answer`: an HTTP answer as plain values
- `outcome`: the ways in which a scan ends, and what follows from each
- `interpret`: from answers to outcomes
- `designers`: who is at work on the gateway
- `startup`: how far its start has come
"""

from __future__ import annotations

from stoker.core.scan.answer import Answer
from stoker.core.scan.designers import Designer, DesignerList, active_designers, read_designers
from stoker.core.scan.interpret import (
    Accepted,
    Running,
    ScanStatus,
    blamed_resources,
    interpret_scan_post,
    interpret_scan_status,
    loaded_names,
    missing_resources,
    read_scan_status,
)
from stoker.core.scan.outcome import (
    Busy,
    Forbidden,
    NotCommissioned,
    Refused,
    ResourceFailed,
    ScanOutcome,
    Succeeded,
    TimedOut,
    Unauthorized,
    Unreachable,
    Unsupported,
    Verdict,
    failure,
    summary,
)
from stoker.core.scan.startup import Readiness, readiness

__all__ = [
    "Accepted",
    "Answer",
    "Busy",
    "Designer",
    "DesignerList",
    "Forbidden",
    "NotCommissioned",
    "Readiness",
    "Refused",
    "ResourceFailed",
    "Running",
    "ScanOutcome",
    "ScanStatus",
    "Succeeded",
    "TimedOut",
    "Unauthorized",
    "Unreachable",
    "Unsupported",
    "Verdict",
    "active_designers",
    "blamed_resources",
    "failure",
    "interpret_scan_post",
    "interpret_scan_status",
    "loaded_names",
    "missing_resources",
    "read_designers",
    "read_scan_status",
    "readiness",
    "summary",
]
