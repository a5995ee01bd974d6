"""Agents that have to end, or that run out of memory, in the middle of a sync.

Whatever happens to an agent, the gateway beside it runs on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from kit import gateways
from kit.works import MAPPINGS, Injected, Works

from stoker.adapters.kube.errors import NotFound
from stoker.testing.repositories import Site
from support.standalone import VIEW, project

VIEW_FILE = f"{VIEW}/view.json"
LARGE = "projects/line/large.json"


@pytest.fixture(scope="module")
def works(new_works: Callable[..., Works]) -> Works:
    made = new_works("site")
    made.push(project())
    return made


def begun(works: Works, name: str) -> Injected:
    agent = works.start(name).ready()
    agent.will_say("Synced", works.source.head())
    return agent


def test_told_to_end_in_the_middle_it_ends_in_time_and_reports(works: Works) -> None:
    """A finalizer keeps the pod's last words, which would vanish with it otherwise."""
    agent = begun(works, "ending")
    seq = agent.report()["seq"]
    site = Site.of("S", seed=1)
    commit = works.source.commit_site(site)
    works.resolve()
    agent.will_move_files("projects/Plant0")
    pod = agent.pod
    pod.space.kubectl.patch("pod", pod.name, {"metadata": {"finalizers": ["stoker.io/test"]}})
    try:
        began = time.monotonic()
        with agent.log_followed() as log:
            pod.delete(wait=False)
            reports, state = last_words(agent)
            took = time.monotonic() - began
        assert state["exitCode"] == 0, state
        assert took < 15 + 5, "fifteen seconds, and what the kubelet needs to tell"
        assert reports[-1]["seq"] > seq
        done = [one for one in log() if one["logger"] == "audit" and one["commit"] == commit]
        assert bool(done) == (reports[-1]["syncedCommit"] == commit), (done, reports[-1])
    finally:
        pod.space.kubectl.patch("pod", pod.name, {"metadata": {"finalizers": None}})


def last_words(agent: Injected) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What it reports until it has ended, and how it ended; then the controller takes all away."""
    reports: list[dict[str, Any]] = []
    until = time.monotonic() + 40
    while time.monotonic() < until:
        with suppress(NotFound):
            reports.append(agent.report())
        ended = agent.container()["state"].get("terminated")
        if ended:
            return reports, ended
    raise AssertionError(f"it has not ended: {agent.tail()}")


def test_a_commit_too_large_for_its_memory_is_told_and_survived(
    new_works: Callable[..., Works],
) -> None:
    """A file is patched as a whole, so a large one takes memory: the kernel ends who has most.

    The cure is a smaller file, or a higher limit.
    """
    resources = {"limits": {"cpu": "1", "memory": "80Mi"}, "requests": {"memory": "32Mi"}}
    patched = {**MAPPINGS[0], "patches": [{"file": "**/large.json", "set": {"size": "1"}}]}
    sync = {"profiles": {"default": {"mappings": [patched]}}}
    works = new_works("small", agent={"resources": resources}, sync=sync)
    works.push(project())
    agent = begun(works, "small-0")
    before = agent.files()
    large = works.push({LARGE: json.dumps({"size": 0, "rest": "x" * (80 << 20)})})
    report = agent.will_say("Error", within=90)
    assert "memory" in report["errorMessage"], report["errorMessage"]
    assert report["syncedCommit"] != large
    assert agent.files() == before, "nothing was half written"
    assert agent.pod.container(gateways.CONTAINER)["restartCount"] == 0
    assert agent.restarts == 0, "the parent survives its child"
    assert agent.probe("/healthz") == 200
    fitting = works.push({VIEW_FILE: '{"root": {}}'}, delete=[LARGE])
    agent.will_say("Synced", fitting, within=90)
