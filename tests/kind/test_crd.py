"""The definition of `GatewaySync` on the real API server: what it takes, completes and refuses.

The tables are held against the decoder as well: what the server refuses, the decoder refuses, and
what the decoder takes, the server takes. Writes are dry runs wherever nothing is read back.

Broken on purpose, and seen to fail: each CEL rule taken out, a bound on paths that exhausts the
budget, no status subresource, a column with a wrong path.
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import Any, Final

import pytest
from kit import Kubectl, Space
from kit.api import Api
from kubernetes.client.exceptions import ApiException

from stoker.adapters.codec.crd import decode_gateway_sync, decode_status, encode_gateway_sync
from stoker.core.errors import InvalidDocument
from support.spec_cases import ILLEGAL, LEGAL, MAPPING, git
from support.specs import a_document

pytestmark = pytest.mark.usefixtures("definition")


def document(space: Space, name: str = "plant", **spec: Any) -> dict[str, Any]:
    made = deepcopy(a_document(**spec))
    made["metadata"] = {"name": name, "namespace": space.name}
    return made


def create(api: Api, space: Space, body: dict[str, Any], *, dry: bool = True) -> dict[str, Any]:
    given: dict[str, Any] = {"dry_run": "All"} if dry else {}
    made = api.custom.create_namespaced_custom_object(
        "stoker.io",
        "v1alpha1",
        space.name,
        "gatewaysyncs",
        body,
        field_validation="Strict",
        **given,
    )
    assert isinstance(made, dict)
    return made


def refusal(api: Api, space: Space, spec: dict[str, Any]) -> str:
    with pytest.raises(ApiException) as caught:
        create(api, space, document(space, **spec))
    assert caught.value.status == 422
    return told(caught.value)


def told(error: ApiException) -> str:
    return str(json.loads(error.body or "{}")["message"])


# --- What is taken ---


def test_the_smallest_is_taken_and_completed(api: Api, space: Space) -> None:
    body = document(space)
    made = create(api, space, body)
    assert made["spec"]["polling"] == {"enabled": True, "interval": "60s"}
    assert made["spec"]["gateway"] == {
        "port": 8088,
        "tls": False,
        "api": {"secretName": "gateway-api", "secretKey": "apiKey"},
    }
    assert made["spec"]["paused"] is False
    assert made["spec"]["agent"] == {"repoSizeLimit": "2Gi"}
    assert "defaults" not in made["spec"]["sync"]
    completed = MAPPING | {"required": False, "template": False, "templateEngine": "go"}
    assert made["spec"]["sync"]["profiles"]["default"] == {"mappings": [completed]}
    read = decode_gateway_sync(made)
    assert read.spec == decode_gateway_sync(body).spec
    # What Stoker itself writes of it is taken as well.
    create(api, space, encode_gateway_sync(read) | {"metadata": body["metadata"]})


@pytest.mark.parametrize("spec", LEGAL.values(), ids=LEGAL)
def test_what_the_contract_allows_is_taken(
    api: Api, shared_space: Space, spec: dict[str, Any]
) -> None:
    body = document(shared_space, **spec)
    assert decode_gateway_sync(body, strict=True) == decode_gateway_sync(
        create(api, shared_space, body) | {"metadata": body["metadata"]}
    )


# --- What is refused ---


@pytest.mark.parametrize(("spec", "place", "why"), ILLEGAL.values(), ids=ILLEGAL)
def test_what_is_wrong_is_refused_by_its_name(
    api: Api, shared_space: Space, spec: dict[str, Any], place: str, why: str
) -> None:
    message = refusal(api, shared_space, spec)
    assert re.search(rf"(?:: |\* |\[){re.escape(place)}: [^\n]*{re.escape(why)}", message), message
    with pytest.raises(InvalidDocument):
        decode_gateway_sync(document(shared_space, **spec))


def test_an_unknown_field_is_told(api: Api, space: Space) -> None:
    with pytest.raises(ApiException) as caught:
        create(api, space, document(space, **git(reff="main")))
    assert caught.value.status == 400
    assert 'unknown field "spec.git.reff"' in told(caught.value)


# --- Status and columns ---


def condition(kind: str, status: str, message: str) -> dict[str, Any]:
    moment = "2026-01-31T12:00:00Z"
    reason = "SyncSucceeded"
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": moment,
    }


STATUS: Final = {
    "observedGeneration": 1,
    "lastSyncRef": "v1.4.0",
    "lastSyncCommit": "0123456789abcdef0123456789abcdef01234567",
    "lastSyncCommitShort": "0123456",
    "lastSyncTime": "2026-01-31T12:00:00Z",
    "refResolutionStatus": "Resolved",
    "profileCount": 7,
    "conditions": [
        condition("AllGatewaysSynced", "True", "3/3 synced"),
        condition("Ready", "True", "all is well"),
    ],
    "discoveredGateways": [
        {
            "name": "line-1",
            "namespace": "plant",
            "podName": "line-1-0",
            "syncStatus": "RolledBack",
            "projectsSynced": ["a"],
        }
    ],
}


def test_status_is_written_apart_and_shown(api: Api, space: Space, kubectl: Kubectl) -> None:
    made = create(api, space, document(space) | {"status": STATUS}, dry=False)
    assert "status" not in made
    body = {"metadata": made["metadata"], **document(space), "status": STATUS}
    body["metadata"] = made["metadata"]
    kubectl("replace", "--subresource", "status", "--filename", "-", stdin=json.dumps(body))
    found = kubectl.json("get", "gs", "plant")
    assert found["status"] == STATUS
    assert found["metadata"]["generation"] == 1
    assert decode_status(found["status"]).profile_count == 7
    head, row = kubectl("get", "gs").splitlines()
    assert head.split() == ["NAME", "REF", "GATEWAYS", "READY", "STATUS", "AGE"]
    assert re.fullmatch(r"plant +v1\.4\.0 +3/3 synced +True +all is well +\d+s *", row)
    head, row = kubectl("get", "gatewaysync", "--output", "wide").splitlines()
    assert re.search(r"AGE +COMMIT +PROFILES +LAST SYNC", head)
    assert re.search(r" 0123456 +7 +\d+[a-z]", row)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"refResolutionStatus": "Maybe"}, "status.refResolutionStatus"),
        ({"conditions": [condition("A", "True", "")] * 2}, "status.conditions[1]"),
        ({"conditions": [condition("A", "Perhaps", "")]}, "status.conditions[0].status"),
        ({"discoveredGateways": [{"name": "a"}]}, "status.discoveredGateways[0].podName"),
    ],
)
def test_a_wrong_status_is_refused(
    api: Api, shared_space: Space, change: dict[str, Any], place: str
) -> None:
    name = re.sub("[^a-z]+", "-", place.lower()).strip("-")
    create(api, shared_space, document(shared_space, name), dry=False)
    with pytest.raises(ApiException) as caught:
        api.custom.patch_namespaced_custom_object_status(
            "stoker.io", "v1alpha1", shared_space.name, "gatewaysyncs", name, {"status": change}
        )
    assert caught.value.status == 422
    assert place in told(caught.value)


def test_it_is_explained(kubectl: Kubectl) -> None:
    explained = kubectl("explain", "gatewaysync.spec.git.semver")
    assert "A range such as '>=1.2.0 <2.0.0': the highest matching tag is used." in explained
