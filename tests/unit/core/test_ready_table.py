"""`Ready`, for every combination that matters.

The expectation is computed from the contract's sentence alone: ref resolved, profiles valid, at
least one gateway, every gateway `Synced` at the resolved commit, and not paused.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from property.strategies.reports import COMMITS, NOW, a_gateway, a_report
from stoker.core.discovery import Gateway
from stoker.core.errors import InvalidDocument, Problem
from stoker.core.profile import ResolvedProfile
from stoker.core.report import GatewayReport
from stoker.core.spec.status import SyncStatus
from stoker.core.status import (
    RefState,
    Resolved,
    Resolving,
    Situation,
    Unresolvable,
    aggregate,
    status_map,
)

A, B, _ = COMMITS

REFS: dict[str, RefState] = {
    "resolved": Resolved(A),
    "resolving": Resolving(),
    "resolving anew": Resolving(A),
    "failed": Unresolvable(reason="RefResolutionFailed", message="m"),
    "failed anew": Unresolvable(reason="RefResolutionFailed", message="m", commit=A),
    "no token": Unresolvable(reason="GitHubAppExchangeFailed", message="m", commit=A),
}
PROFILES: dict[str, dict[str, ResolvedProfile] | InvalidDocument] = {
    "valid": {"default": ResolvedProfile(name="default")},
    "invalid": InvalidDocument.of("spec", (Problem("spec.x", "is wrong"),)),
}

One = tuple[Gateway, GatewayReport | None]


SPECIAL: dict[str, Callable[[str], One]] = {
    "synced": lambda pod: (a_gateway(pod), a_report(pod)),
    "synced elsewhere": lambda pod: (a_gateway(pod), a_report(pod, commit=B)),
    "synced in another life": lambda pod: (a_gateway(pod), a_report(pod, uid="u0")),
    "synced nothing": lambda pod: (a_gateway(pod), a_report(pod, commit="")),
    "silent": lambda pod: (a_gateway(pod), None),
    "without agent": lambda pod: (a_gateway(pod, has_sidecar=False), a_report(pod)),
    "dry run that says synced": lambda pod: (a_gateway(pod), a_report(pod, dry_run=True)),
    "pinned and synced": lambda pod: (
        a_gateway(pod, ref_override="trial"),
        a_report(pod, commit=B, synced_ref="trial"),
    ),
    "pinned and not there": lambda pod: (
        a_gateway(pod, ref_override="trial"),
        a_report(pod, synced_ref="main"),
    ),
}


def one(pod: str, kind: str) -> One:
    """A gateway in the pod, and what its agent says."""
    if kind in SPECIAL:
        return SPECIAL[kind](pod)
    return a_gateway(pod), a_report(pod, status=SyncStatus(kind))


GOOD_KINDS = ("synced", "pinned and synced")
KINDS = (*SPECIAL, *(status.value for status in SyncStatus if status is not SyncStatus.SYNCED))
FEW = [(), *((kind,) for kind in KINDS), ("synced", "silent"), ("synced", "synced")]
MANY = [(), *((kind,) for kind in KINDS), *product(KINDS, repeat=2)]


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("profiles", PROFILES)
@pytest.mark.parametrize("ref", REFS)
def test_ready(ref: str, profiles: str, *, paused: bool) -> None:
    situation = Situation(now=NOW, ref=REFS[ref], profiles=PROFILES[profiles], paused=paused)
    could_be = ref == "resolved" and profiles == "valid" and not paused
    for kinds in MANY if could_be else FEW:
        pairs = [one(f"blue-{index}", kind) for index, kind in enumerate(kinds)]
        found = aggregate(
            [gateway for gateway, _ in pairs],
            status_map([report for _, report in pairs if report is not None]),
            situation,
        )
        all_there = bool(kinds) and all(kind in GOOD_KINDS for kind in kinds)
        expected = could_be and all_there
        ready = found.get("Ready")
        assert ready is not None
        assert ready.status.value == str(expected), kinds
        reason = "SyncSucceeded" if expected else "Paused" if paused else "Reconciling"
        assert ready.reason == reason, kinds


@pytest.mark.parametrize("profiles", PROFILES)
@pytest.mark.parametrize("ref", REFS)
def test_message_says_what_is_missing_first(ref: str, profiles: str) -> None:
    situation = Situation(now=NOW, ref=REFS[ref], profiles=PROFILES[profiles])
    found = aggregate([a_gateway()], status_map([a_report()]), situation)
    ready = found.get("Ready")
    assert ready is not None
    if profiles == "invalid":
        assert ready.message == "spec.x: is wrong"
    elif ref == "resolved":
        assert ready.message == "1/1 synced"
    elif ref.startswith("resolving"):
        assert ready.message == "waiting for the answer of the git server"
    else:
        assert ready.message == "m"
