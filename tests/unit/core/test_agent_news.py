"""What an agent tells people, what a request and a first start do, and the startup gate."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.agent import state as at
from stoker.core.agent.effects import AnnouncementReason as Reason
from stoker.core.agent.facts import OnDisk
from stoker.core.errors import StokerError
from stoker.core.ignition import ScanKind
from stoker.core.scan import NotCommissioned, Readiness, Refused, Succeeded
from stoker.core.spec import DesignerPolicy, DriftAction, SyncStatus
from support.agents import COMMIT, NOTHING, OTHER, SOME, Driver, metadata

BROKEN = StokerError("it broke")
EARLIER = OnDisk(COMMIT, "main", commissioned=True)


@pytest.fixture
def agent() -> Driver:
    """An agent that has synced a first commit to a gateway that runs."""
    driver = Driver()
    driver.synced()
    driver.announced.clear()
    return driver


def told(agent: Driver) -> list[tuple[Reason, bool]]:
    return [(one.reason, one.warning) for one in agent.announced]


# --- what people are told ------------------------------------------------------------------------


def test_a_sync_that_changed_files_is_told(agent: Driver) -> None:
    agent.applied()
    agent.scanned(Succeeded(1))
    agent.answer(ev.Verified)
    message = f"gw-0: {OTHER[:7]} (main): 1 added, 2 modified, 3 deleted; scan: projects=ok"
    assert agent.announced == [ef.Announce(Reason.SYNC_SUCCEEDED, message)]


def test_a_sync_that_changed_nothing_is_no_news(agent: Driver) -> None:
    agent.planned(NOTHING)
    assert agent.rests_in(at.Idle)
    assert agent.announced == []


def test_a_failure_is_told_without_the_time_of_the_next_try(agent: Driver) -> None:
    """Else every try would be other news."""
    agent.hear(ev.MetadataChanged, metadata(OTHER))
    agent.answer(ev.FetchFailed, BROKEN)
    message = f"gw-0: {OTHER[:7]} (main): it broke"
    assert agent.announced == [ef.Announce(Reason.SYNC_FAILED, message, warning=True)]
    assert "next try at" in agent.report.error_message


def test_designers_in_the_way_are_told(agent: Driver) -> None:
    agent.planned(SOME, designer_session_policy=DesignerPolicy.FAIL)
    agent.answer(ev.DesignersUnavailable, "401")
    assert told(agent) == [(Reason.SYNC_BLOCKED, True)]


def test_a_rollback_is_told(agent: Driver) -> None:
    agent.applied()
    agent.scanned(Refused(500))
    agent.answer(ev.RolledBack)
    agent.scanned(Succeeded(1))
    assert told(agent) == [(Reason.ROLLED_BACK, True)]


def test_a_dry_run_is_told(agent: Driver) -> None:
    agent.planned(SOME, dry_run=True)
    assert told(agent) == [(Reason.DRY_RUN_COMPLETED, False)]


def test_a_profile_that_is_missing_is_told_once(agent: Driver) -> None:
    without = evolve(metadata(OTHER), profiles={})
    agent.hear(ev.MetadataChanged, without)
    agent.tick(30)
    agent.hear(ev.MetadataChanged, evolve(without, commit=COMMIT))
    assert told(agent) == [(Reason.PROFILE_ERROR, True)]


def test_drift_is_told_when_it_comes_and_when_it_goes(agent: Driver) -> None:
    for count in (0, 2, 5, 0, 0):
        agent.tick(30)
        agent.hear(ev.DriftChecked, agent.state.check, count)
    assert told(agent) == [(Reason.DRIFT_DETECTED, True), (Reason.DRIFT_RESOLVED, False)]


# --- requests ------------------------------------------------------------------------------------


def test_a_request_syncs_at_once_and_puts_everything_right(agent: Driver) -> None:
    asked = evolve(metadata(), requested_at="2026-01-01T00:00:00Z")
    agent.hear(ev.MetadataChanged, asked)
    agent.only(ef.Fetch)
    assert agent.answer(ev.Fetched, COMMIT, "jane")
    assert agent.only(ef.Plan).restores


def test_a_request_ends_the_wait_after_a_failure(agent: Driver) -> None:
    agent.hear(ev.MetadataChanged, metadata(OTHER))
    agent.answer(ev.FetchFailed, BROKEN)
    assert agent.rests_in(at.BackingOff)
    agent.hear(ev.MetadataChanged, evolve(metadata(OTHER), requested_at="now"))
    assert agent.rests_in(at.Fetching)
    assert agent.state.backoff.failures == 0


@pytest.mark.parametrize(("before", "after"), [("then", ""), ("then", "then")])
def test_the_end_of_a_request_is_no_request(before: str, after: str) -> None:
    agent = Driver()
    agent.start()
    agent.hear(ev.MetadataChanged, evolve(metadata(), requested_at=before))
    agent.answer(ev.Fetched, COMMIT, "jane")
    agent.answer(ev.Planned, NOTHING)
    assert not agent.state.demanded
    assert agent.hear(ev.MetadataChanged, evolve(metadata(), requested_at=after)) == []


# --- what others have changed --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "restores"), [(DriftAction.RESTORE, True), (DriftAction.REPORT, False)]
)
def test_a_new_commit_restores_what_the_policy_says(
    agent: Driver, action: DriftAction, *, restores: bool
) -> None:
    agent.hear(ev.MetadataChanged, metadata(OTHER, drift_action=action))
    agent.answer(ev.Fetched, OTHER, "joe")
    assert agent.only(ef.Plan).restores is restores


def test_a_restarted_agent_restores_nothing_by_itself() -> None:
    agent = Driver()
    agent.start(Readiness.RUNNING, EARLIER)
    agent.hear(ev.MetadataChanged, metadata())
    agent.answer(ev.Fetched, COMMIT, "jane")
    assert not agent.only(ef.Plan).restores
    agent.answer(ev.Planned, evolve(NOTHING, drifted=2))
    agent.scanned(Succeeded(1), Succeeded(2))
    assert agent.says(SyncStatus.SYNCED)
    assert agent.report.drift == 2


def test_a_wish_to_restore_outlives_failures_and_new_commits(agent: Driver) -> None:
    agent.hear(ev.SyncRequested)
    agent.answer(ev.FetchFailed, BROKEN)
    agent.hear(ev.MetadataChanged, metadata(OTHER))
    agent.answer(ev.Fetched, OTHER, "joe")
    assert agent.only(ef.Plan).restores
    agent.answer(ev.Planned, NOTHING)
    agent.hear(ev.MetadataChanged, metadata(COMMIT))
    agent.answer(ev.Fetched, COMMIT, "joe")
    assert not agent.only(ef.Plan).restores, "once it is fulfilled it is over"


def test_a_wish_to_restore_outlives_a_rollback(agent: Driver) -> None:
    agent.hear(ev.SyncRequested)
    agent.answer(ev.Fetched, COMMIT, "jane")
    agent.answer(ev.Planned, SOME)
    agent.answer(ev.Locked)
    agent.answer(ev.Applied)
    agent.scanned(Refused(500))
    agent.answer(ev.RolledBack)
    agent.scanned(Succeeded(1))
    agent.hear(ev.MetadataChanged, metadata(OTHER))
    agent.answer(ev.Fetched, OTHER, "joe")
    assert agent.only(ef.Plan).restores


# --- a gateway that starts -----------------------------------------------------------------------


def _first_files(on_disk: OnDisk = OnDisk()) -> Driver:  # noqa: B008 - frozen
    agent = Driver()
    agent.start(Readiness.DOWN, on_disk)
    agent.hear(ev.MetadataChanged, metadata())
    agent.answer(ev.Fetched, COMMIT, "jane")
    agent.answer(ev.Planned, NOTHING)
    return agent


def test_a_gateway_that_was_set_up_is_synced_again_and_noted() -> None:
    agent = _first_files()
    agent.hear(ev.GatewaySeen, Readiness.RUNNING)
    agent.answer(ev.Fetched, COMMIT, "jane")
    assert agent.only(ef.Plan).restores
    agent.answer(ev.Planned, NOTHING)
    agent.scanned(Succeeded(1), Succeeded(2))
    assert ef.NoteCommissioned() in agent.done


def test_one_that_is_still_set_up_is_synced_again_after_that() -> None:
    """It seemed to run; what it overwrites at the end of its set-up came after this sync."""
    agent = _first_files()
    agent.hear(ev.GatewaySeen, Readiness.RUNNING)
    agent.answer(ev.Fetched, COMMIT, "jane")
    agent.answer(ev.Planned, NOTHING)
    agent.scanned(NotCommissioned())
    assert agent.says(SyncStatus.ERROR)
    agent.tick(31)
    agent.answer(ev.Fetched, COMMIT, "jane")
    assert agent.only(ef.Plan).restores
    agent.answer(ev.Planned, NOTHING)
    agent.scanned(Succeeded(1), Succeeded(2))
    assert agent.says(SyncStatus.SYNCED)
    assert ef.NoteCommissioned() in agent.done


def test_a_later_start_of_the_gateway_overwrites_nothing() -> None:
    agent = _first_files(EARLIER)
    agent.hear(ev.GatewaySeen, Readiness.RUNNING)
    assert agent.only(ef.Scan).kind is ScanKind.PROJECTS, "it is told of the files, and no more"
    agent.scanned(Succeeded(1), Succeeded(2))
    assert agent.says(SyncStatus.SYNCED)
    assert ef.NoteCommissioned() not in agent.done


def test_a_gateway_that_was_set_up_while_the_agent_was_away_is_synced_again() -> None:
    agent = Driver()
    agent.start(Readiness.RUNNING, OnDisk(COMMIT, "main"))
    agent.hear(ev.MetadataChanged, metadata())
    agent.answer(ev.Fetched, COMMIT, "jane")
    assert agent.only(ef.Plan).restores


# --- the startup gate ----------------------------------------------------------------------------


def _failing(kind: type[ev.Event], agent: Driver) -> None:
    agent.hear(ev.MetadataChanged, metadata(OTHER))
    if kind is ev.PlanFailed:
        agent.answer(ev.Fetched, OTHER, "joe")
    agent.answer(kind, BROKEN)


@pytest.mark.parametrize("kind", [ev.FetchFailed, ev.PlanFailed])
@pytest.mark.parametrize(("on_disk", "starts"), [(EARLIER, True), (OnDisk(), False)])
def test_a_gateway_starts_on_complete_files_of_an_earlier_commit(
    kind: type[ev.Event], on_disk: OnDisk, *, starts: bool
) -> None:
    """A commit that cannot be had, or is broken, must not stop a factory that ran before it."""
    agent = Driver()
    agent.start(Readiness.DOWN, on_disk)
    _failing(kind, agent)
    assert (ef.OpenStartupGate() in agent.done) is starts
    assert agent.says(SyncStatus.ERROR)
    assert agent.report.synced_commit == on_disk.commit


@pytest.mark.parametrize(("on_disk", "starts"), [(EARLIER, True), (OnDisk(), False)])
def test_a_gateway_with_files_does_not_wait_for_metadata_for_ever(
    on_disk: OnDisk, *, starts: bool
) -> None:
    agent = Driver()
    assert ef.OpenStartupGate() not in agent.start(Readiness.DOWN, on_disk)
    assert (ef.OpenStartupGate() in agent.tick(30)) is starts


def test_a_gateway_without_a_profile_starts_on_what_it_has() -> None:
    agent = Driver()
    agent.start(Readiness.DOWN, EARLIER)
    done: list[Any] = agent.hear(ev.MetadataChanged, evolve(metadata(), profiles={}))
    assert ef.OpenStartupGate() in done


def test_half_a_rollback_is_nothing_to_start_on() -> None:
    agent = Driver()
    agent.start(Readiness.DOWN, EARLIER)
    agent.hear(ev.MetadataChanged, metadata(OTHER))
    agent.answer(ev.Fetched, OTHER, "joe")
    agent.answer(ev.Planned, SOME)
    agent.answer(ev.ApplyFailed, BROKEN)
    assert ef.OpenStartupGate() not in agent.answer(ev.RollbackFailed, BROKEN)
