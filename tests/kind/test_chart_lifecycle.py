"""The life of a release: installed, changed while pods are created, rolled back, and gone.

In a cluster of its own, as definitions of GatewaySync change here, and as everything is counted
that is in the cluster before and after. The release is that of somebody who comes from the Go
operator, with the values files that they have (`values/go-*.yaml`) as they are.

Broken on purpose, and seen to fail: the Lease is not taken away by the chart, Services that choose
the pods of one Deployment alone.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from cluster import Cluster
from kit import CommandFailed, Kubectl, Spaces, charts, eventually, loading
from kit.admissions import pods_are_created, wanting_pod
from kit.api import Api, connected
from kit.charts import CHART, Installed
from kit.fresh import cluster_of_its_own
from kit.inventory import Item, everything
from kit.kubectl import Document, called, together
from kit.lives import FILES, Life
from kit.plants import gateway_sync
from kit.spaces import RESTRICTED

from stoker.adapters.codec.crd_schema import custom_resource_definition
from stoker.core import names
from support.command import STOKER

FOREIGN: Final = {
    "Certificate",
    "Issuer",
    "PodMonitor",
    "PrometheusRule",
    "ServiceMonitor",
}
"""Of the Prometheus operator and cert-manager, which are not there."""
REPO: Final = "https://nowhere.example/plant.git"
DEFINITION: Final = "gatewaysyncs.stoker.io"
RATE: Final = 8
"""How many pods are created a second."""
DRAIN: Final = 19.0
"""How many seconds the pods of a Deployment that was taken away go on answering, at least."""
NEW: Final[Document] = {"receiver": {"secretRef": {"name": "hook", "key": "secret"}}}
"""A part of a spec that the older definition does not know."""


@pytest.fixture(scope="module")
def alone(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    def of_the_run() -> Cluster:
        found: Cluster = request.getfixturevalue("cluster")
        return found

    with cluster_of_its_own(of_the_run) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def life(alone: Cluster) -> Iterator[Life]:
    spaces, image = Spaces(alone), loading.in_cluster(alone, "stoker")
    before = everything(Kubectl.of(alone, "default"))
    labels = {**RESTRICTED, "stoker.io/injection": "enabled"}
    with spaces.new("release") as space, spaces.new("plant", labels) as plant:
        made = Life(Installed(space), plant, image, before)
        made.change()
        plant.apply(gateway_sync("plant", REPO))
        yield made


@pytest.fixture(scope="module")
def connection(alone: Cluster) -> Iterator[Api]:
    with connected(alone) as made:
        yield made


# --- Values of the Go chart ---


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_values_file_of_the_go_chart_is_taken(file: Path, life: Life) -> None:
    helm = life.release.space.helm
    words = ("template", "other", str(CHART), "--kube-version", "v1.33.0", "--values", str(file))
    documents = [one for one in yaml.safe_load_all(helm(*words)) if one]
    assert "Deployment" in {one["kind"] for one in documents}
    spaces = {one["metadata"].get("namespace", life.plant.name) for one in documents}
    for namespace in spaces:
        own = [one for one in documents if one["kind"] not in FOREIGN]
        own = [one for one in own if one["metadata"].get("namespace", namespace) == namespace]
        dry = ("apply", "--dry-run=server", "--validate=strict", "--output", "name")
        kubectl = Kubectl.of(life.plant.cluster, namespace)
        told = kubectl(*dry, "--filename", "-", stdin=together(own))
        assert len(told.split()) == len(own)


def test_a_release_of_such_values_works(life: Life) -> None:
    eventually(life.is_injected, what="a pod gets its agent", within=10)
    (pod,) = life.release.pods()
    limits = {
        one["name"]: one["resources"]["limits"]["memory"] for one in pod["spec"]["containers"]
    }
    assert limits["controller"] == "128Mi"
    assert set(limits) == {"controller", "webhook", "receiver"}

    def is_looked_at() -> bool:
        status = life.plant.kubectl.json("get", "gatewaysync", "plant")["status"]
        return bool({one["type"] for one in status["conditions"]} >= {"Ready", "RefResolved"})

    eventually(is_looked_at, what="the controller has said how it stands")


# --- Changes ---


def test_the_webhook_moves_out_and_back_and_no_pod_is_without_its_agent(
    life: Life, connection: Api
) -> None:
    """The policy is Ignore: a pod whose question nobody answers would start without.

    On the way back helm takes the one Deployment away before the other one is ready. Its pods
    answer for a while yet, which is all that can be said where a pod takes longer to start.
    """
    eventually(life.is_injected, what="a pod gets its agent", within=10)
    apart = f"{charts.RELEASE}-webhook"
    with pods_are_created(connection, life.plant.name, rate=RATE) as made:
        made.will_be(RATE)
        life.change({"webhook": {"replicas": 2}})
        found = life.release.space.kubectl.json("get", "deployment", apart)
        assert found["status"]["readyReplicas"] == 2
        made.will_be(RATE)
        assert made.failed() == []
        # Nobody changes his mind within seconds: a pod of the first change that has just stopped
        # answering counts as one that answers until the kubelet has told of its end.
        eventually(lambda: not ending(life), what="those of before are gone", within=30)
        began = time.monotonic()
        life.change()
        assert apart not in life.release.space.kubectl("get", "deployments", "--output", "name")
        made.will_be(RATE)
    early = [one for one in made.failed() if one.due < began + DRAIN]
    assert not early, (began, len(made.done), early[:3])
    assert life.is_injected()
    for pod in life.release.pods():
        states = pod["status"].get("containerStatuses", ())
        assert [one["restartCount"] for one in states] == [0] * len(states)


def ending(life: Life) -> list[str]:
    pods = [one["metadata"] for one in life.release.pods()]
    return [one["name"] for one in pods if "deletionTimestamp" in one]


def test_a_revision_that_cannot_start_is_rolled_back(life: Life) -> None:
    """What was there before goes on meanwhile."""
    space = life.release.space
    with pytest.raises(CommandFailed, match=r"context deadline exceeded|timed out"):
        life.change({"image": {"tag": "not-there"}}, "--timeout", "4s")
    assert life.is_injected()
    space.helm("rollback", charts.RELEASE, "--wait", "--timeout", "60s")
    (image,) = {
        one["image"] for pod in life.release.pods() for one in pod["spec"]["containers"]
        if "deletionTimestamp" not in pod["metadata"]
    }  # fmt: skip
    assert image == life.image
    assert life.is_injected()
    life.change()


# --- The definition ---


def older() -> Document:
    """A definition that does not know all of the spec and of the status, nor any rule."""
    made: Any = copy.deepcopy(custom_resource_definition())
    (version,) = made["spec"]["versions"]
    known = version["schema"]["openAPIV3Schema"]["properties"]
    known["spec"].pop("x-kubernetes-validations", None)
    known["spec"]["properties"].pop("receiver")
    known["spec"]["properties"]["git"]["properties"].pop("semver")
    known["spec"]["properties"]["git"].pop("x-kubernetes-validations", None)
    known["status"]["properties"]["discoveredGateways"]["items"]["properties"].pop("errorMessage")
    found: Document = made
    return found


def test_an_older_definition_is_upgraded_in_place(life: Life) -> None:
    """With it the controller works, and cannot tell all that it knows."""
    kubectl = life.plant.kubectl
    apply = ("apply", "--server-side", "--force-conflicts", "--filename")
    kubectl.patch("customresourcedefinition", DEFINITION, {"spec": older()["spec"]})
    kubectl.apply(gateway_sync("old", REPO), wanting_pod("line-1", cr_name="old"))
    was = kubectl.json("get", "gatewaysync", "old")["metadata"]
    assert reported(life, "it burns", 1) == {"syncStatus": "Error"}
    warned = "the definition of GatewaySync does not know status.discoveredGateways[0].errorMessage"
    eventually(lambda: warned in life.release.logs(), what="the controller says so")
    with pytest.raises(CommandFailed, match="unknown field"):
        kubectl.apply(gateway_sync("old", REPO, **NEW))
    with pytest.raises(CommandFailed, match="conflict with"):
        kubectl("apply", "--server-side", "--filename", str(CHART / "crds"))

    kubectl(*apply, str(CHART / "crds"))
    eventually(lambda: takes(life, NEW), what="the definition of now is in force")
    assert kubectl.json("get", "gatewaysync", "old")["metadata"]["uid"] == was["uid"]
    assert reported(life, "it still burns", 2) == {
        "syncStatus": "Error",
        "errorMessage": "it still burns",
    }
    before = kubectl("get", "customresourcedefinition", DEFINITION, "--output", "jsonpath={.spec}")
    kubectl(*apply, "-", stdin=called([*STOKER, "crd"]))
    after = kubectl("get", "customresourcedefinition", DEFINITION, "--output", "jsonpath={.spec}")
    assert after == before, "the command and the chart have one definition"


def takes(life: Life, spec: Document) -> bool:
    life.plant.kubectl.apply(gateway_sync("old", REPO, **spec))
    return True


def reported(life: Life, message: str, number: int) -> Document:
    """What becomes of a report with this error, in the status."""
    kubectl = life.plant.kubectl
    pod = kubectl.json("get", "pod", "line-1")["metadata"]
    told = {
        "name": "line-1",
        "podName": "line-1",
        "podUID": pod["uid"],
        "profileName": "default",
        "syncStatus": "Error",
        "errorMessage": message,
        "seq": number,
    }
    name = f"stoker-status-old-{pod['name']}"

    def written() -> bool:
        kubectl.patch("configmap", name, {"data": {"status": json.dumps(told)}})
        return True

    eventually(written, what=f"{name} is there")

    def seen() -> Document:
        status = kubectl.json("get", "gatewaysync", "old")["status"]
        (one,) = status["discoveredGateways"]
        assert one["syncStatus"] == "Error"
        found = {key: one[key] for key in ("syncStatus", "errorMessage") if key in one}
        assert found.get("errorMessage", message) == message
        return found

    return eventually(seen, what=f"the status has {message!r}")


# --- The end ---


def test_only_the_definition_and_what_belongs_to_gatewaysyncs_stays(life: Life) -> None:
    """A GatewaySync that goes while nobody is there waits, for somebody or to be let go."""
    kubectl = life.plant.kubectl
    kubectl("delete", "pod", "--all", "--now")
    kubectl.apply(gateway_sync("going", REPO), gateway_sync("plant", REPO))
    eventually(lambda: all(map(is_marked, syncs(life))), what="both are marked")
    life.uninstall()
    left = life.left()
    definition = {
        ("APIService", "", "v1alpha1.stoker.io"),
        ("CustomResourceDefinition", "", DEFINITION),
    }
    assert {one for one in left if not belongs(life, one)} == definition

    kubectl("delete", "gatewaysyncs", "--all", "--wait=false")
    assert {one["metadata"]["name"] for one in syncs(life)} >= {"going", "plant"}
    kubectl.patch("gatewaysync", "going", {"metadata": {"finalizers": None}})
    life.change()
    eventually(lambda: not syncs(life), what="who comes clears away what was deleted")
    life.uninstall()
    kubectl("delete", "customresourcedefinition", DEFINITION)
    eventually(lambda: not life.left(), what="nothing is left", tell=[lambda: str(life.left())])


def syncs(life: Life) -> list[Any]:
    return list(life.plant.kubectl.json("get", "gatewaysyncs")["items"])


def is_marked(document: Any) -> bool:
    return names.FINALIZER in document["metadata"].get("finalizers", ())


def belongs(life: Life, item: Item) -> bool:
    """Whether it is a GatewaySync, or goes with one."""
    kind, namespace, name = item
    if kind == "GatewaySync":
        return True
    if namespace != life.plant.name:
        return False
    owners = life.plant.kubectl.json("get", kind, name)["metadata"].get("ownerReferences", ())
    return any(one["kind"] == "GatewaySync" for one in owners)
