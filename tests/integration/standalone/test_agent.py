"""The standalone agent as a service: a real process, a real repository, a gateway that answers.

A SIGHUP that came while the main thread began to wait was lost once: so it was found.
"""

from __future__ import annotations

import signal
from datetime import datetime
from pathlib import Path

import pytest

from support.command import stoker
from support.standalone import VIEW, Station, project

SECOND = project('{"root": {"props": 2}}')
BROKEN = {f"{VIEW}/view.json": '{"root": {'}


def test_a_first_sync_and_what_is_told_of_it(station: Station) -> None:
    commit = station.upstream.commit(project(), "Begin")
    agent = station.start()
    station.wait_for(commit)
    assert station.differing(project()) == []
    assert station.ask("/healthz") == (200, "ok")
    assert station.ask("/readyz")[0] == 200
    assert station.ask("/startupz")[0] == 200
    assert station.ask("/")[0] == 404
    assert station.ask("/elsewhere", post=True)[0] == 404
    status = station.status()
    assert status["name"] == status["podName"] == "line-4"
    assert status["syncedRef"] == "main"
    assert agent.ends() == 0
    assert (station.folder / "stderr").read_text() == ""
    (record,) = agent.audits
    assert record["commit"] == commit
    assert record["ref"] == "main"
    assert record["gateway"] == "line-4"
    assert record["author"] == "Ada Example <ada@example.com>"
    assert (record["added"], record["modified"], record["deleted"]) == (3, 0, 0)
    assert record["result"] == "synced"
    assert record["durationSeconds"] >= 0
    assert datetime.fromisoformat(record["time"]).tzinfo is not None


@pytest.mark.parametrize("way", ["SIGHUP", "POST"])
def test_a_pushed_commit_is_picked_up_when_told(station: Station, way: str) -> None:
    first = station.upstream.commit(project(), "Begin")
    agent = station.start()
    station.wait_for(first)
    second = station.upstream.commit(SECOND, "Go on")
    if way == "POST":
        assert station.ask("/sync", post=True) == (202, "accepted")
    else:
        agent.process.send_signal(signal.SIGHUP)
    station.wait_for(second)
    assert station.differing(SECOND) == []
    assert agent.ends(signal.SIGINT) == 0
    assert [record["commit"] for record in agent.audits] == [first, second]


def test_without_files_it_lives_but_is_not_ready(station: Station) -> None:
    agent = station.start()
    station.wait(lambda: any(line.get("level") == "error" for line in agent.lines))
    assert station.ask("/healthz")[0] == 200
    assert station.ask("/readyz")[0] == 503
    assert agent.ends() == 0
    assert agent.audits == []


def test_a_stranger_on_the_address_is_an_error_and_no_agent(station: Station) -> None:
    station.upstream.commit(project(), "Begin")
    station.start()
    station.wait(lambda: station.ask("/healthz")[0] == 200)
    done = stoker("agent", "--config", station.folder / "agent.yaml")
    assert done.returncode == 1
    assert "cannot listen" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_configuration_ends_it_at_once(tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text("gateway: {}\n")
    done = stoker("agent", "--config", file)
    assert done.returncode == 2
    for place in ("gateway.name", "git", "dataDir", "repoDir", "profile"):
        assert place in done.stderr
    assert "Traceback" not in done.stderr
