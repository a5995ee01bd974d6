"""Files that somebody else changes, and commits that a gateway does not take."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from kit import eventually
from kit.works import Injected, Works, digests, profiles

from support.standalone import VIEW, project

VIEW_FILE = f"{VIEW}/view.json"
EDITED = '{"root": {"by": "hand"}}'


@pytest.fixture(scope="module")
def works(new_works: Callable[..., Works]) -> Works:
    kinds = {"default": "report", "restore": "restore", "off": "off"}
    made = {
        name: profiles(syncPeriod=5, driftAction=action)["profiles"]["default"]
        for name, action in kinds.items()
    }
    made["stubborn"] = {**made["default"], "rollbackOnScanFailure": False}
    works = new_works("site", sync={"profiles": made})
    works.push(project())
    return works


@pytest.fixture(scope="module")
def agents(works: Works) -> dict[str, Injected]:
    kinds = ("default", "restore", "off", "stubborn")
    made = {one: works.start(f"gw-{one}", annotations={"stoker.io/profile": one}) for one in kinds}
    for agent in made.values():
        agent.ready().will_say("Synced", works.source.head())
    return made


def test_drift_is_reported_restored_or_let_be(works: Works, agents: dict[str, Injected]) -> None:
    kinds = ("default", "restore", "off")
    audits = {name: len(agents[name].audits()) for name in kinds}
    for name in kinds:
        agents[name].write(VIEW_FILE, EDITED)
    eventually(lambda: agents["default"].report()["drift"] == 1, what="one file is told of")
    assert agents["default"].report()["syncStatus"] == "Synced"
    assert agents["default"].metric("drifted_files") == 1
    works.says("Drifted", "True", "DriftDetected")
    eventually(
        lambda: agents["restore"].holds(VIEW_FILE, project()[VIEW_FILE]), what="it is put back"
    )
    restored = eventually(
        lambda: agents["restore"].audits()[audits["restore"] :], what="the record of that"
    )
    assert [one["modified"] for one in restored] == [1]
    eventually(lambda: agents["restore"].report()["drift"] == 0, what="there is none any more")
    time.sleep(8)
    for name in ("default", "off"):
        assert agents[name].files()[VIEW_FILE] == digests({"": EDITED})[""], "nobody touched it"
    assert agents["off"].report()["drift"] == 0
    assert len(agents["off"].audits()) == audits["off"]
    agents["default"].write(VIEW_FILE, project()[VIEW_FILE])
    agents["off"].write(VIEW_FILE, project()[VIEW_FILE])
    works.says("Drifted", "False", "NoDrift")


def test_a_deleted_file_is_drift_too(agents: dict[str, Injected]) -> None:
    agent = agents["default"]
    agent.pod.exec("gateway", "rm", f"/usr/local/bin/ignition/data/{VIEW_FILE}")
    eventually(lambda: agent.report()["drift"] == 1, what="it is told of")
    agent.write(VIEW_FILE, project()[VIEW_FILE])
    eventually(lambda: agent.report()["drift"] == 0, what="it is back")


def test_a_commit_that_the_gateway_refuses_is_rolled_back(
    works: Works, agents: dict[str, Injected]
) -> None:
    """It accepts the scan, and then cannot load a resource; only its log knows."""
    agent, stubborn = agents["default"], agents["stubborn"]
    first, before = works.source.head(), agent.files()
    broken = json.dumps({"scope": "G", "version": 1, "files": ["absent.json"], "attributes": {}})
    commit = works.push({f"{VIEW}/resource.json": broken})
    report = agent.will_say("RolledBack")
    assert report["syncedCommit"] == first
    assert VIEW.rpartition("/")[2] in report["errorMessage"] or report["lastScanResult"]
    assert without_signatures(agent.files()) == without_signatures(before)
    assert agent.metric("rollback_total") >= 1
    assert agent.audits()[-1]["result"] == "rolledBack"
    works.says("Ready", "False")
    left = stubborn.will_say("Error")
    assert left["syncedCommit"] == commit, "its files stay, as its profile wants"
    assert stubborn.metric("rollback_total") == 0
    cured = works.push({f"{VIEW}/resource.json": project()[f"{VIEW}/resource.json"]})
    for one in (agent, stubborn):
        one.will_say("Synced", cured)
    works.is_ready_at(cured)


def without_signatures(files: dict[str, str]) -> dict[str, str]:
    """A gateway signs what it loads, in `resource.json`."""
    return {path: value for path, value in files.items() if not path.endswith("resource.json")}
