"""The loop's own promises, with doers that do what the test says.

Broken on purpose and seen to fail: an answer that lets an unexpected exception out, a loop that
carries out the questions itself, and one that joins its worker before it returns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from property.strategies.agents import identity, pod
from stoker.adapters.clock import utc_now
from stoker.core.agent import Identity, initial
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.agent import state as at
from stoker.core.agent.facts import OnDisk
from stoker.core.errors import StokerError
from stoker.core.report import ChangeList, GatewayReport
from stoker.core.scan import Readiness
from stoker.core.spec import SyncStatus
from stoker.entrypoints.engine.hands import Hands
from stoker.entrypoints.engine.loop import GatewayWatch, Loop
from support.agents import COMMIT, NOTHING, OTHER, metadata
from support.server_processes import eventually

PATIENCE = 5.0


class Scripted:
    """`Hands` that answer at once and well, unless `instead` has something else in mind."""

    def __init__(
        self,
        instead: Callable[[ef.Question], None] = lambda _: None,
        obeying: Callable[[ef.Order], None] = lambda _: None,
    ) -> None:
        self.instead = instead
        self.obeying = obeying
        self.asked: list[ef.Question] = []
        self.obeyed: list[ef.Order] = []
        self.disobeys: Exception | None = None
        self.seen = 0
        self.gateway = Readiness.DOWN
        self.patience: float | None = None
        self.idled = 0

    def answer(self, question: ef.Question) -> ev.Event:
        self.asked.append(question)
        self.instead(question)
        now, ticket = utc_now(), question.ticket
        match question:
            case ef.Recover():
                return ev.Recovered(now, ticket, OnDisk(), Readiness.DOWN)
            case ef.Fetch(assignment=assignment):
                return ev.Fetched(now, ticket, assignment.commit, "jane")
            case ef.Plan():
                return ev.Planned(now, ticket, NOTHING)
            case ef.CheckDrift():
                return ev.DriftChecked(now, ticket, 0)
            case _:
                raise AssertionError(question)

    def obey(self, order: ef.Order) -> None:
        self.obeyed.append(order)
        self.obeying(order)
        if self.disobeys is not None:
            raise self.disobeys

    def readiness(self) -> Readiness:
        self.seen += 1
        return self.gateway

    def idle(self) -> float | None:
        self.idled += 1
        return self.patience

    def count(self, kind: type) -> int:
        return sum(isinstance(question, kind) for question in self.asked)


class Heard:
    """An `Outlet` that keeps everything."""

    def __init__(self) -> None:
        self.reports: list[GatewayReport] = []
        self.records: list[ef.Audit] = []
        self.news: list[ef.Announce] = []
        self.changes: list[ChangeList] = []
        self.counts: list[ef.CountSync | ef.CountSkip] = []
        self.complaints: list[tuple[str, Exception]] = []
        self.gate_open = False

    def report(self, report: GatewayReport) -> None:
        self.reports.append(report)

    def publish(self, changes: ChangeList) -> None:
        self.changes.append(changes)

    def audit(self, record: ef.Audit) -> None:
        self.records.append(record)

    def announce(self, news: ef.Announce) -> None:
        self.news.append(news)

    def count(self, counted: ef.CountSync | ef.CountSkip) -> None:
        self.counts.append(counted)

    def open_gate(self) -> None:
        self.gate_open = True

    def complain(self, doing: str, error: Exception) -> None:
        self.complaints.append((doing, error))

    def says(self, status: SyncStatus) -> bool:
        return bool(self.reports) and self.reports[-1].sync_status is status


class Running:
    """A loop in a thread of its own."""

    def __init__(self, hands: Scripted, who: Identity) -> None:
        self.hands = hands
        self.heard = Heard()
        self.loop = Loop(initial(who, pod()), cast("Hands", hands), self.heard, utc_now)
        self.codes: list[int] = []
        self.thread = threading.Thread(target=lambda: self.codes.append(self.loop.run()))

    def hear(self, kind: type[ev.Event], *values: Any) -> None:
        self.loop.hear(kind(utc_now(), *values))

    def ends(self) -> list[int]:
        """The exit code, once it has been told to end."""
        self.hear(ev.Sigterm)
        self.thread.join(PATIENCE)
        return self.codes


@contextmanager
def running(hands: Scripted, *, has_gateway: bool = False) -> Iterator[Running]:
    """A started loop, ended in any case."""
    one = Running(hands, identity(has_gateway=has_gateway))
    one.thread.start()
    one.hear(ev.Started)
    try:
        yield one
    finally:
        one.ends()
        assert not one.thread.is_alive()


def soon(what: Callable[[], bool]) -> None:
    assert eventually(what, PATIENCE)


def test_a_sync_from_its_start_to_its_end() -> None:
    hands = Scripted()
    with running(hands) as one:
        one.hear(ev.MetadataChanged, metadata())
        soon(lambda: one.heard.says(SyncStatus.SYNCED))
        assert one.loop.state.phase == at.Idle()
        assert one.ends() == [0]
    assert [type(question) for question in hands.asked] == [ef.Recover, ef.Fetch, ef.Plan]
    assert one.heard.gate_open
    assert one.heard.complaints == []
    assert len(one.heard.records) == 1


@pytest.mark.parametrize("kind", [ef.Recover, ef.Fetch, ef.Plan, ef.CheckDrift])
def test_an_unexpected_exception_is_an_answer_and_a_complaint(kind: type) -> None:
    surprise = ZeroDivisionError("nobody thought of this")

    def instead(question: ef.Question) -> None:
        if isinstance(question, kind) and hands.count(kind) == 1:
            raise surprise

    hands = Scripted(instead)
    with running(hands) as one:
        one.hear(ev.MetadataChanged, metadata(sync_period=1, drift_action="report"))
        soon(lambda: (kind.__name__, surprise) in one.heard.complaints)
        if kind is not ef.CheckDrift:
            soon(lambda: "unexpected ZeroDivisionError" in one.heard.reports[-1].error_message)
        # It goes on: a new commit is taken as ever.
        one.hear(ev.SyncRequested)
        one.hear(ev.MetadataChanged, metadata(OTHER, sync_period=1))
        if kind is not ef.Recover:
            soon(lambda: one.heard.reports[-1].synced_commit == OTHER)
        assert one.ends() == [0]
    assert [error for _, error in one.heard.complaints] == [surprise]


@pytest.mark.parametrize("error", [StokerError("the disk is full"), RuntimeError("surprise")])
def test_an_order_that_fails_is_complained_of_and_nothing_else(error: Exception) -> None:
    hands = Scripted()
    hands.disobeys = error
    with running(hands) as one:
        one.hear(ev.MetadataChanged, metadata())
        soon(lambda: one.heard.says(SyncStatus.SYNCED))
        soon(lambda: len(one.heard.complaints) > 0)
        one.hear(ev.MetadataChanged, metadata(OTHER))
        soon(lambda: hands.count(ef.Plan) == 2)
    assert {(type(order).__name__, error) for order in hands.obeyed} == set(one.heard.complaints)


def test_events_are_heard_while_a_question_is_worked_on() -> None:
    let_go = threading.Event()
    fetching = threading.Event()

    def instead(question: ef.Question) -> None:
        if isinstance(question, ef.Fetch) and question.assignment.commit == COMMIT:
            fetching.set()
            let_go.wait(PATIENCE)

    hands = Scripted(instead)
    with running(hands) as one:
        one.hear(ev.MetadataChanged, metadata())
        assert fetching.wait(PATIENCE)
        one.hear(ev.GatewaySeen, Readiness.RUNNING)
        one.hear(ev.MetadataChanged, metadata(OTHER))
        # Both are known while the fetch is still under way.
        soon(lambda: one.loop.state.metadata == metadata(OTHER))
        assert hands.count(ef.Fetch) == 1
        let_go.set()
        soon(lambda: one.heard.reports[-1].synced_commit == OTHER)


def test_an_exit_does_not_wait_for_a_doer_that_hangs() -> None:
    for_ever = threading.Event()
    fetching = threading.Event()

    def instead(question: ef.Question) -> None:
        if isinstance(question, ef.Fetch):
            fetching.set()
            for_ever.wait()

    hands = Scripted(instead)
    try:
        with running(hands) as one:
            one.hear(ev.MetadataChanged, metadata())
            assert fetching.wait(PATIENCE)
            assert one.ends() == [0]
    finally:
        for_ever.set()


@pytest.mark.parametrize("kind", [ef.Fetch, ef.Order])
def test_what_the_end_has_broken_is_no_failure(kind: type) -> None:
    """Hands that are let go in the middle of something fail at that; so does what comes after."""
    ended = threading.Event()
    working = threading.Event()

    def instead(task: ef.Question | ef.Order) -> None:
        if isinstance(task, kind):
            working.set()
            ended.wait(PATIENCE)
            raise StokerError("the work on files was ended by the system (SIGKILL)")

    hands = Scripted(instead, instead)
    with running(hands) as one:
        one.hear(ev.MetadataChanged, metadata())
        assert working.wait(PATIENCE)
        assert one.ends() == [0]
        ended.set()
        soon(lambda: "doer" not in {thread.name for thread in threading.enumerate()})
        assert one.heard.complaints == []


def test_what_people_want_to_hear_goes_to_the_outlet() -> None:
    def instead(question: ef.Question) -> None:
        if isinstance(question, ef.Fetch):
            raise ZeroDivisionError

    with running(Scripted(instead)) as one:
        one.hear(ev.MetadataChanged, metadata())
        soon(lambda: len(one.heard.news) == 1)
    assert one.heard.news[0].reason is ef.AnnouncementReason.SYNC_FAILED


def test_hands_are_told_again_and_again_that_nothing_is_asked_if_they_want_to_know() -> None:
    hands = Scripted()
    hands.patience = 0.01
    with running(hands) as one:
        one.hear(ev.MetadataChanged, metadata())
        soon(lambda: one.heard.says(SyncStatus.SYNCED))
        before = hands.idled
        soon(lambda: hands.idled > before + 3)
        hands.patience = None
        one.hear(ev.MetadataChanged, metadata(OTHER))
        soon(lambda: hands.count(ef.Plan) == 2)


def test_a_timer_rings_again_and_again() -> None:
    hands = Scripted()
    with running(hands) as one:
        one.hear(ev.MetadataChanged, metadata(sync_period=1, drift_action="report"))
        soon(lambda: hands.count(ef.CheckDrift) >= 2)


def test_the_watch_tells_what_it_sees_and_asks_no_more_once_it_is_over() -> None:
    hands = Scripted()
    told: list[ev.Event] = []
    watch = GatewayWatch(cast("Hands", hands), told.append, utc_now)
    watch.EAGER = 0.01
    watch.CALM = 60.0
    watch.start()
    soon(lambda: len(told) >= 3)
    hands.gateway = Readiness.RUNNING
    soon(lambda: cast("ev.GatewaySeen", told[-1]).readiness is Readiness.RUNNING)
    number = len(told)
    watch.stop()
    soon(lambda: "gateway-watch" not in {thread.name for thread in threading.enumerate()})
    assert len(told) == number
