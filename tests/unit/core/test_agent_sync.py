"""A sync before it changes files: fetch, plan, dry run, Designers, lock; and its giving up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from property.strategies.agents import changes, pod
from stoker.core.agent import assign
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.agent import state as at
from stoker.core.agent.facts import PlanSummary
from stoker.core.errors import Retryable, ScanError, StokerError
from stoker.core.ignition import ScanKind
from stoker.core.pods import PodAnnotations
from stoker.core.scan import Designer, DesignerList, Readiness, Succeeded
from stoker.core.spec import DesignerPolicy, DesignerScope, SyncStatus
from support.agents import COMMIT, NOTHING, OTHER, SOME, Driver, metadata

THIRD = "3" * 40
BROKEN = StokerError("it broke", where="x", cure="mend it")
WAIT, FAIL = DesignerPolicy.WAIT, DesignerPolicy.FAIL
AT_WORK = DesignerList((Designer(project="p"),))
ELSEWHERE = DesignerList((Designer(project="q"), Designer(project="z")))


@pytest.fixture
def agent() -> Driver:
    """An agent that has synced a first commit to a gateway that runs."""
    driver = Driver()
    driver.synced()
    return driver


# --- the way of a sync ---------------------------------------------------------------------------


def test_the_way_to_changed_files(agent: Driver) -> None:
    wanted = assign(metadata(OTHER), pod())
    assert wanted is not None
    ticket = agent.state.ticket
    assert agent.hear(ev.MetadataChanged, metadata(OTHER)) == [ef.Fetch(ticket + 1, wanted)]
    assert agent.says(SyncStatus.SYNCING)
    assert agent.answer(ev.Fetched, OTHER, "joe") == [
        ef.Plan(ticket + 2, wanted, OTHER, restores=False)
    ]
    assert agent.answer(ev.Planned, SOME) == [ef.Lock(ticket + 3, (ScanKind.PROJECTS,))]
    assert agent.report.drift == 4
    assert agent.answer(ev.Locked) == [ef.Apply(ticket + 4, OTHER, "main")]
    assert agent.report.synced_commit == COMMIT
    assert agent.answer(ev.Applied) == [
        ef.PublishChanges(SOME.changes),
        ef.Scan(ticket + 5, ScanKind.PROJECTS),
    ]
    assert agent.report.synced_commit == OTHER
    assert agent.says(SyncStatus.SYNCING)


def test_a_plan_that_names_no_scan_locks_both(agent: Driver) -> None:
    agent.planned(evolve(SOME, scans=()))
    assert agent.only(ef.Lock).kinds == (ScanKind.PROJECTS, ScanKind.CONFIG)


def test_a_gateway_that_is_down_is_not_locked(agent: Driver) -> None:
    agent.hear(ev.GatewaySeen, Readiness.DOWN)
    assert agent.planned(SOME, designer_session_policy=FAIL) == [
        ef.Apply(agent.state.ticket, OTHER, "main")
    ]


def test_another_commit_than_the_one_that_was_asked_for(agent: Driver) -> None:
    agent.hear(ev.MetadataChanged, metadata(OTHER))
    agent.answer(ev.Fetched, THIRD)
    assert agent.rests_in(at.BackingOff)
    assert agent.report.error_message == (
        f"the repository gave another commit than {OTHER}: {THIRD} (look after the git server); "
        "next try at 2026-03-01T12:00:30+00:00"
    )


# --- failures ------------------------------------------------------------------------------------


def _failed(agent: Driver, done: list[ef.Effect], *, added: int = 0, author: str = "") -> None:
    assert done == [
        ef.CountSync(ef.SyncResult.ERROR, "default", 0.0),
        ef.Audit(
            time=agent.now,
            gateway="gw-0",
            cr="plant",
            profile="default",
            ref="main",
            commit=OTHER,
            author=author,
            added=added,
            modified=2 * added,
            deleted=3 * added,
            scan="",
            duration_seconds=0.0,
            result=ef.SyncResult.ERROR,
        ),
    ]
    assert agent.rests_in(at.BackingOff)
    assert agent.timer == 30.0
    assert agent.says(SyncStatus.ERROR)
    assert agent.report.synced_commit == COMMIT
    assert agent.report.error_message == (
        "x: it broke (mend it); next try at 2026-03-01T12:00:30+00:00"
    )


def test_a_fetch_that_fails(agent: Driver) -> None:
    agent.hear(ev.MetadataChanged, metadata(OTHER))
    _failed(agent, agent.answer(ev.FetchFailed, BROKEN))


def test_a_plan_that_fails(agent: Driver) -> None:
    agent.hear(ev.MetadataChanged, metadata(OTHER))
    agent.answer(ev.Fetched, OTHER, "joe")
    _failed(agent, agent.answer(ev.PlanFailed, BROKEN), author="joe")


def test_a_lock_that_fails(agent: Driver) -> None:
    agent.planned(SOME)
    _failed(agent, agent.answer(ev.LockFailed, BROKEN), added=1, author="joe")


def test_waits_grow_and_keep_the_failure_in_sight(agent: Driver) -> None:
    agent.hear(ev.MetadataChanged, metadata(OTHER))
    for wait in (30, 60, 120, 240, 300, 300):
        agent.answer(ev.FetchFailed, BROKEN)
        assert agent.state.backoff.delay == wait
        assert agent.says(SyncStatus.ERROR)
        agent.tick(wait)
        assert agent.rests_in(at.Fetching)
        assert agent.says(SyncStatus.ERROR)


def test_a_server_may_ask_for_more_time(agent: Driver) -> None:
    agent.hear(ev.MetadataChanged, metadata(OTHER))
    agent.answer(ev.FetchFailed, ScanError("slow down", retry=Retryable(after=77.0)))
    assert agent.timer == 30.0
    agent.tick(30)
    assert agent.only(ef.CountSkip) == ef.CountSkip(ef.SkipReason.BACKOFF, "default")
    assert agent.rests_in(at.BackingOff)
    agent.tick(30)
    assert agent.timer == 17.0
    assert agent.tick(10) == []
    assert agent.tick(7) == [ef.Fetch(agent.state.ticket, _wanted(OTHER))]


def _wanted(commit: str) -> Any:
    return assign(metadata(commit), pod())


@pytest.mark.parametrize(
    "news",
    [
        (ev.MetadataChanged, metadata(THIRD)),
        (ev.PodInfoChanged, evolve(pod(), labels={"a": "b"})),
        (ev.SyncRequested,),
    ],
)
def test_news_ends_a_wait(agent: Driver, news: tuple[Any, ...]) -> None:
    agent.hear(ev.MetadataChanged, metadata(OTHER))
    agent.answer(ev.FetchFailed, BROKEN)
    assert isinstance(agent.hear(*news)[0], ef.Fetch)
    assert agent.state.backoff.failures == 0
    assert agent.says(SyncStatus.SYNCING)
    assert agent.report.error_message == ""


# --- a round that has lost its purpose ---------------------------------------------------------


@pytest.mark.parametrize("asked", [at.Fetching, at.Planning, at.Locking, at.AskingForDesigners])
def test_a_newer_commit_is_taken_before_anything_is_applied(
    agent: Driver, asked: type[at.Phase]
) -> None:
    policy = WAIT if asked is at.AskingForDesigners else DesignerPolicy.PROCEED
    answers: list[tuple[Any, ...]] = [(ev.Fetched, OTHER, "joe"), (ev.Planned, SOME)]
    agent.hear(ev.MetadataChanged, metadata(OTHER, designer_session_policy=policy))
    while not agent.rests_in(asked):
        agent.answer(*answers.pop(0))
    assert agent.hear(ev.MetadataChanged, metadata(THIRD)) == []
    last: tuple[Any, ...] = answers[0] if answers else (ev.Locked,)
    if asked is at.AskingForDesigners:
        last = (ev.DesignersListed, DesignerList(), 0)
    done = agent.answer(*last)
    if asked is at.Locking:
        assert done[0] == ef.Release()
    assert done[-1] == ef.Fetch(agent.state.ticket, _wanted(THIRD))
    assert len(done) == 1 + (asked is at.Locking)


def test_the_newest_does_not_wait_for_the_failure_of_an_older(agent: Driver) -> None:
    agent.hear(ev.MetadataChanged, metadata(OTHER))
    agent.hear(ev.MetadataChanged, metadata(THIRD))
    done = agent.answer(ev.FetchFailed, BROKEN)
    assert done[-1] == ef.Fetch(agent.state.ticket, _wanted(THIRD))
    assert agent.only(ef.CountSync).result is ef.SyncResult.ERROR
    assert agent.says(SyncStatus.SYNCING)


@pytest.mark.parametrize(
    ("news", "phase"),
    [
        ((ev.MetadataGone,), at.WaitingForMetadata),
        ((ev.MetadataChanged, metadata(OTHER, paused=True)), at.Paused),
        ((ev.MetadataChanged, evolve(metadata(OTHER), profiles={})), at.Idle),
        ((ev.MetadataChanged, metadata("")), at.WaitingForMetadata),
    ],
)
def test_what_is_not_wanted_any_more_is_given_up(
    agent: Driver, news: tuple[Any, ...], phase: type[at.Phase]
) -> None:
    agent.planned(SOME)
    agent.hear(*news)
    assert agent.answer(ev.Locked)[0] == ef.Release()
    assert agent.rests_in(phase)
    assert not any(isinstance(effect, ef.Apply) for effect in agent.done)


def test_an_apply_is_seen_through_whatever_is_wanted_now(agent: Driver) -> None:
    agent.planned(SOME)
    agent.answer(ev.Locked)
    agent.hear(ev.MetadataChanged, metadata(THIRD, paused=True))
    assert agent.answer(ev.Applied)[-1] == ef.Scan(agent.state.ticket, ScanKind.PROJECTS)
    agent.scanned(Succeeded(1))
    agent.answer(ev.Verified)
    assert agent.rests_in(at.Paused)
    assert agent.report.synced_commit == OTHER


# --- dry runs ------------------------------------------------------------------------------------


def test_a_dry_run_compares_and_writes_nothing() -> None:
    agent = Driver()
    agent.start(Readiness.RUNNING)
    agent.hear(ev.MetadataChanged, metadata(OTHER, dry_run=True))
    agent.answer(ev.Fetched, OTHER, "joe")
    agent.now += timedelta(seconds=3)
    done = agent.answer(ev.Planned, SOME)
    assert done[0] == ef.PublishChanges(SOME.changes)
    assert done[1] == ef.CountSync(ef.SyncResult.DRY_RUN, "default", 3.0)
    assert agent.only(ef.Audit).result is ef.SyncResult.DRY_RUN
    assert agent.only(ef.Audit).scan == ""
    assert done[3:] == [ef.OpenStartupGate()]
    assert agent.rests_in(at.Idle)
    report = agent.report
    assert report.sync_status is SyncStatus.DRY_RUN
    assert report.dry_run
    assert (
        report.dry_run_diff_added,
        report.dry_run_diff_modified,
        report.dry_run_diff_deleted,
    ) == (1, 2, 3)
    assert (report.synced_commit, report.files_changed, report.drift) == ("", 0, 4)
    # It is not repeated, and nothing is scanned for it.
    agent.tick(30)
    assert agent.rests_in(at.Idle)
    assert agent.says(SyncStatus.DRY_RUN)


def test_the_end_of_a_dry_run_is_a_sync(agent: Driver) -> None:
    agent.planned(SOME, dry_run=True)
    assert agent.says(SyncStatus.DRY_RUN)
    assert agent.report.synced_commit == COMMIT
    assert agent.planned(SOME) == [ef.Lock(agent.state.ticket, (ScanKind.PROJECTS,))]
    agent.answer(ev.Locked)
    agent.answer(ev.Applied)
    assert not agent.report.dry_run
    assert agent.report.dry_run_diff_added == 0


# --- Designers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [WAIT, FAIL])
def test_nobody_at_work(agent: Driver, policy: DesignerPolicy) -> None:
    assert agent.planned(SOME, designer_session_policy=policy) == [
        ef.ListDesigners(agent.state.ticket)
    ]
    assert agent.answer(ev.DesignersListed, ELSEWHERE, 0) == [
        ef.Lock(agent.state.ticket, (ScanKind.PROJECTS,))
    ]
    assert agent.report.designer_sessions_blocked == 0


def test_the_scope_may_be_the_whole_gateway(agent: Driver) -> None:
    scope = DesignerScope.GATEWAY
    agent.planned(SOME, designer_session_policy=FAIL, designer_session_scope=scope)
    agent.answer(ev.DesignersListed, ELSEWHERE, 0)
    assert agent.rests_in(at.BackingOff)
    assert agent.report.designer_sessions_blocked == 2


def test_a_plan_without_changes_disturbs_nobody(agent: Driver) -> None:
    done = agent.planned(NOTHING, designer_session_policy=FAIL)
    assert done[0] == ef.Adopt(OTHER, "main")


def test_the_policy_fail_blocks_at_once(agent: Driver) -> None:
    agent.planned(SOME, designer_session_policy=FAIL)
    done = agent.answer(ev.DesignersListed, AT_WORK, 0)
    assert done[:2] == [
        ef.CountSkip(ef.SkipReason.DESIGNER_BLOCKED, "default"),
        ef.CountSync(ef.SyncResult.BLOCKED, "default", 0.0),
    ]
    assert agent.only(ef.Audit).result is ef.SyncResult.BLOCKED
    assert agent.says(SyncStatus.BLOCKED)
    assert agent.report.designer_sessions_blocked == 1
    assert agent.report.error_message == (
        "1 Designer session(s) are at work where this sync would change files "
        "(close them, or set designerSessionPolicy to proceed); "
        "next try at 2026-03-01T12:00:30+00:00"
    )
    # The next try does not pretend that nobody is there.
    agent.tick(30)
    assert agent.rests_in(at.Fetching)
    assert agent.says(SyncStatus.BLOCKED)


@pytest.mark.parametrize(("why", "told"), [("401", ": 401"), ("", "")])
def test_nobody_knows_who_is_at_work(agent: Driver, why: str, told: str) -> None:
    agent.planned(SOME, designer_session_policy=FAIL)
    agent.answer(ev.DesignersUnavailable, why)
    assert agent.says(SyncStatus.BLOCKED)
    assert agent.report.error_message == (
        f"the gateway does not list its Designer sessions{told} "
        "(give the API token read access, or set designerSessionPolicy to proceed); "
        "next try at 2026-03-01T12:00:30+00:00"
    )


def test_the_policy_wait_asks_again_and_goes_on(agent: Driver) -> None:
    agent.planned(SOME, designer_session_policy=WAIT)
    assert agent.answer(ev.DesignersListed, AT_WORK, 0) == []
    assert agent.rests_in(at.AwaitingDesigners)
    assert agent.says(SyncStatus.BLOCKED)
    assert agent.report.designer_sessions_blocked == 1
    assert "next try" not in agent.report.error_message
    assert agent.timer == 10.0
    assert agent.tick(9) == []
    assert agent.timer == 1.0
    assert agent.tick(1) == [ef.ListDesigners(agent.state.ticket)]
    assert agent.tick(10) == []
    assert agent.answer(ev.DesignersUnavailable, "") == []
    agent.tick(10)
    assert agent.answer(ev.DesignersListed, DesignerList(), 0) == [
        ef.Lock(agent.state.ticket, (ScanKind.PROJECTS,))
    ]
    agent.answer(ev.Locked)
    assert agent.report.designer_sessions_blocked == 0


def test_the_policy_wait_has_an_end(agent: Driver) -> None:
    agent.planned(SOME, designer_session_policy=WAIT)
    agent.answer(ev.DesignersListed, AT_WORK, 0)
    agent.tick(290)
    agent.now += timedelta(seconds=9.9)
    assert agent.answer(ev.DesignersListed, AT_WORK, 0) == []
    agent.tick(10)
    agent.answer(ev.DesignersListed, AT_WORK, 0)
    assert agent.rests_in(at.BackingOff)
    assert agent.only(ef.CountSkip).reason is ef.SkipReason.DESIGNER_BLOCKED


def test_exactly_five_minutes_are_the_end(agent: Driver) -> None:
    agent.planned(SOME, designer_session_policy=WAIT)
    agent.answer(ev.DesignersListed, AT_WORK, 0)
    agent.tick(300)
    agent.answer(ev.DesignersUnavailable, "")
    assert agent.rests_in(at.BackingOff)


def test_news_ends_the_waiting_for_designers(agent: Driver) -> None:
    agent.planned(SOME, designer_session_policy=WAIT)
    agent.answer(ev.DesignersListed, AT_WORK, 0)
    assert agent.hear(ev.SyncRequested) == []
    assert agent.rests_in(at.AwaitingDesigners)
    assert isinstance(agent.hear(ev.MetadataChanged, metadata(THIRD))[0], ef.Fetch)


@pytest.mark.parametrize(
    "answer", [(ev.DesignersListed, AT_WORK, 0), (ev.DesignersUnavailable, "")]
)
def test_designers_are_nothing_to_a_round_without_purpose(
    agent: Driver, answer: tuple[Any, ...]
) -> None:
    agent.planned(SOME, designer_session_policy=FAIL)
    agent.hear(ev.MetadataChanged, metadata(OTHER, paused=True))
    agent.answer(*answer)
    assert agent.rests_in(at.Paused)


# --- files that change meanwhile -----------------------------------------------------------------


def test_files_that_change_under_a_plan_are_planned_anew(agent: Driver) -> None:
    agent.planned(SOME)
    agent.answer(ev.Locked)
    for _ in range(3):
        assert agent.answer(ev.ApplyDrifted, "projects/p/x") == [
            ef.Release(),
            ef.Plan(agent.state.ticket, _wanted(OTHER), OTHER, restores=False),
        ]
        agent.answer(ev.Planned, SOME)
        agent.answer(ev.Locked)
    done = agent.answer(ev.ApplyDrifted, "projects/p/x")
    assert done[0] == ef.Release()
    assert agent.rests_in(at.BackingOff)
    assert agent.report.error_message.startswith(
        "projects/p/x: files change faster than they can be synced "
        "(find out who writes them: a Designer, a script, or the gateway itself)"
    )


def test_what_was_written_before_a_change_is_scanned(agent: Driver) -> None:
    agent.planned(SOME)
    agent.answer(ev.Locked)
    agent.answer(ev.ApplyDrifted, "x")
    done = agent.answer(ev.Planned, NOTHING)
    assert done == [ef.Adopt(OTHER, "main"), ef.Scan(agent.state.ticket, ScanKind.PROJECTS)]


def test_a_change_under_a_plan_that_is_not_wanted_any_more(agent: Driver) -> None:
    agent.planned(SOME)
    agent.answer(ev.Locked)
    agent.hear(ev.MetadataChanged, metadata(OTHER, paused=True))
    assert agent.answer(ev.ApplyDrifted, "x") == [ef.Release()]
    assert agent.rests_in(at.Paused)


# --- an override of the ref ----------------------------------------------------------------------


def _moving() -> Driver:
    annotations = PodAnnotations.read({"stoker.io/ref-override": "dev"})
    agent = Driver(of=evolve(pod(), annotations=annotations))
    agent.synced()
    return agent


def test_a_ref_that_moves_is_resolved_regularly() -> None:
    agent = _moving()
    assert agent.report.synced_ref == "dev"
    (fetch,) = agent.tick(30)
    assert isinstance(fetch, ef.Fetch)
    assert fetch.assignment.ref == "dev"
    assert agent.rests_in(at.Looking)
    assert agent.says(SyncStatus.SYNCED)
    assert agent.answer(ev.Fetched, COMMIT) == []
    assert agent.rests_in(at.Idle)
    agent.tick(30)
    assert isinstance(agent.answer(ev.Fetched, OTHER)[0], ef.Fetch)
    assert agent.rests_in(at.Fetching)
    assert agent.says(SyncStatus.SYNCING)
    agent.answer(ev.Fetched, OTHER, "joe")
    agent.answer(ev.Planned, NOTHING)
    assert agent.report.synced_commit == OTHER


def test_a_ref_that_cannot_be_resolved_does_not_make_the_files_wrong() -> None:
    agent = _moving()
    agent.tick(30)
    agent.answer(ev.FetchFailed, BROKEN)
    assert agent.rests_in(at.Idle)
    assert agent.says(SyncStatus.ERROR)
    assert agent.state.settled is not None
    agent.tick(29)
    assert agent.rests_in(at.Idle)
    agent.tick(1)
    assert agent.rests_in(at.Looking)
    agent.answer(ev.Fetched, COMMIT)
    assert agent.says(SyncStatus.SYNCED)
    assert agent.report.error_message == ""


def test_requested_syncs(agent: Driver) -> None:
    assert agent.hear(ev.SyncRequested) == [ef.Fetch(agent.state.ticket, _wanted(COMMIT))]
    agent.hear(ev.SyncRequested)
    agent.answer(ev.Fetched, COMMIT, "jane")
    # The second request came while the first was under way: it gets a sync of its own.
    agent.answer(ev.Planned, NOTHING)
    assert agent.rests_in(at.Fetching)
    agent.answer(ev.Fetched, COMMIT, "jane")
    done = agent.answer(ev.Planned, PlanSummary(changes=changes(COMMIT)))
    assert done[:2] == [
        ef.Adopt(COMMIT, "main"),
        ef.CountSync(ef.SyncResult.UNCHANGED, "default", 0.0),
    ]
    assert agent.rests_in(at.Idle)


# --- answers that nobody waits for ---------------------------------------------------------------


def test_an_answer_counts_once_in_its_phase_and_with_its_ticket(agent: Driver) -> None:
    agent.hear(ev.MetadataChanged, metadata(OTHER))
    ticket = agent.state.ticket
    before = agent.state
    for late in (
        (ev.Fetched, ticket - 1, OTHER),
        (ev.Fetched, ticket + 1, OTHER),
        (ev.Planned, ticket, SOME),
        (ev.Applied, ticket),
    ):
        assert agent.hear(*late) == []
        assert agent.state == before
    agent.hear(ev.Fetched, ticket, OTHER)
    after = agent.state
    assert agent.hear(ev.Fetched, ticket, OTHER) == []
    assert agent.hear(ev.FetchFailed, ticket, BROKEN) == []
    assert agent.state == after
