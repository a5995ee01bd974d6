"""Hands apart: the same syncs as by those in one process, and a child that comes and goes.

Broken on purpose and seen to fail: see each test.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from attrs import evolve

from stoker.adapters.clock import utc_now
from stoker.adapters.fs import glance
from stoker.core.agent import Assignment
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.agent.effects import SyncResult
from stoker.core.errors import StokerError
from stoker.core.scan import Designer, DesignerList, Readiness, Refused
from stoker.core.spec import DesignerPolicy, SourceMapping
from stoker.entrypoints.engine import apart as keeping
from stoker.entrypoints.engine.apart import Apart, apart
from stoker.entrypoints.engine.observations import Fetched, Operation, Result, RolledBack
from support.apart import Agent, Listener, left_over, listened_to, living, processes_with, wants
from support.server_processes import eventually
from support.synced_gateway import SyncedGateway, profile, texts

FIRST = {
    "projects/a/project.json": '{"title": "a"}',
    "projects/a/script/code.py": "print(1)\n",
    "projects/b/project.json": '{"title": "b"}',
}
SECOND = {"projects/a/script/code.py": "print(2)\n", "projects/c/project.json": "{}"}


@pytest.fixture
def gateway(tmp_path: Path) -> SyncedGateway:
    return SyncedGateway(tmp_path)


def results(agent: Agent) -> list[SyncResult]:
    return [record.result for record in agent.records]


def has_child(agent: Agent) -> bool:
    return agent.hands.child is not None


def pid_of(hands: Apart) -> int:
    assert hands.child
    return hands.child.pid


def test_a_life_of_syncs(gateway: SyncedGateway) -> None:
    first = gateway.commit(FIRST)
    with living(gateway) as agent:
        agent.hear(*wants(gateway, first))
        assert texts(gateway.files()) == FIRST
        second = gateway.commit(SECOND)
        agent.hear(*wants(gateway, second))
        assert texts(gateway.files()) == FIRST | SECOND
        agent.look()
        assert agent.kinds[-1] is ef.CheckDrift
        gateway.write("projects/a/script/code.py", "by hand")
        agent.look()
        assert agent.state.standing.drift == 1
        assert agent.complaints == []
        assert results(agent) == [SyncResult.SYNCED, SyncResult.SYNCED]
        fetched = [each for each in agent.observed if isinstance(each, Fetched)]
        assert [(each.operation, each.result) for each in fetched] == [
            (Operation.CLONE, Result.SUCCESS),
            (Operation.FETCH, Result.SUCCESS),
        ]
    assert left_over(gateway) == []


def test_nothing_is_forked_before_the_first_question(gateway: SyncedGateway) -> None:
    with apart(gateway.site, utc_now, complain=lambda *_: None) as hands:
        assert hands.child is None
        assert hands.idle() is None
        hands.answer(ef.Recover(1))
        assert hands.child is not None


def test_the_child_is_ended_a_moment_after_the_sync(
    gateway: SyncedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "A_MOMENT", 0.2)
    commit = gateway.commit(FIRST)
    with living(gateway) as agent:
        agent.hear(*wants(gateway, commit))
        pid = pid_of(agent.hands)
        left = agent.hands.idle()
        assert left is not None
        assert 0 < left <= 0.2
        assert pid_of(agent.hands) == pid
        time.sleep(left + 0.01)
        assert agent.hands.idle() is None
        assert not has_child(agent)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_what_another_child_knew_is_known(gateway: SyncedGateway) -> None:
    """Broken by a child that begins with an empty memory: then no drift was ever found."""
    first = gateway.commit(FIRST)
    with living(gateway) as agent:
        agent.between = lambda _: _parted(agent.hands)
        agent.between = lambda what: None if _needs_the_last(what) else _parted(agent.hands)
        agent.hear(*wants(gateway, first))
        assert texts(gateway.files()) == FIRST
        gateway.write("projects/a/script/code.py", "by hand")
        agent.look()
        assert agent.state.standing.drift == 1
        agent.hear(*wants(gateway, gateway.commit(SECOND)))
        assert texts(gateway.files()) == FIRST | SECOND
        assert agent.complaints == []
    assert left_over(gateway) == []


def _needs_the_last(what: ef.Question | ef.Order) -> bool:
    """Only a plan has to be carried out by who made it."""
    return isinstance(what, ef.Apply | ef.Adopt)


def _parted(hands: Apart) -> None:
    if hands.child is not None:
        assert hands.child.end() == 0
        hands.child = None


def test_a_plan_is_kept_as_long_as_a_designer_is_waited_for(tmp_path: Path) -> None:
    """Broken by a patience of a moment for every answer."""
    designer = Designer("1", "jane")
    listener = Listener(at_work=[DesignerList(), *[DesignerList((designer,))] * 3])
    gateway = listened_to(tmp_path, listener)
    patient = profile(designer_session_policy=DesignerPolicy.WAIT)
    with living(gateway) as agent:
        agent.hear(*wants(gateway, gateway.commit(FIRST), patient))
        before = len(agent.asked)
        pids = []

        def between(what: ef.Question | ef.Order) -> None:
            if isinstance(what, ef.ListDesigners | ef.Lock | ef.Apply):
                assert (agent.hands.idle() or 0) > 20
                pids.append(pid_of(agent.hands))

        agent.between = between
        agent.hear(*wants(gateway, gateway.commit(SECOND), patient))
        assert agent.kinds[before:].count(ef.ListDesigners) == 4
        assert len(set(pids)) == 1
    assert texts(gateway.files()) == FIRST | SECOND


def test_a_refused_commit_is_taken_back_by_another_child(tmp_path: Path) -> None:
    """Broken by settling the journal in every new child: then there was nothing to take back."""
    listener = Listener()
    gateway = listened_to(tmp_path, listener)
    seen: list[dict[str, str]] = []

    def between(what: ef.Question | ef.Order) -> None:
        if isinstance(what, ef.Rollback | ef.Release):
            _parted(agent.hands)
        if isinstance(what, ef.Scan):
            seen.append(texts(gateway.files()))

    with living(gateway) as agent:
        agent.hear(*wants(gateway, gateway.commit(FIRST)))
        listener.verdicts = [Refused(500, "half a file")]
        agent.between = between
        agent.hear(*wants(gateway, gateway.commit(SECOND)))
        assert results(agent) == [SyncResult.SYNCED, SyncResult.ROLLED_BACK, SyncResult.SYNCED]
        assert seen[:2] == [FIRST | SECOND, FIRST]
        assert RolledBack(Result.SUCCESS) in agent.observed
        assert agent.complaints == []
    assert texts(gateway.files()) == FIRST | SECOND
    assert left_over(gateway) == []


def test_that_the_gateway_was_set_up_is_remembered_with_the_files(tmp_path: Path) -> None:
    """Broken by a head that is made anew with each apply."""
    gateway = listened_to(tmp_path, Listener())
    first = gateway.commit(FIRST)
    with living(gateway) as agent:
        agent.hear(*wants(gateway, first))
        assert ef.NoteCommissioned in agent.kinds
        agent.hear(*wants(gateway, gateway.commit(SECOND)))
        assert agent.kinds.count(ef.NoteCommissioned) == 1
    with apart(gateway.site, utc_now, complain=lambda *_: None) as hands:
        answer = hands.answer(ef.Recover(1))
        assert isinstance(answer, ev.Recovered)
        assert answer.on_disk.commissioned


def test_the_readiness_of_the_gateway_comes_with_the_first_answer(tmp_path: Path) -> None:
    gateway = listened_to(tmp_path, Listener(up=Readiness.RUNNING))
    with apart(gateway.site, utc_now, complain=lambda *_: None) as hands:
        answer = hands.answer(ef.Recover(1))
        assert isinstance(answer, ev.Recovered)
        assert answer.gateway is Readiness.RUNNING
        hands.gateway = None
        answer = hands.answer(ef.Recover(2))
        assert isinstance(answer, ev.Recovered)
        assert answer.gateway is Readiness.DOWN


def test_the_data_directory_is_held_as_long_as_the_parent_lives(gateway: SyncedGateway) -> None:
    """Broken by a lock that the child takes: then it is free between two children."""
    with living(gateway) as agent:
        _parted(agent.hands)
        with apart(gateway.site, utc_now, complain=lambda *_: None) as other:
            refusal = other.answer(ef.Recover(1))
            assert isinstance(refusal, ev.RecoverFailed)
            assert f"another Stoker is at work on this data directory: process {os.getpid()}" in (
                refusal.error.message
            )
    with living(gateway) as third:
        assert third.state.standing.error == ""


def test_a_credential_is_asked_for_by_the_parent(gateway: SyncedGateway) -> None:
    """What it costs to get one (a GitHub App's takes a request) is not paid by each child."""
    asked = []

    def token() -> str:
        asked.append(os.getpid())
        raise StokerError("there is none")

    site = evolve(gateway.site, access=evolve(gateway.site.access, token=token))
    commit = gateway.commit(FIRST)
    with apart(site, utc_now, complain=lambda *_: None) as hands:
        assignment = _assigned(gateway, commit)
        # A repository in a folder needs no credential.
        assert isinstance(hands.answer(ef.Fetch(1, assignment)), ev.Fetched)
    assert asked == [os.getpid()]


def _assigned(gateway: SyncedGateway, commit: str) -> Assignment:
    with living(gateway) as agent:
        agent.hear(*wants(gateway, commit))
        (fetch,) = [each for each in agent.asked if isinstance(each, ef.Fetch)]
        return fetch.assignment


def test_the_parent_stays_small() -> None:
    """What takes much memory is loaded by the child. Broken by importing `doers` in `hands`."""
    code = (
        "import sys, stoker.entrypoints.engine.apart, stoker.entrypoints.engine.loop;"
        "from stoker.entrypoints.engine import shared; shared.load();"
        "print([each for each in sys.modules if each.split('.')[0] in "
        "{'pygit2', '_cffi_backend', 'cattrs', 'jinja2', 'httpx', 'yaml', 'urllib3'}]);"
        "before = {*sys.modules}; import stoker.entrypoints.engine.child as child;"
        "import stoker.entrypoints.engine.file_doers;"
        "print(len([each for each in {*sys.modules} - before if each.startswith('stoker.')]))"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], check=True, capture_output=True
    )
    heavy, left_to_the_child = done.stdout.splitlines()
    assert heavy == b"[]"
    # What imports pygit2 itself, or what does; a module more is one to name in `shared`.
    assert int(left_to_the_child) <= 12


class TestTheChild:
    """What it has of its parent, and what not."""

    def test_it_is_in_a_session_of_its_own_and_dies_with_its_parent(
        self, gateway: SyncedGateway
    ) -> None:
        """Broken without PR_SET_PDEATHSIG."""
        code = (
            f"import sys, os, signal; sys.path[:0] = {sys.path!r};"
            "from pathlib import Path;"
            "from support.apart import living;"
            "from support.synced_gateway import SyncedGateway\n"
            f"with living(SyncedGateway(Path({str(gateway.folder)!r}))) as agent:\n"
            "    pid = agent.hands.child.pid\n"
            "    print(pid, os.getsid(pid) == pid, flush=True)\n"
            "    signal.pause()\n"
        )
        command = [sys.executable, "-c", code]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:  # noqa: S603 - as above
            assert parent.stdout is not None
            pid, leads = parent.stdout.readline().split()
            assert leads == b"True"
            os.kill(int(pid), 0)
            parent.kill()
        assert eventually(lambda: not _runs(int(pid)), 2.0)

    def test_it_ends_with_the_thread_that_asked(self, gateway: SyncedGateway) -> None:
        with apart(gateway.site, utc_now, complain=lambda *_: None) as hands:
            asking = threading.Thread(target=lambda: hands.answer(ef.Recover(1)))
            asking.start()
            asking.join()
            child = hands.child
            assert child
            assert eventually(lambda: not child.is_alive(), 2.0)

    def test_it_has_no_file_of_its_parent_but_the_directory_and_the_lock(
        self, gateway: SyncedGateway, tmp_path: Path
    ) -> None:
        """Broken by a child that closes nothing."""
        with (tmp_path / "secret").open("w"), living(gateway) as agent:
            folder = Path(f"/proc/{pid_of(agent.hands)}/fd")
            open_files = {str(each.readlink()) for each in folder.iterdir() if each.exists()}
            standard = {str(Path(f"/proc/self/fd/{each}").readlink()) for each in range(3)}
            others = {each for each in open_files - standard if not each.startswith("socket:")}
            assert others <= {
                os.devnull, str(gateway.data), str(gateway.data / ".stoker" / "lock")
            }  # fmt: skip

    def test_signals_mean_to_it_what_they_always_do(self, gateway: SyncedGateway) -> None:
        before = signal.signal(signal.SIGTERM, lambda *_: None)
        try:
            with living(gateway) as agent:
                child = agent.hands.child
                assert child
                os.kill(child.pid, signal.SIGTERM)
                assert eventually(lambda: not child.is_alive(), 2.0)
        finally:
            signal.signal(signal.SIGTERM, before)

    def test_it_is_ended_when_the_hands_are_closed(self, gateway: SyncedGateway) -> None:
        with living(gateway) as agent:
            pid = pid_of(agent.hands)
        assert not _runs(pid)
        assert processes_with(str(gateway.folder)) == []

    def test_what_is_asked_after_that_finds_nobody_and_is_no_loss(
        self, gateway: SyncedGateway
    ) -> None:
        """Broken by hands that take the child they ended for one that somebody has killed."""
        with living(gateway) as agent:
            agent.hear(*wants(gateway, gateway.commit(FIRST)))
        with pytest.raises(StokerError, match="no work on files is begun any more"):
            agent.hands.obey(ef.Release())
        assert agent.complaints == []


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


class TestTheRegularLook:
    """A close look is made by a child, and holds as long as nothing changes."""

    @pytest.fixture(autouse=True)
    def _soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(glance, "TICK_NS", 20_000_000)

    def test_nothing_is_forked_as_long_as_nothing_changes(self, gateway: SyncedGateway) -> None:
        """Broken by a memory that forgets the glance: then every look takes a child."""
        with living(gateway) as agent:
            agent.hear(*wants(gateway, gateway.commit(FIRST)))
            time.sleep(0.05)
            agent.look()
            _parted(agent.hands)
            for _ in range(3):
                agent.look()
            assert not has_child(agent)
            assert agent.kinds[-3:] == [ef.CheckDrift] * 3
            gateway.write("projects/a/script/code.py", "by hand")
            agent.look()
            assert has_child(agent)
            assert agent.state.standing.drift == 1

    def test_what_has_drifted_is_counted_once(self, gateway: SyncedGateway) -> None:
        with living(gateway) as agent:
            agent.hear(*wants(gateway, gateway.commit(FIRST)))
            gateway.write("projects/a/script/code.py", "by hand")
            time.sleep(0.05)
            agent.look()
            _parted(agent.hands)
            agent.look()
            assert not has_child(agent)
            assert agent.state.standing.drift == 1
            gateway.write("projects/a/script/code.py", FIRST["projects/a/script/code.py"])
            agent.look()
            assert agent.state.standing.drift == 0

    def test_a_sync_makes_a_close_look_necessary(self, gateway: SyncedGateway) -> None:
        with living(gateway) as agent:
            agent.hear(*wants(gateway, gateway.commit(FIRST)))
            time.sleep(0.05)
            agent.look()
            other = profile(exclude_patterns=("**/script/**",))
            agent.hear(*wants(gateway, agent.state.on_disk.commit, other))
            _parted(agent.hands)
            agent.look()
            assert has_child(agent)

    def test_what_is_mapped_to_the_data_directory_itself(self, gateway: SyncedGateway) -> None:
        """The gateway's own files beside do not matter; it takes one close look more to know."""
        wanted = profile(SourceMapping(source=".", destination="."), exclude_patterns=())
        gateway.write("db/config.idb", "the gateway's")
        with living(gateway) as agent:
            agent.hear(*wants(gateway, gateway.commit({**FIRST, "top.txt": "1"}), wanted))
            time.sleep(0.05)
            for _ in range(2):
                agent.look()
            _parted(agent.hands)
            gateway.write("db/config.idb", "the gateway's own")
            gateway.write("logs/wrapper.log", "new")
            agent.look()
            assert not has_child(agent)
            gateway.write("top.txt", "by hand")
            agent.look()
            assert agent.state.standing.drift == 1

    def test_what_the_gateway_keeps_for_itself_does_not_matter(
        self, gateway: SyncedGateway
    ) -> None:
        with living(gateway) as agent:
            gateway.write("projects/a/.resources/cache", "1")
            agent.hear(*wants(gateway, gateway.commit(FIRST)))
            time.sleep(0.05)
            agent.look()
            _parted(agent.hands)
            gateway.write("projects/a/.resources/cache", "22")
            gateway.write("projects/a/.resources/other", "22")
            agent.look()
            assert not has_child(agent)
            assert agent.state.standing.drift == 0
