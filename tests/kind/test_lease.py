"""The lease on the real API server: two who try to lead, of whom one is killed, paused or leaves.

A candidate is a process of its own, so that it can be killed and stopped. While it may, it writes
its name and a number into a ConfigMap, through a client that is fenced.

Broken on purpose, and seen to fail: a fence without a clock, a lease that is not released, that is
never given up by others, or taken at once; transitions that are not counted, a lost lease that
nobody is told of, and a look before each renewal.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field
from cluster import Cluster
from kit import Space, eventually
from kit.breaking import Way, way_to

from stoker.adapters.kube.client import Client, connect
from stoker.adapters.kube.errors import NotLeading
from stoker.adapters.kube.lease import Elector
from stoker.adapters.kube.resources import CONFIG_MAPS, LEASES, Resource

DURATION, DEADLINE, RETRY = 3.0, 2.0, 0.5
TERMS: dict[str, Any] = {"duration": DURATION, "renew_deadline": DEADLINE, "retry": RETRY}
SLACK = 1.5
"""What a busy machine adds."""

CANDIDATE = """
import os, sys, time
from pathlib import Path
from stoker.adapters.kube.client import connect
from stoker.adapters.kube.errors import StokerError
from stoker.adapters.kube.lease import Elector
from stoker.adapters.kube.resources import CONFIG_MAPS
kubeconfig, namespace, identity = sys.argv[1:]
client = connect(Path(kubeconfig), user_agent="stoker-test", pool=2)
def say(*words): os.write(1, (" ".join(map(str, words)) + "\\n").encode())  # two threads speak
elector = Elector(client, namespace, "lead", identity, duration=3.0, renew_deadline=2.0, retry=0.5,
    on_change=lambda leads: say("leads" if leads else "follows"),
    complain=lambda what, error: say("complains", what, error))
client.fence = elector.fence
elector.start()
count = 0
while True:
    count += 1
    try:
        client.apply(CONFIG_MAPS, namespace, "written", {"data": {"by": f"{identity} {count}"}})
        say("wrote", count)
    except StokerError as error:
        say(error.reason, count)
    time.sleep(0.02)
"""


@define
class Candidate:
    """A process that tries to lead, and what it says."""

    process: subprocess.Popen[str]
    said: list[str] = field(factory=list)

    def listen(self) -> None:
        assert self.process.stdout is not None
        self.said.extend(line.strip() for line in iter(self.process.stdout.readline, ""))

    def last(self, *words: str) -> str:
        return next((line for line in reversed(self.said) if line.split()[0] in words), "")


@pytest.fixture
def candidate(cluster: Cluster, space: Space) -> Iterator[Callable[[str], Candidate]]:
    begun: list[tuple[Candidate, threading.Thread]] = []

    def begin(identity: str) -> Candidate:
        words = [sys.executable, "-c", CANDIDATE, str(cluster.kubeconfig), space.name, identity]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own words
        made = Candidate(process)
        begun.append((made, threading.Thread(target=made.listen)))
        begun[-1][1].start()
        return made

    yield begin
    for made, thread in begun:
        os.kill(made.process.pid, signal.SIGCONT)
        made.process.kill()
        made.process.wait()
        thread.join()
        assert made.process.stdout is not None
        made.process.stdout.close()


@pytest.fixture
def client(cluster: Cluster) -> Iterator[Client]:
    made = connect(cluster.kubeconfig, user_agent="stoker-test", pool=8)
    yield made
    made.close()


@pytest.fixture
def elector(client: Client, space: Space) -> Iterator[Callable[..., Elector]]:
    made: list[Elector] = []

    def begin(identity: str, of: Client = client, told: list[bool] | None = None) -> Elector:
        heard = [] if told is None else told
        complaints: list[Exception] = []
        made.append(
            Elector(
                of,
                space.name,
                "lead",
                identity,
                **TERMS,
                on_change=heard.append,
                complain=lambda _, error: complaints.append(error),
            )
        )
        made[-1].start()
        return made[-1]

    yield begin
    for each in made:
        each.stop()


def lease(client: Client, space: Space) -> dict[str, Any]:
    spec: dict[str, Any] = client.get(LEASES, space.name, "lead")["spec"]
    return spec


def leads(one: Elector) -> bool:
    return one.is_leading


def test_one_leads_and_renews_and_counts_who_led(
    client: Client, space: Space, elector: Callable[..., Elector]
) -> None:
    told: list[bool] = []
    first = elector("first", told=told)
    eventually(partial(leads, first), what="it leads", within=5)
    second = elector("second")
    before = lease(client, space)
    time.sleep(DURATION + RETRY)
    assert (first.is_leading, second.is_leading) == (True, False)
    first.fence()
    with pytest.raises(NotLeading):
        second.fence()
    after = lease(client, space)
    assert after["renewTime"] > before["renewTime"]
    assert after["acquireTime"] == before["acquireTime"]
    assert (after["holderIdentity"], after["leaseTransitions"]) == ("first", 0)
    assert after["leaseDurationSeconds"] == DURATION
    assert (second.holder, told) == ("first", [True])


def test_a_lease_that_is_released_is_taken_at_once(
    client: Client, space: Space, elector: Callable[..., Elector]
) -> None:
    told: list[bool] = []
    first = elector("first", told=told)
    eventually(partial(leads, first), what="it leads", within=5)
    second = elector("second")
    time.sleep(2 * RETRY)
    began = time.monotonic()
    first.stop()
    assert told == [True, False]
    eventually(partial(leads, second), what="the other one leads", within=2 * RETRY + SLACK)
    assert time.monotonic() - began < DURATION
    said = lease(client, space)
    assert (said["holderIdentity"], said["leaseTransitions"]) == ("second", 1)
    second.stop()
    assert "holderIdentity" not in lease(client, space)


def test_a_leader_that_is_killed_is_followed_by_the_other(
    elector: Callable[..., Elector], candidate: Callable[[str], Candidate]
) -> None:
    doomed = candidate("doomed")
    eventually(lambda: doomed.last("wrote"), what="it leads and writes", within=20)
    heir = elector("heir")
    time.sleep(2 * RETRY)
    doomed.process.send_signal(signal.SIGKILL)
    began = time.monotonic()
    within = DURATION + 2 * RETRY + SLACK
    eventually(partial(leads, heir), what="the other one leads", within=within)
    assert time.monotonic() - began > DURATION - DEADLINE


def test_a_leader_that_is_paused_does_not_write_when_it_wakes_up(
    client: Client,
    space: Space,
    elector: Callable[..., Elector],
    candidate: Callable[[str], Candidate],
) -> None:
    paused = candidate("paused")
    eventually(lambda: paused.last("wrote"), what="it leads and writes", within=20)
    heir = elector("heir")
    time.sleep(2 * RETRY)
    paused.process.send_signal(signal.SIGSTOP)
    within = DURATION + 2 * RETRY + SLACK
    eventually(partial(leads, heir), what="the other one leads", within=within)
    client.apply(CONFIG_MAPS, space.name, "written", {"data": {"by": "heir"}})
    last = len(paused.said)
    paused.process.send_signal(signal.SIGCONT)
    eventually(lambda: len(paused.said) > last + 20, what="it goes on", within=10)
    # At most the one write was under way that had passed the fence before.
    woke = [line.split()[0] for line in paused.said[last:]]
    assert woke.count("wrote") <= 1
    assert woke[1:].count("NotLeading") >= 10
    assert paused.last("leads", "follows") == "follows"
    assert heir.is_leading
    by = client.get(CONFIG_MAPS, space.name, "written")["data"]["by"]
    assert by == "heir" or woke.count("wrote") == 1


def test_losing_the_api_server_ends_the_lead_and_nothing_else(
    cluster: Cluster, elector: Callable[..., Elector], tmp_path: Path
) -> None:
    told: list[bool] = []
    with way_to(cluster.kubeconfig, tmp_path) as way:
        cut_off = elector("cut-off", connect(way.kubeconfig, user_agent="test", pool=2), told)
        eventually(partial(leads, cut_off), what="it leads", within=5)
        way.does = Way.silent
        began = time.monotonic()
        eventually(lambda: told == [True, False], what="it gives up", within=DEADLINE + SLACK)
        assert time.monotonic() - began < DURATION
        with pytest.raises(NotLeading):
            cut_off.fence()
        way.does = Way.passing
        eventually(lambda: told == [True, False, True], what="it leads again", within=10)
        cut_off.stop()


def test_a_lease_that_somebody_deletes_or_takes_is_lost_and_won_again(
    client: Client, space: Space, elector: Callable[..., Elector]
) -> None:
    told: list[bool] = []
    one = elector("one", told=told)
    eventually(partial(leads, one), what="it leads", within=5)
    assert client.delete(LEASES, space.name, "lead")
    eventually(lambda: lease(client, space)["holderIdentity"] == "one", what="it is made anew")
    eventually(partial(leads, one), what="it leads again", within=5)
    client.merge(LEASES, space.name, "lead", {"spec": {"holderIdentity": "human"}})
    eventually(lambda: told[-1] is False, what="it is lost", within=DEADLINE + SLACK)
    eventually(partial(leads, one), what="it is won again", within=DURATION + 2 * RETRY + SLACK)
    assert lease(client, space)["leaseTransitions"] == 1


def test_no_more_requests_than_one_each_retry_period(
    client: Client, space: Space, elector: Callable[..., Elector]
) -> None:
    asked: list[str] = []

    def observe(method: str, _resource: Resource | None, _status: int, _took: float) -> None:
        asked.append(method)

    one = elector("one")
    eventually(partial(leads, one), what="it leads", within=5)
    client.observer = observe
    time.sleep(6 * RETRY)
    assert set(asked) == {"PUT"}
    assert 4 <= len(asked) <= 7
    assert json.dumps(lease(client, space))
