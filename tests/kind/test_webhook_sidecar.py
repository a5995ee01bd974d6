"""From a user's manifest to the gateway that has its files, and from a push to its scan.

Nothing here is made by the tests' own hand: the API server asks the webhook about the pods that a
StatefulSet and a Deployment make, the sidecars that it puts in really run, and what a git server
sends goes to the receiver. All of it with the chart's rights.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest
from kit import eventually, injected
from kit.senders import Sender, github_push, github_release
from kit.webhooks import Webhooks
from kit.works import Injected, Works, digests

from stoker.core import names
from stoker.core.refs import CommitId
from support.standalone import VIEW, project

KEY: Final = "between us"
GOAL: Final = 10.0
"""Seconds from a push to the scan; one is the goal where agents have a processor for themselves."""


@dataclass(frozen=True)
class Floor:
    """Three gateways, their CR, and who tells of pushes."""

    works: Works
    sender: Sender
    agents: dict[str, Injected]
    first: CommitId

    def push(self, view: str) -> CommitId:
        """Push a view, and tell of it as GitHub does."""
        commit = self.works.source.commit({f"{VIEW}/view.json": view})
        answer = self.send(github_push("refs/heads/main", commit))
        assert answer == 202, answer
        return commit

    def send(self, content: object) -> int:
        """Send a webhook for the CR."""
        return self.sender.send(self.works.space.name, self.works.name, content).status


def view_of(number: int) -> str:
    return json.dumps({"root": {"number": number}})


def pod_names(works: Works, owner: str) -> list[str]:
    listed = works.space.kubectl.json("get", "pods", "--selector", f"set={owner}")["items"]
    return [str(one["metadata"]["name"]) for one in listed]


@pytest.fixture(scope="module")
def floor(
    new_works: Callable[..., Works],
    injecting: Webhooks,
    gateway_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Floor:
    key = tmp_path_factory.mktemp("receiver") / "hmac"
    key.write_text(KEY)
    works = new_works("site", polling={"interval": "1h"})
    first = works.push(project())
    receiver = injecting.receive(receiver_hmac_file=key)
    pod = injected.gateway_pod("unused", gateway_image, injected.marks())
    works.space.apply(injected.stateful_set("gw", pod, 2), injected.deployment("single", pod, 1))

    def single() -> str:
        (found,) = pod_names(works, "single")
        return found

    agents = {name: works.agent(name) for name in ("gw-0", "gw-1", eventually(single, what="it"))}
    for agent in agents.values():
        agent.ready().will_say("Synced", first)
    return Floor(works, Sender("127.0.0.1", receiver.port, KEY), agents, first)


def test_each_gateway_has_its_files_and_its_name(floor: Floor) -> None:
    floor.works.is_ready_at(floor.first)
    floor.works.says("AllGatewaysSynced", "True", text="3/3 synced")
    rows = floor.works.gateways()
    assert rows.keys() == floor.agents.keys(), "of a StatefulSet by the ordinals of its pods"
    for name, agent in floor.agents.items():
        assert agent.files() == digests(project())
        assert (rows[name]["podName"], rows[name]["syncedCommit"]) == (name, floor.first)
        document = floor.works.space.kubectl.json("get", "pod", name)
        assert document["metadata"]["annotations"][names.CR_NAME] == "site"
        assert document["metadata"]["labels"][names.AGENT_LABEL] == "true"
        assert document["spec"]["initContainers"][0]["image"] == floor.works.agent_image


def test_a_pushed_view_is_scanned_by_all(floor: Floor) -> None:
    """Told by the gateways' own records: how long after the push each was asked to scan."""
    floor.push(view_of(0))
    for agent in floor.agents.values():
        agent.will_hold(f"{VIEW}/view.json", view_of(0))
    before = time.time()
    view = view_of(1)
    commit = floor.push(view)
    for agent in floor.agents.values():
        agent.will_hold(f"{VIEW}/view.json", view)
        scans = [
            one["received_ms"] / 1000
            for one in agent.gateway.received()
            if "/scan/" in one["endpoint"]
        ]
        took = min(at for at in scans if at > before) - before
        assert took < GOAL, took
    floor.works.is_ready_at(commit)


def test_a_release_goes_to_all_and_the_spec_follows(floor: Floor) -> None:
    released = floor.works.source.head()
    floor.works.source.upstream.git("tag", "v2.0.0", released)
    later = floor.works.source.commit({f"{VIEW}/view.json": view_of(2)})
    assert floor.send(github_push("refs/heads/main", later)) == 202
    for agent in floor.agents.values():
        agent.will_say("Synced", later)
    assert floor.send(github_release("v2.0.0")) == 202
    for agent in floor.agents.values():
        agent.will_say("Synced", released)
        agent.will_hold(f"{VIEW}/view.json", view_of(1))
    floor.works.change(git={"ref": "v2.0.0"})

    def cleared() -> bool:
        annotations = floor.works.document()["metadata"].get("annotations", {})
        return names.REQUESTED_REF not in annotations

    eventually(cleared, what="the request is cleared")
    floor.works.is_ready_at(released)
