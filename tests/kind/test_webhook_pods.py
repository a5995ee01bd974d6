"""Pods as the API server has them after the webhook: who gets the sidecar, and how pods come to be.

Nothing runs in these pods; `test_webhook_sidecar.py` has those that do. The webhook is a process
with the chart's rights, asked by the API server itself. Pods are dry runs where that is enough.

Broken on purpose, and seen to fail: the chart's condition lets all pods come, its own labels are
not told.
"""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from kit import Space, eventually, gateways, injected, manifests
from kit.admissions import wanting_pod
from kit.kubectl import Document, together
from kit.plants import account, gateway_sync
from kit.webhooks import MUTATING, NO_IMAGE, Webhooks, by_name

from stoker.core import names

OWN: Final = {
    "app.kubernetes.io/name": "stoker-operator",
    "app.kubernetes.io/instance": "stoker-operator",
}
OTHERS: Final = {
    "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}],
    "fsGroupChangePolicy": "OnRootMismatch",
}


def dry(space: Space, *documents: Document, verb: str = "create") -> Any:
    words = (verb, "--dry-run=server", "--output", "json", "--filename", "-")
    return json.loads(space.kubectl(*words, stdin=together(documents)))


def pods_of(space: Space, owner: str) -> list[Any]:
    listed = space.kubectl.json("get", "pods")["items"]
    return [
        one
        for one in listed
        if any(ref["name"].startswith(owner) for ref in one["metadata"].get("ownerReferences", ()))
    ]


def two_of(space: Space, owner: str) -> list[Any]:
    """Its pods, once there are two."""

    def there() -> list[Any]:
        found = pods_of(space, owner)
        assert len(found) == 2
        return found

    return eventually(there, what=f"two pods of {owner}")


def environment(pod: Document) -> dict[str, Any]:
    sidecar = injected.sidecar(pod)
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in sidecar["env"]}


def gateway_pod(name: str, **more: Any) -> Document:
    return injected.gateway_pod(
        name, "none", more.pop("annotations", injected.marks()), schedulerName="nobody", **more
    )


def plain_pod() -> Document:
    """A pod that asks for nothing, with fields that are seldom used."""
    made = gateway_pod(
        "plain",
        annotations={"example.com/note": '{"a": "ü\\u0007"}', "stoker.io/profile": "of no use"},
        dnsConfig={"options": [{"name": "ndots", "value": "1"}]},
        topologySpreadConstraints=[
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"a": "b"}},
                "matchLabelKeys": ["pod-template-hash"],
            }
        ],
        tolerations=[
            {"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 3}
        ],
    )
    made["spec"]["securityContext"] |= OTHERS
    return made


def lasting(pod: Any) -> Any:
    """The pod without what differs from creation to creation."""
    gone = ("uid", "creationTimestamp", "managedFields")
    kept = {key: value for key, value in pod["metadata"].items() if key not in gone}
    return {**pod, "metadata": kept}


@pytest.fixture(scope="module")
def before(shared_space: Space) -> Any:
    """The plain pod before there is a webhook."""
    shared_space.apply(account(), gateways.api_key_secret())
    return lasting(dry(shared_space, plain_pod()))


@pytest.fixture(scope="module")
def webhook(before: Any, admission: Webhooks, shared_space: Space) -> Webhooks:
    assert before
    shared_space.apply(gateway_sync("plant", "https://localhost:1/plant.git"))
    return admission


@pytest.fixture
def floor(webhook: Webhooks) -> Space:
    """The namespace, with a CR and the webhook."""
    return webhook.space


# --- Who gets it ---


def test_a_pod_gets_the_sidecar_of_the_only_cr(floor: Space) -> None:
    made = dry(floor, gateway_pod("gw"))
    assert made["metadata"]["annotations"][names.CR_NAME] == "plant"
    assert made["metadata"]["annotations"][names.INJECTED] == "true"
    assert made["metadata"]["labels"][names.AGENT_LABEL] == "true"
    sidecar = injected.sidecar(made)
    assert (sidecar["image"], sidecar["restartPolicy"]) == (NO_IMAGE, "Always")
    env = environment(made)
    assert (env["CR_NAME"], env["CR_NAMESPACE"]) == ("plant", floor.name)
    assert env["DATA_PATH"] == gateways.DATA
    # What the webhook says is what the same pod gets without an API server.
    cr = floor.kubectl.json("get", "gatewaysync", "plant")
    wanted = injected.injected(gateway_pod("gw"), cr, NO_IMAGE, floor.name)
    assert [one["name"] for one in sidecar["env"]] == [
        one["name"] for one in injected.sidecar(wanted)["env"]
    ]
    volumes = {one["name"] for one in made["spec"]["volumes"]}
    assert volumes == {one["name"] for one in wanted["spec"]["volumes"]}


def test_init_containers_of_its_own_come_after_it_and_stay_as_they_are(floor: Space) -> None:
    pod = gateway_pod("gw")
    own = [manifests.container("first", "none", "a"), manifests.container("second", "none", "b")]
    pod["spec"]["initContainers"] = own
    listed = dry(floor, pod)["spec"]["initContainers"]
    assert [one["name"] for one in listed] == [names.AGENT_CONTAINER, "first", "second"]
    for one, wanted in zip(listed[1:], own, strict=True):
        assert {key: one[key] for key, value in wanted.items() if value} == {
            key: value for key, value in wanted.items() if value
        }


def test_a_pod_made_again_from_a_dump_is_left_as_it_was(floor: Space) -> None:
    floor.kubectl.create(wanting_pod("dumped"))
    dump = floor.kubectl.json("get", "pod", "dumped")
    floor.pod("dumped").delete()
    again = lasting(dump)
    for field in ("resourceVersion", "generation"):
        again["metadata"].pop(field, None)
    made = dry(floor, again)
    assert made["spec"] == dump["spec"]
    assert made["metadata"]["annotations"] == dump["metadata"]["annotations"]


def test_a_dry_run_tells_what_will_be_and_leaves_nothing(floor: Space) -> None:
    made = dry(floor, gateway_pod("dry"), verb="apply")
    assert injected.sidecar(made)
    assert "dry" not in floor.kubectl("get", "pods", "--output", "name")


def test_a_pod_that_does_not_ask_stays_as_it_was(
    floor: Space, webhook: Webhooks, before: Any
) -> None:
    """Also where the API server asks about each pod: the chart's condition is no protection."""
    count = webhook.questions()
    assert lasting(dry(floor, plain_pod())) == before
    assert webhook.questions() == count, "it was not asked"
    webhook.unconditionally(MUTATING)
    try:

        def answered() -> bool:
            assert lasting(dry(floor, plain_pod())) == before
            return webhook.questions() > count

        eventually(answered, what="the webhook is asked about each pod")
        declined = gateway_pod("gw", annotations=injected.marks(inject="false"))
        assert "initContainers" not in dry(floor, declined)["spec"]
    finally:
        webhook.install()


def test_pods_of_its_own_release_and_of_the_system_are_left_alone(
    floor: Space, webhook: Webhooks
) -> None:
    """A cluster whose webhook waits for itself would never start."""
    own = manifests.marked(gateway_pod("own"), labels=OWN)
    assert not dry(floor, own)["spec"].get("initContainers")
    some = manifests.marked(gateway_pod("own"), labels=dict([*OWN.items()][:1]))
    assert injected.sidecar(dry(floor, some))
    # The chart has the API server not even ask about the system's.
    webhook.selector = by_name(floor.name, "kube-system")
    webhook.install()
    words = ("create", "--dry-run=server", "--output", "json", "--namespace", "kube-system")
    system = json.dumps(wanting_pod("somebody", cr_name="nobody-s"))

    def answered() -> bool:
        asked = webhook.questions()
        made = json.loads(floor.kubectl(*words, "--filename", "-", stdin=system))
        assert not made["spec"].get("initContainers")
        return webhook.questions() > asked

    eventually(answered, what="the webhook is asked about the system's pods")
    webhook.selector = None
    webhook.install()


# --- How pods come to be ---


def test_a_stateful_set_gets_gateways_named_by_their_ordinals(floor: Space) -> None:
    pod = gateway_pod("unused")
    floor.apply(injected.stateful_set("gw", pod, 2))
    made = two_of(floor, "gw")
    assert {one["metadata"]["name"] for one in made} == {"gw-0", "gw-1"}
    for one in made:
        assert environment(one)["GATEWAY_NAME"] in (
            one["metadata"]["name"],
            {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}},
        )
        assert one["metadata"]["annotations"][names.CR_NAME] == "plant"


def test_a_deployment_gets_them_although_its_pods_have_no_names_yet(floor: Space) -> None:
    floor.apply(injected.deployment("many", gateway_pod("unused"), 2))
    made = two_of(floor, "many")
    for one in made:
        assert one["metadata"]["generateName"].startswith("many-")
        field = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}
        assert environment(one)["GATEWAY_NAME"] == field


def test_a_gateway_named_by_its_label_is_called_so(floor: Space) -> None:
    made = dry(floor, manifests.marked(gateway_pod("gw"), labels={names.APP_NAME_LABEL: "press"}))
    assert environment(made)["GATEWAY_NAME"] == "press"


def test_cr_and_gateways_of_one_file_do_not_miss_each_other(floor: Space) -> None:
    """The webhook may not have heard of the CR when the pod comes: it looks, and lets it in."""
    try:
        for number in range(5):
            name = f"together-{number}"
            pod = wanting_pod(name, cr_name=name)
            floor.apply(gateway_sync(name, "https://localhost:1/plant.git"), pod)
            made = floor.kubectl.json("get", "pod", name)
            assert environment(made)["CR_NAME"] == name
    finally:
        for number in range(5):
            words = ("delete", "gatewaysync", f"together-{number}", "--ignore-not-found")
            floor.kubectl(*words)
