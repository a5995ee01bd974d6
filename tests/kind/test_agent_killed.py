"""Agents that are killed in the middle of a sync: while they fetch, move files, or wait for a scan.

Whatever happens to an agent, the gateway beside it runs on, and in the end it has the commit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from cluster import Cluster
from kit import eventually, gateways
from kit.control_plane import only_where
from kit.ledger import Ledger
from kit.striking import strike
from kit.works import Injected, Works, digests

from stoker.testing.repositories import Site
from support.git_servers import Trickle
from support.standalone import VIEW, project

SITE = Site.of("S")
VIEW_FILE = f"{VIEW}/view.json"
SETTLED = 60.0
"""Seconds; the kubelet waits before it starts a container again."""


@pytest.fixture(scope="module")
def works(new_works: Callable[..., Works], cluster: Cluster) -> Works:
    only_where(cluster.place is not None, "a container is killed from outside")
    made = new_works("site")
    made.push(project())
    return made


def start(works: Works, name: str, **how: Any) -> Injected:
    agent = works.start(name, **how).ready()
    agent.will_say("Synced", works.source.head())
    return agent


def kill(agent: Injected, cluster: Cluster, number: int = 9) -> str:
    """Kill every process of the agent's container; which container that was."""
    identity = str(agent.container()["containerID"])
    strike(cluster, identity, number)
    return identity


def has_all(agent: Injected, commit: str) -> None:
    """The whole site is on the disk and in the gateway, and reported."""
    agent.will_say("Synced", commit, within=SETTLED)
    wanted = digests(dict(SITE.files()))
    assert different(wanted, agent.files("projects", "config/resources/core")) == []
    eventually(
        lambda: not different(wanted, agent.gateway.files()),
        what="the gateway has loaded all of it",
    )
    assert agent.pod.container(gateways.CONTAINER)["restartCount"] == 0


def different(wanted: dict[str, str], found: dict[str, str]) -> list[str]:
    """Which files are not just so, but for the signatures that a gateway writes anew."""
    return [
        path
        for path, digest in wanted.items()
        if found.get(path) != digest and not (path.endswith("resource.json") and path in found)
    ]


@pytest.mark.fault("agent-killed", "SIGKILL of the agent at every point of a sync")
@pytest.mark.fault("repository", "half a fetch", "never a manual step")
def test_killed_while_it_fetches(works: Works, cluster: Cluster, ledger: Ledger) -> None:
    agent = start(works, "fetching")
    seq = agent.report()["seq"]
    with works.git.failing(Trickle(pause=2, size=10)):
        commit = works.push({VIEW_FILE: '{"root": {"n": 1}}'})
        agent.will_say("Syncing")
        kill(agent, cluster)
        works.git.door.reset()
    eventually(lambda: agent.restarts == 1, what="the kubelet has started it again")
    report = agent.will_say("Synced", commit, within=SETTLED)
    assert report["seq"] > seq, "its number grows over its lives"
    assert agent.holds(VIEW_FILE, '{"root": {"n": 1}}')
    ledger.did("SIGKILL of every process of the agent's container while it fetches")
    ledger.checked("commits that do not arrive after that")
    assert agent.pod.container(gateways.CONTAINER)["restartCount"] == 0
    agent.pod.delete(wait=False)


@pytest.mark.fault("agent-killed", "SIGKILL of the agent at every point of a sync")
@pytest.mark.fault("agent-killed", "the next run converges to the same tree")
def test_killed_while_it_moves_files(works: Works, cluster: Cluster, ledger: Ledger) -> None:
    agent = start(works, "moving")
    commit = works.source.commit_site(SITE)
    works.resolve()
    agent.will_move_files("projects/Plant0")
    kill(agent, cluster)
    eventually(lambda: agent.restarts == 1, what="the kubelet has started it again")
    assert commit not in {one["commit"] for one in agent.audits("--previous")}
    has_all(agent, commit)
    ledger.did("SIGKILL of every process of the agent's container while it moves files")
    ledger.checked("files of the commit, by digest", of=len(dict(SITE.files())))
    agent.pod.delete(wait=False)


@pytest.mark.fault("agent-killed", "SIGKILL of the agent at every point of a sync")
@pytest.mark.fault("gateway", "scan accepted but never finished", "never `Synced`")
def test_killed_while_the_gateway_scans(works: Works, cluster: Cluster, ledger: Ledger) -> None:
    agent = start(works, "scanning", switches={"restart_seconds": 4})
    agent.gateway.tell("script", {"on": "POST /scan/*", "action": "scan-never-ends"})
    before = len(scans(agent))
    commit = works.push({VIEW_FILE: f'{{"root": {{"n": {time.time_ns()}}}}}'})
    eventually(lambda: len(scans(agent)) > before, what="a scan that does not end")
    agent.will_say("Syncing", commit)
    kill(agent, cluster)
    agent.gateway.tell("restart")
    eventually(lambda: agent.restarts == 1, what="the kubelet has started it again")
    agent.will_say("Synced", commit, within=SETTLED)
    ledger.did("SIGKILL of every process of the agent's container while the gateway scans")
    ledger.checked("commits that do not arrive after that")
    agent.pod.delete(wait=False)


def scans(agent: Injected) -> list[str]:
    return [one for one in agent.gateway.requests() if one.startswith("POST /scan/")]


def test_a_pod_deleted_in_the_middle_begins_anew(works: Works) -> None:
    """Its volumes go with it: the next pod of that name has to fetch and write everything."""
    agent = start(works, "gone")
    uid = works.uid("gone")
    works.source.commit_site(SITE)
    commit = works.source.commit({"projects/line/last.json": "{}"})
    works.resolve()
    agent.will_move_files("projects/Plant0")
    works.space.kubectl("delete", "pod", "gone", "--grace-period=0", "--force", "--wait=true")
    again = works.start("gone").ready()
    assert works.uid("gone") != uid
    has_all(again, commit)
    assert again.report()["podUID"] == works.uid("gone")
    assert again.row()["syncedCommit"] == commit
    again.pod.delete(wait=False)
