"""The agent in a gateway's pod, as the webhook injects it: from a push to what is loaded.

Pods are held to Pod Security `restricted`. The controller runs with the chart's rights; nobody but
it writes to the cluster what the agents read.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from kit import eventually, gateways
from kit.works import Injected, Works, digests

from support.git_servers import Trickle
from support.standalone import VIEW, project

SECURITY = "config/resources/core/ignition/security-properties"
PUSHED = 20.0
"""Seconds from a push until the gateway has it; a pod has a fifth of a processor."""

GAUGES = {
    "last_sync_timestamp_seconds",
    "last_sync_success",
    "designer_sessions_blocked",
    "drifted_files",
    "gateway_startup_duration_seconds",
}


def site(view: str = '{"root": {}}') -> dict[str, str]:
    """A project, and what a gateway that is set up overwrites."""
    document = {"scope": "A", "version": 1, "files": ["config.json"], "attributes": {}}
    return {
        **project(view),
        f"{SECURITY}/config.json": '{"systemUserSource": "ours"}',
        f"{SECURITY}/resource.json": json.dumps(document),
    }


@dataclass(frozen=True)
class Begun:
    """A gateway that was set up for the first time, and its first commit."""

    works: Works
    agent: Injected
    first: str
    held_up: tuple[int, dict[str, Any]]
    """What `/startupz` and the gateway's container said in the middle of the first sync."""


@pytest.fixture(scope="module")
def begun(new_works: Callable[..., Works]) -> Begun:
    works = new_works("site")
    first = works.push(site())
    switches = {"commissioning": "first", "commissioning_seconds": 3, "scan_seconds": 0.3}
    # Slow enough for a gateway that does not wait to be seen.
    with works.git.failing(Trickle(pause=0.25, size=40)):
        agent = works.start("gw-0", switches=switches)
        agent.will_say("Syncing")
        time.sleep(4)
        state = agent.pod.container(gateways.CONTAINER)["state"]
        held_up = (agent.probe("/startupz"), dict(state))
    return Begun(works, agent.ready(), first, held_up)


def test_the_gateway_starts_on_complete_files(begun: Begun) -> None:
    agent = begun.agent
    status, state = begun.held_up
    assert (status, [*state]) == (503, ["waiting"])
    sidecar, gateway = agent.container(), agent.pod.container(gateways.CONTAINER)
    assert sidecar["started"]
    assert sidecar["state"]["running"]["startedAt"] <= gateway["state"]["running"]["startedAt"]
    assert (sidecar["restartCount"], gateway["restartCount"]) == (0, 0)
    boots = [one for one in agent.gateway.reports() if one["boot"] and one["kind"] == "projects"]
    assert boots[-1]["added"] == len(project()), "it found them at its start, before any scan"
    first = agent.audits()[0]
    started = datetime.fromisoformat(gateway["state"]["running"]["startedAt"])
    # Kubernetes cuts its times to whole seconds.
    assert datetime.fromisoformat(first["time"]).timestamp() <= started.timestamp() + 1
    assert (first["commit"], first["added"], first["result"]) == (
        begun.first,
        len(site()),
        "synced",
    )


def test_it_syncs_again_after_the_gateway_was_set_up(begun: Begun) -> None:
    """The fake gateway writes its own security properties at the end of its set-up."""
    agent = begun.agent
    agent.will_say("Synced", begun.first)
    eventually(lambda: len(agent.audits()) >= 2, what="a second sync")
    again = agent.audits()[1]
    assert (again["commit"], again["added"] + again["modified"] > 0) == (begun.first, True), again
    wanted = digests(site())
    found = agent.files("projects", "config/resources/core")
    path = f"{SECURITY}/config.json"
    assert found[path] == wanted[path]
    eventually(lambda: agent.holds(path, site()[path]), what="the gateway has loaded it")
    assert {name: found.get(name) for name in project()} == digests(project())
    assert agent.metric("gateway_startup_duration_seconds") > 0


def test_what_is_told_of_a_gateway_that_is_synced(begun: Begun) -> None:
    works, agent = begun.works, begun.agent
    works.is_ready_at(begun.first)
    works.says("AllGatewaysSynced", "True", "SyncSucceeded", text="1/1 synced")
    works.says("SidecarInjected", "True", "SidecarPresent")
    works.says("AgentReady", "True")
    row = agent.row()
    assert row["syncStatus"] == "Synced"
    assert (row["name"], row["podName"], row["profile"]) == ("gw-0", "gw-0", "default")
    assert (row["syncedCommit"], row["syncedRef"]) == (begun.first, "main")
    assert row["projectsSynced"] == ["line"]
    assert row["agentVersion"]
    assert row["lastSyncTime"]
    assert row["lastSyncDuration"]
    report = agent.report()
    assert report["podUID"] == works.uid("gw-0")
    assert report["lastScanResult"] == "projects=ok config=ok"
    assert [agent.probe(path) for path in ("/startupz", "/healthz", "/readyz")] == [200] * 3


def test_a_push_reaches_the_gateway(begun: Begun) -> None:
    works, agent = begun.works, begun.agent
    view = f'{{"root": {{"time": {time.time_ns()}}}}}'
    before, seq = len(agent.gateway.requests()), agent.report()["seq"]
    began = time.monotonic()
    commit = works.push({f"{VIEW}/view.json": view}, delete=[f"{SECURITY}/resource.json"])
    what = "the gateway has loaded the new view"
    eventually(lambda: agent.holds(f"{VIEW}/view.json", view), what=what, within=PUSHED)
    took = time.monotonic() - began
    works.is_ready_at(commit)
    assert took < PUSHED
    report = agent.report()
    assert report["seq"] > seq
    assert report["filesChanged"] == 2
    changes = agent.changes()
    assert (changes["commit"], changes["modified"]) == (commit, [f"{VIEW}/view.json"])
    assert (changes["deleted"], changes["dryRun"]) == ([f"{SECURITY}/resource.json"], False)
    scans = [one for one in agent.gateway.requests()[before:] if one.startswith("POST /scan/")]
    assert scans == ["POST /scan/projects", "POST /scan/config"], "projects, then config"
    last = agent.audits()[-1]
    assert (last["commit"], last["result"], last["modified"], last["deleted"]) == (
        commit,
        "synced",
        1,
        1,
    )
    assert last["author"].startswith("Ada Example")
    assert (last["gateway"], last["cr"], last["ref"]) == ("gw-0", "site", "main")


def test_metrics_are_those_of_the_contract(begun: Begun) -> None:
    agent = begun.agent
    families = {sample.name.removeprefix("stoker_agent_") for sample in agent.metrics()}
    counters = {"sync_total", "git_fetch_total", "scan_total", "sync_skipped_total"}
    lengths = {
        f"{name}_{kind}"
        for name in ("sync_duration_seconds", "git_fetch_duration_seconds", "scan_duration_seconds")
        for kind in ("sum", "count")
    }
    changed = {"files_changed", "files_added", "files_modified", "files_deleted"}
    assert families >= {*counters, *lengths, *changed, *GAUGES} - {"sync_skipped_total"}
    assert agent.metric("sync_total", profile="default", result="synced") >= 2
    assert agent.metric("git_fetch_total", operation="clone") == 1
    assert agent.metric("git_fetch_total", operation="fetch") >= 1
    assert agent.metric("last_sync_success") == 1
    assert abs(agent.metric("last_sync_timestamp_seconds") - time.time()) < 300
    port = {one["name"]: one["containerPort"] for one in agent_ports(agent)}
    assert port["metrics"] == 8083


def agent_ports(agent: Injected) -> list[dict[str, object]]:
    spec = agent.pod.space.kubectl.json("get", "pod", agent.name)["spec"]
    return list(spec["initContainers"][0]["ports"])


def test_events_tell_of_it_on_the_gateway_sync(begun: Begun) -> None:
    found = eventually(begun.agent.events, what="an event about the gateway")
    assert {one["type"] for one in found} <= {"Normal", "Warning"}
    assert any(one["source"].get("component") == "stoker-agent" for one in found), found


def test_nothing_secret_is_told(begun: Begun) -> None:
    agent, kubectl = begun.agent, begun.works.space.kubectl
    written = kubectl("get", "gatewaysyncs,configmaps,events", "--output", "yaml")
    told = "\n".join([written, agent.pod.logs("stoker-agent"), agent.ask(8083, "/metrics").text])
    assert gateways.API_KEY not in told
    assert str(begun.works.git.server.token) not in told
