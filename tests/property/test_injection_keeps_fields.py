"""Law 15: injection is idempotent and keeps every field of the user's."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

from hypothesis import given

from property.strategies.api_pods import api_pods, every_field
from property.strategies.pods import gateway_syncs, json_values, odd_pods, pods
from stoker.adapters.codec.admission import AdmissionRequest, encode_review
from stoker.core import names
from stoker.core.errors import StokerError
from stoker.core.injection import Allowed, Denied, Injected, admit, inject
from stoker.core.jsonpatch import Operation, apply
from stoker.core.spec.types import GatewaySync
from support.injection import holds, without_ours
from support.pods import NAMESPACE, SETTINGS, a_cr


def sent(before: dict[str, Any], after: dict[str, Any]) -> Any:
    """What the API server makes of the patch that it is sent."""
    question = AdmissionRequest(uid="1", operation="CREATE", object=before)
    review = json.loads(encode_review(question, Injected(after)))
    steps = json.loads(base64.b64decode(review["response"]["patch"]))
    return apply(before, [Operation(**step) for step in steps])


@given(api_pods() | pods(), gateway_syncs())
def test_taking_away_what_was_added_gives_the_pod_back(
    pod: dict[str, Any], cr: GatewaySync
) -> None:
    """Law, for pods of the API's own schema and for such with fields that it does not know.

    Seen to fail when injection drops `spec.volumes`, or replaces the pod's labels by its own.
    """
    before = copy.deepcopy(pod)
    after = inject(pod, cr, SETTINGS)
    assert pod == before
    assert without_ours(after, before) == before
    assert sent(before, after) == after


def test_no_field_that_a_pod_can_have_is_lost() -> None:
    """All of them, one after another.

    Seen to fail when the pod is made anew of the parts that injection knows.
    """
    tried = 0
    for path, pod in every_field():
        before = copy.deepcopy(pod)
        after = inject(pod, a_cr(), SETTINGS)
        assert holds(before, path), path
        assert without_ours(after, before) == before, path
        assert sent(before, after) == after, path
        tried += 1
    assert tried > 1000


@given(api_pods() | pods(), gateway_syncs())
def test_twice_is_once(pod: dict[str, Any], cr: GatewaySync) -> None:
    """Seen to fail when the `injected` annotation and the agent's container are not looked for."""
    once = inject(pod, cr, SETTINGS)
    assert inject(once, cr, SETTINGS) == once
    del once["metadata"]["annotations"][names.INJECTED]
    assert inject(once, cr, SETTINGS) == once


@given(api_pods() | pods(), gateway_syncs())
def test_names_are_unique_and_every_mount_has_its_volume(
    pod: dict[str, Any], cr: GatewaySync
) -> None:
    """Seen to fail when a volume keeps its name although the pod has one of that name."""
    spec = inject(pod, cr, SETTINGS)["spec"]
    volumes = [volume["name"] for volume in spec["volumes"]]
    containers = [container["name"] for container in (*spec["initContainers"], *spec["containers"])]
    mounts = spec["initContainers"][0]["volumeMounts"]
    variables = [entry["name"] for entry in spec["initContainers"][0]["env"]]
    assert len(set(volumes)) == len(volumes)
    assert len(set(containers)) == len(containers)
    assert len(set(variables)) == len(variables)
    assert {mount["name"] for mount in mounts} <= set(volumes)
    assert len({mount["mountPath"] for mount in mounts}) == len(mounts)


@given(odd_pods(), gateway_syncs())
def test_whatever_a_pod_is_the_answer_is_an_answer(pod: Any, cr: GatewaySync) -> None:
    """Seen to fail when annotations are looked up without asking whether they are an object."""
    before = copy.deepcopy(pod)
    match admit(pod, NAMESPACE, [cr], SETTINGS):
        case Denied(message=message):
            assert message
        case Injected(pod=after):
            assert after["spec"]["initContainers"][0]["name"] == names.AGENT_CONTAINER
            again = admit(after, NAMESPACE, [cr], SETTINGS)
            assert again == Allowed(())
        case Allowed():
            pass
    assert pod == before


@given(odd_pods() | json_values, gateway_syncs())
def test_only_errors_of_stoker_leave_injection(pod: Any, cr: GatewaySync) -> None:
    """Seen to fail when a volume's name goes into a set without asking whether it is text."""
    try:
        inject(pod, cr, SETTINGS)
    except StokerError as error:
        assert str(error)
