"""What an agent tells the controller: the state of its gateway, and the list of changed paths."""

from stoker.core.report.changes import MAX_CHANGES_BYTES, ChangeList, list_changes
from stoker.core.report.gateway import (
    GatewayReport,
    Origin,
    badness,
    newer,
    next_seq,
    report_text,
)

__all__ = [
    "MAX_CHANGES_BYTES",
    "ChangeList",
    "GatewayReport",
    "Origin",
    "badness",
    "list_changes",
    "newer",
    "next_seq",
    "report_text",
]
