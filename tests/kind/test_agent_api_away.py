"""The API server is away for an agent, for a minute or, with `STOKER_AWAY_SECONDS=600`, for ten.

The node's firewall lets the packets of this one pod to the API server vanish, so connections that
there are hang, as they do when a network fails; the controller goes on. Meanwhile the gateway runs,
drift is seen and restored, probes answer. Afterwards what has happened is told, and the newest
commit synced.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from cluster import Cluster
from kit import eventually
from kit.control_plane import ControlPlane, only_where
from kit.faults import LONG
from kit.ledger import Ledger
from kit.local_controller import LocalController
from kit.works import Injected, Works, digest, profiles

from support.standalone import VIEW, project

AWAY = float(os.environ.get("STOKER_AWAY_SECONDS", "600" if LONG else "25"))
PERIOD = 5
VIEW_FILE = f"{VIEW}/view.json"


@pytest.fixture(scope="module")
def works(new_works: Callable[..., Works]) -> Works:
    wish = profiles(syncPeriod=PERIOD, driftAction="restore", designerSessionPolicy="wait")
    made = new_works("site", sync=wish)
    made.push(project())
    return made


@pytest.fixture(scope="module")
def agent(works: Works) -> Injected:
    made = works.start("gw-0").ready()
    made.will_say("Synced", works.source.head())
    assert made.address
    return made


@contextmanager
def walled_off(cluster: Cluster, agent: Injected) -> Iterator[None]:
    """Nothing of this pod gets to the API server, and nothing back."""
    only_where(cluster.mode == "node", "a firewall is changed")
    there = ("INPUT", "-s", agent.address, "-p", "tcp", "--dport", "6443", "-j", "DROP")
    # Else the watch would bring for a while what is never acknowledged.
    back = ("OUTPUT", "-d", agent.address, "-p", "tcp", "--sport", "6443", "-j", "DROP")
    with ExitStack() as stack:
        for rule in (there, back):
            cluster.node("iptables", "-I", *rule)
            stack.callback(cluster.node, "iptables", "-D", *rule)
        yield


@pytest.mark.fault("api-server", "one hour away", "no lost or doubled action")
def test_away_for_one_agent(
    cluster: Cluster, works: Works, agent: Injected, ledger: Ledger
) -> None:
    before, ours = agent.report(), project()[VIEW_FILE]
    began = time.monotonic()
    with walled_off(cluster, agent):
        unheard = works.push({VIEW_FILE: '{"root": {"while": "away"}}'})
        while time.monotonic() - began < AWAY:
            agent.write(VIEW_FILE, '{"root": {"by": "hand"}}')
            agent.will_hold(VIEW_FILE, ours, within=30)
            assert agent.probe("/healthz") == 200
            assert agent.gateway.projects() == ["line"]
            assert agent.report()["seq"] == before["seq"], "it was really away"
            time.sleep(5)
        assert works.status()["lastSyncCommit"] == unheard
        assert agent.restarts == 0
        designers_are_heard(agent, ours)
        told = agent.ask(8082, "/readyz").text + agent.ask(8082, "/healthz").text
    back = time.monotonic()
    report = agent.will_say("Synced", unheard, within=60)
    took = time.monotonic() - back
    assert report["seq"] > before["seq"]
    works.is_ready_at(unheard, within=10)
    assert agent.holds(VIEW_FILE, '{"root": {"while": "away"}}')
    records = [one for one in agent.audits() if one["result"] == "synced"]
    assert len(records) >= 3, "each restoring was a sync with its record"
    ledger.did(
        "packets between a pod's agent and the API server vanish; seconds", times=round(AWAY)
    )
    ledger.checked("drift that is not restored meanwhile, commits that do not arrive afterwards")
    sys.stderr.write(f"\naway {back - began:.0f} s, told {took:.1f} s after; it said {told!r}\n")


def designers_are_heard(agent: Injected, ours: str) -> None:
    """Nothing is restored where somebody is at work, until they have gone."""
    edited = '{"root": {"by": "ada"}}'
    agent.gateway.tell("designers", [{"user": "ada", "project": "line"}])
    agent.write(VIEW_FILE, edited)
    time.sleep(2 * PERIOD)
    assert agent.files()[VIEW_FILE] == digest(edited)
    assert agent.metric("designer_sessions_active") == 1
    agent.gateway.tell("designers", [])
    agent.will_hold(VIEW_FILE, ours, within=30)


@pytest.mark.fault("api-server", "restarts", "no lost or doubled action")
def test_the_api_server_is_killed(
    works: Works, agent: Injected, control_plane: ControlPlane, ledger: Ledger
) -> None:
    seq = agent.report()["seq"]
    control_plane.kill_api_server()
    control_plane.back()
    commit = works.push({VIEW_FILE: f'{{"root": {{"time": {time.time_ns()}}}}}'})
    report = agent.will_say("Synced", commit, within=60)
    assert report["seq"] > seq
    works.is_ready_at(commit, within=30)
    assert agent.restarts == 0
    ledger.did("SIGKILL of the API server while a pod's agent follows it")
    ledger.checked("commits and reports that do not arrive afterwards", of=2)


def test_metadata_that_disappears_costs_no_file(works: Works, agent: Injected) -> None:
    """The controller puts it back; the agent may never have seen that it was gone."""
    before = agent.files()
    kubectl = works.space.kubectl
    for _ in range(3):
        kubectl("delete", "configmap", f"stoker-metadata-{works.name}")
        eventually(lambda: works.has("cm", f"stoker-metadata-{works.name}"), what="it is back")
    assert agent.files() == before
    commit = works.push({VIEW_FILE: '{"root": {"after": "that"}}'})
    agent.will_say("Synced", commit)


def test_metadata_is_gone_for_good(
    works: Works, agent: Injected, shared_controller: LocalController
) -> None:
    """Without a controller nobody puts it back: the files stay, and the report says why."""
    before = agent.files()
    assert shared_controller.stop() == 0
    try:
        works.space.kubectl("delete", "configmap", f"stoker-metadata-{works.name}")
        agent.will_say("Pending", text="gone")
        assert agent.report()["syncedCommit"] == works.source.head()
        assert agent.files() == before
        assert agent.probe("/healthz") == 200
    finally:
        shared_controller.start().ready()
    agent.will_say("Synced", works.source.head(), within=60)
