"""Pods that the webhook refuses: with the words that their author sees, and until the cure is done.

The author of a bare pod sees them from kubectl, that of a Deployment or StatefulSet in the events
of what makes the pods. Nothing runs; the webhook is a process with the chart's rights.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import pytest
from kit import Space, eventually, injected
from kit.admissions import wanting_pod
from kit.kubectl import Document, Said
from kit.plants import gateway_sync
from kit.webhooks import PODS_HOOK, Webhooks

from stoker.core import names

REPO: Final = "https://localhost:1/plant.git"
DENIED: Final = (
    'Error from server (Forbidden): error when creating "STDIN":'
    f' admission webhook "{PODS_HOOK}" denied the request: '
)
PLACE: Final = "metadata.annotations[stoker.io/{}]: "

NAMED: Final = {"cr_name": "plant"}
REFUSED: Final[dict[str, tuple[dict[str, str], str, str]]] = {
    "no such CR": (
        {"cr_name": "plnt"},
        "GatewaySync 'plnt' does not exist in the namespace of the pod",
        "create it, or set the annotation stoker.io/cr-name to one of: other, plant",
    ),
    "no such profile": (
        NAMED | {"profile": "lines"},
        "GatewaySync 'plant' has no profile 'lines'",
        "set the annotation to one of: default",
    ),
    "inject": ({"inject": "yes"}, "'yes' is not a switch", 'write "true" or "false"'),
    "gateway-name": (
        NAMED | {"gateway_name": "line 1"},
        "'line 1' cannot name a gateway",
        "use letters, digits, '-', '_' and '.', at most 253 of them",
    ),
    "ref-override": (NAMED | {"ref_override": "a..b"}, "'a..b': ", ""),
    "sync-period": (
        NAMED | {"sync_period": "30s"},
        "'30s' is not a number of seconds",
        "write a whole number from 5 to 3600",
    ),
    "exclude-patterns": (NAMED | {"exclude_patterns": "a,[z-a"}, "'[z-a': ", ""),
    "agent-image": (
        NAMED | {"agent_image": "evil.example/agent:1"},
        "the repository 'evil.example/agent' is not allowed",
        "use one of: registry.example/stoker; or have agentImage.allowedRepositories extended",
    ),
    "agent-image without a tag": (
        NAMED | {"agent_image": "registry.example/stoker"},
        "'registry.example/stoker' names no tag",
        "add the tag, such as :1.2.3",
    ),
}
PLACES: Final = {"no such CR": "cr-name", "no such profile": "profile"}


def tried(space: Space, pod: Document) -> Said:
    words = ("create", "--dry-run=server", "--output", "json", "--filename", "-")
    return space.kubectl.tried(*words, stdin=json.dumps(pod))


def agent_of(said: Said) -> Document:
    assert said.status == 0, said.err
    return injected.sidecar(json.loads(said.out))


def complaints(space: Space, kind: str, owner: str) -> str:
    """What the events of an owner of pods say."""
    about = f"involvedObject.kind={kind},reason=FailedCreate"
    found = space.kubectl.json("get", "events", "--field-selector", about)["items"]
    return "\n".join(
        one["message"] for one in found if one["involvedObject"]["name"].startswith(owner)
    )


def running(space: Space, owner: str) -> list[Any]:
    listed = space.kubectl.json("get", "pods", "--selector", f"set={owner}")["items"]
    return [injected.sidecar(one) for one in listed]


def _will_run(space: Space, owner: str) -> None:
    what = f"a pod of {owner}, once there is a CR"
    eventually(lambda: running(space, owner), what=what, within=40)


@dataclass(frozen=True)
class Beginning:
    """What was said while there was no CR, one, and two, to the same pod."""

    space: Space
    none: Said
    event_of_set: str
    event_of_replicas: str
    one: Said
    two: Said


@pytest.fixture(scope="module")
def beginning(admission: Webhooks) -> Beginning:
    space, pod = admission.space, wanting_pod("gw")
    space.apply(
        injected.stateful_set("numbered", wanting_pod("unused"), 1),
        injected.deployment("replaced", wanting_pod("unused"), 1),
    )
    none = tried(space, pod)

    def told() -> tuple[str, str]:
        both = (
            complaints(space, "StatefulSet", "numbered"),
            complaints(space, "ReplicaSet", "replaced"),
        )
        assert all(both)
        return both

    events = eventually(told, what="events of both")
    space.apply(gateway_sync("plant", REPO))
    one = tried(space, pod)
    for owner in ("numbered", "replaced"):
        _will_run(space, owner)
    space.apply(gateway_sync("other", REPO))
    return Beginning(space, none, *events, one, tried(space, pod))


@pytest.fixture
def floor(beginning: Beginning) -> Space:
    """The namespace with its two CRs."""
    return beginning.space


def test_without_any_cr(beginning: Beginning) -> None:
    said = (
        f"{PLACE.format('cr-name')}there is no GatewaySync in the namespace of the pod"
        " (create one there, or remove the annotation stoker.io/inject)"
    )
    assert beginning.none.err.strip() == DENIED + said
    assert beginning.none.status == 1
    for event in (beginning.event_of_set, beginning.event_of_replicas):
        assert f'admission webhook "{PODS_HOOK}" denied the request: {said}' in event
    assert agent_of(beginning.one), "the same pod, with one"


def test_with_two_and_no_name(beginning: Beginning, floor: Space) -> None:
    assert beginning.two.err.strip() == (
        f"{DENIED}{PLACE.format('cr-name')}there are 2 GatewaySyncs in the namespace of the pod"
        " (set the annotation stoker.io/cr-name to one of: other, plant)"
    )
    assert agent_of(tried(floor, wanting_pod("gw", cr_name="other")))


@pytest.mark.parametrize("name", REFUSED)
def test_what_else_is_refused(name: str, floor: Space) -> None:
    annotations, why, cure = REFUSED[name]
    said = tried(floor, wanting_pod("gw", **annotations))
    place = PLACES.get(name, name.split(maxsplit=1)[0])
    assert said.status == 1
    assert said.err.startswith(f"{DENIED}{PLACE.format(place)}{why}"), said.err
    assert said.err.endswith(f" ({cure})\n" if cure else ")\n"), said.err
    assert len(said.err.splitlines()) == 1


def test_all_that_is_wrong_is_said_at_once(floor: Space) -> None:
    wrong = {"profile": "lines", "sync_period": "0", "agent_image": "a:b:c"}
    said = tried(floor, wanting_pod("gw", cr_name="plant", **wrong))
    for name in ("profile", "sync-period", "agent-image"):
        assert f"metadata.annotations[stoker.io/{name}]" in said.err


def test_the_cure_of_each_is_one(floor: Space) -> None:
    cured = {
        "profile": "default",
        "gateway_name": "line-1",
        "ref_override": "v1.2.3",
        "sync_period": "30",
        "exclude_patterns": "a,{b,c}/**",
        "agent_image": "1.2.4",
    }
    made = agent_of(tried(floor, wanting_pod("gw", cr_name="plant", **cured)))
    assert made["image"] == "registry.example/stoker:1.2.4"
    env = {one["name"]: one.get("value") for one in made["env"]}
    assert (env["GATEWAY_NAME"], env["SYNC_PERIOD"]) == ("line-1", "30")


def test_a_cr_that_goes_is_no_cr_any_more(floor: Space) -> None:
    """Its agents would wait for ever. The name is in the message for who has misspelt it."""
    floor.apply(gateway_sync("leaving", REPO))
    held = json.dumps({"metadata": {"finalizers": ["example.com/held"]}})
    floor.kubectl("patch", "gs", "leaving", "--type", "merge", "--patch", held)
    assert agent_of(tried(floor, wanting_pod("gw", cr_name="leaving")))
    floor.kubectl("delete", "gs", "leaving", "--wait=false")
    try:

        def refused() -> bool:
            said = tried(floor, wanting_pod("gw", cr_name="leaving"))
            return "GatewaySync 'leaving' does not exist" in said.err

        eventually(refused, what="pods of it are refused", within=10)
    finally:
        free = json.dumps({"metadata": {"finalizers": None}})
        floor.kubectl("patch", "gs", "leaving", "--type", "merge", "--patch", free)
    again = tried(floor, wanting_pod("gw", cr_name="leaving"))
    assert "GatewaySync 'leaving' does not exist" in again.err
    floor.apply(gateway_sync("leaving", REPO))
    assert agent_of(tried(floor, wanting_pod("gw", cr_name="leaving")))
    floor.kubectl("delete", "gs", "leaving")


def test_the_profile_may_come_after_the_pod_was_refused(floor: Space) -> None:
    pod = wanting_pod("gw", cr_name="plant", profile="lines")
    assert tried(floor, pod).status == 1
    spec = floor.kubectl.json("get", "gs", "plant")["spec"]
    profiles = {**spec["sync"]["profiles"], "lines": spec["sync"]["profiles"]["default"]}
    floor.kubectl.patch("gs", "plant", {"spec": {"sync": {"profiles": profiles}}})
    made = agent_of(tried(floor, pod))
    assert {"name": "PROFILE", "value": "lines"} in made["env"]


def test_only_pods_that_ask_are_refused(floor: Space) -> None:
    for annotation in ({}, {names.CR_NAME: "plnt"}):
        pod = wanting_pod("gw")
        pod["metadata"]["annotations"] = annotation
        made = json.loads(tried(floor, pod).out)
        assert "initContainers" not in made["spec"]
