"""The client and the fake gateway, which really reads what is written.

Seen failing: with a gateway that is scanning taken for an idle one, a scan that had passed the new
file already was taken for ours (`test_a_running_scan_proves_nothing`).
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from stoker.adapters.ignition import Gateway, GatewayError
from stoker.core.errors import ScanError
from stoker.core.ignition import ResourcePath, ScanKind, resources_of
from stoker.core.scan import (
    Forbidden,
    NotCommissioned,
    Readiness,
    ResourceFailed,
    Succeeded,
    TimedOut,
    Unauthorized,
    Unreachable,
    Unsupported,
)
from stoker.testing.gateway import (
    Commissioning,
    Designer,
    FakeGateway,
    Fault,
    Phase,
    Release,
    RestartInScan,
    ScanNeverEnds,
    Settings,
    Token,
)
from support.gateways import gateway_at

PROJECTS, CONFIG = ScanKind.PROJECTS, ScanKind.CONFIG
QUICK = Settings(speed=20.0)
DATABASE = "config/resources/core/ignition/database-connection/MES"
VIEW = "projects/plant/com.inductiveautomation.perspective/views/Main View"


def client(fake: FakeGateway, **more: Any) -> Gateway:
    """A client that really waits: the fake's scans take their time."""
    return Gateway(fake.url, **{"token": lambda: fake.token, "timeout": 5.0, **more})


def write(data: Path, folder: str, name: str, content: bytes) -> tuple[ResourcePath, ...]:
    """A resource of one file, in the form that a gateway takes."""
    place = data / folder
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(content)
    document = {"scope": "G", "version": 1, "restricted": False, "overridable": True}
    (place / "resource.json").write_text(json.dumps({**document, "files": [name]}))
    return resources_of([f"{folder}/resource.json"])


def write_project(data: Path) -> None:
    (data / "projects/plant").mkdir(parents=True, exist_ok=True)
    (data / "projects/plant/project.json").write_text('{"title": "Plant", "enabled": true}')


def test_a_sync_as_the_engine_makes_it(tmp_path: Path) -> None:
    with FakeGateway(tmp_path, QUICK) as fake:
        gateway = client(fake)
        assert gateway.readiness() is Readiness.RUNNING
        assert gateway.info().name == fake.settings.name
        gateway.lock(tuple(ScanKind))
        write_project(tmp_path)
        written = write(tmp_path, VIEW, "view.json", b'{"root": {}}')
        written += write(tmp_path, DATABASE, "config.json", b"{}")
        assert "plant" not in fake.projects
        outcomes = [gateway.scan(kind) for kind in ScanKind]
        assert all(isinstance(one, Succeeded) for one in outcomes), outcomes
        assert fake.holds(f"{VIEW}/view.json", b'{"root": {}}')
        assert fake.holds(f"{DATABASE}/config.json", b"{}")
        since = min(one.timestamp for one in outcomes if isinstance(one, Succeeded)) - 60_000
        assert gateway.verify(written, since) == Succeeded(since)


@pytest.mark.parametrize(
    ("folder", "kind"), [(VIEW, PROJECTS), (DATABASE, CONFIG)], ids=["project", "config"]
)
def test_a_resource_that_is_not_loaded_is_found_out(
    tmp_path: Path, folder: str, kind: ScanKind
) -> None:
    with FakeGateway(tmp_path, QUICK) as fake:
        gateway = client(fake)
        write_project(tmp_path)
        written = write(tmp_path, folder, "view.json", b"{}")
        (tmp_path / folder / "resource.json").write_bytes(b'{"scope": ')
        scanned = gateway.scan(kind)
        assert isinstance(scanned, Succeeded), scanned
        outcome = gateway.verify(written, scanned.timestamp - 60_000)
    assert isinstance(outcome, ResourceFailed), outcome
    assert outcome.resources == (folder,)


def test_a_running_scan_proves_nothing(tmp_path: Path) -> None:
    """The gateway merges a request into the scan that runs, which has read the tree already."""
    with FakeGateway(tmp_path, Settings(scan_seconds=0.3)) as fake:
        gateway = client(fake)
        fake.scan(PROJECTS)
        scans = fake.engine.model.scans
        with fake.engine.changed:
            assert fake.engine.wait(lambda: scans[PROJECTS].active, 5)
            assert fake.engine.wait(lambda: not scans[PROJECTS].reading, 5)
        write_project(tmp_path)
        assert isinstance(gateway.scan(PROJECTS), Succeeded)
        assert "plant" in fake.projects


TOKENS = (
    Token(name="all", secret="1"),
    Token(name="reader", secret="1", write=False),
    Token(name="nobody", secret="1", read=False, write=False),
    Token(name="careful", secret="1", secure_channel=True),
)


@pytest.mark.parametrize(
    ("token", "outcome"),
    [
        ("unknown:1", Unauthorized()),
        ("reader:1", Forbidden()),
        ("nobody:1", Forbidden()),
        ("careful:1", Forbidden()),
        (None, Unauthorized()),
    ],
)
def test_tokens(tmp_path: Path, token: str | None, outcome: object) -> None:
    with FakeGateway(tmp_path, Settings(tokens=TOKENS)) as fake:
        gateway = Gateway(fake.url, None if token is None else lambda: token)
        assert gateway.scan(PROJECTS) == outcome
        with pytest.raises(ScanError):
            gateway.lock([CONFIG])


def test_a_token_that_wants_a_secure_channel_gets_it(tmp_path: Path) -> None:
    with FakeGateway(tmp_path, Settings(tokens=TOKENS, tls_port=0, speed=20.0)) as fake:
        gateway = Gateway(fake.secure_url, lambda: "careful:1")
        assert isinstance(gateway.scan(PROJECTS), Succeeded)
        checking = Gateway(fake.secure_url, lambda: "careful:1", verify=True)
        outcome = checking.scan(PROJECTS)
        assert isinstance(outcome, Unreachable)
        assert "not trusted" in outcome.why


def test_a_new_token_is_used_at_once(tmp_path: Path) -> None:
    file = tmp_path / "token"
    data = tmp_path / "data"
    data.mkdir()
    with FakeGateway(data, Settings(tokens=(Token(name="new", secret="2"),), speed=20.0)) as fake:
        gateway = Gateway(fake.url, file.read_text)
        assert isinstance(gateway.scan(PROJECTS), Unreachable)
        file.write_text("old:1\n")
        assert gateway.scan(PROJECTS) == Unauthorized()
        file.write_text("new:2\n")
        assert isinstance(gateway.scan(PROJECTS), Succeeded)


def test_a_start_is_seen_as_it_is(tmp_path: Path) -> None:
    """Every stage is met, in its order, and none is called ready too early."""
    settings = Settings(
        refused_seconds=0.2,
        unavailable_seconds=0.2,
        starting_seconds=0.2,
        commissioning=Commissioning.ALWAYS,
        commissioning_seconds=None,
    )
    seen: list[Readiness] = []
    with FakeGateway(tmp_path, settings) as fake:
        gateway = client(fake)
        while Readiness.COMMISSIONING not in seen:
            stage = gateway.readiness()
            assert not stage.answers
            seen += [stage] if stage not in seen else []
        assert gateway.scan(PROJECTS) == NotCommissioned()
        fake.commission()
        fake.wait_for(lambda one: one.phase is Phase.RUNNING)
        assert gateway.readiness() is Readiness.RUNNING
    assert seen == [Readiness.DOWN, Readiness.STARTING, Readiness.COMMISSIONING]


def test_somebody_elses_lock_is_respected(tmp_path: Path) -> None:
    with FakeGateway(tmp_path) as fake:
        gateway = client(fake)
        assert fake.hold_lock(CONFIG, 60)
        with pytest.raises(ScanError):
            gateway.lock(tuple(ScanKind), acquire=0)
        fake.release_lock(CONFIG)
        gateway.lock(tuple(ScanKind), acquire=5)


def test_a_lock_of_our_own_is_no_obstacle(tmp_path: Path) -> None:
    """A plan that is made again under the lock needs no second one."""
    with FakeGateway(tmp_path) as fake:
        gateway = client(fake)
        gateway.lock(tuple(ScanKind))
        gateway.release(tuple(ScanKind))
        gateway.lock(tuple(ScanKind), acquire=0)


def test_a_lock_that_was_given_back_is_free(tmp_path: Path) -> None:
    with FakeGateway(tmp_path) as fake:
        gateway = client(fake)
        gateway.lock([PROJECTS])
        assert not fake.hold_lock(PROJECTS, 1)
        gateway.release([PROJECTS], untouched=True)
        fake.wait_for(lambda one: one.hold_lock(PROJECTS, 1))


def test_scans_that_come_to_nothing(tmp_path: Path) -> None:
    with FakeGateway(tmp_path) as fake:
        fake.script(Fault("POST /scan/projects", ScanNeverEnds()))
        assert gateway_at(fake.url, token=lambda: fake.token).scan(PROJECTS) == TimedOut(120)


@pytest.mark.parametrize(
    ("restart", "outcome"), [(40.0, Unreachable("it is starting or stopping")), (1.0, None)]
)
def test_a_restart_in_the_middle(
    tmp_path: Path, restart: float, outcome: Unreachable | None
) -> None:
    """A long one ends the wait soon; a short one is as good as the scan, since it loads all."""
    settings = Settings(speed=20.0, restart_seconds=restart)
    with FakeGateway(tmp_path, settings) as fake:
        gateway = client(
            fake,
            sleep=lambda seconds: time.sleep(seconds / 20),
            monotonic=lambda: time.monotonic() * 20,
        )
        fake.script(Fault("POST /scan/config", RestartInScan()))
        found = gateway.scan(CONFIG)
    assert found == outcome if outcome else isinstance(found, Succeeded)


def test_an_older_gateway(tmp_path: Path) -> None:
    with FakeGateway(tmp_path, Settings(release=Release.V81)) as fake:
        gateway = client(fake)
        gateway.lock(tuple(ScanKind))
        assert [gateway.scan(kind) for kind in ScanKind] == [Unsupported(), Unsupported()]
        resource = ResourcePath("projects/plant", "ignition", "script-python", "a")
        assert gateway.verify([resource], 0) == Unsupported()
        gateway.info()
        with pytest.raises(GatewayError):
            gateway.designers()


def test_designers(tmp_path: Path) -> None:
    with FakeGateway(tmp_path) as fake:
        fake.open_designers(Designer(user="ann", project="plant"), Designer(project="other"))
        listed, _ = client(fake).designers()
    assert {one.project for one in listed.designers} == {"plant", "other"}
    assert listed.unlisted == 0


@pytest.mark.parametrize(("mode", "loaded"), [("dev", True), ("prod", False)])
def test_collections_of_other_modes_are_left_alone(
    tmp_path: Path, mode: str, *, loaded: bool
) -> None:
    dev = tmp_path / "config/resources/dev"
    dev.mkdir(parents=True)
    (dev / "config-mode.json").write_text('{"title": "dev", "enabled": true, "parent": "core"}')
    with FakeGateway(tmp_path, Settings(speed=20.0, deployment_mode=mode)) as fake:
        gateway = client(fake)
        folder = "config/resources/dev/ignition/database-connection/MES"
        written = write(tmp_path, folder, "config.json", b"{}")
        scanned = gateway.scan(CONFIG)
        assert isinstance(scanned, Succeeded)
        assert fake.holds(f"{folder}/config.json", b"{}") is loaded
        assert gateway.verify(written, scanned.timestamp) == Succeeded(scanned.timestamp)
