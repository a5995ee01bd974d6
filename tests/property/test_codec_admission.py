"""Law 18, for admission: what is asked is answered; only `DecodeError` leaves the codec."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from property.strategies.pods import gateway_syncs, json_values, odd_pods, pods
from stoker.adapters.codec.admission import decode_review, encode_review
from stoker.core.errors import DecodeError
from stoker.core.injection import Injected, admit
from stoker.core.jsonpatch import Operation, apply
from stoker.core.spec.types import GatewaySync
from support.pods import NAMESPACE, SETTINGS

members = st.sampled_from(
    ["uid", "kind", "operation", "namespace", "name", "subResource", "dryRun", "object", "other"]
)
requests = json_values | st.dictionaries(members, json_values | st.just("u"), max_size=6)
documents = json_values | st.fixed_dictionaries(
    {
        "apiVersion": st.just("admission.k8s.io/v1") | json_values,
        "kind": st.just("AdmissionReview") | json_values,
    },
    optional={"request": requests, "response": json_values},
)
bodies = st.binary(max_size=40) | documents.map(lambda document: json.dumps(document).encode())


def body_for(pod: Any, **more: Any) -> bytes:
    request = {"uid": "u", "operation": "CREATE", "kind": {"kind": "Pod"}, "object": pod, **more}
    review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    return json.dumps(review).encode()


@given(pods(), gateway_syncs())
def test_the_patch_makes_of_the_pod_what_injection_makes(
    pod: dict[str, Any], cr: GatewaySync
) -> None:
    """Seen to fail when the patch is made from the pod to itself."""
    request = decode_review(body_for(pod))
    assert request.object == pod
    answer = admit(request.object, NAMESPACE, [cr], SETTINGS)
    assert isinstance(answer, Injected)
    response = json.loads(encode_review(request, answer))["response"]
    patch = json.loads(base64.b64decode(response["patch"]))
    steps = [Operation(step["op"], step["path"], step.get("value")) for step in patch]
    assert apply(pod, steps) == answer.pod
    assert (response["uid"], response["allowed"]) == ("u", True)


@given(odd_pods(), gateway_syncs())
def test_every_object_gets_an_answer(pod: Any, cr: GatewaySync) -> None:
    """Seen to fail when an object that is no object is passed on."""
    try:
        request = decode_review(body_for(pod))
    except DecodeError:
        assert pod is not None
        assert not isinstance(pod, dict)
        return
    if request.object is None:
        return
    assert isinstance(request.object, dict)
    answer = admit(request.object, NAMESPACE, [cr], SETTINGS)
    response = json.loads(encode_review(request, answer))["response"]
    assert response["uid"] == "u"
    assert all(len(warning) <= 256 for warning in response.get("warnings", ()))


@given(bodies)
def test_only_decode_errors_escape(body: bytes) -> None:
    """Seen to fail when the uid is measured before it is known to be text."""
    with contextlib.suppress(DecodeError):
        assert decode_review(body).uid


@given(pods(), st.dictionaries(st.text(max_size=8), json_values, max_size=3))
def test_members_of_later_versions_change_nothing(
    pod: dict[str, Any], later: dict[str, Any]
) -> None:
    """Seen to fail when members that are not known are refused."""
    unknown = {f"x-{name}": value for name, value in later.items()}
    assert decode_review(body_for(pod, **unknown)) == decode_review(body_for(pod))
