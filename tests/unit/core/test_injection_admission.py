"""The webhook's answer to a pod."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from stoker.core.errors import InvalidDocument, Problem
from stoker.core.injection import (
    Admission,
    Allowed,
    Denied,
    Injected,
    UnreadableSync,
    admit,
    inject,
)
from stoker.core.spec.types import GatewaySync, GitAuth, SecretKeyRef, TokenAuth
from support.pods import SETTINGS, a_cr, a_pod, sidecar_of, with_metadata

TOKEN = GitAuth(token=TokenAuth(SecretKeyRef("git", "pat")))
CR_NAME = "metadata.annotations[stoker.io/cr-name]"


def answer(
    pod: Any, *crs: GatewaySync | UnreadableSync, namespace: str = "plant", settings: Any = SETTINGS
) -> Admission:
    return admit(pod, namespace, crs or [a_cr()], settings)


def denial(pod: Any, *crs: GatewaySync | UnreadableSync) -> str:
    match answer(pod, *crs):
        case Denied(message=message):
            return message
        case other:
            pytest.fail(f"not denied: {other}")


def warnings(pod: Any, *crs: GatewaySync) -> tuple[str, ...]:
    match answer(pod, *crs):
        case Injected(warnings=warned):
            return warned
        case other:
            pytest.fail(f"not injected: {other}")


def test_a_pod_that_asks_gets_the_sidecar() -> None:
    pod = a_pod()
    assert answer(pod) == Injected(inject(pod, a_cr(), SETTINGS), ())


@pytest.mark.parametrize(
    "pod",
    [
        {},
        {"metadata": None},
        {"metadata": 5, "spec": "x"},
        {"metadata": {"annotations": ["x"]}},
        {"metadata": {"annotations": {}}},
        a_pod({"stoker.io/inject": "false"}),
        a_pod({"stoker.io/inject": ""}),
        a_pod({"stoker.io/inject": "false", "stoker.io/sync-period": "x"}),
        a_pod({"stoker.io/inject": "false"}, volumes="x"),
    ],
)
def test_a_pod_that_does_not_ask_passes(pod: Any) -> None:
    assert answer(pod) == Allowed(())


def test_an_injected_pod_passes() -> None:
    assert answer(inject(a_pod(), a_cr(), SETTINGS)) == Allowed(())
    agent = {"name": "stoker-agent", "command": ["stoker-agent"]}
    assert answer(a_pod(initContainers=[agent])) == Allowed(())


def test_a_pod_that_only_says_it_is_injected_passes_with_a_warning() -> None:
    assert answer(a_pod({"stoker.io/injected": "true"})) == Allowed(
        (
            (
                "the annotation stoker.io/injected says that the pod has the agent, and it has"
                " none: remove the annotation"
            ),
        )
    )


@pytest.mark.parametrize("namespace", ["kube-system", "kube-node-lease"])
def test_namespaces_that_are_left_alone(namespace: str) -> None:
    assert answer(a_pod({"stoker.io/inject": "maybe"}), namespace=namespace) == Allowed(())


@pytest.mark.parametrize(
    ("labels", "namespace", "allowed"),
    [
        ({"app": "stoker", "release": "r"}, "plant", True),
        ({"app": "stoker", "release": "r", "more": "x"}, "plant", True),
        ({"app": "stoker"}, "plant", False),
        ({"app": "stoker", "release": "other"}, "plant", False),
        ({"app": "stoker", "release": "r"}, "elsewhere", False),
    ],
)
def test_our_own_pods_are_left_alone(
    labels: dict[str, str], namespace: str, *, allowed: bool
) -> None:
    own = evolve(SETTINGS, own_namespace=namespace, own_labels={"app": "stoker", "release": "r"})
    result = answer(a_pod(labels=labels), settings=own)
    assert isinstance(result, Allowed) is allowed


def test_without_own_labels_nothing_is_ours() -> None:
    own = evolve(SETTINGS, own_namespace="plant")
    assert isinstance(answer(a_pod(), settings=own), Injected)


@pytest.mark.parametrize(
    ("pod", "crs", "message"),
    [
        (
            a_pod(),
            [with_metadata(a_cr(), namespace="other")],
            (
                "there is no GatewaySync in the namespace of the pod"
                " (create one there, or remove the annotation stoker.io/inject)"
            ),
        ),
        (
            a_pod(),
            [with_metadata(a_cr(), deleting=True)],
            (
                "there is no GatewaySync in the namespace of the pod"
                " (create one there, or remove the annotation stoker.io/inject)"
            ),
        ),
        (
            a_pod(),
            [a_cr("b"), a_cr("a")],
            (
                "there are 2 GatewaySyncs in the namespace of the pod"
                " (set the annotation stoker.io/cr-name to one of: a, b)"
            ),
        ),
        (
            a_pod({"stoker.io/cr-name": "x"}),
            [a_cr("a")],
            (
                "GatewaySync 'x' does not exist in the namespace of the pod"
                " (create it, or set the annotation stoker.io/cr-name to one of: a)"
            ),
        ),
    ],
)
def test_a_pod_without_a_cr_is_denied(pod: Any, crs: list[GatewaySync], message: str) -> None:
    assert denial(pod, *crs) == f"{CR_NAME}: {message}"


def test_the_named_cr_is_used() -> None:
    pod = a_pod({"stoker.io/cr-name": "b"})
    assert answer(pod, a_cr("a"), a_cr("b")) == Injected(inject(pod, a_cr("b"), SETTINGS), ())


def test_a_cr_that_is_going_leaves_the_only_other_one() -> None:
    going = with_metadata(a_cr("b"), deleting=True)
    assert answer(a_pod(), a_cr("a"), going) == Injected(inject(a_pod(), a_cr("a"), SETTINGS), ())


def test_a_pod_of_a_paused_cr_is_injected() -> None:
    cr = a_cr()
    paused = evolve(cr, spec=evolve(cr.spec, paused=True))
    assert isinstance(answer(a_pod(), paused), Injected)


def test_no_crs_at_all() -> None:
    assert isinstance(admit(a_pod(), "plant", [], SETTINGS), Denied)


@pytest.mark.parametrize("value", ["True", "yes", 1, True])
def test_a_malformed_switch_is_denied(value: Any) -> None:
    pod = a_pod()
    pod["metadata"]["annotations"]["stoker.io/inject"] = value
    assert denial(pod).startswith("metadata.annotations[stoker.io/inject]: ")


def test_a_denial_lists_everything() -> None:
    pod = a_pod({"stoker.io/sync-period": "x", "stoker.io/profile": "p"})
    assert denial(pod) == (
        "metadata.annotations[stoker.io/sync-period]: 'x' is not a number of seconds"
        " (write a whole number from 5 to 3600); "
        "metadata.annotations[stoker.io/profile]: GatewaySync 'prod' has no profile 'p'"
        " (set the annotation to one of: default)"
    )


def test_what_has_not_the_form_of_a_pod_is_denied() -> None:
    assert denial(a_pod(volumes="x")) == "spec.volumes: is not a list (write it as a list)"
    assert denial([]) == "a pod is an object (give the pod's own JSON)"


# --- warnings ---


def test_a_misspelt_annotation() -> None:
    pod = a_pod({"stoker.io/profil": "x", "stoker.io/a": "y", "other.io/profile": "z"})
    assert warnings(pod) == (
        "the annotation stoker.io/a means nothing to Stoker: is it misspelt?",
        "the annotation stoker.io/profil means nothing to Stoker: is it misspelt?",
    )


def test_annotations_of_convention_pods_are_known() -> None:
    assert warnings(a_pod({"stoker.io/service-path": "x", "stoker.io/tag-provider": "y"})) == ()


def test_no_data_volume() -> None:
    assert warnings(a_pod(volumes=[])) == (
        (
            "the pod has no writable volume named ignition-data or data: give the gateway's data"
            " volume one of these names, or the agent has nothing to write to"
        ),
    )


def test_ports_that_the_agent_needs() -> None:
    ports = [{"containerPort": port} for port in (8083, 8088, 8082, "8082", None)]
    theirs = {"name": "exporter", "ports": [*ports, 5]}
    pod = a_pod(initContainers=[theirs], volumes=[{"name": "data", "emptyDir": {}}])
    assert warnings(pod) == (
        "container exporter declares port 8082, which the agent listens on: choose another",
        "container exporter declares port 8083, which the agent listens on: choose another",
    )


@pytest.mark.parametrize(("host", "warned"), [(True, True), (False, False), ("x", False)])
def test_the_hosts_network(host: Any, *, warned: bool) -> None:
    expected = ("with hostNetwork the agent takes ports 8082 and 8083 of the node",)
    assert warnings(a_pod(hostNetwork=host)) == (expected if warned else ())


@pytest.mark.parametrize(
    ("resources", "warned"),
    [({"limits": {"memory": "1Gi"}}, True), ({"limits": {}}, False), ({}, False), (None, False)],
)
def test_limits_of_the_whole_pod(resources: dict[str, Any] | None, *, warned: bool) -> None:
    expected = (
        "the limits in spec.resources are those of the whole pod, and the agent takes its part of"
        " them: raise them by what it needs"
    )
    assert warnings(a_pod(resources=resources)) == ((expected,) if warned else ())


def test_a_repository_that_no_credential_is_for() -> None:
    assert warnings(a_pod(), a_cr(auth=TOKEN, repo="ftp://x/y")) == (
        (
            "spec.git.repo of GatewaySync prod names no host that may be used, so the agent uses"
            " its credential for none: correct spec.git.repo"
        ),
    )
    assert warnings(a_pod(), a_cr(auth=TOKEN)) == ()
    assert warnings(a_pod(), a_cr(repo="ftp://x/y")) == ()


def test_a_deep_pod_is_no_trouble() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    pod = a_pod(affinity=deep)
    match answer(pod):
        case Injected(pod=after):
            assert after["spec"]["affinity"] is deep
            assert sidecar_of(after)
        case other:
            pytest.fail(str(type(other)))


# --- CRs that cannot be read ---


def unreadable(name: str = "prod", *problems: Problem, deleting: bool = False) -> UnreadableSync:
    found = problems or (Problem("spec.git", "is required", "name the repository"),)
    metadata = evolve(a_cr().metadata, name=name, deleting=deleting)
    return UnreadableSync(metadata, InvalidDocument.of("the GatewaySync", found))


@pytest.mark.parametrize("annotations", [{}, {"stoker.io/cr-name": "prod"}])
def test_a_pod_of_a_cr_that_cannot_be_read_hears_what_is_wrong(annotations: dict[str, str]) -> None:
    assert denial(a_pod(annotations), unreadable()) == (
        "GatewaySync 'prod' cannot be read: spec.git: is required (name the repository)"
        " (correct it, such as with kubectl edit gatewaysync)"
    )


def test_of_many_problems_some_are_told() -> None:
    problems = [Problem(f"spec.f{number}", "is odd") for number in range(15)]
    said = denial(a_pod(), unreadable("prod", *problems))
    assert "spec.f9: is odd; and 5 more (correct it" in said


def test_one_that_cannot_be_read_is_there_all_the_same() -> None:
    """Seen to fail when only those that can be read are counted."""
    said = denial(a_pod(), unreadable("a"), a_cr("b"))
    assert "there are 2 GatewaySyncs" in said
    assert isinstance(
        answer(a_pod({"stoker.io/cr-name": "b"}), unreadable("a"), a_cr("b")), Injected
    )
    assert isinstance(answer(a_pod(), unreadable("a", deleting=True), a_cr("b")), Injected)


@pytest.mark.parametrize(
    ("pod", "settled"),
    [
        (a_pod({"stoker.io/inject": "maybe"}), True),
        (a_pod(volumes="x"), True),
        (a_pod({"stoker.io/cr-name": "x"}), False),
        (a_pod({"stoker.io/profile": "x"}), False),
        (a_pod({"stoker.io/agent-image": "other/agent:1"}), False),
    ],
)
def test_what_no_cr_would_change_is_settled(pod: Any, settled: bool) -> None:  # noqa: FBT001 - a table
    match answer(pod):
        case Denied() as denied:
            assert (denied.settled, denied.code) == (settled, 403)
        case other:
            pytest.fail(f"not denied: {other}")
