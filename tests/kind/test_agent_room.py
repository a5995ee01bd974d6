"""Agents without room: for the gateway's files, or for the repository.

A volume in memory is as small as a test wants it, and full when it is full.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable

import pytest
from kit import gateways, manifests
from kit.ledger import Ledger
from kit.works import Injected, Works

from stoker.core import names
from support.standalone import VIEW, project

LARGE = "projects/line/large.bin"
VIEW_FILE = f"{VIEW}/view.json"
CHANGED = '{"root": {"changed": true}}'
LONG = json.dumps({"root": {"text": "x" * 100_000}})


@pytest.fixture(scope="module")
def works(new_works: Callable[..., Works]) -> Works:
    made = new_works("site")
    made.push(project())
    return made


@pytest.fixture(scope="module")
def cramped(works: Works) -> dict[str, Injected]:
    """One with little room for the gateway's files, and one with little for the repository."""
    little = manifests.scratch("", "3Mi", in_memory=True)
    agents = {
        gateways.DATA: works.start("files", data=little),
        names.PATH_REPO: works.start("repo", repo=little),
    }
    for agent in agents.values():
        agent.ready().will_say("Synced", works.source.head())
    return agents


@pytest.mark.fault("disk", "disk full", "error names the path", "what was there stays")
@pytest.mark.fault("disk", "next sync after the cure converges")
def test_a_commit_without_room_costs_no_file_and_is_synced_once_there_is_room(
    works: Works, cramped: dict[str, Injected], ledger: Ledger
) -> None:
    before = {place: agent.files() for place, agent in cramped.items()}
    small = works.source.head()
    noise = random.Random(1).randbytes(5 << 20)  # noqa: S311 - what does not compress
    works.push({LARGE: noise, VIEW_FILE: CHANGED})
    said = {
        place: agent.will_say("Error", small, within=60)["errorMessage"]
        for place, agent in cramped.items()
    }
    assert re.search(r"no room|No space left", said[gateways.DATA]), said
    assert re.search(r"disk|No space left", said[names.PATH_REPO]), said
    assert all("next try at" in text for text in said.values())
    assert names.PATH_REPO in said[names.PATH_REPO], said
    for place, agent in cramped.items():
        assert agent.files() == before[place]
        assert agent.probe("/healthz") == 200
        assert agent.restarts == 0
        assert agent.row()["syncStatus"] == "Error"
    fitting = works.push({}, delete=[LARGE])
    for agent in cramped.values():
        agent.will_say("Synced", fitting)
        agent.will_hold(VIEW_FILE, CHANGED)
    ledger.did("a commit is larger than the volume of the files, or of the repository, of a pod")
    for place in cramped:
        ledger.checked("files of the gateway", of=len(before[place]))


def test_a_repository_may_have_a_limit_below_that_of_its_disk(
    new_works: Callable[..., Works],
) -> None:
    """An agent that went over it would have its pod evicted, gateway and all."""
    works = new_works("limited", agent={"repoSizeLimit": "4Mi"})
    works.push(project())
    agent = works.start("limited-0").ready()
    small = works.source.head()
    agent.will_say("Synced", small)
    noise = random.Random(2).randbytes(12 << 20)  # noqa: S311 - what does not compress
    works.push({LARGE: noise})
    report = agent.will_say("Error", small, within=60)
    assert "repoSizeLimit" in report["errorMessage"], report["errorMessage"]
    fitting = works.push({"projects/line/small.json": "{}"}, delete=[LARGE])
    agent.will_say("Synced", fitting, within=60)
    assert agent.restarts == 0
    assert agent.pod.status()["phase"] == "Running"


def test_files_of_others_that_fill_the_volume_are_told_and_it_recovers_by_itself(
    works: Works, cramped: dict[str, Injected]
) -> None:
    agent = cramped[gateways.DATA]
    fill = 'dd if=/dev/zero of="$0/ballast" bs=64k 2>/dev/null || true'
    agent.pod.exec(gateways.CONTAINER, "sh", "-c", fill, gateways.DATA)
    wanted = works.push({VIEW_FILE: LONG})
    report = agent.will_say("Error", within=60)
    assert report["syncedCommit"] != wanted
    assert "room" in report["errorMessage"] or "space" in report["errorMessage"], report
    cramped[names.PATH_REPO].will_say("Synced", wanted)
    agent.pod.exec(gateways.CONTAINER, "rm", f"{gateways.DATA}/ballast")
    agent.will_say("Synced", wanted, within=50)
    assert agent.holds(VIEW_FILE, LONG)
