"""Scans, locks, Designers and what is loaded, over sockets, on a clock that the test moves.

Seen failing: with a scan that reads the disk at its end, with the lock given to everybody, with a
Designer's save made after the answer, and with failures that turn the scan's answer into an error.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from stoker.core.ignition import ScanKind
from stoker.testing.gateway import (
    DORMANT,
    Coalescing,
    Designer,
    DesignerSaves,
    FakeGateway,
    Fault,
    LoadReport,
    LockedScan,
    ManualClock,
    ScanNeverEnds,
    Settings,
    Token,
    When,
)
from support.ignition_trees import (
    DATABASES,
    SCRIPTS,
    put,
    put_project,
    put_resource,
    put_signed,
)
from support.talk import Said, api

PROJECTS, CONFIG = ScanKind.PROJECTS, ScanKind.CONFIG
OURS, THEIRS = Token(name="ours", secret="1"), Token(name="theirs", secret="2")
SETTINGS = Settings(scan_seconds=2, scan_every=0, tokens=(OURS, THEIRS))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def gateway(tmp_path: Path, clock: ManualClock) -> Iterator[FakeGateway]:
    put_project(tmp_path, "line")
    with FakeGateway(tmp_path, SETTINGS, clock=clock) as fake:
        yield fake


def post(gateway: FakeGateway, kind: str = "projects") -> dict[str, Any]:
    said = api(gateway, f"POST /scan/{kind}")
    assert said.status == 200
    gateway.wait_for(lambda one: one.idle)
    return dict(said.json)


def status(gateway: FakeGateway, kind: str = "projects") -> dict[str, Any]:
    gateway.wait_for(lambda one: one.idle)
    return dict(api(gateway, f"GET /scan/{kind}").json)


def test_a_200_means_accepted_and_no_more(gateway: FakeGateway, clock: ManualClock) -> None:
    before = status(gateway)
    put_project(gateway.data, "new")
    assert post(gateway) == {**before, "scanActive": True}
    assert "new" not in gateway.projects
    clock.advance(1.9)
    assert status(gateway)["scanActive"] is True
    clock.advance(0.1)
    after = status(gateway)
    assert after == {
        "scanActive": False,
        "lastScanTimestamp": before["lastScanTimestamp"] + 2000,
        "lastScanDuration": 2000,
    }
    assert "new" in gateway.projects


def test_what_is_written_after_the_beginning_is_missed(
    gateway: FakeGateway, clock: ManualClock
) -> None:
    post(gateway)
    put_project(gateway.data, "late")
    assert post(gateway)["scanActive"] is True
    clock.advance(2)
    assert status(gateway)["scanActive"] is False
    assert "late" not in gateway.projects
    gateway.change(coalescing=Coalescing.FOLLOW)
    put_project(gateway.data, "later")
    post(gateway)
    put_project(gateway.data, "last")
    post(gateway)
    clock.advance(2)
    assert status(gateway)["scanActive"] is True
    assert "last" not in gateway.projects
    clock.advance(2)
    gateway.wait_for(lambda one: "last" in one.projects)


def test_each_half_is_scanned_by_itself(gateway: FakeGateway, clock: ManualClock) -> None:
    put_project(gateway.data, "new")
    put_resource(gateway.data, f"{DATABASES}/mes", {"config.json": {}})
    post(gateway, "config")
    clock.advance(2)
    gateway.wait_for(lambda one: "core" in one.collections)
    assert "new" not in gateway.projects


def test_its_own_scan(tmp_path: Path, clock: ManualClock) -> None:
    with FakeGateway(tmp_path, Settings(scan_every=300), clock=clock) as fake:
        put_project(tmp_path, "line")
        fake.hold_lock(PROJECTS, 310)
        clock.advance(305)
        fake.wait_for(lambda one: one.idle)
        clock.advance(1)
        assert not fake.projects
        clock.advance(4)
        fake.wait_for(lambda one: one.idle)
        clock.advance(1)
        fake.wait_for(lambda one: "line" in one.projects)


def lock(gateway: FakeGateway, token: Token = OURS, kind: str = "projects", **times: Any) -> Said:
    return api(gateway, f"POST /scan-lock/{kind}", times, token=token.value)


def test_while_we_hold_the_lock_files_may_change(gateway: FakeGateway, clock: ManualClock) -> None:
    assert lock(gateway, acquireTimeout=10, holdTimeout=60).status == 200
    gateway.scan(PROJECTS)
    clock.advance(30)
    assert status(gateway)["scanActive"] is True  # asked for, and waiting
    put_project(gateway.data, "new")
    post(gateway)
    clock.advance(2)
    gateway.wait_for(lambda one: "new" in one.projects)
    assert lock(gateway, THEIRS, acquireTimeout=0, holdTimeout=1).status == 200


def test_the_lock_is_one_holders(gateway: FakeGateway, clock: ManualClock) -> None:
    assert lock(gateway, THEIRS, holdTimeout=60).status == 200
    refused = lock(gateway, acquireTimeout=0)
    assert (refused.status, refused.is_page) == (409, True)
    assert lock(gateway, THEIRS, holdTimeout=60).status == 200
    assert lock(gateway, kind="config").status == 200
    clock.advance(60)
    assert lock(gateway, acquireTimeout=0).status == 200


def test_waiting_for_somebody_elses_lock(gateway: FakeGateway, clock: ManualClock) -> None:
    """Until it ends by itself, or until our patience does."""
    lock(gateway, THEIRS, holdTimeout=8)
    answers: list[int] = []
    asking = [
        threading.Thread(target=lambda: answers.append(lock(gateway, acquireTimeout=10).status)),
        threading.Thread(
            target=lambda: answers.append(lock(gateway, kind="config", acquireTimeout=10).status)
        ),
    ]
    gateway.hold_lock(CONFIG, 60)
    for thread in asking:
        thread.start()
    gateway.wait_for(lambda one: one.waiting == 2)
    clock.advance(8)
    asking[0].join(10)
    assert answers == [200]
    clock.advance(2)
    asking[1].join(10)
    assert answers == [200, 409]


def test_waiting_for_a_lock_ends_with_the_gateway(tmp_path: Path) -> None:
    """With a 503, or with the connection."""
    answers: list[int] = []

    def wait() -> None:
        with suppress(OSError):
            answers.append(lock(fake, kind="config").status)

    with FakeGateway(tmp_path, SETTINGS) as fake:
        fake.hold_lock(CONFIG, 60)
        thread = threading.Thread(target=wait)
        thread.start()
        fake.wait_for(lambda one: one.waiting == 1)
        fake.restart()
        thread.join(10)
    assert not thread.is_alive()
    assert answers in ([], [503])


@pytest.mark.parametrize(
    "times",
    [{"acquireTimeout": "1"}, {"holdTimeout": -1}, {"holdTimeout": True}, {"holdTimeout": 1e9}],
)
def test_times_that_are_none(gateway: FakeGateway, times: dict[str, Any]) -> None:
    assert lock(gateway, **times).status == 400


@pytest.mark.parametrize(("locked", "answer"), [(LockedScan.WAIT, 200), (LockedScan.REFUSE, 423)])
def test_asking_for_a_scan_under_somebody_elses_lock(
    gateway: FakeGateway, clock: ManualClock, locked: LockedScan, answer: int
) -> None:
    gateway.change(locked_scan=locked, lock_conflict_status=423)
    lock(gateway, THEIRS, holdTimeout=30)
    put_project(gateway.data, "new")
    assert api(gateway, "POST /scan/projects").status == answer
    clock.advance(30)
    gateway.wait_for(lambda one: one.idle)
    clock.advance(2)
    gateway.wait_for(lambda one: one.idle)
    assert ("new" in gateway.projects) is (answer == 200)


def test_failures_are_in_the_log_and_nowhere_else(gateway: FakeGateway, clock: ManualClock) -> None:
    put_resource(gateway.data, f"{DATABASES}/good", {"config.json": {}}, enabled=False)
    bad = put_resource(gateway.data, f"{DATABASES}/bad", {"config.json": {}})
    put(gateway.data, f"{bad}/config.json", '{"truncated')
    clock.advance(60)
    since = clock.epoch_ms()
    post(gateway, "config")
    clock.advance(2)
    assert status(gateway, "config")["scanActive"] is False
    listed = api(gateway, "GET /resources/names/ignition/database%2Dconnection").json
    assert listed["items"] == [{"name": "good", "enabled": False, "modes": ["core"]}]
    log = api(gateway, f"GET /logs?startTime={since}").json
    (error,) = [line for line in log["items"] if line["level"] == "ERROR"]
    assert "ignition/database-connection/bad" in error["message"]
    assert error["timestamp"] == since + 2000
    assert log["metadata"]["total"] == len(log["items"]) == 2
    (report,) = [one for one in gateway.reports if one.kind is CONFIG and not one.boot]
    assert [one.message for one in report.failures] == [error["message"]]


def test_nothing_is_listed_for_what_is_not_loaded(gateway: FakeGateway) -> None:
    assert api(gateway, "GET /resources/names/ignition/nothing").json["items"] == []


def test_the_list_of_projects(gateway: FakeGateway) -> None:
    (project,) = api(gateway, "GET /projects/list").json["items"]
    assert project == {
        "name": "line",
        "title": "line",
        "description": "",
        "enabled": True,
        "inheritable": False,
        "parent": "",
    }


def test_restamping(gateway: FakeGateway, clock: ManualClock) -> None:
    folder = put_signed(gateway.data, f"projects/line/{SCRIPTS}/a", {"code.py": b"x = 1"})
    put(gateway.data, f"{folder}/code.py", "x = 2")
    before = (gateway.data / folder / "resource.json").read_bytes()
    post(gateway)
    clock.advance(2)
    gateway.wait_for(lambda one: one.holds(f"{folder}/code.py", b"x = 2"))
    after = (gateway.data / folder / "resource.json").read_bytes()
    assert after != before
    assert b'"actor": "external"' in after


def test_designers(gateway: FakeGateway, clock: ManualClock) -> None:
    gateway.open_designers(
        Designer("ada", "line"),
        Designer("bob", "other", silent_for=30),
        Designer("cy", "line", silent_for=DORMANT),
    )
    said = api(gateway, "GET /designers").json
    assert said["metadata"] == {"total": 3, "matching": 3, "limit": 100, "offset": 0}
    assert [(one["user"], one["project"]) for one in said["items"]] == [
        ("ada", "line"),
        ("bob", "other"),
        ("cy", "line"),
    ]
    silent = [clock.epoch_ms() - one["lastcomm"] for one in said["items"]]
    assert silent == [0, 30_000, 3_600_000]
    assert set(said["items"][0]) == {
        "id", "user", "project", "address", "timezone", "uptime", "lastcomm", "timeout", "memory",
    }  # fmt: skip
    assert len({one["id"] for one in said["items"]}) == 3
    page = api(gateway, "GET /designers?limit=1&offset=1").json
    assert [one["user"] for one in page["items"]] == ["bob"]
    assert page["metadata"] == {"total": 3, "matching": 3, "limit": 1, "offset": 1}


@pytest.mark.parametrize("in_place", [True, False])
@pytest.mark.parametrize("at", [When.LOCK, When.SCAN])
def test_a_designer_saves_during_a_sync(
    gateway: FakeGateway, clock: ManualClock, at: When, *, in_place: bool
) -> None:
    path = "projects/line/project.json"
    inode = (gateway.data / path).stat().st_ino
    saved = b'{"title": "by a Designer"}'
    gateway.script(
        DesignerSaves(path, b"never", at=at, kind=CONFIG),
        DesignerSaves(path, saved, at=at, kind=PROJECTS, in_place=in_place),
    )
    endpoint = "/scan-lock/projects" if at is When.LOCK else "/scan/projects"
    api(gateway, f"POST {endpoint}", token="nobody:0")
    assert (gateway.data / path).read_bytes() != saved
    api(gateway, f"POST {endpoint}")
    assert (gateway.data / path).read_bytes() == saved
    assert ((gateway.data / path).stat().st_ino == inode) is in_place
    post(gateway)
    clock.advance(2)
    gateway.wait_for(lambda one: one.projects["line"].title == "by a Designer")


def test_a_designer_saves_after_a_while(gateway: FakeGateway, clock: ManualClock) -> None:
    gateway.script(
        DesignerSaves("projects/line/a", b"1", at=When.AFTER, milliseconds=500),
        DesignerSaves("../outside", b"1", at=When.AFTER, milliseconds=500),
    )
    clock.advance(0.4)
    assert not (gateway.data / "projects/line/a").exists()
    clock.advance(0.1)
    gateway.wait_for(lambda one: "leaves its root" in one.log[-1].message)
    assert (gateway.data / "projects/line/a").read_bytes() == b"1"
    assert not (gateway.data.parent / "outside").exists()


def test_a_designer_who_cannot_save(gateway: FakeGateway) -> None:
    gateway.script(DesignerSaves("../outside", b"1"), DesignerSaves("projects", b"1"))
    assert lock(gateway).status == 200
    assert [line.level for line in gateway.log[-2:]] == ["ERROR", "ERROR"]


def test_a_designer_saves_without_any_script(gateway: FakeGateway) -> None:
    gateway.save("projects/line/project.json", b"{}")
    assert (gateway.data / "projects/line/project.json").read_bytes() == b"{}"


def test_a_scan_that_never_ends(gateway: FakeGateway, clock: ManualClock) -> None:
    gateway.script(Fault("POST /scan/config", ScanNeverEnds()))
    post(gateway)
    post(gateway, "config")
    clock.advance(1e6)
    assert status(gateway)["scanActive"] is False
    assert status(gateway, "config")["scanActive"] is True


def test_whoever_listens_hears_of_every_load(gateway: FakeGateway, clock: ManualClock) -> None:
    heard: list[LoadReport] = []

    def deaf(_: LoadReport) -> None:
        raise RuntimeError("deaf")

    gateway.on_load(deaf)
    gateway.on_load(heard.append)
    put(gateway.data, "projects/line/project.json", {"title": "Line 4"})
    post(gateway)
    clock.advance(2)
    gateway.wait_for(lambda _: heard)
    assert heard[0].kind is PROJECTS
    assert heard[0].changed == ("projects/line/project.json",)
    assert (heard[0].added, heard[0].removed) == ((), ())
    assert "deaf" in gateway.log[-1].message


def test_facts_about_the_gateway(gateway: FakeGateway) -> None:
    gateway.change(deployment_mode="prod", quarantined=("com.inductiveautomation.sfc",))
    assert api(gateway, "GET /gateway-info").json == {
        "name": "fake-gateway",
        "redundancyRole": "Independent",
        "edition": "standard",
        "ignitionVersion": "8.3.1",
        "deploymentMode": "prod",
    }
    assert api(gateway, "GET /redundancy").json["role"] == "Independent"
    healthy = [one["id"] for one in api(gateway, "GET /modules/healthy").json["items"]]
    assert "com.inductiveautomation.perspective" in healthy
    assert "com.inductiveautomation.sfc" not in healthy
    (bad,) = api(gateway, "GET /modules/quarantined").json["items"]
    assert bad["id"] == "com.inductiveautomation.sfc"
