"""What to do next, for each problem that is known."""

from __future__ import annotations

from typing import Any

import pytest

from stoker.core.spec.status import SyncStatus
from stoker.core.standing import Facts, Happening, Step, StepKind, next_steps
from support.standing import ago, conditions, facts, metadata, pod, report, row, spec

WAITING = {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}


def one(known: Facts) -> Step:
    (found,) = next_steps(known)
    assert found.cure
    return found


def told(**conditions_: str) -> dict[str, Any]:
    return {"conditions": conditions(**conditions_)}


def test_a_healthy_plant_has_no_steps() -> None:
    rows = (row(), row("line-a-1"))
    pods, reports = [pod(), pod("line-a-1")], [report(), report("line-a-1")]
    assert next_steps(facts(*rows, pods=pods, reports=reports)) == ()


def test_work_that_is_under_way_is_no_problem() -> None:
    said = told(Ready="False Reconciling: 0/2", AllGatewaysSynced="False SyncInProgress: 0/2")
    rows = (row(status="Syncing"), row("line-a-1", "Pending"))
    starting = pod("line-a-1", agent={"state": {"waiting": {"reason": "PodInitializing"}}})
    young = pod(
        agent={"state": {"waiting": {"reason": "ContainerCreating"}}}, created=ago(seconds=20)
    )
    assert next_steps(facts(*rows, status=said, pods=[young])) == ()
    assert one(facts(*rows, status=said, pods=[starting])).kind is StepKind.POD_NOT_STARTED


# --- The GatewaySync ---


@pytest.mark.parametrize(
    ("status", "more", "kind", "what"),
    [
        ({"observed_generation": 1}, {}, StepKind.NOT_SEEN, "the latest change of the spec"),
        (
            {"observed_generation": 0, **told()},
            {},
            StepKind.NOT_SEEN,
            "no controller has ever looked at it",
        ),
        ({}, {"metadata": metadata(deleting=True)}, StepKind.DELETING, "being deleted"),
        (told(Ready="False Paused: paused"), {}, StepKind.PAUSED, "spec.paused is true"),
        (
            told(Ready="False R: x", ProfilesValid="False ProfilesInvalid: spec.sync: wrong"),
            {},
            StepKind.PROFILES_INVALID,
            "the spec cannot be used: spec.sync: wrong",
        ),
        (
            told(Ready="False R: x", RefResolved="False RefResolutionFailed: no such ref"),
            {},
            StepKind.REF_NOT_RESOLVED,
            "no such ref",
        ),
        (
            told(Ready="True S: x", SSHHostKeyVerification="False HostKeyVerificationDisabled: x"),
            {},
            StepKind.HOST_KEYS_UNCHECKED,
            "anyone on the way",
        ),
        (
            told(Ready="True S: x", AgentReady="False AgentStale: nothing heard of line-a-0"),
            {},
            StepKind.AGENT_SILENT,
            "nothing heard of line-a-0",
        ),
    ],
)
def test_what_may_be_wrong_with_all_of_it(
    status: dict[str, Any], more: dict[str, Any], kind: StepKind, what: str
) -> None:
    found = one(facts(row(), status=status, **more))
    assert (found.kind, found.gateways) == (kind, ())
    assert what in found.what
    assert found.command


def test_no_gateway_at_all() -> None:
    said = told(Ready="False R: 0/0", AllGatewaysSynced="False NoGatewaysDiscovered: 0/0 synced")
    found = one(facts(status=said))
    assert found.kind is StepKind.NO_GATEWAYS
    assert 'stoker.io/inject: "true"' in found.cure
    assert "stoker.io/cr-name: line-a" in found.cure


def asked(minutes: int, **more: str) -> dict[str, str]:
    at = ago(minutes=minutes).isoformat()
    return {"stoker.io/requested-ref": "v9", "stoker.io/requested-at": at, **more}


def ignored(minutes: int, reason: str = "RequestedRefUnresolvable") -> Happening:
    return Happening(at=ago(minutes=minutes), reason=reason, message="v9: no such ref")


def test_a_request_that_is_ignored_is_told_until_there_is_another() -> None:
    known = {"metadata": metadata(annotations=asked(5))}
    early, late = ignored(9), ignored(4)
    other = ignored(3, "RefResolved")
    assert one(facts(row(), happenings=(early, late, other), **known)) == Step(
        kind=StepKind.REQUEST_IGNORED,
        what="v9: no such ref",
        cure="push that ref, or ask for one that the repository has",
    )
    assert next_steps(facts(row(), happenings=(early, other), **known)) == ()
    undated = Happening(at=None, reason=late.reason, message="x")
    assert next_steps(facts(row(), happenings=(undated,), **known)) == ()
    in_force = {"last_sync_ref": "v9"}
    assert next_steps(facts(row(), happenings=(late,), status=in_force, **known)) == ()
    assert next_steps(facts(row(), happenings=(late,))) == ()


# --- Gateways ---

NOT_READY = told(Ready="False Reconciling: 0/1 synced")


@pytest.mark.parametrize(
    ("status", "more", "kind", "what", "command"),
    [
        (
            "MissingSidecar",
            {},
            StepKind.MISSING_SIDECAR,
            "without an agent",
            "kubectl delete pod -n plant line-a-0",
        ),
        (
            "Error",
            {"error_message": "the disk is full"},
            StepKind.SYNC_FAILED,
            "the disk is full",
            "kubectl stoker logs -n plant line-a --gateway line-a-0",
        ),
        ("Error", {}, StepKind.SYNC_FAILED, "the last sync failed", "kubectl stoker logs"),
        (
            "RolledBack",
            {"last_scan_result": "rejected"},
            StepKind.ROLLED_BACK,
            "refused the commit, and its files were put back: rejected",
            "kubectl stoker logs",
        ),
        ("RolledBack", {"error_message": "e"}, StepKind.ROLLED_BACK, "put back: e", "kubectl"),
        ("Blocked", {}, StepKind.DESIGNER_OPEN, "a Designer is open", "kubectl stoker logs"),
        ("Paused", {}, StepKind.PROFILE_PAUSED, "its profile is paused", "kubectl edit"),
        (
            "DryRun",
            {},
            StepKind.DRY_RUN,
            "dry run",
            "kubectl stoker diff -n plant line-a --gateway line-a-0",
        ),
        ("Synced", {"drift": 2}, StepKind.DRIFT, "files differ", "kubectl stoker logs"),
    ],
)
def test_what_may_be_wrong_with_a_gateway(
    status: str, more: dict[str, Any], kind: StepKind, what: str, command: str
) -> None:
    found = one(facts(row(status=status, **more), status=NOT_READY))
    assert (found.kind, found.gateways) == (kind, ("line-a-0",))
    assert what in found.what
    assert found.command.startswith(command)


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1 Designer session is open"), (2, "2 Designer sessions are open")]
)
def test_open_designers_are_counted(number: int, words: str) -> None:
    said = report(status="Blocked", designer_sessions_blocked=number)
    found = one(facts(row(status="Blocked"), status=NOT_READY, reports=[said]))
    assert found.what == f"{words} in what the sync would change"


def test_the_pause_of_the_whole_is_told_once() -> None:
    said = told(Ready="False Paused: paused")
    assert one(facts(row(status="Paused"), status=said)).kind is StepKind.PAUSED


@pytest.mark.parametrize(
    ("there", "kind", "what"),
    [
        (pod(agent=WAITING), StepKind.POD_NOT_STARTED, "ImagePullBackOff: no such image"),
        (
            pod(agent={"state": {"waiting": {"reason": "Odd"}}}),
            StepKind.POD_NOT_STARTED,
            "does not start: Odd",
        ),
        (
            pod(conditions=[{"type": "PodScheduled", "status": "False", "message": "no room"}]),
            StepKind.POD_NOT_STARTED,
            "no node takes the pod: no room",
        ),
        (
            pod(agent={"state": {"waiting": {"reason": "CrashLoopBackOff"}}}),
            StepKind.AGENT_RESTARTS,
            "its agent ends again and again",
        ),
        (
            pod(
                agent={
                    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": {"terminated": {"reason": "OOMKilled"}},
                }
            ),
            StepKind.AGENT_RESTARTS,
            "again and again, the last time by OOMKilled",
        ),
    ],
)
def test_what_keeps_an_agent_from_running(there: Any, kind: StepKind, what: str) -> None:
    """It is told in place of the error that follows from it."""
    for status in ("Pending", "Error"):
        found = one(facts(row(status=status), status=NOT_READY, pods=[there]))
        assert found.kind is kind
        assert what in found.what


def test_an_agent_that_reports_what_nobody_writes_down() -> None:
    old = report(status="Error", reported_at=ago(minutes=3))
    found = one(facts(row(), reports=[old]))
    assert (found.kind, found.what) == (
        StepKind.STATUS_BEHIND,
        "its agent reports Error, and the status does not say so",
    )
    for harmless in (report(status="Error"), report(status="Error", reported_at=None)):
        assert next_steps(facts(row(), reports=[harmless])) == ()


def test_gateways_with_the_same_problem_share_a_step() -> None:
    rows = [row(f"line-a-{number}", "Error", error_message="full") for number in range(3)]
    known = facts(*rows, row("line-a-3", "Error", error_message="other"), status=NOT_READY)
    first, second = next_steps(known)
    assert first.gateways == ("line-a-0", "line-a-1", "line-a-2")
    assert first.command == "kubectl stoker logs -n plant line-a"
    assert (second.gateways, second.what) == (("line-a-3",), "other")


def test_what_stops_everything_comes_first() -> None:
    said = told(
        Ready="False Reconciling: x",
        SSHHostKeyVerification="False HostKeyVerificationDisabled: x",
        RefResolved="False RefResolutionFailed: no such ref",
    )
    rows = (row(status="DryRun"), row("line-a-1", "Error"), row("line-a-2", "MissingSidecar"))
    assert [step.kind for step in next_steps(facts(*rows, status=said))] == [
        StepKind.REF_NOT_RESOLVED,
        StepKind.MISSING_SIDECAR,
        StepKind.SYNC_FAILED,
        StepKind.DRY_RUN,
        StepKind.HOST_KEYS_UNCHECKED,
    ]


def test_a_spec_that_is_paused_needs_no_more_than_its_condition() -> None:
    known = facts(row(), spec=spec(paused=True), status=told(Ready="False Paused: x"))
    assert "kubectl patch gatewaysync -n plant line-a" in one(known).command
    assert len(SyncStatus) == 9, "a new status needs a look here"
