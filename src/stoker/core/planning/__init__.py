"""The plan: what has to happen on the disk, and what stays and why.

Three states meet here: what the commit wants (`desired`), what was last applied, and what is there
(`actual`). The plan makes the disk equal to `desired`, deletes orphans as the prune mode says, and
touches nothing else. It refuses as a whole rather than to do a part: more deletions than the limit
allows, a mapped directory that would be left empty, or something in the way that is not ours.

Planning is local: a path's operation depends on what the three states say of this path and of what
stands in its way, and on the policy. So a caller that knows which paths can differ may pass only
these (and say in the policy how many files are managed elsewhere), and gets the same operations
for them; cost follows the change.

A plan that does not restore (`Policy.restores`) follows the commit alone: where this wants what was
applied, whatever others have made of it stays, and is counted as drift. It only goes where it
stands in the way of something that the commit wants otherwise.
"""

from __future__ import annotations

from stoker.core.planning.decide import plan
from stoker.core.planning.operations import (
    Create,
    Delete,
    Kept,
    KeptReason,
    Op,
    Plan,
    RemoveDirectory,
    Replace,
)
from stoker.core.planning.policy import (
    PRUNE_LIMIT_FLOOR,
    Obstructed,
    Policy,
    PruneLimitExceeded,
    Root,
    SourceEmptied,
    Spare,
)

__all__ = [
    "PRUNE_LIMIT_FLOOR",
    "Create",
    "Delete",
    "Kept",
    "KeptReason",
    "Obstructed",
    "Op",
    "Plan",
    "Policy",
    "PruneLimitExceeded",
    "RemoveDirectory",
    "Replace",
    "Root",
    "SourceEmptied",
    "Spare",
    "plan",
]
