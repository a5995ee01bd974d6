"""The agent's start: recovery, metadata, pauses, profiles, the startup gate, the gateway's rise."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from property.strategies.agents import NOW, pod
from stoker.core.agent import Assignment, assign
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.agent import state as at
from stoker.core.agent.facts import OnDisk, PlanSummary
from stoker.core.errors import ProfileError, StokerError
from stoker.core.ignition import ScanKind
from stoker.core.pods import PodAnnotations
from stoker.core.profile import AuthType, Metadata, ResolvedProfile
from stoker.core.report import GatewayReport
from stoker.core.scan import Readiness, Succeeded
from stoker.core.spec import SyncStatus
from support.agents import COMMIT, NOTHING, OTHER, SOME, URL, Driver, metadata

ASSIGNMENT = Assignment(
    gateway="gw-0",
    pod_name="gw-0",
    commit=COMMIT,
    ref="main",
    git_url=URL,
    gateway_port=8088,
    gateway_tls=False,
    profile=ResolvedProfile("default"),
)


def _annotated(**annotations: str) -> Any:
    raw = {f"stoker.io/{key.replace('_', '-')}": text for key, text in annotations.items()}
    return evolve(pod(), annotations=PodAnnotations.read(raw))


# --- assignment ------------------------------------------------------------------------------


def test_the_assignment_of_a_plain_pod() -> None:
    assert assign(metadata(), pod()) == ASSIGNMENT
    assert not ASSIGNMENT.moves


def test_what_an_assignment_takes_over() -> None:
    told = evolve(metadata(paused=True), auth_type=AuthType.SSH, gateway_port=1, gateway_tls=True)
    named = evolve(
        _annotated(gateway_name="blue", sync_period="7", exclude_patterns="a,b"),
        labels={"x": "y"},
    )
    assert assign(told, named) == evolve(
        ASSIGNMENT,
        gateway="blue",
        labels={"x": "y"},
        auth_type=AuthType.SSH,
        gateway_port=1,
        gateway_tls=True,
        profile=ResolvedProfile("default", sync_period=7, exclude_patterns=("a", "b")),
    )


def test_a_pause_changes_nothing_about_the_files() -> None:
    assert assign(metadata(paused=True), pod()) == assign(metadata(), pod())
    paused = Metadata(
        commit=COMMIT,
        ref="main",
        git_url=URL,
        profiles={"default": ResolvedProfile("default", paused=True)},
    )
    assert assign(paused, pod()) == ASSIGNMENT


def test_no_commit_is_no_assignment() -> None:
    assert assign(metadata(""), pod()) is None


def test_an_override_of_the_ref_needs_no_commit() -> None:
    moving = assign(metadata(""), _annotated(ref_override="dev"))
    assert moving == evolve(ASSIGNMENT, commit="", ref="dev")
    assert moving is not None
    assert moving.moves
    fixed = assign(metadata(), _annotated(ref_override=OTHER.upper()))
    assert fixed == evolve(ASSIGNMENT, commit=OTHER, ref=OTHER)


def test_a_profile_that_is_not_there() -> None:
    with pytest.raises(ProfileError):
        assign(metadata(), _annotated(profile="gone"))


# --- start and recovery ------------------------------------------------------------------------


def test_the_start_asks_for_recovery_and_reports_nothing_yet_known() -> None:
    agent = Driver()
    assert agent.hear(ev.Started) == [ef.Recover(1)]
    assert agent.told is not None
    assert agent.report == GatewayReport(
        gateway="gw-0", namespace="plant", pod_name="gw-0", pod_uid="u1", profile="default",
        agent_version="1.2.3", sync_status=SyncStatus.PENDING,
    )  # fmt: skip
    assert agent.told.reported_at == NOW
    assert agent.told.seq == int(NOW.timestamp() * 1000)


def test_what_the_last_life_told_is_told_on() -> None:
    agent = Driver()
    last = GatewayReport(
        gateway="x", namespace="y", seq=10**15, synced_commit=OTHER, synced_ref="v1"
    )
    agent.hear(ev.Started, last)
    assert agent.told is not None
    assert (agent.told.synced_commit, agent.told.synced_ref) == (OTHER, "v1")
    assert agent.told.seq == 10**15 + 1


def test_a_second_start_is_none() -> None:
    agent = Driver()
    agent.hear(ev.Started)
    before = agent.state
    assert agent.hear(ev.Started) == []
    assert agent.state == before


def test_recovery_tells_what_is_on_the_disk() -> None:
    agent = Driver()
    assert agent.start(on_disk=OnDisk(OTHER, "v1")) == []
    assert agent.rests_in(at.WaitingForMetadata)
    assert (agent.report.synced_commit, agent.report.synced_ref) == (OTHER, "v1")
    assert agent.says(SyncStatus.PENDING)
    assert agent.report.error_message == ""


def test_a_recovery_that_fails_is_tried_again() -> None:
    agent = Driver()
    agent.hear(ev.Started)
    assert agent.answer(ev.RecoverFailed, StokerError("no space", where="manifest")) == []
    assert agent.rests_in(at.Unrecovered)
    assert agent.timer == 30.0
    assert agent.says(SyncStatus.ERROR)
    assert agent.report.error_message == (
        "manifest: no space; next try at 2026-03-01T12:00:30+00:00"
    )
    # News does not make a disk better, and nothing is done without recovery.
    assert agent.hear(ev.MetadataChanged, metadata()) == []
    assert agent.hear(ev.PodInfoChanged, pod(profile="default")) == []
    assert agent.hear(ev.SyncRequested) == []
    assert agent.tick(29) == []
    assert agent.timer == 1.0
    assert agent.tick(1) == [ef.Recover(2)]
    assert agent.rests_in(at.Recovering)
    agent.answer(ev.RecoverFailed, StokerError("no space"))
    assert agent.timer == 30.0
    assert agent.state.backoff.failures == 2


def test_metadata_that_came_before_the_recovery_is_followed() -> None:
    agent = Driver()
    agent.hear(ev.Started)
    assert agent.hear(ev.MetadataChanged, metadata()) == []
    assert agent.hear(ev.Tick) == []
    assert agent.answer(ev.Recovered, OnDisk(), Readiness.DOWN) == [ef.Fetch(2, ASSIGNMENT)]


# --- metadata ----------------------------------------------------------------------------------


def test_metadata_begins_a_sync() -> None:
    agent = Driver()
    agent.start()
    assert agent.hear(ev.MetadataChanged, metadata()) == [ef.Fetch(2, ASSIGNMENT)]
    assert agent.says(SyncStatus.SYNCING)


def test_metadata_without_a_commit_is_waited_out() -> None:
    agent = Driver()
    agent.start()
    assert agent.hear(ev.MetadataChanged, metadata("")) == []
    assert agent.rests_in(at.WaitingForMetadata)
    assert agent.says(SyncStatus.PENDING)
    assert agent.report.error_message == "the ref is not resolved yet"


def test_metadata_that_goes_leaves_the_files_and_says_so() -> None:
    agent = _synced()
    assert agent.hear(ev.MetadataGone) == []
    assert agent.rests_in(at.WaitingForMetadata)
    assert agent.says(SyncStatus.PENDING)
    assert agent.report.synced_commit == COMMIT
    assert agent.report.error_message == (
        "the metadata of the GatewaySync is gone; the files stay as they are"
    )
    assert agent.tick(30) == []
    assert agent.hear(ev.MetadataChanged, metadata()) == []
    assert agent.says(SyncStatus.SYNCED)
    assert agent.report.error_message == ""
    assert not agent.state.orphaned


def test_metadata_that_says_the_same_changes_nothing() -> None:
    agent = _synced()
    before = agent.state
    assert agent.hear(ev.MetadataChanged, metadata()) == []
    assert agent.hear(ev.PodInfoChanged, pod()) == []
    assert agent.state == before
    assert agent.told is None


def test_labels_are_part_of_what_is_synced() -> None:
    agent = _synced()
    labelled = evolve(pod(), labels={"site": "north"})
    (fetch,) = agent.hear(ev.PodInfoChanged, labelled)
    assert fetch == ef.Fetch(agent.state.ticket, evolve(ASSIGNMENT, labels={"site": "north"}))


def test_another_profile_that_this_gateway_does_not_use_is_no_reason_to_sync() -> None:
    agent = _synced()
    more = evolve(metadata(), profiles={**metadata().profiles, "other": ResolvedProfile("other")})
    assert agent.hear(ev.MetadataChanged, more) == []
    assert agent.rests_in(at.Idle)


# --- pauses ------------------------------------------------------------------------------------


@pytest.mark.parametrize("paused", [metadata(paused=True), metadata(COMMIT)])
def test_a_pause_lets_the_gateway_start_and_writes_nothing(paused: Metadata) -> None:
    if not paused.paused:
        profile = ResolvedProfile("default", paused=True)
        paused = evolve(paused, profiles={"default": profile})
    agent = Driver()
    agent.start(on_disk=OnDisk(OTHER, "v1"))
    assert agent.hear(ev.MetadataChanged, paused) == [ef.OpenStartupGate()]
    assert agent.rests_in(at.Paused)
    assert agent.says(SyncStatus.PAUSED)
    assert agent.report.synced_commit == OTHER
    assert agent.tick(30) == [ef.CountSkip(ef.SkipReason.PAUSED, "default")]
    assert agent.tick(29) == []
    assert agent.hear(ev.SyncRequested) == []
    assert agent.rests_in(at.Paused)


def test_a_pause_does_not_need_the_profile_of_the_pod() -> None:
    agent = Driver(of=_annotated(profile="gone"))
    agent.start()
    agent.hear(ev.MetadataChanged, metadata(paused=True))
    assert agent.rests_in(at.Paused)


def test_the_end_of_a_pause_syncs_what_is_new() -> None:
    agent = _synced()
    agent.hear(ev.MetadataChanged, metadata(paused=True))
    assert agent.says(SyncStatus.PAUSED)
    assert agent.hear(ev.MetadataChanged, metadata()) == []
    assert agent.says(SyncStatus.SYNCED)
    agent.hear(ev.MetadataChanged, metadata(OTHER, paused=True))
    assert agent.says(SyncStatus.PAUSED)
    (fetch,) = agent.hear(ev.MetadataChanged, metadata(OTHER))
    assert isinstance(fetch, ef.Fetch)


# --- profiles ----------------------------------------------------------------------------------


def test_a_profile_that_is_missing_is_an_error_until_it_is_there() -> None:
    agent = Driver(of=_annotated(profile="gone"))
    agent.start()
    assert agent.hear(ev.MetadataChanged, metadata()) == []
    assert agent.rests_in(at.Idle)
    assert agent.says(SyncStatus.ERROR)
    assert agent.report.error_message.startswith('gone: there is no profile "gone"')
    assert agent.timer == 30.0
    assert agent.tick(30) == [ef.CountSkip(ef.SkipReason.PROFILE_ERROR, "gone")]
    assert agent.hear(ev.PodInfoChanged, pod()) == [ef.Fetch(2, ASSIGNMENT)]
    assert agent.says(SyncStatus.SYNCING)
    assert agent.report.error_message == ""


# --- the first sync and the gate ---------------------------------------------------------------


def _first_sync(
    summary: PlanSummary = SOME,
    *,
    has_gateway: bool = True,
    **profile: Any,
) -> Driver:
    agent = Driver(has_gateway=has_gateway)
    agent.start()
    agent.hear(ev.MetadataChanged, metadata(**profile))
    agent.answer(ev.Fetched, COMMIT, "jane")
    agent.answer(ev.Planned, summary)
    return agent


def _synced() -> Driver:
    """An agent whose gateway has taken everything."""
    agent = _first_sync()
    agent.answer(ev.Applied)
    agent.hear(ev.GatewaySeen, Readiness.RUNNING)
    agent.answer(ev.Fetched, COMMIT, "jane")
    agent.answer(ev.Planned, NOTHING)
    agent.answer(ev.ScanFinished, Succeeded(1))
    agent.answer(ev.ScanFinished, Succeeded(2))
    assert agent.says(SyncStatus.SYNCED)
    assert agent.rests_in(at.Idle)
    return agent


def test_the_first_sync_does_not_need_the_gateway() -> None:
    agent = Driver()
    agent.start(Readiness.STARTING)
    agent.hear(ev.MetadataChanged, metadata())
    assert agent.answer(ev.Fetched, COMMIT, "jane") == [ef.Plan(3, ASSIGNMENT, COMMIT)]
    assert agent.answer(ev.Planned, SOME) == [ef.Apply(4, COMMIT, "main")]
    agent.now += timedelta(seconds=2.34)
    done = agent.answer(ev.Applied)
    assert done == [
        ef.PublishChanges(SOME.changes),
        ef.OpenStartupGate(),
        ef.CountSync(ef.SyncResult.SYNCED, "default", 2.34),
        ef.Audit(
            time=agent.now,
            gateway="gw-0",
            cr="plant",
            profile="default",
            ref="main",
            commit=COMMIT,
            author="jane",
            added=1,
            modified=2,
            deleted=3,
            scan="pending",
            duration_seconds=2.34,
            result=ef.SyncResult.SYNCED,
        ),
    ]
    assert agent.rests_in(at.Idle)
    assert agent.report == GatewayReport(
        gateway="gw-0", namespace="plant", pod_name="gw-0", pod_uid="u1", profile="default",
        agent_version="1.2.3", sync_status=SyncStatus.SYNCING, synced_commit=COMMIT,
        synced_ref="main", last_sync_time=agent.now, last_sync_duration="2.3s",
        last_scan_result="pending", files_changed=6, projects_synced=("p", "q"), drift=0,
    )  # fmt: skip


def test_files_that_are_right_already_open_the_gate() -> None:
    agent = _first_sync(NOTHING)
    assert agent.done[:2] == [ef.Adopt(COMMIT, "main"), ef.OpenStartupGate()]
    assert agent.only(ef.CountSync).result is ef.SyncResult.SYNCED
    assert agent.report.synced_commit == COMMIT
    assert agent.says(SyncStatus.SYNCING)


def test_a_failure_keeps_the_gate_shut() -> None:
    agent = _first_sync()
    assert not agent.state.gate_open
    agent.answer(ev.ApplyFailed, StokerError("no space"))
    agent.answer(ev.RolledBack)
    assert not agent.state.gate_open


def test_the_gate_opens_once() -> None:
    agent = _synced()
    agent.hear(ev.MetadataChanged, metadata(OTHER))
    agent.answer(ev.Fetched, OTHER)
    agent.answer(ev.Planned, NOTHING)
    assert not any(isinstance(effect, ef.OpenStartupGate) for effect in agent.done)
    agent.hear(ev.MetadataChanged, metadata(OTHER, paused=True))
    assert not any(isinstance(effect, ef.OpenStartupGate) for effect in agent.done)


def test_without_a_gateway_complete_files_are_all_there_is() -> None:
    agent = _first_sync(has_gateway=False)
    done = agent.answer(ev.Applied)
    assert done[:3] == [ef.PublishChanges(SOME.changes), ef.OpenStartupGate(), ef.Release()]
    assert agent.says(SyncStatus.SYNCED)
    assert agent.report.last_scan_result == ""
    before = agent.state
    assert agent.hear(ev.GatewaySeen, Readiness.RUNNING) == []
    assert agent.state == before


def test_without_a_gateway_its_readiness_is_nobodys() -> None:
    agent = Driver(has_gateway=False)
    agent.start(Readiness.RUNNING)
    assert agent.state.gateway is Readiness.DOWN
    assert not agent.state.greeted


# --- the gateway's rise --------------------------------------------------------------------------


@pytest.mark.parametrize("up", [Readiness.RUNNING, Readiness.WEB_SERVER_UP])
def test_the_first_start_of_a_gateway_is_followed_by_a_whole_sync(up: Readiness) -> None:
    agent = _first_sync()
    agent.answer(ev.Applied)
    for stage in (Readiness.DOWN, Readiness.STARTING, Readiness.COMMISSIONING):
        assert agent.hear(ev.GatewaySeen, stage) == []
        assert agent.state.gateway is stage
    assert agent.hear(ev.GatewaySeen, up) == [
        ef.Release(),
        ef.Fetch(agent.state.ticket, ASSIGNMENT),
    ]
    agent.answer(ev.Fetched, COMMIT, "jane")
    agent.answer(ev.Planned, NOTHING)
    assert agent.only(ef.Scan).kind is ScanKind.PROJECTS
    assert agent.hear(ev.GatewaySeen, up) == []


def test_a_gateway_that_runs_at_the_start_is_no_first_start() -> None:
    agent = Driver()
    agent.start(Readiness.RUNNING)
    agent.hear(ev.MetadataChanged, metadata())
    agent.answer(ev.Fetched, COMMIT)
    agent.answer(ev.Planned, NOTHING)
    agent.answer(ev.ScanFinished, Succeeded(1))
    agent.answer(ev.ScanFinished, Succeeded(1))
    assert agent.rests_in(at.Idle)
    assert agent.says(SyncStatus.SYNCED)
    agent.hear(ev.GatewaySeen, Readiness.DOWN)
    assert agent.hear(ev.GatewaySeen, Readiness.RUNNING) == []


def test_a_restart_of_the_gateway_is_no_first_start() -> None:
    agent = _synced()
    assert agent.hear(ev.GatewaySeen, Readiness.STARTING) == []
    assert agent.hear(ev.GatewaySeen, Readiness.RUNNING) == []
    assert agent.rests_in(at.Idle)


def test_a_rise_during_a_sync_is_followed_after_it() -> None:
    agent = _first_sync()
    assert agent.hear(ev.GatewaySeen, Readiness.RUNNING) == []
    agent.answer(ev.Applied)
    assert agent.only(ef.Scan).kind is ScanKind.PROJECTS
    agent.answer(ev.ScanFinished, Succeeded(1))
    agent.answer(ev.ScanFinished, Succeeded(1))
    agent.answer(ev.Verified)
    assert isinstance(agent.state.phase, at.Fetching)
    assert agent.says(SyncStatus.SYNCING)
