"""Paths of objects, and names that would be paths of something else."""

from __future__ import annotations

import pytest

from stoker.adapters.kube.errors import Invalid
from stoker.adapters.kube.resources import GATEWAY_SYNCS, NAMESPACES, PODS, TOKEN_REVIEWS


def test_paths() -> None:
    assert PODS.path() == "/api/v1/pods"
    assert PODS.path("plant") == "/api/v1/namespaces/plant/pods"
    assert PODS.path("plant", "one", "log") == "/api/v1/namespaces/plant/pods/one/log"
    assert NAMESPACES.path(name="plant") == "/api/v1/namespaces/plant"
    assert TOKEN_REVIEWS.path() == "/apis/authentication.k8s.io/v1/tokenreviews"
    assert GATEWAY_SYNCS.object_path("plant", "line", "status") == (
        "/apis/stoker.io/v1alpha1/namespaces/plant/gatewaysyncs/line/status"
    )
    assert str(GATEWAY_SYNCS) == "gatewaysyncs"


@pytest.mark.parametrize(
    ("name", "quoted"), [("a/b", "a%2Fb"), ("a?b#c", "a%3Fb%23c"), ("é", "%C3%A9"), ("...", "...")]
)
def test_names_are_encoded(name: str, quoted: str) -> None:
    assert PODS.path("plant", name) == f"/api/v1/namespaces/plant/pods/{quoted}"


@pytest.mark.parametrize(
    ("namespace", "name", "subresource"),
    [("", "one", ""), ("plant", ".", ""), ("plant", "..", ""), ("..", "one", ""), ("a", "", "log")],
)
def test_what_would_lead_elsewhere_is_refused(namespace: str, name: str, subresource: str) -> None:
    with pytest.raises(Invalid):
        PODS.path(namespace, name, subresource)


def test_an_object_has_a_name() -> None:
    with pytest.raises(Invalid, match="without a name"):
        PODS.object_path("plant", "")
