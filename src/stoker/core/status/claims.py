"""What each condition claims: one function for each, from rows and situation alone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.conditions import ConditionReason, ConditionStatus
from stoker.core.errors import InvalidDocument
from stoker.core.refs.names import SHORT_ID
from stoker.core.report import report_text
from stoker.core.spec.status import DiscoveredGateway, SyncStatus
from stoker.core.status.situation import Resolved, Situation, Unresolvable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stoker.core.status.freshness import Deadline

MAX_NAMED: Final = 5
"""How many gateways a message names."""
_MAX_DETAIL: Final = 300

_STATE_WORDS: Final = {
    SyncStatus.ERROR: "failed",
    SyncStatus.ROLLED_BACK: "rolled back",
    SyncStatus.MISSING_SIDECAR: "missing sidecar",
    SyncStatus.BLOCKED: "blocked",
    SyncStatus.PENDING: "pending",
    SyncStatus.SYNCING: "syncing",
    SyncStatus.PAUSED: "paused",
    SyncStatus.DRY_RUN: "dry run",
}


@frozen
class Claim:
    """A condition without its times: what holds, why, in which words."""

    status: ConditionStatus
    reason: str
    message: str

    @property
    def holds(self) -> bool:
        """Whether it is true; what is unknown does not hold."""
        return self.status is ConditionStatus.TRUE


def yes(reason: str, message: str) -> Claim:
    """It is so."""
    return Claim(ConditionStatus.TRUE, reason, message)


def no(reason: str, message: str) -> Claim:
    """It is not so."""
    return Claim(ConditionStatus.FALSE, reason, message)


def unknown(reason: str, message: str) -> Claim:
    """Nobody knows yet."""
    return Claim(ConditionStatus.UNKNOWN, reason, message)


def ref_resolved(situation: Situation) -> Claim:
    """Whether the ref is a commit; the message of the true one is the commit and nothing else."""
    match situation.ref:
        case Resolved(commit):
            return yes(ConditionReason.REF_RESOLVED, commit)
        case Unresolvable(reason=reason, message=message):
            return no(reason, message)
        case _:
            return unknown(ConditionReason.RECONCILING, "waiting for the answer of the git server")


def profiles_valid(situation: Situation) -> Claim:
    """Whether the spec can be used; every problem of it is in the message."""
    match situation.profiles:
        case InvalidDocument(problems=problems):
            return no(ConditionReason.PROFILES_INVALID, "; ".join(str(one) for one in problems))
        case profiles:
            return yes(ConditionReason.PROFILES_VALID, f"{len(profiles)} profile(s) valid")


def all_synced(rows: Sequence[DiscoveredGateway]) -> Claim:
    """Whether there is a gateway, and all are where they should be."""
    synced = _count(rows, SyncStatus.SYNCED)
    missing = _count(rows, SyncStatus.MISSING_SIDECAR)
    message = score(rows)
    if not rows:
        return no(ConditionReason.NO_GATEWAYS_DISCOVERED, message)
    if synced == len(rows):
        return yes(ConditionReason.SYNC_SUCCEEDED, message)
    if missing:
        message = f"{message} ({missing} missing sidecar)"
    return no(ConditionReason.SYNC_IN_PROGRESS, message)


def sidecar_injected(rows: Sequence[DiscoveredGateway]) -> Claim:
    """Whether every gateway has an agent."""
    without = [row.pod_name for row in rows if row.sync_status is SyncStatus.MISSING_SIDECAR]
    if without:
        return no(
            ConditionReason.SIDECAR_MISSING,
            f"no agent in {_named(without)}; delete the pod(s) to have them injected",
        )
    return yes(ConditionReason.SIDECAR_PRESENT, f"{len(rows)} pod(s) with an agent")


def host_keys(situation: Situation) -> Claim | None:
    """Whether SSH host keys are verified; None where there is no SSH."""
    if situation.verifies_host_keys is None:
        return None
    if situation.verifies_host_keys:
        return yes(ConditionReason.HOST_KEY_VERIFICATION_ENABLED, "host keys are verified")
    return no(
        ConditionReason.HOST_KEY_VERIFICATION_DISABLED,
        "host keys are not verified: anyone on the way can answer as the git server;"
        " set spec.git.auth.sshKey.knownHosts",
    )


def agent_ready(watched: Sequence[Deadline], situation: Situation) -> Claim:
    """Whether every agent was heard of in time."""
    stale = [deadline.pod_name for deadline in watched if deadline.until < situation.now]
    if stale:
        return no(
            ConditionReason.AGENT_STALE,
            f"nothing heard from the agent of {_named(stale)} for three sync periods",
        )
    return yes(ConditionReason.AGENT_READY, f"{len(watched)} agent(s) reporting")


def ref_skew(rows: Sequence[DiscoveredGateway]) -> Claim:
    """Whether gateways sit at different commits, for whatever reason."""
    commits = Counter(row.synced_commit for row in rows if row.synced_commit)
    if len(commits) > 1:
        shares = sorted(commits.items(), key=lambda share: (-share[1], share[0]))
        listed = ", ".join(f"{number} at {commit[:SHORT_ID]}" for commit, number in shares)
        return yes(ConditionReason.SKEWED, report_text(listed, _MAX_DETAIL))
    return no(ConditionReason.IN_STEP, "no two gateways are at different commits")


def drifted(rows: Sequence[DiscoveredGateway]) -> Claim:
    """Whether files differ from what was applied."""
    pods = [row.pod_name for row in rows if row.drift]
    if pods:
        files = sum(row.drift for row in rows)
        return yes(
            ConditionReason.DRIFT_DETECTED,
            f"{files} file(s) differ from what was applied, in {_named(pods)}",
        )
    return no(ConditionReason.NO_DRIFT, "files are as they were applied")


def progress(rows: Sequence[DiscoveredGateway]) -> str:
    """`1/3 synced (1 failed, 1 pending): blue-0: disk full`."""
    if not rows:
        return f"{score(rows)}: there is no pod of a gateway"
    counts = Counter(row.sync_status for row in rows)
    others = ", ".join(
        f"{counts[status]} {word}" for status, word in _STATE_WORDS.items() if counts[status]
    )
    causes = [f"{row.pod_name}: {row.error_message}" for row in rows if row.error_message]
    message = f"{score(rows)} ({others})" if others else score(rows)
    return f"{message}: {report_text(causes[0], _MAX_DETAIL)}" if others and causes else message


def score(rows: Sequence[DiscoveredGateway]) -> str:
    """`1/3 synced`."""
    return f"{_count(rows, SyncStatus.SYNCED)}/{len(rows)} synced"


def _count(rows: Iterable[DiscoveredGateway], status: SyncStatus) -> int:
    return sum(row.sync_status is status for row in rows)


def _named(names: Sequence[str]) -> str:
    listed = ", ".join(sorted(names)[:MAX_NAMED])
    further = len(names) - MAX_NAMED
    return f"{listed} and {further} more" if further > 0 else listed
