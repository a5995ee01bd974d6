"""Law 17: `Ready` holds exactly when the contract says, and no worse report brings it.

And a transition time moves only when a status does.

A worse report is one with a state further from `Synced`, one that no longer claims a commit, one
that turns out to be a dry run or of another life of the pod, or none at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from property.strategies.reports import (
    ALWAYS,
    COMMITS,
    NOW,
    a_report,
    gateway_lists,
    legacy_reports,
    pod_reports,
)
from stoker.core.conditions import Conditions
from stoker.core.discovery import Gateway
from stoker.core.errors import InvalidDocument, Problem
from stoker.core.profile import ResolvedProfile
from stoker.core.refs import same_ref
from stoker.core.report import GatewayReport, badness
from stoker.core.spec.status import SyncStatus
from stoker.core.status import (
    RefState,
    Resolved,
    Resolving,
    Situation,
    StatusMap,
    Unresolvable,
    aggregate,
    status_map,
)

Fleet = tuple[Gateway, ...]

INVALID = InvalidDocument.of("spec", (Problem("spec.x", "is wrong"),))

commits = st.none() | st.sampled_from(COMMITS)
refs: st.SearchStrategy[RefState] = st.one_of(
    st.sampled_from(COMMITS).map(Resolved),
    st.sampled_from(COMMITS).map(Resolved),
    commits.map(Resolving),
    st.builds(
        Unresolvable,
        reason=st.just("RefResolutionFailed"),
        message=st.just("m"),
        stalled=st.booleans(),
        commit=commits,
    ),
)
profiles = st.sampled_from(
    (
        {"default": ResolvedProfile(name="default")},
        {"default": ResolvedProfile(name="default")},
        INVALID,
    )
)
situations = st.builds(
    Situation,
    now=st.just(NOW),
    ref=refs,
    profiles=profiles,
    generation=st.integers(0, 3),
    paused=st.booleans(),
    verifies_host_keys=st.none() | st.booleans(),
)
favourable = st.builds(
    Situation,
    now=st.just(NOW),
    ref=st.sampled_from(COMMITS).map(Resolved),
    profiles=st.just({"default": ResolvedProfile(name="default")}),
)
SITUATION_FLAWS: dict[str, Callable[[Situation], Situation]] = {
    "paused": lambda one: evolve(one, paused=True),
    "invalid": lambda one: evolve(one, profiles=INVALID),
    "resolving": lambda one: evolve(one, ref=Resolving(one.ref.commit)),
    "failed": lambda one: evolve(
        one, ref=Unresolvable(reason="RefResolutionFailed", message="m", commit=one.ref.commit)
    ),
}
maps = st.lists(pod_reports() | legacy_reports(), max_size=6).map(status_map)


@frozen
class Case:
    """Gateways, their reports, and a situation."""

    gateways: Fleet
    reports: StatusMap
    situation: Situation

    def with_report(self, old: GatewayReport, new: GatewayReport | None) -> Case:
        """The same with another report in the place of this one, or with none."""
        others = [report for report in self.reports.values() if report != old]
        return evolve(self, reports=status_map([*others, *([] if new is None else [new])]))

    @property
    def is_ready(self) -> bool:
        """What is to be tested."""
        return aggregate(self.gateways, self.reports, self.situation).is_true("Ready")


REPORT_FLAWS: dict[str, Callable[[GatewayReport], GatewayReport]] = {
    "life": lambda report: evolve(report, pod_uid="another"),
    "commit": lambda report: evolve(report, synced_commit="f" * 40),
    "no commit": lambda report: evolve(report, synced_commit=""),
    "ref": lambda report: evolve(report, synced_ref="elsewhere"),
    "dry run": lambda report: evolve(report, dry_run=True),
    "pending": lambda report: evolve(report, sync_status=SyncStatus.PENDING),
}


def variants(case: Case) -> Iterator[Case]:
    """The case, and the same with each flaw of its situation and of each report."""
    yield case
    for situation_flaw in SITUATION_FLAWS.values():
        yield evolve(case, situation=situation_flaw(case.situation))
    for report in case.reports.values():
        for report_flaw in REPORT_FLAWS.values():
            yield case.with_report(report, report_flaw(report))


@st.composite
def ready_cases(draw: st.DrawFn) -> Case:
    """All is well, if there is a gateway."""
    gateways = draw(gateway_lists(has_sidecar=ALWAYS))
    situation = draw(favourable)
    reports = [
        a_report(
            gateway.pod_name,
            gateway.pod_uid,
            commit=situation.ref.commit or "",
            synced_ref=gateway.ref_override or "main",
        )
        for gateway in gateways
    ]
    return Case(gateways, status_map(reports), situation)


cases = ready_cases() | st.builds(Case, gateway_lists(), maps, situations)


def is_there(case: Case, gateway: Gateway) -> bool:
    """Whether the gateway is synced at what it should have, from the contract's words alone."""
    every = case.reports.values()
    mine = [
        one for one in every if (one.pod_name, one.pod_uid) == (gateway.pod_name, gateway.pod_uid)
    ]
    if not mine and [one.name for one in case.gateways].count(gateway.name) == 1:
        born = gateway.created
        mine = [
            one
            for one in every
            if (one.pod_uid, one.gateway) == ("", gateway.name)
            and one.last_sync_time
            and (born is None or born <= one.last_sync_time)
        ]
    return gateway.has_sidecar and any(
        one.sync_status == "Synced"
        and not one.dry_run
        and one.synced_commit != ""
        and (
            same_ref(one.synced_ref, gateway.ref_override)
            if gateway.ref_override
            else one.synced_commit == case.situation.ref.commit
        )
        for one in mine
    )


@given(cases)
def test_exactly_when_the_contract_says(case: Case) -> None:
    """Seen to fail without each of its parts.

    These are the checks of the life, of the commit, of the number of gateways, of the pause, of the
    profiles, and of the ref.
    """
    for variant in variants(case):
        situation = variant.situation
        expected = (
            not situation.paused
            and isinstance(situation.ref, Resolved)
            and not isinstance(situation.profiles, InvalidDocument)
            and len(variant.gateways) > 0
            and all(is_there(variant, gateway) for gateway in variant.gateways)
        )
        assert variant.is_ready == expected


def worsened(report: GatewayReport) -> Iterator[GatewayReport | None]:
    """Every worse report in the place of this one, and none."""
    yield None
    yield evolve(report, synced_commit="")
    yield evolve(report, dry_run=True)
    yield evolve(report, pod_uid=report.pod_uid and "another")
    for status in SyncStatus:
        if badness(status) > badness(report.sync_status):
            yield evolve(report, sync_status=status)


@given(cases)
def test_a_worse_report_never_brings_it(case: Case) -> None:
    """Seen to fail with `Error` taken for `Synced`, and with a silent gateway taken for it."""
    for before in variants(case):
        if before.is_ready or not before.reports:
            continue
        *_, flawed = before.reports.values()
        for worse in worsened(flawed):
            assert not before.with_report(flawed, worse).is_ready


@given(gateway_lists(), st.lists(st.tuples(situations, maps), min_size=2, max_size=4))
def test_a_time_moves_only_with_its_status(
    gateways: Fleet, looks: list[tuple[Situation, StatusMap]]
) -> None:
    """Seen to fail with conditions that always took the time of the look."""
    before = Conditions()
    for number, (situation, reports) in enumerate(looks):
        now = NOW + timedelta(minutes=number)
        after = aggregate(gateways, reports, evolve(situation, previous=before, now=now))
        for condition in after:
            old = before.get(condition.type)
            moved = old is None or old.status != condition.status
            expected = now if moved or old is None else old.last_transition_time
            assert condition.last_transition_time == expected
        before = after


@given(gateway_lists(), maps, situations)
def test_looking_again_changes_nothing(
    gateways: Fleet, reports: StatusMap, situation: Situation
) -> None:
    """Seen to fail with a message that told the time."""
    once = aggregate(gateways, reports, situation)
    later = evolve(situation, previous=once, now=NOW + timedelta(seconds=1))
    assert aggregate(gateways, reports, later) == once


@given(gateway_lists(), maps, situations)
def test_kstatus(gateways: Fleet, reports: StatusMap, situation: Situation) -> None:
    """Seen to fail with an obstacle that did not end `Reconciling`."""
    found = aggregate(gateways, reports, situation)
    reconciling, stalled = found.is_true("Reconciling"), found.is_true("Stalled")
    assert not (reconciling and stalled)
    if found.is_true("Ready") or situation.paused:
        assert not reconciling
        assert not stalled
