"""Injected pods on the real API server: it takes every field that it knows, and keeps it.

What a pod can have is said by the API server itself (OpenAPI), so a field that a new version of
Kubernetes brings is one that these tests ask for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

import pytest
from cluster import Cluster
from hypothesis import HealthCheck, Phase, given, settings
from kit import Space, Spaces, eventually
from kit.speaking import as_admin
from kit.valid_pods import is_refused, valid_pods

from property.strategies.api_pods import LIST, MAP, Path, api_pods, every_field, paths
from property.strategies.pods import gateway_syncs
from stoker.adapters.kube.client import Client
from stoker.adapters.kube.connecting import way_to
from stoker.adapters.kube.errors import Forbidden, Invalid
from stoker.adapters.kube.resources import PODS, Resource
from stoker.adapters.kube.transport import Request
from stoker.core import names
from stoker.core.injection import inject
from stoker.core.jsonpatch import diff
from stoker.core.spec.types import GatewaySync
from support.injection import holds, without_ours
from support.pods import SETTINGS, a_cr, with_metadata

ROOT = "io.k8s.api.core.v1.Pod"
CRDS = Resource(
    "apiextensions.k8s.io/v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    namespaced=False,
)
BOXES = Resource("tests.stoker.io/v1", "boxes", "Box")


# --- What the API server knows ---


def server_paths(space: Space) -> Iterator[Path]:
    """Every field at and below a pod."""
    document = json.loads(space.kubectl("get", "--raw", "/openapi/v3/api/v1"))
    schemas: dict[str, Any] = document["components"]["schemas"]

    def walk(schema: Mapping[str, Any], before: Path) -> Iterator[Path]:
        schema = schema["allOf"][0] if "allOf" in schema else schema
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rpartition("/")[2]]
        if schema.get("type") == "array":
            yield from walk(schema["items"], (*before, LIST))
        elif isinstance(schema.get("additionalProperties"), dict):
            yield from walk(schema["additionalProperties"], (*before, MAP))
        for name, inner in schema.get("properties", {}).items():
            yield (*before, name)
            yield from walk(inner, (*before, name))

    yield from walk(schemas[ROOT], ())


def test_every_field_that_the_server_knows_is_one_that_tests_make(space: Space) -> None:
    known = {path for path, _ in paths()}
    asked = set(server_paths(space))
    missing = sorted(".".join(path) for path in asked - known)
    assert len(asked) > 1000
    assert missing == []


# --- The patch, applied by the API server ---


@pytest.fixture(scope="module")
def boxes(shared_space: Space) -> Iterator[Client]:
    """A kind of object that holds any JSON."""
    client = as_admin(shared_space.cluster.kubeconfig)
    name = "boxes.tests.stoker.io"
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"pods": free}}},
    }
    named = {"plural": "boxes", "singular": "box", "kind": "Box"}
    spec = {"group": "tests.stoker.io", "names": named, "scope": "Namespaced"}
    client.apply(CRDS, "", name, {"spec": {**spec, "versions": [version]}})
    try:
        eventually(lambda: [*client.pages(BOXES, shared_space.name)], what="the kind is there")
        yield client
    finally:
        client.delete(CRDS, "", name)


def patched(client: Client, space: Space, pairs: Mapping[str, tuple[Any, Any]]) -> Any:
    """What the API server makes of pods and the patches that lead from each to another."""
    before = {name: pair[0] for name, pair in pairs.items()}
    body = {"metadata": {"generateName": "box-"}, "pods": before}
    box = client.create(BOXES, space.name, body)["metadata"]["name"]
    steps = [
        {**step.as_json(), "path": f"/pods/{name}{step.path}"}
        for name, (old, new) in pairs.items()
        for step in diff(old, new)
    ]
    after = client.json_patch(BOXES, space.name, box, steps)["pods"]
    client.delete(BOXES, space.name, box)
    return after


def test_the_server_applies_the_patch_for_every_field(boxes: Client, shared_space: Space) -> None:
    every = every_field()
    while some := [*islice(every, 200)]:
        pairs = {str(n): (pod, inject(pod, a_cr(), SETTINGS)) for n, (_, pod) in enumerate(some)}
        after = patched(boxes, shared_space, pairs)
        for name, (_, wanted) in pairs.items():
            assert after[name] == wanted


@settings(
    max_examples=50,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(pod=api_pods(), cr=gateway_syncs())
def test_the_server_applies_the_patch_to_any_pod(
    pod: dict[str, Any], cr: GatewaySync, boxes: Client, shared_space: Space
) -> None:
    wanted = inject(pod, cr, SETTINGS)
    assert patched(boxes, shared_space, {"0": (pod, wanted)}) == {"0": wanted}


# --- Pods that the API server stores ---


@pytest.fixture
def dry_run(cluster: Cluster, spaces: Spaces) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """A namespace in which everything is allowed, and what the API server would store there."""
    transport = way_to(cluster.kubeconfig, "stoker-test", 2)
    with spaces.new("fields", labels={}) as space:
        path = PODS.path(space.name)

        def stored(pod: Any) -> Any:
            query = {"dryRun": "All"}
            return transport.document(Request(method="POST", path=path, query=query, body=pod), 10)

        yield space.name, stored
    transport.wire.close()


def own(pod: dict[str, Any]) -> dict[str, Any]:
    """What of a stored pod is not made up anew each time."""
    metadata = {key: pod["metadata"].get(key, {}) for key in ("annotations", "labels")}
    return {"metadata": metadata, "spec": pod["spec"]}


def test_the_server_takes_injected_pods_and_keeps_every_field(
    dry_run: tuple[str, Callable[[Any], Any]],
) -> None:
    """What is stored of an injected pod is what is stored of the pod, and what was added."""
    namespace, stored = dry_run
    cr = with_metadata(a_cr(), namespace=namespace)
    refused, dropped, tried = [], [], 0
    for path, pod in valid_pods():
        pod["metadata"]["annotations"] = {names.INJECT: "true"}
        pod["spec"].setdefault("automountServiceAccountToken", False)
        try:
            before = own(stored(pod))
        except (Invalid, Forbidden) as error:
            refused.append((path, str(error)))
            continue
        after = own(stored(inject(pod, cr, SETTINGS)))
        if "requests" not in pod["spec"].get("resources", {"requests": {}}):
            # What is not said of the whole pod is computed from its containers, ours among them.
            for one in (before, after):
                one["spec"]["resources"].pop("requests", None)
        assert without_ours(after, before) == before, path
        dropped += [] if holds(before, path) else [".".join(path)]
        tried += 1
    assert [each for each in refused if not is_refused(each[0])] == []
    assert tried > 850
    # A server leaves out what it does not know, or what is behind a gate; that is no field lost.
    assert len(dropped) < 100, dropped
