"""Pods in, gateways out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stoker.core.discovery import Gateway, discover, pod_ordinal
from stoker.core.pods import Pod

VECTORS = Path(__file__).parents[2] / "vectors" / "paths.jsonl"
CASES = [
    case
    for case in map(json.loads, VECTORS.read_text(encoding="ascii").splitlines())
    if case["kind"] == "pod_ordinal"
]
INDEX = "apps.kubernetes.io/pod-index"
AGENT = {"initContainers": [{"name": "stoker-agent"}]}


def a_pod(name: str = "gw-0", **parts: Any) -> dict[str, Any]:
    annotations = {"stoker.io/inject": "true", **parts.pop("annotations", {})}
    metadata = {
        "name": name,
        "namespace": "plant",
        "uid": f"uid-{name}",
        "annotations": annotations,
        **parts.pop("metadata", {}),
    }
    return {"metadata": metadata, "spec": AGENT, **parts}


def found(*pods: dict[str, Any], crs: tuple[str, ...] = ("prod",)) -> tuple[Gateway, ...]:
    views = [Pod.of(pod) for pod in pods]
    return discover(views, namespace="plant", cr_name="prod", namespace_crs=crs)


def pod_names(*pods: dict[str, Any], crs: tuple[str, ...] = ("prod",)) -> list[str]:
    return [gateway.pod_name for gateway in found(*pods, crs=crs)]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_ordinals_of_the_vectors(case: dict[str, Any]) -> None:
    assert pod_ordinal(**case["input"]) == case["want"]


@pytest.mark.parametrize(
    ("name", "labels", "ordinal"),
    [
        ("gw-" + "0" * 5000 + "7", {}, 7),
        ("gw-" + "7" * 5000, {}, 0),
        ("gw-7\n", {}, 0),
        ("gw-\x007", {}, 0),
        ("gw-9", {INDEX: "-0"}, 0),
        ("gw-9", {INDEX: "-9223372036854775808"}, -(2**63)),
        ("gw-9", {INDEX: "-9223372036854775809"}, 9),
        ("gw-9", {INDEX: "9223372036854775807"}, 2**63 - 1),
        ("gw-9", {INDEX: "9223372036854775808"}, 9),
        ("", {}, 0),
    ],
)
def test_ordinals_at_the_edges(name: str, labels: dict[str, str], ordinal: int) -> None:
    assert pod_ordinal(name, labels) == ordinal


def test_a_gateway() -> None:
    pod = a_pod(
        annotations={
            "stoker.io/profile": "blue",
            "stoker.io/gateway-name": "line-1",
            "stoker.io/sync-period": "60",
            "stoker.io/ref-override": "v2",
        },
        metadata={"labels": {INDEX: "3"}, "creationTimestamp": "2026-01-31T12:00:00Z"},
        spec={**AGENT, "serviceAccountName": "gw"},
        status={"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    )
    (gateway,) = found(pod)
    assert gateway == Gateway(
        name="line-1",
        namespace="plant",
        pod_name="gw-0",
        pod_uid="uid-gw-0",
        cr_name="prod",
        profile="blue",
        has_sidecar=True,
        service_account_name="gw",
        labels={INDEX: "3"},
        phase="Running",
        ready=True,
        created=datetime(2026, 1, 31, 12, tzinfo=UTC),
        sync_period=60,
        ref_override="v2",
    )
    assert gateway.ordinal == 3


def test_a_gateway_that_says_little() -> None:
    (gateway,) = found({"metadata": {"name": "gw-7", "namespace": "plant"}, "spec": AGENT})
    assert gateway == Gateway(
        name="gw-7",
        namespace="plant",
        pod_name="gw-7",
        pod_uid="",
        cr_name="prod",
        profile="default",
        has_sidecar=True,
        labels={},
    )
    assert gateway.ordinal == 7


@pytest.mark.parametrize(
    ("annotations", "crs", "belongs"),
    [
        ({}, ("prod",), True),
        ({}, ("prod", "test"), False),
        ({}, (), False),
        ({"stoker.io/cr-name": "prod"}, ("prod", "test"), True),
        ({"stoker.io/cr-name": "test"}, ("prod", "test"), False),
        ({"stoker.io/cr-name": "gone"}, ("prod",), False),
        ({"stoker.io/cr-name": ""}, ("prod",), True),
    ],
)
def test_which_cr_a_pod_belongs_to(
    annotations: dict[str, str], crs: tuple[str, ...], *, belongs: bool
) -> None:
    assert bool(found(a_pod(annotations=annotations), crs=crs)) is belongs


@pytest.mark.parametrize(
    ("annotations", "spec", "gateways"),
    [
        ({"stoker.io/inject": "true"}, {}, [False]),
        ({"stoker.io/inject": "true", "stoker.io/injected": "true"}, {}, [False]),
        ({"stoker.io/inject": "false"}, {}, []),
        ({"stoker.io/inject": "yes"}, {}, []),
        ({"stoker.io/inject": "false"}, AGENT, [True]),
        ({"stoker.io/inject": "true"}, AGENT, [True]),
    ],
)
def test_who_is_a_gateway_and_has_the_sidecar(
    annotations: dict[str, str], spec: dict[str, Any], gateways: list[bool]
) -> None:
    pod = a_pod(annotations=annotations, spec=spec)
    assert [gateway.has_sidecar for gateway in found(pod)] == gateways


@pytest.mark.parametrize(
    "gone",
    [
        {"metadata": {"deletionTimestamp": "2026-01-31T12:00:00Z"}},
        {"metadata": {"namespace": "other"}},
        {"metadata": {"namespace": None}},
        {"status": {"phase": "Succeeded"}},
        {"status": {"phase": "Failed"}},
    ],
)
def test_who_is_left_out(gone: dict[str, Any]) -> None:
    assert pod_names(a_pod("gone-0", **gone), a_pod("here-0")) == ["here-0"]


@pytest.mark.parametrize("phase", ["Pending", "Running", "Unknown"])
def test_a_pod_that_may_run_counts(phase: str) -> None:
    assert pod_names(a_pod(status={"phase": phase})) == ["gw-0"]


def test_replicas_of_one_name_are_apart_and_sorted() -> None:
    shared = {"stoker.io/gateway-name": "gw"}
    pods = [
        a_pod("web-b", annotations=shared),
        a_pod("a-0", annotations={"stoker.io/gateway-name": "z"}),
        a_pod("web-a", annotations=shared),
    ]
    assert [(gateway.name, gateway.pod_name) for gateway in found(*pods)] == [
        ("gw", "web-a"),
        ("gw", "web-b"),
        ("z", "a-0"),
    ]


def test_two_lives_of_one_pod_are_apart() -> None:
    lives = [a_pod(metadata={"uid": uid}) for uid in ("u2", "u1")]
    assert [gateway.pod_uid for gateway in found(*lives)] == ["u1", "u2"]


def test_a_pod_counts_once() -> None:
    assert pod_names(a_pod(), a_pod()) == ["gw-0"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"spec": {}}, {"spec": AGENT}),
        ({"status": {"phase": "Pending"}}, {"status": {"phase": "Running"}}),
        ({"metadata": {"labels": {"a": "1"}}}, {"metadata": {"labels": {"a": "2"}}}),
        ({"annotations": {"stoker.io/profile": "a"}}, {"annotations": {"stoker.io/profile": "b"}}),
        ({"annotations": {}}, {"annotations": {"stoker.io/sync-period": "60"}}),
        ({"annotations": {}}, {"annotations": {"stoker.io/ref-override": "main"}}),
        ({"annotations": {}}, {"annotations": {"stoker.io/gateway-name": "z"}}),
        ({"metadata": {}}, {"metadata": {"creationTimestamp": "2026-01-31T12:00:00Z"}}),
        ({"spec": AGENT}, {"spec": {**AGENT, "serviceAccountName": "gw"}}),
        (
            {"status": {}},
            {"status": {"conditions": [{"type": "Ready", "status": "True"}]}},
        ),
    ],
)
def test_which_of_two_views_counts_does_not_depend_on_their_order(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    earlier, later = a_pod(**one), a_pod(**other)
    assert found(earlier, later) == found(later, earlier) == found(later)
