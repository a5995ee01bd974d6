"""What the gateway makes of changed files: scans, verification, rollbacks, and retries of these."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.agent import state as at
from stoker.core.agent.facts import OnDisk
from stoker.core.errors import StokerError
from stoker.core.ignition import ScanKind
from stoker.core.scan import (
    Busy,
    Forbidden,
    Readiness,
    Refused,
    ResourceFailed,
    ScanOutcome,
    Succeeded,
    TimedOut,
    Unreachable,
    Unsupported,
)
from stoker.core.spec import SyncStatus
from support.agents import COMMIT, NOTHING, OTHER, SOME, Driver, metadata

PROJECTS, CONFIG = ScanKind.PROJECTS, ScanKind.CONFIG
BOTH = evolve(SOME, scans=(PROJECTS, CONFIG))
FULL_DISK = StokerError("no space", where="projects/p/x")


@pytest.fixture
def agent() -> Driver:
    """An agent that has synced a first commit to a gateway that runs."""
    driver = Driver()
    driver.synced()
    return driver


def _applied(agent: Driver, **profile: Any) -> None:
    agent.planned(BOTH, **profile)
    agent.answer(ev.Locked)
    agent.answer(ev.Applied)


# --- success -------------------------------------------------------------------------------------


def test_scans_verification_and_the_end(agent: Driver) -> None:
    agent.planned(BOTH)
    agent.answer(ev.Locked)
    agent.now += timedelta(seconds=65)
    assert agent.answer(ev.Applied)[-1] == ef.Scan(agent.state.ticket, PROJECTS)
    assert agent.answer(ev.ScanFinished, Succeeded(1)) == [ef.Scan(agent.state.ticket, CONFIG)]
    assert agent.answer(ev.ScanFinished, Succeeded(2)) == [
        ef.Verify(agent.state.ticket, SOME.resources)
    ]
    assert agent.says(SyncStatus.SYNCING)
    done = agent.answer(ev.Verified)
    assert done == [
        ef.Release(),
        ef.CountSync(ef.SyncResult.SYNCED, "default", 65.0),
        ef.Audit(
            time=agent.now,
            gateway="gw-0",
            cr="plant",
            profile="default",
            ref="main",
            commit=OTHER,
            author="joe",
            added=1,
            modified=2,
            deleted=3,
            scan="projects=ok config=ok",
            duration_seconds=65.0,
            result=ef.SyncResult.SYNCED,
        ),
    ]
    assert agent.rests_in(at.Idle)
    report = agent.report
    assert report.sync_status is SyncStatus.SYNCED
    assert (report.synced_commit, report.synced_ref) == (OTHER, "main")
    assert report.last_scan_result == "projects=ok config=ok"
    assert report.last_sync_duration == "65.0s"
    assert report.last_sync_time == agent.now
    assert (report.files_changed, report.projects_synced) == (6, ("p", "q"))


def test_only_what_was_changed_is_scanned(agent: Driver) -> None:
    agent.applied()
    assert agent.done[-1] == ef.Scan(agent.state.ticket, PROJECTS)
    assert isinstance(agent.answer(ev.ScanFinished, Succeeded(1))[0], ef.Verify)
    agent.answer(ev.Verified)
    assert agent.report.last_scan_result == "projects=ok"


def test_an_old_gateway_that_knows_no_scans(agent: Driver) -> None:
    _applied(agent)
    agent.answer(ev.ScanFinished, Unsupported())
    done = agent.answer(ev.ScanFinished, Unsupported())
    assert done[0] == ef.Release()
    assert agent.says(SyncStatus.SYNCED)
    assert agent.report.last_scan_result == "projects=unsupported config=unsupported"


def test_nothing_new_is_neither_scanned_nor_verified(agent: Driver) -> None:
    done = agent.planned(NOTHING)
    assert done[:2] == [
        ef.Adopt(OTHER, "main"),
        ef.CountSync(ef.SyncResult.UNCHANGED, "default", 0.0),
    ]
    assert agent.only(ef.Audit).scan == ""
    assert agent.says(SyncStatus.SYNCED)
    assert agent.report.last_scan_result == "projects=ok config=ok"
    assert agent.report.files_changed == 0


# --- busy ----------------------------------------------------------------------------------------


def test_an_older_scan_in_the_way_is_asked_past(agent: Driver) -> None:
    agent.applied()
    for _ in range(3):
        assert agent.scanned(Busy()) == [ef.Scan(agent.state.ticket, PROJECTS)]
    agent.scanned(Busy())
    assert agent.rests_in(at.BackingOff)
    assert agent.report.error_message.startswith(
        "the scan of projects has to wait: another scan or a lock is in the way; next try"
    )


def test_each_scan_has_its_own_patience(agent: Driver) -> None:
    _applied(agent)
    agent.scanned(Busy(), Busy(), Busy(), Succeeded(1), Busy(), Busy(), Busy())
    assert agent.rests_in(at.Scanning)


def test_a_gateway_that_names_a_time_gets_it(agent: Driver) -> None:
    agent.applied()
    agent.scanned(Busy(100.0))
    assert agent.rests_in(at.BackingOff)
    assert agent.state.backoff.delay == 100.0


# --- no verdict ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "outcome", [TimedOut(60.0), Unreachable("gone"), Forbidden(), Refused(405)]
)
def test_no_verdict_leaves_the_files_and_asks_again(agent: Driver, outcome: ScanOutcome) -> None:
    _applied(agent)
    agent.scanned(Succeeded(1), outcome)
    assert agent.rests_in(at.BackingOff)
    assert agent.says(SyncStatus.ERROR)
    assert agent.report.synced_commit == OTHER
    assert agent.report.last_scan_result == f"projects=ok config={outcome.word}"
    assert agent.only(ef.Audit).scan == agent.report.last_scan_result
    assert not any(isinstance(effect, ef.Release) for effect in agent.done)
    # Only what is still owed is scanned, without a look at the repository.
    assert agent.tick(30) == [ef.Scan(agent.state.ticket, CONFIG)]
    agent.now += timedelta(seconds=2)
    agent.scanned(Succeeded(2))
    agent.answer(ev.Verified)
    assert agent.done[0] == ef.Release()
    assert agent.only(ef.CountSync) == ef.CountSync(ef.SyncResult.SYNCED, "default", 2.0)
    assert agent.only(ef.Audit).commit == OTHER
    assert agent.says(SyncStatus.SYNCED)
    assert agent.report.error_message == ""


def test_a_gateway_that_goes_in_the_middle_is_waited_for(agent: Driver) -> None:
    agent.applied()
    agent.hear(ev.GatewaySeen, Readiness.STARTING)
    agent.scanned(Unreachable())
    assert agent.rests_in(at.Idle)
    assert agent.says(SyncStatus.ERROR)
    agent.tick(60)
    assert agent.rests_in(at.Idle)
    assert agent.hear(ev.GatewaySeen, Readiness.RUNNING) == [ef.Scan(agent.state.ticket, PROJECTS)]
    agent.scanned(Succeeded(1))
    agent.answer(ev.Verified)
    assert agent.says(SyncStatus.SYNCED)


def test_a_late_verdict_can_still_take_the_files_back(agent: Driver) -> None:
    agent.applied()
    agent.scanned(TimedOut())
    agent.tick(30)
    assert agent.scanned(ResourceFailed(("r",))) == [ef.Rollback(agent.state.ticket)]
    agent.answer(ev.RolledBack)
    assert agent.report.synced_commit == COMMIT


def test_a_new_commit_closes_a_round_without_a_verdict(agent: Driver) -> None:
    agent.applied()
    agent.scanned(TimedOut())
    done = agent.hear(ev.MetadataChanged, metadata("4" * 40))
    assert done[0] == ef.Release()
    assert isinstance(done[1], ef.Fetch)
    assert agent.state.unjudged is None
    assert agent.state.owed == (PROJECTS,)


def test_scans_are_owed_after_a_start_whatever_is_on_the_disk() -> None:
    agent = Driver()
    agent.start(Readiness.RUNNING, OnDisk(COMMIT, "main"))
    agent.hear(ev.MetadataChanged, metadata())
    agent.answer(ev.Fetched, COMMIT)
    agent.answer(ev.Planned, NOTHING)
    agent.scanned(Unreachable())
    agent.tick(30)
    # Nothing was applied, so there is nothing that could be taken back.
    assert agent.rests_in(at.Scanning)
    agent.scanned(Refused(500))
    assert agent.rests_in(at.BackingOff)
    agent.tick(60)
    agent.scanned(Succeeded(1), Succeeded(1))
    assert agent.only(ef.CountSync).result is ef.SyncResult.UNCHANGED
    assert agent.only(ef.Audit).commit == COMMIT
    assert agent.says(SyncStatus.SYNCED)


# --- rejection -----------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [Refused(500), ResourceFailed(("r",), "bad json")])
def test_what_the_gateway_rejects_goes_back(agent: Driver, outcome: ScanOutcome) -> None:
    _applied(agent)
    assert agent.scanned(outcome) == [ef.Rollback(agent.state.ticket)]
    assert agent.rests_in(at.RollingBack)
    assert agent.answer(ev.RolledBack) == [
        ef.Release(),
        ef.Scan(agent.state.ticket, PROJECTS),
    ]
    assert agent.report.synced_commit == COMMIT
    agent.scanned(Succeeded(3))
    assert agent.rests_in(at.Scanning)
    agent.scanned(Succeeded(4))
    assert agent.only(ef.CountSync).result is ef.SyncResult.ROLLED_BACK
    assert agent.only(ef.Audit).scan == "projects=ok config=ok"
    assert agent.only(ef.Audit).result is ef.SyncResult.ROLLED_BACK
    assert agent.rests_in(at.BackingOff)
    assert agent.says(SyncStatus.ROLLED_BACK)
    assert agent.report.error_message.startswith(f"the scan of projects {outcome.message}")
    # It is tried again, with all that belongs to it.
    agent.tick(30)
    assert agent.rests_in(at.Fetching)
    assert agent.says(SyncStatus.ROLLED_BACK)


def test_a_scan_after_a_rollback_changes_no_more(agent: Driver) -> None:
    _applied(agent)
    agent.scanned(Refused(500))
    agent.answer(ev.RolledBack)
    agent.scanned(Refused(500), Unreachable())
    assert agent.rests_in(at.BackingOff)
    assert agent.says(SyncStatus.ROLLED_BACK)
    assert agent.report.last_scan_result == "projects=refused (500) config=unreachable"
    assert agent.state.owed == (PROJECTS, CONFIG)


def test_a_rollback_beside_a_gateway_that_is_gone(agent: Driver) -> None:
    agent.applied()
    agent.scanned(Refused(500))
    agent.hear(ev.GatewaySeen, Readiness.DOWN)
    done = agent.answer(ev.RolledBack)
    assert done[0] == ef.Release()
    assert agent.says(SyncStatus.ROLLED_BACK)
    assert agent.rests_in(at.BackingOff)


def test_a_profile_may_want_no_rollback(agent: Driver) -> None:
    _applied(agent, rollback_on_scan_failure=False)
    agent.scanned(Refused(500, "odd"))
    assert agent.rests_in(at.BackingOff)
    assert agent.says(SyncStatus.ERROR)
    assert agent.report.synced_commit == OTHER
    assert agent.report.error_message == (
        "the scan of projects was refused with status 500: odd (look into the gateway's log); "
        "next try at 2026-03-01T12:00:30+00:00"
    )


def test_verification_may_reject_too(agent: Driver) -> None:
    _applied(agent)
    agent.scanned(Succeeded(1), Succeeded(2))
    assert agent.answer(ev.VerifyFailed, ResourceFailed(("r",))) == [
        ef.Rollback(agent.state.ticket)
    ]
    agent.answer(ev.RolledBack)
    agent.scanned(Succeeded(3), Succeeded(4))
    assert agent.report.error_message.startswith("the scan of config left out r")


def test_verification_without_an_answer_owes_the_scans_again(agent: Driver) -> None:
    _applied(agent)
    agent.scanned(Succeeded(1), Succeeded(2))
    agent.answer(ev.VerifyFailed, Unreachable())
    assert agent.says(SyncStatus.ERROR)
    assert agent.report.last_scan_result == "projects=ok config=unreachable"
    assert agent.state.owed == (PROJECTS, CONFIG)
    agent.tick(30)
    agent.scanned(Succeeded(3), Succeeded(4))
    agent.answer(ev.Verified)
    assert agent.says(SyncStatus.SYNCED)


# --- failed applies and rollbacks ----------------------------------------------------------------


def test_half_an_apply_goes_back(agent: Driver) -> None:
    agent.planned(SOME)
    agent.answer(ev.Locked)
    assert agent.answer(ev.ApplyFailed, FULL_DISK) == [ef.Rollback(agent.state.ticket)]
    assert agent.answer(ev.RolledBack) == [ef.Release(), ef.Scan(agent.state.ticket, PROJECTS)]
    agent.scanned(Succeeded(3))
    assert agent.only(ef.CountSync).result is ef.SyncResult.ERROR
    assert agent.says(SyncStatus.ERROR)
    assert agent.report.synced_commit == COMMIT
    assert agent.report.error_message.startswith("projects/p/x: no space; next try")


def test_without_a_gateway_a_rollback_is_scanned_by_nobody() -> None:
    agent = Driver(has_gateway=False)
    agent.start()
    agent.hear(ev.MetadataChanged, metadata())
    agent.answer(ev.Fetched, COMMIT)
    agent.answer(ev.Planned, SOME)
    agent.answer(ev.ApplyFailed, FULL_DISK)
    assert agent.answer(ev.RolledBack)[0] == ef.Release()
    assert agent.says(SyncStatus.ERROR)
    assert agent.report.synced_commit == ""


def test_a_rollback_that_fails_is_settled_before_the_next_sync(agent: Driver) -> None:
    agent.applied()
    agent.scanned(Refused(500))
    agent.answer(ev.RollbackFailed, FULL_DISK)
    assert agent.only(ef.CountSync).result is ef.SyncResult.ERROR
    assert not any(isinstance(effect, ef.Release) for effect in agent.done)
    assert agent.says(SyncStatus.ERROR)
    assert agent.report.error_message == (
        "the scan of projects was refused with status 500 (look into the gateway's log); "
        "and what was replaced could not be put back: projects/p/x: no space "
        "(look after the disk; the next sync writes every file that is wrong); "
        "next try at 2026-03-01T12:00:30+00:00"
    )
    agent.tick(30)
    assert agent.done[-1] == ef.Recover(agent.state.ticket)
    assert agent.rests_in(at.Recovering)
    agent.answer(ev.Recovered, OnDisk(COMMIT, "main"), Readiness.RUNNING)
    assert not agent.state.dirty
    assert agent.rests_in(at.Fetching)
    assert agent.report.synced_commit == COMMIT
    assert agent.state.greeted
