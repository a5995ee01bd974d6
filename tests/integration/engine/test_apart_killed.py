"""The child is killed, at everything that it does: the agent lives on and comes to the same end.

Broken on purpose and seen to fail: a loss that is no answer, and a journal that is not settled
after the death of who released it.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.agent.effects import SyncResult
from stoker.core.scan import Refused
from stoker.core.spec import DriftAction
from stoker.entrypoints.engine import apart as keeping
from stoker.entrypoints.engine.child import serve
from stoker.entrypoints.engine.file_doers import FileDoers
from stoker.entrypoints.engine.losing import Lost
from support.apart import (
    Agent,
    Doom,
    Listener,
    doomed_at_the_disk,
    left_over,
    listened_to,
    living,
    processes_with,
    wants,
)
from support.server_processes import eventually
from support.synced_gateway import SyncedGateway, profile, texts

FIRST = {
    "projects/a/project.json": '{"title": "a"}',
    "projects/a/script/code.py": "print(1)\n",
    "projects/a/script/gone.py": "print(0)\n",
}
SECOND = {"projects/a/script/code.py": "print(2)\n", "projects/c/project.json": "{}"}
GONE = ("projects/a/script/gone.py",)
AFTER = {path: text for path, text in (FIRST | SECOND).items() if path not in GONE}

ASKED = [ef.Recover, ef.Fetch, ef.Plan, ef.Apply, ef.CheckDrift]
ORDERED = [ef.Release, ef.Adopt]


@pytest.fixture
def gateway(tmp_path: Path) -> SyncedGateway:
    return SyncedGateway(tmp_path)


def changed(gateway: SyncedGateway) -> str:
    return gateway.commit(SECOND, delete=GONE)


def two_syncs(gateway: SyncedGateway) -> list[SyncResult]:
    """A life with two commits and a look at drift, and no child left behind."""
    first = gateway.commit(FIRST)
    second = changed(gateway)
    restoring = profile(drift_action=DriftAction.RESTORE)
    with living(gateway) as agent:
        agent.hear(*wants(gateway, first, restoring))
        assert texts(gateway.files()) == FIRST
        agent.hear(*wants(gateway, second, restoring))
        assert texts(gateway.files()) == AFTER
        gateway.write("projects/a/project.json", "by hand")
        for _ in range(3):
            agent.look()
        assert texts(gateway.files()) == AFTER
        assert agent.state.on_disk.commit == second
        agent.look()
        assert agent.state.standing.drift == 0
        assert agent.state.standing.error == ""
        losses = [error for _, error in agent.complaints if not isinstance(error, Lost)]
        assert losses == []
        assert agent.hands.child
        agent.hands.child.end()
    assert left_over(gateway) == []
    assert processes_with(str(gateway.folder)) == []
    return [record.result for record in agent.records]


@pytest.mark.parametrize("kind", [*ASKED, *ORDERED], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("at", ["the beginning", "the end"])
def test_at_every_kind_of_question(
    gateway: SyncedGateway, monkeypatch: pytest.MonkeyPatch, kind: type, at: str
) -> None:
    """The work is not begun, or it is done and nobody hears of it."""
    doom = Doom(0)
    answer, obey = FileDoers.answer, FileDoers.obey

    def doomed(what: object, work: Any, doers: FileDoers) -> Any:
        mine = isinstance(what, kind)
        if mine and at == "the beginning":
            doom.call()
        done = work(doers, what)
        if mine and at == "the end":
            doom.call()
        return done

    monkeypatch.setattr(FileDoers, "answer", lambda self, what: doomed(what, answer, self))
    monkeypatch.setattr(FileDoers, "obey", lambda self, what: doomed(what, obey, self))
    two_syncs(gateway)
    if kind is not ef.Adopt:
        assert doom.has_struck


def _calls(folder: Path) -> int:
    counting = Doom(None)
    with doomed_at_the_disk(counting):
        two_syncs(SyncedGateway(folder))
    return counting.calls


@pytest.mark.parametrize("part", range(3))
def test_at_many_changes_of_the_disk(tmp_path: Path, part: int) -> None:
    """Recover, apply, release and the manifest: all that is ever written to the data directory."""
    calls = _calls(tmp_path / "counted")
    assert calls > 20
    for lives in range(part, calls, 9):
        doom = Doom(lives)
        with doomed_at_the_disk(doom):
            two_syncs(SyncedGateway(tmp_path / str(lives)))
        assert doom.has_struck


@pytest.mark.parametrize("deaths", [2, 3, 7])
def test_again_and_again(gateway: SyncedGateway, deaths: int) -> None:
    doom = Doom(5, deaths)
    with doomed_at_the_disk(doom):
        two_syncs(gateway)
    assert doom.has_struck


@pytest.mark.parametrize("lives", [0, 1, 2, 4, 7, 11, 16])
def test_while_a_refused_commit_is_taken_back(tmp_path: Path, lives: int) -> None:
    listener = Listener()
    gateway = listened_to(tmp_path, listener)
    first, second = gateway.commit(FIRST), changed(gateway)
    doom = Doom(lives)
    with living(gateway) as agent:
        agent.hear(*wants(gateway, first))
        listener.verdicts = [Refused(500, "half a file")]
        with doomed_at_the_disk(doom):
            # Only from the rollback on.
            agent.between = lambda what: _renewed(agent) if isinstance(what, ef.Rollback) else None
            agent.hear(*wants(gateway, second))
        assert texts(gateway.files()) == AFTER
        # A rollback that is lost is settled as it stands, and that may be complete.
        assert agent.records[-1].result in {SyncResult.SYNCED, SyncResult.UNCHANGED}
        assert agent.hands.child
        agent.hands.child.end()
    assert left_over(gateway) == []


def _renewed(agent: Agent) -> None:
    hands = agent.hands
    if hands.child is not None:
        hands.child.end()
        hands.child = None


def test_while_git_is_at_work(gateway: SyncedGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git ends with the child, and leaves nothing that a later fetch would stumble over."""
    started = subprocess.Popen
    for lives in range(4):
        doom = Doom(lives)

        def doomed(*args: Any, doom: Doom = doom, **more: Any) -> Any:
            one = started(*args, **more)
            doom.call()
            return one

        with monkeypatch.context() as patched:
            patched.setattr(subprocess, "Popen", doomed)
            two_syncs(SyncedGateway(gateway.folder / str(lives)))
        assert doom.has_struck
        assert eventually(lambda: processes_with(str(gateway.folder)) == [], 5.0)


def test_a_plan_that_is_lost_is_an_apply_that_failed_and_touched_nothing(tmp_path: Path) -> None:
    listener = Listener()
    gateway = listened_to(tmp_path, listener)
    first, second = gateway.commit(FIRST), changed(gateway)
    with living(gateway) as agent:
        agent.hear(*wants(gateway, first))
        before = len(agent.answers)
        killed: list[int] = []

        def between(what: ef.Question | ef.Order) -> None:
            if isinstance(what, ef.Apply) and not killed:
                child = agent.hands.child
                assert child
                killed.append(child.pid)
                os.kill(child.pid, signal.SIGKILL)
                assert eventually(lambda: not child.is_alive(), 2.0)
            if isinstance(what, ef.Rollback):
                assert texts(gateway.files()) == FIRST

        agent.between = between
        agent.hear(*wants(gateway, second))
        (failure,) = [each for each in agent.answers[before:] if isinstance(each, ev.ApplyFailed)]
        assert "the plan was lost" in str(failure.error)
        assert ev.RolledBack in [type(each) for each in agent.answers[before:]]
    assert texts(gateway.files()) == AFTER


def test_what_is_told_of_a_kill(gateway: SyncedGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    doom = Doom(0)
    prepare = FileDoers.prepare

    def doomed(*args: Any, **more: Any) -> Any:
        doom.call()
        return prepare(*args, **more)

    monkeypatch.setattr(FileDoers, "prepare", doomed)
    with living(gateway) as agent:
        agent.hear(*wants(gateway, gateway.commit(FIRST)))
    (failure,) = [each for each in agent.answers if isinstance(each, ev.PlanFailed)]
    assert "ended by the system (SIGKILL)" in str(failure.error)
    assert "spec.agent.resources" in failure.error.cure
    assert [record.result for record in agent.records] == [SyncResult.ERROR, SyncResult.SYNCED]


def test_a_child_that_hangs_before_it_begins_is_given_up(
    gateway: SyncedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may wait for a lock that was held by a thread of its parent's. Broken without a limit."""
    monkeypatch.setattr(keeping, "TO_START", 0.3)
    doom = Doom(None)

    def hanging(*args: Any) -> None:
        doom.call()
        if doom.calls == 1:
            signal.pause()
        serve(*args)

    monkeypatch.setattr("stoker.entrypoints.engine.apart.serve", hanging)
    with living(gateway) as agent:
        agent.hear(*wants(gateway, gateway.commit(FIRST)))
        failed = [each for each in agent.answers if isinstance(each, ev.RecoverFailed)]
        assert "does not begin" in str(failed[0].error)
    assert texts(gateway.files()) == FIRST
