"""The fake gateway's start, its commissioning, its restart, and how it comes to a bad end.

On a clock that stands until the test moves it. Seen failing: with the ports open while connections
should be refused, with the commissioning that leaves synced files alone, and with a wiped folder
noticed at the end of the start only, when it is there again.
"""

from __future__ import annotations

import http.client
import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from stoker.core.ignition import ScanKind
from stoker.testing.gateway import (
    Commissioning,
    FakeGateway,
    Fault,
    ManualClock,
    Phase,
    RestartInScan,
    Settings,
)
from support.ignition_trees import CORE, SCRIPTS, put, put_project, put_resource
from support.talk import API, api, ask

SLOW = Settings(
    refused_seconds=5,
    unavailable_seconds=10,
    starting_seconds=25,
    commissioning=Commissioning.FIRST,
    commissioning_seconds=20,
    scan_every=0,
)
SECURITY = f"{CORE}/ignition/security-properties"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def slow(tmp_path: Path, clock: ManualClock) -> Iterator[FakeGateway]:
    put_project(tmp_path, "line")
    with FakeGateway(tmp_path, SLOW, clock=clock) as fake:
        yield fake


def reach(fake: FakeGateway, clock: ManualClock, phase: Phase, seconds: float) -> None:
    clock.advance(seconds)
    settle(fake, phase)


def settle(fake: FakeGateway, phase: Phase) -> None:
    fake.wait_for(lambda one: one.phase is phase and one.idle)


def test_the_stages_as_a_client_sees_them(slow: FakeGateway, clock: ManualClock) -> None:
    with pytest.raises(ConnectionRefusedError):
        ask(slow.url, "GET /StatusPing")
    reach(slow, clock, Phase.UNAVAILABLE, 5)
    for path in ("/StatusPing", "/system/gwinfo", "/", f"{API}/designers"):
        said = ask(slow.url, f"GET {path}", token=slow.token)
        assert (said.status, said.is_page) == (503, True)
    reach(slow, clock, Phase.STARTING, 10)
    assert ask(slow.url, "GET /StatusPing").json == {"state": "STARTING"}
    assert ask(slow.url, "GET /system/gwinfo").status == 503
    assert api(slow, "GET /designers").status == 503
    assert not slow.projects
    reach(slow, clock, Phase.COMMISSIONING, 25)
    assert ask(slow.url, "GET /system/gwinfo").status == 200
    assert list(slow.projects) == ["line"]
    reach(slow, clock, Phase.RUNNING, 20)
    assert ask(slow.url, "GET /StatusPing").json == {"state": "RUNNING"}
    assert api(slow, "GET /designers").status == 200


def test_the_set_up_overwrites_what_was_synced(tmp_path: Path, clock: ManualClock) -> None:
    put_resource(tmp_path, SECURITY, {"config.json": {"synced": True}})
    settings = Settings(commissioning=Commissioning.FIRST, commissioning_seconds=20)
    with FakeGateway(tmp_path, settings, clock=clock) as fake:
        settle(fake, Phase.COMMISSIONING)
        assert fake.holds(f"{SECURITY}/config.json", b'{"synced": true}')
        reach(fake, clock, Phase.RUNNING, 20)
        written = (tmp_path / SECURITY / "config.json").read_bytes()
        assert "synced" not in json.loads(written)
        assert fake.holds(f"{SECURITY}/config.json", written)
    with FakeGateway(tmp_path, settings, clock=clock) as fake:
        assert fake.phase is Phase.RUNNING


def test_a_set_up_that_cannot_write(tmp_path: Path, clock: ManualClock) -> None:
    put(tmp_path, SECURITY, "a file, where a folder is wanted")
    settings = Settings(commissioning=Commissioning.ALWAYS, commissioning_seconds=20)
    with FakeGateway(tmp_path, settings, clock=clock) as fake:
        reach(fake, clock, Phase.RUNNING, 20)
        assert any(SECURITY in line.message for line in fake.log if line.level == "ERROR")


def test_somebody_may_finish_the_set_up(tmp_path: Path, clock: ManualClock) -> None:
    settings = Settings(commissioning=Commissioning.ALWAYS, commissioning_seconds=None)
    with FakeGateway(tmp_path, settings, clock=clock) as fake:
        clock.advance(1e6)
        settle(fake, Phase.COMMISSIONING)
        fake.commission()
        settle(fake, Phase.RUNNING)
        fake.commission()
        settle(fake, Phase.RUNNING)


def test_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    with FakeGateway(tmp_path, Settings(scan_every=0), clock=clock) as fake:
        assert api(fake, "POST /restart-tasks/restart").status == 400
        fake.hold_lock(ScanKind.CONFIG, 1e6)
        put_project(tmp_path, "line")
        with closing(http.client.HTTPConnection(fake.url.removeprefix("http://"))) as old:
            old.request("GET", "/StatusPing")
            old.getresponse().read()
            kept = old.sock
            assert api(fake, "POST /restart-tasks/restart?confirm=true").status == 200
            settle(fake, Phase.UNAVAILABLE)
            assert kept is not None
            assert kept.recv(1) == b""
        assert ask(fake.url, "GET /StatusPing").status == 503
        reach(fake, clock, Phase.STARTING, 10)
        assert ask(fake.url, "GET /StatusPing").json == {"state": "STARTING"}
        assert not fake.projects
        reach(fake, clock, Phase.RUNNING, 30)
        assert list(fake.projects) == ["line"]
        assert fake.hold_lock(ScanKind.CONFIG, 1)


@pytest.mark.parametrize("counts", [True, False])
def test_a_restart_in_the_middle_of_a_scan(
    tmp_path: Path, clock: ManualClock, *, counts: bool
) -> None:
    settings = Settings(scan_every=0, scan_seconds=2, boot_counts_as_scan=counts)
    with FakeGateway(tmp_path, settings, clock=clock) as fake:
        fake.script(Fault("POST /scan/projects", RestartInScan()))
        put_project(tmp_path, "line")
        assert api(fake, "POST /scan/projects").json["scanActive"] is True
        reach(fake, clock, Phase.UNAVAILABLE, 1)
        assert not fake.projects
        clock.advance(10)
        reach(fake, clock, Phase.RUNNING, 30)
        assert list(fake.projects) == ["line"]
        said = api(fake, "GET /scan/projects").json
        assert said["scanActive"] is False
        assert said["lastScanTimestamp"] == (clock.epoch_ms() if counts else 0)


@pytest.mark.parametrize("back_again", [False, True])
def test_wiping_a_folder_during_the_start(
    slow: FakeGateway, clock: ManualClock, *, back_again: bool
) -> None:
    reach(slow, clock, Phase.STARTING, 15)
    shutil.rmtree(slow.data / "projects/line")
    if back_again:
        slow.wait_for(lambda one: one.phase is Phase.FAULTED)
        put_project(slow.data, "line")
    clock.advance(25)
    settle(slow, Phase.FAULTED)
    assert slow.fault == "the folder projects/line vanished during the start"
    assert ask(slow.url, "GET /StatusPing").json == {"state": "FAULTED"}
    assert b"ContextStatus=FAULTED;" in ask(slow.url, "GET /system/gwinfo").body
    assert api(slow, "GET /designers").status == 503
    assert ask(slow.url, "GET /").status == 200
    slow.restart()
    clock.advance(10)
    reach(slow, clock, Phase.RUNNING, 30)
    assert not slow.fault


def test_a_folder_that_was_emptied_during_the_start(slow: FakeGateway) -> None:
    (slow.data / "projects/line/project.json").unlink()
    settle(slow, Phase.FAULTED)
    assert not slow.projects


def test_wiping_is_forgiven_where_that_is_switched_off(tmp_path: Path, clock: ManualClock) -> None:
    put_project(tmp_path, "line")
    settings = Settings(starting_seconds=5, wiping_faults=False)
    with FakeGateway(tmp_path, settings, clock=clock) as fake:
        shutil.rmtree(tmp_path / "projects")
        reach(fake, clock, Phase.RUNNING, 5)


def test_new_files_during_the_start_are_no_harm(slow: FakeGateway, clock: ManualClock) -> None:
    put_project(slow.data, "new")
    clock.advance(15)
    clock.advance(25)
    settle(slow, Phase.COMMISSIONING)
    assert list(slow.projects) == ["line", "new"]


@pytest.mark.parametrize("during", ["start", "scan"])
def test_a_file_that_it_may_not_write(tmp_path: Path, clock: ManualClock, during: str) -> None:
    line = put_project(tmp_path, "line")
    script = put_resource(tmp_path, f"{line}/{SCRIPTS}/a", {"code.py": ""})
    if during == "start":
        (tmp_path / script / "code.py").chmod(0o444)
    with FakeGateway(tmp_path, Settings(scan_every=0), clock=clock) as fake:
        if during == "scan":
            assert fake.phase is Phase.RUNNING
            (tmp_path / script / "code.py").chmod(0o444)
            api(fake, "POST /scan/projects")
        settle(fake, Phase.FAULTED)
        assert fake.fault == f"it may not write {script}/code.py"
        assert fake.log[-1].level == "FATAL"
        clock.advance(1000)
        assert fake.phase is Phase.FAULTED


def test_a_lifelike_start_on_a_fast_clock(tmp_path: Path) -> None:
    put(tmp_path, "projects/line/project.json", {})
    settings = Settings.lifelike().but(speed=400)
    with FakeGateway(tmp_path, settings) as fake:
        fake.wait_for(lambda one: one.phase is Phase.RUNNING)
        assert list(fake.projects) == ["line"]
