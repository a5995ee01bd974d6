"""From reports to the status of a CR.

- `merging`: the newest report of each agent, however they arrived
- `targets`: what each gateway should be at
- `rows`: how each gateway stands toward that
- `freshness`: until when each agent has to be heard of again
- `situation`, `claims`, `aggregation`: the conditions of the CR
"""

from __future__ import annotations

from stoker.core.status.aggregation import aggregate, conditions_of
from stoker.core.status.freshness import Deadline, deadlines
from stoker.core.status.merging import StatusMap, forget, merge, relist, status_map
from stoker.core.status.rows import gateway_row, gateway_rows, reports_of, state_number
from stoker.core.status.situation import (
    RefState,
    Resolved,
    Resolving,
    Situation,
    Unresolvable,
)
from stoker.core.status.targets import AtCommit, AtRef, Target, is_met, target_of

__all__ = [
    "AtCommit",
    "AtRef",
    "Deadline",
    "RefState",
    "Resolved",
    "Resolving",
    "Situation",
    "StatusMap",
    "Target",
    "Unresolvable",
    "aggregate",
    "conditions_of",
    "deadlines",
    "forget",
    "gateway_row",
    "gateway_rows",
    "is_met",
    "merge",
    "relist",
    "reports_of",
    "state_number",
    "status_map",
    "target_of",
]
