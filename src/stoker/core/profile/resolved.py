"""`ResolvedProfile`: everything that an agent has to know of what it shall sync, spelt out.

Its defaults are the contract's own; `resolve` lays the document's values over them. `profile_key`
is the digest of all that a profile says: while it stays the same, nothing about the profile has
changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

from attrs import evolve, frozen

from stoker.core.globs import merge_excludes
from stoker.core.spec.document import canonical, to_document
from stoker.core.spec.mappings import SourceMapping
from stoker.core.spec.schema import described
from stoker.core.spec.words import (
    MAX_SYNC_PERIOD,
    MIN_SYNC_PERIOD,
    DesignerPolicy,
    DesignerScope,
    DriftAction,
    PruneMode,
)

BUILT_IN_EXCLUDES: Final = ("**/.git/", "**/.gitkeep", "**/.resources/**")
"""What is excluded when `sync.defaults` does not say; what it says replaces this."""


@frozen
class ResolvedProfile:
    """A profile with a value for every field."""

    name: str = described("Name of the profile.")
    mappings: tuple[SourceMapping, ...] = described("What goes where.", default=())
    exclude_patterns: tuple[str, ...] = described(
        "doublestar globs on the destination path.", default=BUILT_IN_EXCLUDES
    )
    vars: Mapping[str, str] = described("Variables for templates.", factory=dict)
    sync_period: int = described(
        "Seconds between an agent's own checks.",
        default=30,
        minimum=MIN_SYNC_PERIOD,
        maximum=MAX_SYNC_PERIOD,
    )
    designer_session_policy: DesignerPolicy = described(
        "What a sync does while a Designer is open.", default=DesignerPolicy.PROCEED
    )
    designer_session_scope: DesignerScope = described(
        "Which Designers count.", default=DesignerScope.PROJECT
    )
    dry_run: bool = described("Plan and report, write nothing.", default=False)
    paused: bool = described("Keep what is on disk.", default=False)
    prune: PruneMode = described("What an orphan is.", default=PruneMode.MIRROR)
    prune_limit_percent: int = described(
        "Largest share of the managed files that one sync may delete.",
        default=50,
        minimum=0,
        maximum=100,
    )
    drift_action: DriftAction = described(
        "What happens when files differ from what was last applied.", default=DriftAction.REPORT
    )
    rollback_on_scan_failure: bool = described(
        "Put back what was replaced when the gateway refuses it.", default=True
    )


def with_overrides(
    profile: ResolvedProfile,
    *,
    sync_period: int | None = None,
    exclude_patterns: Iterable[str] = (),
) -> ResolvedProfile:
    """`profile` with the values that a pod's annotations set for its gateway alone.

    None, and no pattern at all, leave what the profile says. Patterns that are given replace the
    profile's: they are an override, and only so can a gateway have less excluded than the others.
    """
    if sync_period is not None:
        profile = evolve(profile, sync_period=sync_period)
    if patterns := merge_excludes(exclude_patterns):
        profile = evolve(profile, exclude_patterns=patterns)
    return profile


def profile_key(profile: ResolvedProfile) -> str:
    """The SHA-256 of all that `profile` says, in hex; the order of its maps does not matter."""
    return hashlib.sha256(canonical(to_document(profile)).encode()).hexdigest()
