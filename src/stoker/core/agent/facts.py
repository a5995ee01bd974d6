"""What the doers of effects find out, as far as the machine needs it."""

from __future__ import annotations

from attrs import frozen

from stoker.core.ignition import ResourcePath, ScanKind
from stoker.core.report import ChangeList


@frozen
class OnDisk:
    """The commit whose files the data directory holds, and the ref that it was resolved from."""

    commit: str = ""
    ref: str = ""
    commissioned: bool = False
    """Whether the gateway was set up with Stoker's files, and these were looked at again since."""


@frozen(kw_only=True)
class PlanSummary:
    """As much of a plan as decisions and reports need."""

    changes: ChangeList
    """The paths that it adds, modifies and deletes."""
    drifted: int = 0
    """Files that differ from what was last applied."""
    projects: tuple[str, ...] = ()
    """The projects that it touches."""
    managed_projects: tuple[str, ...] = ()
    """All projects that this gateway gets from the repository."""
    resources: tuple[ResourcePath, ...] = ()
    """The resources that it writes."""
    scans: tuple[ScanKind, ...] = ()
    """The scans that it calls for."""

    @property
    def size(self) -> int:
        """How many files it changes."""
        return self.changes.total_added + self.changes.total_modified + self.changes.total_deleted
