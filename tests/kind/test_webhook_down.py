"""The webhook away: what starts all the same, what is told of it, and what a stricter policy does.

Gateways' pods really start here, without an agent; a controller tells of them in the CR. When the
webhook is back, pods that are made again have theirs.

Broken on purpose, and seen to fail: the chart's policy is always Ignore.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest
from kit import Space, eventually, gateways, injected, manifests
from kit.admissions import wanting_pod
from kit.controllers import Controllers
from kit.kubectl import Document, Said
from kit.plants import Plant, Repository, account, gateway_sync
from kit.webhooks import PODS_HOOK, SYNCS_HOOK, Webhooks

from stoker.core import names
from support.git_servers import GitDaemon

OWNER: Final = "line"


def tried(space: Space, pod: Document) -> Said:
    words = ("create", "--dry-run=server", "--output", "json", "--filename", "-")
    return space.kubectl.tried(*words, stdin=json.dumps(pod))


@dataclass(frozen=True)
class Floor:
    """A gateway, its CR, and the webhook."""

    webhooks: Webhooks
    plant: Plant

    @property
    def space(self) -> Space:
        return self.webhooks.space

    def pod(self) -> Any:
        """The one pod of the Deployment that is not about to go."""
        listed = self.space.kubectl.json("get", "pods", "--selector", f"set={OWNER}")["items"]
        (found,) = [one for one in listed if "deletionTimestamp" not in one["metadata"]]
        return found


@pytest.fixture(scope="module")
def floor(
    new_webhooks: Callable[..., Webhooks],
    shared_controllers: Controllers,
    git: GitDaemon,
    gateway_image: str,
) -> Floor:
    """A gateway that was made while nobody answered."""
    shared_controllers.start(allowed_protocols="git,https")
    webhooks = new_webhooks()
    space = webhooks.space
    repository = Repository.create(git, space.name)
    repository.commit()
    space.apply(account(), gateways.api_key_secret(), gateway_sync("plant", repository.url))
    pod = injected.gateway_pod("unused", gateway_image, injected.marks())
    # It is gone at once when it is made again.
    pod["spec"]["terminationGracePeriodSeconds"] = 1
    space.apply(injected.deployment(OWNER, pod))
    return Floor(webhooks, Plant(space, "plant"))


def test_a_gateway_starts_without_it(floor: Floor) -> None:
    pod = eventually(floor.pod, what="the pod")
    floor.space.pod(pod["metadata"]["name"]).ready()
    assert "initContainers" not in floor.pod()["spec"]
    assert names.INJECTED not in pod["metadata"]["annotations"]


def test_and_is_reported(floor: Floor) -> None:
    name = floor.pod()["metadata"]["name"]

    def reported() -> bool:
        assert floor.plant.gateways()[name]["syncStatus"] == "MissingSidecar"
        return True

    eventually(reported, what="the CR tells of a gateway without an agent")
    floor.plant.says("SidecarInjected", "False", "SidecarMissing")
    floor.plant.says("AllGatewaysSynced", "False", text="0/1 synced (1 missing sidecar)")


def test_made_again_it_has_one(floor: Floor) -> None:
    name = floor.pod()["metadata"]["name"]
    floor.webhooks.start()
    floor.webhooks.is_asked()
    floor.space.pod(name).delete(wait=False)

    def again() -> Any:
        pod = floor.pod()
        assert pod["metadata"]["name"] != name
        return pod

    pod = eventually(again, what="another pod")
    assert injected.sidecar(pod)["name"] == names.AGENT_CONTAINER
    floor.plant.says("SidecarInjected", "True", "SidecarPresent")


def test_a_webhook_that_hangs_holds_up_no_pod_for_ever(floor: Floor) -> None:
    """It is not asked for longer than the configuration says, and then the policy decides."""
    (webhook,) = floor.webhooks.there
    floor.webhooks.change({"op": "replace", "path": "/webhooks/0/timeoutSeconds", "value": 1})
    webhook.pause()
    try:

        def passes() -> bool:
            said = tried(floor.space, wanting_pod("gw"))
            assert said.status == 0, said.err
            return "initContainers" not in json.loads(said.out)["spec"]

        eventually(passes, what="a pod passes without an agent", within=30)
    finally:
        webhook.resume()
    floor.webhooks.install()
    floor.webhooks.is_asked()


def test_a_stricter_policy_refuses_gateways_and_nothing_else(floor: Floor) -> None:
    (webhook,) = floor.webhooks.there
    floor.webhooks.install(policy="Fail")
    webhook.stop()

    def refused() -> str:
        said = tried(floor.space, wanting_pod("gw"))
        return said.err if said.status else ""

    told = eventually(refused, what="pods are refused")
    assert f'failed calling webhook "{PODS_HOOK}"' in told
    plain = manifests.pod("plain", [manifests.container("main", "none")])
    assert tried(floor.space, plain).status == 0
    assert tried(floor.space, plain | {"metadata": {"name": "other"}}).status == 0
    spec = gateway_sync("another", "https://localhost:1/plant.git")
    assert f'failed calling webhook "{SYNCS_HOOK}"' in tried(floor.space, spec).err
    webhook.start().ready()
    eventually(lambda: not refused(), what="pods pass again")
    assert injected.sidecar(json.loads(tried(floor.space, wanting_pod("gw")).out))
    floor.webhooks.install()


def test_a_stricter_policy_holds_up_nobody_s_end(floor: Floor) -> None:
    """A finalizer that could not be taken off would keep a namespace for ever."""
    (webhook,) = floor.webhooks.there
    floor.space.apply(gateway_sync("leaving", "https://localhost:1/plant.git"))
    leaving = Plant(floor.space, "leaving")
    eventually(lambda: leaving.document()["metadata"]["finalizers"], what="its finalizer")
    floor.webhooks.install(policy="Fail")
    webhook.stop()
    created = gateway_sync("another", "https://localhost:1/plant.git")

    def refused() -> bool:
        return SYNCS_HOOK in tried(floor.space, created).err

    eventually(refused, what="GatewaySyncs are refused")
    floor.plant.annotate(requested_ref="v1.2.3", requested_by="generic")
    floor.plant.annotate(requested_ref=None, requested_by=None)
    floor.space.kubectl("delete", "gatewaysync", "leaving", "--timeout", "15s")
    webhook.start().ready()
    floor.webhooks.install()
