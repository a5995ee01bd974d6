"""What a plan may delete, and the refusals of one that would go too far."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final

from attrs import field, frozen

from stoker.core.errors import StokerError
from stoker.core.paths import ROOT, RelPath
from stoker.core.planning.operations import KeptReason
from stoker.core.spec import PruneMode

PRUNE_LIMIT_FLOOR: Final = 20
"""A plan that deletes no more files than this is never refused for their number."""

CONSENT: Final = 100
"""The prune limit that switches both guards off."""

Spare = Callable[[RelPath], KeptReason | None]
"""Says of a path why no plan may touch it, or None."""


def _spare_nothing(_: RelPath) -> KeptReason | None:
    return None


@frozen
class Root:
    """The destination of a directory mapping whose source exists."""

    path: RelPath
    populated: bool
    """Whether the commit wants any file below it."""
    is_new: bool = False
    """Whether nothing was ever applied below it: what lies there is no drift."""


@frozen
class Policy:
    """What a plan may do beside writing what is desired."""

    prune: PruneMode = PruneMode.MIRROR
    prune_limit_percent: int = 50
    roots: tuple[Root, ...] = ()
    held: tuple[RelPath, ...] = ()
    """Destinations of mappings whose source is missing: nothing here is deleted."""
    spare: Spare = field(default=_spare_nothing, eq=False, repr=False)
    managed_elsewhere: int = 0
    """How many managed files the caller left out because they cannot differ."""
    restores: bool = True
    """Whether what others changed since it was applied is put back."""

    def covers(self, path: RelPath) -> bool:
        """Whether `path` lies below a mapped directory."""
        # The data directory itself belongs to the gateway: it is written into, never mirrored.
        return any(root.path != ROOT and path.is_below(root.path) for root in self.roots)

    def has_covered(self, path: RelPath) -> bool:
        """Whether a directory above `path` was mapped before this plan."""
        return any(
            not root.is_new and root.path != ROOT and path.is_below(root.path)
            for root in self.roots
        )

    def holds(self, path: RelPath) -> bool:
        """Whether a missing source keeps everything at `path`."""
        return any(path.is_within(place) for place in self.held)


@frozen
class PruneLimitExceeded(StokerError):
    """The plan would delete more than the profile lets one sync delete."""

    deletions: int = field(kw_only=True)
    managed: int = field(kw_only=True)

    reason: ClassVar[str] = "PruneLimitExceeded"


@frozen
class SourceEmptied(StokerError):
    """The plan would leave a mapped directory without any file."""

    deletions: int = field(kw_only=True)

    reason: ClassVar[str] = "SourceEmptied"


@frozen
class Obstructed(StokerError):
    """Something stands where a file has to go, and it is not Stoker's to remove."""

    paths: tuple[RelPath, ...] = field(kw_only=True)

    reason: ClassVar[str] = "Obstructed"


def check_limit(policy: Policy, deletions: int, managed: int) -> None:
    """Raise `PruneLimitExceeded` where `deletions` of `managed` files are too many."""
    limit = policy.prune_limit_percent
    if limit >= CONSENT or deletions <= PRUNE_LIMIT_FLOOR or 100 * deletions <= limit * managed:
        return
    raise PruneLimitExceeded(
        f"the sync would delete {deletions} of {managed} managed files, more than {limit} %",
        where="pruneLimitPercent",
        cure="check the commit and the mappings; to consent, set pruneLimitPercent to 100",
        deletions=deletions,
        managed=managed,
    )


def check_emptied(policy: Policy, deleted: list[RelPath]) -> None:
    """Raise `SourceEmptied` where `deleted` would leave a mapped directory empty."""
    if policy.prune_limit_percent >= CONSENT:
        return
    for root in policy.roots:
        lost = 0 if root.populated else sum(path.is_within(root.path) for path in deleted)
        if lost:
            raise SourceEmptied(
                f"the commit holds no file for this directory any more; {lost} would be deleted",
                where=root.path,
                cure="check the source; to consent, set pruneLimitPercent to 100",
                deletions=lost,
            )
