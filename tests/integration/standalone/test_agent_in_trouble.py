"""The standalone agent where something goes wrong: it dies, or others do, or they say no."""

from __future__ import annotations

import signal

from stoker.testing.gateway import FakeGateway, Settings
from support.standalone import VIEW, Station, project

SECOND = project('{"root": {"props": 2}}')
BROKEN = {f"{VIEW}/view.json": '{"root": {'}


def test_a_killed_agent_is_put_right_by_the_next(station: Station) -> None:
    first = station.upstream.commit(project(), "Begin")
    agent = station.start()
    station.wait_for(first)
    many = {f"projects/line/bulk/r{i}/file{j}.txt": f"{i} {j}\n" * 50
            for i in range(60) for j in range(20)}  # fmt: skip
    second = station.upstream.commit({**SECOND, **many}, "Much at once")
    agent.process.send_signal(signal.SIGHUP)
    # The journal is there from just before the first file changes until the round is over.
    station.wait(lambda: any((station.data / ".stoker").rglob("*journal*")))
    assert agent.ends(signal.SIGKILL) == -signal.SIGKILL
    assert agent.audits[1:] == []
    assert len(station.agents) == 1
    station.start()
    station.wait_for(second)
    assert station.differing({**SECOND, **many}) == []
    beside = [path for path in station.data.rglob("*") if path.is_file()]
    others = [path for path in beside if ".stoker" not in path.relative_to(station.data).parts]
    assert len(others) == len(SECOND) + len(many)


def test_a_repository_that_goes_away_and_comes_back(station: Station) -> None:
    first = station.upstream.commit(project(), "Begin")
    agent = station.start()
    station.wait_for(first)
    path, away = station.upstream.path, station.folder / "away.git"
    path.rename(away)
    agent.process.send_signal(signal.SIGHUP)
    station.wait(lambda: any(line.get("level") == "error" for line in agent.lines))
    assert station.differing(project()) == []
    assert station.ask("/healthz")[0] == 200
    ready, told = station.ask("/readyz")
    assert ready == 200, "the gateway has all that is known"
    assert str(path) in told
    status = station.status()
    assert (status["syncStatus"], status["errorMessage"]) == ("Synced", told)
    away.rename(path)
    second = station.upstream.commit(SECOND, "Go on")
    agent.process.send_signal(signal.SIGHUP)
    station.wait_for(second)
    assert station.differing(SECOND) == []
    assert station.status()["errorMessage"] == ""


def test_a_gateway_that_starts_later_is_scanned_when_it_is_up(station: Station) -> None:
    commit = station.upstream.commit(project(), "Begin")
    with FakeGateway(station.data, Settings(refused_seconds=3.0)) as gateway:
        station.start(gateway)
        station.wait(lambda: station.ask("/startupz")[0] == 200)
        assert station.differing(project()) == []
        assert not station.has_synced(commit)
        station.wait_for(commit)
        assert gateway.holds(f"{VIEW}/view.json", project()[f"{VIEW}/view.json"].encode())


def test_a_file_that_somebody_changed_is_put_back(station: Station) -> None:
    commit = station.upstream.commit(project(), "Begin")
    station.start(driftAction="restore", syncPeriod=5)
    station.wait_for(commit)
    (station.data / VIEW / "view.json").write_text("{}")
    (station.data / VIEW / "resource.json").unlink()
    station.wait(lambda: station.differing(project()) == [])


def test_a_commit_that_the_gateway_refuses_is_taken_back(station: Station) -> None:
    first = station.upstream.commit(project(), "Begin")
    with FakeGateway(station.data, Settings(scan_seconds=0.05)) as gateway:
        agent = station.start(gateway)
        station.wait_for(first)
        broken = station.upstream.commit(BROKEN, "Half a file")
        agent.process.send_signal(signal.SIGHUP)
        station.wait(lambda: station.status().get("syncStatus") == "RolledBack")
        status = station.status()
        assert status["syncedCommit"] == first
        assert status["errorMessage"]
        assert station.differing(project()) == []
        code, told = station.ask("/readyz")
        assert (code, told) == (503, status["errorMessage"])
        assert agent.ends() == 0
    assert [(line["commit"], line["result"]) for line in agent.audits] == [
        (first, "synced"),
        (broken, "rolledBack"),
    ]
