"""Every row of the contract's table of conditions: type, status, reason, message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from property.strategies.reports import COMMITS, NAMESPACE, NOW, a_gateway, a_report
from stoker.core.conditions import Condition, Conditions, ConditionStatus
from stoker.core.discovery import Gateway
from stoker.core.errors import InvalidDocument, Problem
from stoker.core.profile import ResolvedProfile
from stoker.core.report import GatewayReport, Origin
from stoker.core.spec.status import SyncStatus
from stoker.core.status import (
    Deadline,
    Resolved,
    Resolving,
    Situation,
    Unresolvable,
    aggregate,
    deadlines,
    status_map,
)

A, B, C = COMMITS
PROFILES = {"default": ResolvedProfile(name="default")}
INVALID = InvalidDocument.of(
    "spec.sync", (Problem("spec.a", "is wrong", "right it"), Problem("spec.b", "is odd"))
)
GOOD = Situation(now=NOW, ref=Resolved(A), profiles=PROFILES, generation=7)
FAILED = Unresolvable(reason="RefResolutionFailed", message="no such ref", commit=A)


def conditions(
    gateways: Sequence[Gateway] = (),
    reports: Sequence[GatewayReport] = (),
    situation: Situation = GOOD,
) -> Conditions:
    return aggregate(gateways, status_map(reports), situation)


def said(found: Conditions, kind: str) -> tuple[str, str, str]:
    condition = found.get(kind)
    assert condition is not None
    return condition.status.value, condition.reason, condition.message


def gateways(number: int, **fields: Any) -> list[Gateway]:
    return [a_gateway(f"blue-{index}", **fields) for index in range(number)]


def reports(*statuses: SyncStatus | None, **fields: Any) -> list[GatewayReport]:
    return [
        a_report(f"blue-{index}", status=status, **fields)
        for index, status in enumerate(statuses)
        if status is not None
    ]


S, P, E = SyncStatus.SYNCED, SyncStatus.PENDING, SyncStatus.ERROR


class TestRefResolved:
    """The ref and its commit."""

    def test_true_with_the_commit_alone_as_its_message(self) -> None:
        assert said(conditions(), "RefResolved") == ("True", "RefResolved", A)

    @pytest.mark.parametrize("reason", ["RefResolutionFailed", "GitHubAppExchangeFailed"])
    def test_false_with_the_reason_of_the_failure(self, reason: str) -> None:
        situation = evolve(GOOD, ref=Unresolvable(reason=reason, message="why; next try at …"))
        found = said(conditions(situation=situation), "RefResolved")
        assert found == ("False", reason, "why; next try at …")

    def test_unknown_before_there_is_an_answer(self) -> None:
        situation = evolve(GOOD, ref=Resolving())
        assert said(conditions(situation=situation), "RefResolved") == (
            "Unknown",
            "Reconciling",
            "waiting for the answer of the git server",
        )


class TestProfilesValid:
    """The spec."""

    def test_true(self) -> None:
        assert said(conditions(), "ProfilesValid") == (
            "True",
            "ProfilesValid",
            "1 profile(s) valid",
        )

    def test_false_lists_every_error(self) -> None:
        assert said(conditions(situation=evolve(GOOD, profiles=INVALID)), "ProfilesValid") == (
            "False",
            "ProfilesInvalid",
            "spec.a: is wrong (right it); spec.b: is odd",
        )


class TestAllGatewaysSynced:
    """How many are there."""

    @pytest.mark.parametrize(
        ("states", "expected"),
        [
            ((S, S, S), ("True", "SyncSucceeded", "3/3 synced")),
            ((S,), ("True", "SyncSucceeded", "1/1 synced")),
            ((), ("False", "NoGatewaysDiscovered", "0/0 synced")),
            ((S, P, E), ("False", "SyncInProgress", "1/3 synced")),
            ((None, None), ("False", "SyncInProgress", "0/2 synced")),
        ],
    )
    def test_counts(
        self, states: tuple[SyncStatus | None, ...], expected: tuple[str, str, str]
    ) -> None:
        found = conditions(gateways(len(states)), reports(*states))
        assert said(found, "AllGatewaysSynced") == expected

    def test_counts_those_without_an_agent_apart(self) -> None:
        fleet = [a_gateway("blue-0"), *gateways(3, has_sidecar=False)[1:]]
        found = conditions(fleet, reports(S, S, S))
        assert said(found, "AllGatewaysSynced") == (
            "False",
            "SyncInProgress",
            "1/3 synced (2 missing sidecar)",
        )
        found = conditions([a_gateway("red-0"), *fleet[:2]], reports(S))
        assert said(found, "AllGatewaysSynced")[2] == "1/3 synced (1 missing sidecar)"


class TestSidecarInjected:
    """Who has an agent."""

    def test_true(self) -> None:
        found = conditions(gateways(2))
        assert said(found, "SidecarInjected") == (
            "True",
            "SidecarPresent",
            "2 pod(s) with an agent",
        )

    def test_false_names_the_pods(self) -> None:
        fleet = [a_gateway("red-0"), *reversed(gateways(2, has_sidecar=False))]
        assert said(conditions(fleet), "SidecarInjected") == (
            "False",
            "SidecarMissing",
            "no agent in blue-0, blue-1; delete the pod(s) to have them injected",
        )

    @pytest.mark.parametrize(
        ("number", "named"),
        [
            (5, "blue-0, blue-1, blue-2, blue-3, blue-4;"),
            (6, "blue-0, blue-1, blue-2, blue-3, blue-4 and 1 more;"),
        ],
    )
    def test_names_five_at_most(self, number: int, named: str) -> None:
        found = conditions(gateways(number, has_sidecar=False))
        assert said(found, "SidecarInjected")[2].startswith(f"no agent in {named}")


class TestHostKeys:
    """SSH host keys."""

    def test_is_only_there_with_ssh(self) -> None:
        assert conditions().get("SSHHostKeyVerification") is None

    def test_enabled(self) -> None:
        found = conditions(situation=evolve(GOOD, verifies_host_keys=True))
        assert said(found, "SSHHostKeyVerification") == (
            "True",
            "HostKeyVerificationEnabled",
            "host keys are verified",
        )

    def test_disabled(self) -> None:
        found = conditions(situation=evolve(GOOD, verifies_host_keys=False))
        status, reason, message = said(found, "SSHHostKeyVerification")
        assert (status, reason) == ("False", "HostKeyVerificationDisabled")
        assert message == (
            "host keys are not verified: anyone on the way can answer as the git server;"
            " set spec.git.auth.sshKey.knownHosts"
        )

    def test_goes_away_with_ssh(self) -> None:
        with_ssh = conditions(situation=evolve(GOOD, verifies_host_keys=True))
        without = conditions(situation=evolve(GOOD, previous=with_ssh))
        assert without.get("SSHHostKeyVerification") is None


class TestAgentReady:
    """Who was heard of."""

    def heard(self, seconds: float, **fields: Any) -> tuple[str, str, str]:
        situation = evolve(GOOD, heard={Origin("blue-0", "u1"): NOW - timedelta(seconds=seconds)})
        found = conditions([a_gateway(**fields)], [a_report()], situation)
        return said(found, "AgentReady")

    def test_within_three_periods_and_after(self) -> None:
        assert self.heard(90) == ("True", "AgentReady", "1 agent(s) reporting")
        assert self.heard(91) == (
            "False",
            "AgentStale",
            "nothing heard from the agent of blue-0 for three sync periods",
        )

    def test_the_period_of_the_pod_comes_first(self) -> None:
        assert self.heard(15, sync_period=5)[0] == "True"
        assert self.heard(16, sync_period=5)[0] == "False"

    def test_then_that_of_its_profile(self) -> None:
        slow = {"slow": ResolvedProfile(name="slow", sync_period=600)}
        gateway = a_gateway(profile="slow")
        heard = {Origin("blue-0", "u1"): NOW - timedelta(seconds=1800)}
        situation = evolve(GOOD, profiles=slow, heard=heard)
        assert said(conditions([gateway], [a_report()], situation), "AgentReady")[0] == "True"
        situation = evolve(situation, now=NOW + timedelta(seconds=1))
        assert said(conditions([gateway], [a_report()], situation), "AgentReady")[0] == "False"

    def test_then_the_default_also_when_the_spec_is_invalid(self) -> None:
        assert self.heard(90, profile="unknown")[0] == "True"
        assert self.heard(91, profile="unknown")[0] == "False"
        situation = evolve(
            GOOD,
            profiles=INVALID,
            heard={Origin("blue-0", "u1"): NOW - timedelta(seconds=91)},
        )
        assert said(conditions(gateways(1), reports(S), situation), "AgentReady")[0] == "False"

    def until(self, gateway: Gateway, *said_before: GatewayReport) -> tuple[Deadline, ...]:
        return deadlines([gateway], status_map(said_before), profiles={}, heard={})

    def test_the_agent_s_own_time_stands_in(self) -> None:
        report = a_report(reported_at=NOW)
        expected = (Deadline("blue-0", NOW + timedelta(seconds=90)),)
        assert self.until(a_gateway(), report) == expected
        heard = {report.origin: NOW + timedelta(seconds=1)}
        assert deadlines([a_gateway()], status_map([report]), profiles={}, heard=heard) == (
            Deadline("blue-0", NOW + timedelta(seconds=91)),
        )

    def test_for_an_agent_that_never_reported_the_birth_of_its_pod(self) -> None:
        assert self.until(a_gateway(created=NOW)) == (
            Deadline("blue-0", NOW + timedelta(seconds=90)),
        )

    def test_nothing_is_said_where_nothing_is_known(self) -> None:
        assert self.until(a_gateway()) == ()
        assert self.until(a_gateway(), a_report()) == ()
        assert self.until(a_gateway(has_sidecar=False, created=NOW), a_report()) == ()
        go = GatewayReport(gateway="blue", namespace=NAMESPACE, last_sync_time=NOW)
        assert self.until(a_gateway(), go) == ()

    def test_the_calendar_ends_somewhere(self) -> None:
        last = datetime.max.replace(tzinfo=UTC)
        assert self.until(a_gateway(created=last)) == (Deadline("blue-0", last),)


class TestRefSkew:
    """Who sits where."""

    def test_in_step(self) -> None:
        fleet = [a_report("blue-0"), a_report("blue-1"), a_report("blue-2", commit="")]
        assert said(conditions(gateways(3), fleet), "RefSkew") == (
            "False",
            "InStep",
            "no two gateways are at different commits",
        )

    def test_skewed_lists_the_commits(self) -> None:
        fleet = [a_report("blue-0", commit=B), a_report("blue-1"), a_report("blue-2", commit=B)]
        assert said(conditions(gateways(3), fleet), "RefSkew") == (
            "True",
            "Skewed",
            "2 at bbbbbbb, 1 at aaaaaaa",
        )

    def test_a_pinned_gateway_skews(self) -> None:
        pinned = a_gateway("blue-1", ref_override="trial")
        fleet = [a_report("blue-0"), a_report("blue-1", commit=C, synced_ref="trial")]
        found = conditions([a_gateway(), pinned], fleet)
        assert said(found, "RefSkew") == ("True", "Skewed", "1 at aaaaaaa, 1 at ccccccc")
        assert said(found, "Ready")[0] == "True"


class TestDrifted:
    """Files that differ."""

    def test_no_drift(self) -> None:
        assert said(conditions(gateways(1), reports(S)), "Drifted") == (
            "False",
            "NoDrift",
            "files are as they were applied",
        )

    def test_drift_is_counted_and_located(self) -> None:
        fleet = [a_report("blue-0", drift=2), a_report("blue-1"), a_report("blue-2", drift=1)]
        assert said(conditions(gateways(3), fleet), "Drifted") == (
            "True",
            "DriftDetected",
            "3 file(s) differ from what was applied, in blue-0, blue-2",
        )


class TestMessageOfReady:
    """What the column STATUS shows."""

    @pytest.mark.parametrize(
        ("states", "message"),
        [
            ((S, S), "2/2 synced"),
            ((), "0/0 synced: there is no pod of a gateway"),
            ((S, None), "1/2 synced (1 pending)"),
            (
                (E, SyncStatus.ROLLED_BACK, SyncStatus.BLOCKED, P, SyncStatus.SYNCING),
                "0/5 synced (1 failed, 1 rolled back, 1 blocked, 1 pending, 1 syncing)",
            ),
            ((SyncStatus.PAUSED, SyncStatus.DRY_RUN, S), "1/3 synced (1 paused, 1 dry run)"),
        ],
    )
    def test_counts_every_state(self, states: tuple[SyncStatus | None, ...], message: str) -> None:
        found = conditions(gateways(len(states)), reports(*states))
        assert said(found, "Ready")[2] == message

    def test_names_the_first_cause(self) -> None:
        fleet = [
            a_report("blue-0"),
            a_report("blue-1", status=E, error_message="disk full"),
            a_report("blue-2", status=E, error_message="no route"),
        ]
        message = said(conditions(gateways(3), fleet), "Ready")[2]
        assert message == "1/3 synced (2 failed): blue-1: disk full"

    def test_names_no_cause_when_all_is_well(self) -> None:
        fleet = [a_report(error_message="of yesterday")]
        assert said(conditions(gateways(1), fleet), "Ready")[2] == "1/1 synced"

    def test_a_cause_is_bounded(self) -> None:
        fleet = [a_report(status=E, error_message="x" * 2000)]
        message = said(conditions(gateways(1), fleet), "Ready")[2]
        assert message == "0/1 synced (1 failed): blue-0: " + "x" * 291 + "…"

    def test_counts_missing_sidecars(self) -> None:
        found = conditions(gateways(1, has_sidecar=False))
        assert said(found, "Ready")[2] == "0/1 synced (1 missing sidecar)"


PAUSED = ("False", "Paused", "paused: no ref is resolved, and gateways keep what they have")


class TestKstatus:
    """kstatus' two conditions."""

    @pytest.mark.parametrize(
        ("states", "situation", "reconciling", "stalled"),
        [
            ((S,), GOOD, ("False", "SyncSucceeded"), ("False", "Progressing")),
            ((P,), GOOD, ("True", "Progressing"), ("False", "Progressing")),
            ((E, S), GOOD, ("True", "Progressing"), ("False", "Progressing")),
            ((SyncStatus.BLOCKED,), GOOD, ("True", "Progressing"), ("False", "Progressing")),
            ((), GOOD, ("True", "Progressing"), ("False", "Progressing")),
            (
                (SyncStatus.PAUSED, SyncStatus.DRY_RUN, S),
                GOOD,
                ("False", "SyncSucceeded"),
                ("False", "Progressing"),
            ),
            (
                (SyncStatus.ROLLED_BACK, S),
                GOOD,
                ("False", "Stalled"),
                ("True", "RolledBack"),
            ),
            (
                (SyncStatus.ROLLED_BACK, P),
                GOOD,
                ("True", "Progressing"),
                ("False", "Progressing"),
            ),
            ((S,), evolve(GOOD, ref=FAILED), ("True", "Progressing"), ("False", "Progressing")),
            (
                (SyncStatus.ROLLED_BACK,),
                evolve(GOOD, ref=FAILED),
                ("True", "Progressing"),
                ("False", "Progressing"),
            ),
            (
                (S,),
                evolve(GOOD, ref=evolve(FAILED, stalled=True)),
                ("False", "Stalled"),
                ("True", "RefResolutionFailed"),
            ),
            (
                (S,),
                evolve(GOOD, ref=Resolving(A)),
                ("True", "Progressing"),
                ("False", "Progressing"),
            ),
            (
                (S,),
                evolve(GOOD, profiles=INVALID),
                ("False", "Stalled"),
                ("True", "ProfilesInvalid"),
            ),
            ((P,), evolve(GOOD, paused=True), ("False", "Paused"), ("False", "Paused")),
            (
                (P,),
                evolve(GOOD, paused=True, profiles=INVALID),
                ("False", "Paused"),
                ("False", "Paused"),
            ),
        ],
    )
    def test_table(
        self,
        states: tuple[SyncStatus, ...],
        situation: Situation,
        reconciling: tuple[str, str],
        stalled: tuple[str, str],
    ) -> None:
        found = conditions(gateways(len(states)), reports(*states), situation)
        assert said(found, "Reconciling")[:2] == reconciling
        assert said(found, "Stalled")[:2] == stalled

    def test_missing_sidecars_alone_stall(self) -> None:
        fleet = [a_gateway("red-0"), a_gateway("blue-0", has_sidecar=False)]
        found = conditions(fleet, [a_report("red-0")])
        assert said(found, "Stalled") == (
            "True",
            "SidecarMissing",
            "no agent in blue-0; delete the pod(s) to have them injected",
        )
        found = conditions([*fleet, a_gateway("blue-1")], [a_report("red-0")])
        assert said(found, "Stalled")[0] == "False"
        both = [*fleet, a_gateway("blue-1")]
        rolled = a_report("blue-1", status=SyncStatus.ROLLED_BACK)
        found = conditions(both, [a_report("red-0"), rolled])
        assert said(found, "Stalled")[:2] == ("True", "SidecarMissing")

    def test_messages(self) -> None:
        busy = conditions(gateways(1))
        assert said(busy, "Reconciling")[2] == "0/1 synced (1 pending)"
        assert said(busy, "Stalled")[2] == "nothing has to be changed by hand"
        stuck = conditions(gateways(1), reports(SyncStatus.ROLLED_BACK))
        assert said(stuck, "Reconciling")[2] == "see the condition Stalled"
        assert said(stuck, "Stalled")[2] == "0/1 synced (1 rolled back)"
        done = conditions(gateways(1), reports(S))
        assert said(done, "Reconciling")[2] == "1/1 synced"
        ref = evolve(FAILED, stalled=True)
        failed = conditions(situation=evolve(GOOD, ref=ref))
        assert said(failed, "Stalled")[2] == "no such ref"
        paused = conditions(situation=evolve(GOOD, paused=True))
        assert said(paused, "Ready") == PAUSED
        assert said(paused, "Reconciling") == PAUSED
        assert said(paused, "Stalled") == PAUSED


class TestTimesAndOrder:
    """What all conditions have in common."""

    def test_every_condition_is_of_this_generation(self) -> None:
        found = conditions(situation=evolve(GOOD, verifies_host_keys=True))
        assert [condition.type for condition in found] == [
            "RefResolved", "ProfilesValid", "AllGatewaysSynced", "SidecarInjected",
            "SSHHostKeyVerification", "AgentReady", "RefSkew", "Drifted", "Reconciling",
            "Stalled", "Ready",
        ]  # fmt: skip
        assert {condition.observed_generation for condition in found} == {7}
        assert {condition.last_transition_time for condition in found} == {NOW}

    def test_conditions_of_others_are_kept(self) -> None:
        foreign = Condition("Notified", ConditionStatus.TRUE, "Sent", "ok", NOW)
        found = conditions(situation=evolve(GOOD, previous=Conditions((foreign,))))
        assert found.get("Notified") == foreign

    def test_a_time_moves_with_its_status_only(self) -> None:
        later = NOW + timedelta(hours=1)
        before = conditions(gateways(1), reports(P))
        after = conditions(
            gateways(1), reports(E), evolve(GOOD, previous=before, now=later, generation=8)
        )
        assert {condition.last_transition_time for condition in after} == {NOW}
        done = conditions(gateways(1), reports(S), evolve(GOOD, previous=after, now=later))
        moved = {one.type for one in done if one.last_transition_time == later}
        assert moved == {"AllGatewaysSynced", "Reconciling", "Ready"}
