"""What time alone does: regular looks, drift, signs of life, clocks that jump; and the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from property.strategies.agents import NOW
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.agent import state as at
from stoker.core.errors import StokerError
from stoker.core.scan import Readiness, Refused, ScanOutcome, Succeeded
from stoker.core.spec import DesignerPolicy, DriftAction, SyncStatus
from support.agents import COMMIT, NOTHING, OTHER, SOME, Driver, metadata

UNCHANGED = ef.CountSkip(ef.SkipReason.COMMIT_UNCHANGED, "default")
BROKEN = StokerError("it broke")


@pytest.fixture
def agent() -> Driver:
    """An agent that has synced a first commit to a gateway that runs."""
    driver = Driver()
    driver.synced()
    return driver


def _following(agent: Driver, **profile: Any) -> None:
    agent.planned(NOTHING, **profile)
    assert agent.rests_in(at.Idle)


# --- regular looks -------------------------------------------------------------------------------


def test_a_regular_look_checks_for_drift(agent: Driver) -> None:
    assert agent.timer == 30.0
    assert agent.tick(29.5) == []
    assert not agent.spoke()
    assert agent.timer == 0.5
    assert agent.tick(0.5) == [UNCHANGED, ef.CheckDrift(1)]
    assert agent.timer == 30.0


def test_every_second_regular_look_gives_a_sign_of_life(agent: Driver) -> None:
    """The controller waits for three periods; a write costs the API server something."""
    for spoke in (False, True, False, True):
        agent.tick(30)
        agent.hear(ev.DriftChecked, agent.state.check, 0)
        assert agent.spoke() is False
        agent.tick(0)
        assert (agent.reports[-1].reported_at == agent.now.replace(microsecond=0)) is spoke


def test_news_is_a_sign_of_life_too(agent: Driver) -> None:
    agent.tick(30)
    agent.tick(10)
    agent.hear(ev.DriftChecked, 1, 3)
    assert agent.spoke()
    agent.tick(20)
    assert not agent.spoke()
    agent.tick(30)
    assert agent.spoke()


def test_the_period_is_the_profiles(agent: Driver) -> None:
    _following(agent, sync_period=7)
    assert agent.timer == 7.0
    assert agent.tick(7)[0] == UNCHANGED
    assert agent.timer == 7.0


def test_news_between_two_looks_is_not_counted_as_skipped(agent: Driver) -> None:
    agent.hear(ev.MetadataGone)
    assert agent.hear(ev.MetadataChanged, metadata()) == []


def test_signs_of_life_go_on_while_something_is_in_flight(agent: Driver) -> None:
    agent.hear(ev.MetadataChanged, metadata(OTHER))
    assert agent.tick(30) == []
    assert not agent.spoke()
    assert agent.tick(30) == []
    assert agent.spoke()
    assert agent.rests_in(at.Fetching)
    assert agent.timer == 30.0
    assert agent.tick(3) == []
    assert not agent.spoke()


def test_numbers_of_reports_grow_even_when_the_clock_goes_back(agent: Driver) -> None:
    agent.now -= timedelta(days=1)
    agent.hear(ev.MetadataChanged, metadata(OTHER))
    numbers = [report.seq for report in agent.reports]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1)])
def test_a_clock_that_jumps_makes_neither_a_storm_nor_a_stall(
    agent: Driver, jump: timedelta
) -> None:
    agent.now += jump
    assert agent.tick(0) == [UNCHANGED, ef.CheckDrift(1)]
    assert agent.timer == 30.0
    assert agent.tick(0) == []


def test_a_timer_before_the_start_is_no_storm() -> None:
    agent = Driver()
    assert agent.hear(ev.Tick) == []
    assert agent.timer == 30.0
    assert agent.spoke()
    agent.hear(ev.Tick)
    assert not agent.spoke()


# --- drift ---------------------------------------------------------------------------------------


def test_drift_is_reported(agent: Driver) -> None:
    agent.tick(30)
    assert agent.hear(ev.DriftChecked, 1, 3) == []
    assert agent.report.drift == 3
    assert agent.says(SyncStatus.SYNCED)
    agent.tick(30)
    assert agent.done == [UNCHANGED, ef.CheckDrift(2)]
    agent.hear(ev.DriftChecked, 2, 0)
    assert agent.report.drift == 0


def test_one_check_at_a_time(agent: Driver) -> None:
    agent.tick(30)
    assert agent.tick(30) == [UNCHANGED]
    assert agent.hear(ev.DriftChecked, 2, 5) == []
    assert agent.report.drift == 0
    assert agent.hear(ev.DriftCheckFailed, 2, BROKEN) == []
    assert agent.tick(30) == [UNCHANGED]
    assert agent.hear(ev.DriftCheckFailed, 1, BROKEN) == []
    assert agent.tick(30) == [UNCHANGED, ef.CheckDrift(2)]
    assert agent.hear(ev.DriftCheckFailed, 1, BROKEN) == []
    assert agent.tick(30) == [UNCHANGED]


def test_a_check_that_answers_twice_counts_once(agent: Driver) -> None:
    agent.tick(30)
    agent.hear(ev.DriftChecked, 1, 1)
    agent.hear(ev.DriftChecked, 1, 2)
    assert agent.report.drift == 1


def test_drift_that_is_to_be_off(agent: Driver) -> None:
    _following(agent, drift_action=DriftAction.OFF)
    assert agent.tick(30) == [UNCHANGED]


def test_drift_is_restored_where_that_is_wanted(agent: Driver) -> None:
    _following(agent, drift_action=DriftAction.RESTORE)
    agent.tick(30)
    assert agent.hear(ev.DriftChecked, 1, 0) == []
    agent.tick(30)
    (fetch,) = agent.hear(ev.DriftChecked, 2, 1)
    assert isinstance(fetch, ef.Fetch)
    assert agent.report.drift == 1
    agent.answer(ev.Fetched, OTHER)
    agent.answer(ev.Planned, SOME)
    agent.answer(ev.Locked)
    agent.answer(ev.Applied)
    assert agent.report.drift == 0


def test_a_dry_run_restores_nothing(agent: Driver) -> None:
    agent.planned(SOME, drift_action=DriftAction.RESTORE, dry_run=True)
    agent.tick(30)
    assert agent.hear(ev.DriftChecked, 1, 2) == []
    assert agent.rests_in(at.Idle)
    assert agent.report.drift == 2


def test_a_count_from_the_middle_of_a_sync_is_worth_nothing(agent: Driver) -> None:
    agent.tick(30)
    agent.hear(ev.MetadataChanged, metadata(OTHER))
    agent.hear(ev.DriftChecked, 1, 9)
    assert agent.report.drift == 0
    assert not agent.state.checking


# --- SIGTERM -------------------------------------------------------------------------------------


def _term(agent: Driver) -> list[ef.Effect]:
    return agent.hear(ev.Sigterm)


def test_an_agent_at_rest_ends_at_once(agent: Driver) -> None:
    assert _term(agent) == [ef.Exit(0)]
    assert agent.rests_in(at.Stopped)
    agent.timer = -1.0
    assert agent.hear(ev.MetadataChanged, metadata(OTHER)) == []
    assert agent.timer == -1.0


def test_an_agent_ends_before_it_has_started() -> None:
    agent = Driver()
    assert _term(agent) == [ef.Exit(0)]


@pytest.mark.parametrize("phase", [at.Fetching, at.Planning, at.Locking])
def test_what_has_changed_no_file_is_dropped(agent: Driver, phase: type[at.Phase]) -> None:
    answers: list[tuple[Any, ...]] = [(ev.Fetched, OTHER), (ev.Planned, SOME)]
    agent.hear(ev.MetadataChanged, metadata(OTHER))
    while not agent.rests_in(phase):
        agent.answer(*answers.pop(0))
    assert _term(agent) == [ef.Exit(0)]


@pytest.mark.parametrize(("phase", "outcomes"), [(at.Scanning, []), (at.Verifying, [Succeeded(1)])])
def test_files_whose_scan_is_not_waited_for_are_in_the_books(
    agent: Driver, phase: type[at.Phase], outcomes: list[ScanOutcome]
) -> None:
    """They are there, so this life tells of them; whether the gateway took them is not known."""
    agent.applied()
    agent.scanned(*outcomes)
    assert agent.rests_in(phase)
    assert _term(agent)[-1] == ef.Exit(0)
    record = agent.only(ef.Audit)
    assert (record.commit, record.result) == (OTHER, ef.SyncResult.SYNCED)
    assert record.scan == agent.report.last_scan_result == "pending"
    assert agent.report.synced_commit == OTHER
    assert agent.says(SyncStatus.SYNCING)


def test_a_round_that_found_nothing_to_write_is_in_the_books_as_that() -> None:
    agent = Driver()
    agent.start(Readiness.RUNNING)
    agent.hear(ev.MetadataChanged, metadata())
    agent.answer(ev.Fetched, COMMIT)
    agent.answer(ev.Planned, NOTHING)
    assert agent.rests_in(at.Scanning)
    _term(agent)
    assert agent.only(ef.Audit).result is ef.SyncResult.UNCHANGED
    assert agent.says(SyncStatus.SYNCING)


def test_files_that_are_back_are_in_the_books_though_nobody_waits_for_their_scan(
    agent: Driver,
) -> None:
    agent.applied()
    agent.scanned(Refused(500))
    agent.answer(ev.RolledBack)
    assert agent.rests_in(at.Scanning)
    assert _term(agent)[-1] == ef.Exit(0)
    assert agent.only(ef.Audit).result is ef.SyncResult.ROLLED_BACK
    assert agent.report.synced_commit == COMMIT
    assert agent.says(SyncStatus.ROLLED_BACK)


def test_designers_are_not_waited_for_at_the_end(agent: Driver) -> None:
    agent.planned(SOME, designer_session_policy=DesignerPolicy.WAIT)
    agent.answer(ev.DesignersUnavailable, "")
    assert _term(agent) == [ef.Exit(0)]


def _applying(agent: Driver) -> None:
    agent.planned(SOME)
    agent.answer(ev.Locked)
    assert _term(agent) == []
    assert agent.rests_in(at.FinishingApply)


def test_an_apply_that_runs_is_finished_and_told(agent: Driver) -> None:
    _applying(agent)
    assert _term(agent) == []
    agent.now += timedelta(seconds=4)
    done = agent.answer(ev.Applied)
    assert done[:2] == [
        ef.PublishChanges(SOME.changes),
        ef.CountSync(ef.SyncResult.SYNCED, "default", 4.0),
    ]
    assert agent.only(ef.Audit).scan == "pending"
    assert done[3:] == [ef.Exit(0)]
    assert agent.report.synced_commit == OTHER
    assert agent.says(SyncStatus.SYNCING)
    assert agent.report.last_scan_result == "pending"


def test_an_apply_without_a_gateway_is_a_whole_sync() -> None:
    agent = Driver(has_gateway=False)
    agent.start()
    agent.hear(ev.MetadataChanged, metadata())
    agent.answer(ev.Fetched, COMMIT)
    agent.answer(ev.Planned, SOME)
    _term(agent)
    agent.answer(ev.Applied)
    assert agent.says(SyncStatus.SYNCED)
    assert agent.report.last_scan_result == ""


def test_an_apply_has_fifteen_seconds(agent: Driver) -> None:
    _applying(agent)
    assert agent.timer == 15.0
    assert agent.tick(14.5) == []
    assert agent.timer == 0.5
    assert agent.tick(0.5) == [ef.Exit(0)]


def test_an_apply_that_fails_at_the_end_is_told(agent: Driver) -> None:
    _applying(agent)
    done = agent.answer(ev.ApplyFailed, BROKEN)
    assert agent.only(ef.CountSync).result is ef.SyncResult.ERROR
    assert done[-1] == ef.Exit(0)
    assert agent.says(SyncStatus.ERROR)
    assert agent.report.error_message.startswith("it broke")
    assert agent.report.synced_commit == COMMIT


def test_an_apply_that_meets_a_change_at_the_end(agent: Driver) -> None:
    _applying(agent)
    assert agent.answer(ev.ApplyDrifted, "x") == [ef.Exit(0)]


def _rolling_back(agent: Driver) -> None:
    agent.applied()
    agent.scanned(Refused(500))
    assert _term(agent) == []
    assert agent.rests_in(at.FinishingRollback)


def test_a_rollback_that_runs_is_finished_and_told(agent: Driver) -> None:
    _rolling_back(agent)
    assert _term(agent) == []
    done = agent.answer(ev.RolledBack)
    assert agent.only(ef.CountSync).result is ef.SyncResult.ROLLED_BACK
    assert agent.only(ef.Audit).scan == ""
    assert done[-1] == ef.Exit(0)
    assert agent.says(SyncStatus.ROLLED_BACK)
    assert agent.report.synced_commit == COMMIT


def test_a_rollback_that_fails_at_the_end_is_told(agent: Driver) -> None:
    _rolling_back(agent)
    done = agent.answer(ev.RollbackFailed, BROKEN)
    assert done[-1] == ef.Exit(0)
    assert agent.says(SyncStatus.ERROR)
    assert "could not be put back: it broke" in agent.report.error_message


def test_a_rollback_has_fifteen_seconds(agent: Driver) -> None:
    _rolling_back(agent)
    assert agent.tick(14.9) == []
    assert agent.tick(0.1) == [ef.Exit(0)]


def test_a_sign_of_life_in_the_last_seconds(agent: Driver) -> None:
    agent.now = NOW + timedelta(seconds=29)
    _applying(agent)
    told = len(agent.reports)
    assert agent.timer == 1.0
    assert agent.tick(1) == []
    assert agent.timer == 14.0
    assert len(agent.reports) == told, "the last report will be the sign"
