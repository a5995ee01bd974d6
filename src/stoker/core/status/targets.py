"""What each gateway should be at.

Today that is one commit for all, and for a pinned gateway its own ref. It is decided for each
gateway apart, so that whatever will hold a gateway back some day (an approval, a maintenance
window, a rollout in steps) changes its target and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from stoker.core.refs import same_ref

if TYPE_CHECKING:
    from stoker.core.discovery import Gateway
    from stoker.core.report import GatewayReport


@frozen
class AtCommit:
    """The gateway should have this commit; None: nobody knows yet which."""

    commit: str | None


@frozen
class AtRef:
    """The gateway is pinned: it should have whatever its agent finds behind this ref."""

    ref: str


Target = AtCommit | AtRef


def target_of(gateway: Gateway, commit: str | None) -> Target:
    """The target of one gateway of a CR that is resolved to `commit`."""
    return AtCommit(commit) if gateway.ref_override is None else AtRef(gateway.ref_override)


def is_met(target: Target, report: GatewayReport) -> bool:
    """Whether what `report` says is on disk is what should be there."""
    if isinstance(target, AtRef):
        return report.synced_commit != "" and same_ref(report.synced_ref, target.ref)
    return report.synced_commit == target.commit != ""
