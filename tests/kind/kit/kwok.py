"""Simulated nodes: KWOK says of their pods what a kubelet would, and nothing runs.

A pod that names such a node gets an address and is Running and Ready a moment later. The nodes are
marked, so that KWOK leaves real ones alone, and tainted, so that no pod comes there by itself.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cluster import programs
from cluster.running import Steps

from kit import manifests
from stoker.adapters.kube.errors import AlreadyExists
from stoker.adapters.kube.resources import Resource

if TYPE_CHECKING:
    from kit.kubectl import Document
    from stoker.adapters.kube.client import Client

NODES: Final = Resource("v1", "nodes", "Node", namespaced=False)
_MARK: Final = "kwok.x-k8s.io/node"
_ADDRESSES: Final = "10.64.0.0/14"
"""Those of the pods; nobody is to be reached there."""


def _stage(name: str, kind: str, when: dict[str, tuple[str, ...]], then: Document) -> Document:
    expressions = [
        {"key": key, "operator": operator, **({"values": values} if values else {})}
        for key, (operator, *values) in when.items()
    ]
    about = {"resourceRef": {"apiGroup": "v1", "kind": kind}, "next": then}
    spec = {**about, "selector": {"matchExpressions": expressions}}
    return manifests.of_kind("Stage", name, "kwok.x-k8s.io/v1alpha1", spec=spec)


_IS_READY: Final = '.status.conditions.[] | select( .type == "Ready" ) | .status'
_STAGES: Final = (
    _stage(
        "node-comes",
        "Node",
        {_IS_READY: ("NotIn", "True")},
        {
            "statusTemplate": """
conditions:
{{ range NodeConditions }}
- {type: {{ .type | Quote }}, status: {{ .status | Quote }}, reason: {{ .reason | Quote }},
   message: {{ .message | Quote }}, lastHeartbeatTime: {{ Now | Quote }},
   lastTransitionTime: {{ Now | Quote }}}
{{ end }}
phase: Running
"""
        },
    ),
    _stage(
        "pod-is-ready",
        "Pod",
        {
            ".metadata.deletionTimestamp": ("DoesNotExist",),
            ".status.phase": ("In", "Pending"),
        },
        {
            "statusTemplate": """
conditions:
- {type: Initialized, status: "True", lastTransitionTime: {{ Now | Quote }}}
- {type: ContainersReady, status: "True", lastTransitionTime: {{ Now | Quote }}}
- {type: Ready, status: "True", lastTransitionTime: {{ Now | Quote }}}
containerStatuses:
{{ range .spec.containers }}
- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, ready: true, restartCount: 0,
   state: {running: {startedAt: {{ Now | Quote }}}}}
{{ end }}
initContainerStatuses:
{{ range .spec.initContainers }}
- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, ready: true, restartCount: 0,
   started: true, state: {running: {startedAt: {{ Now | Quote }}}}}
{{ end }}
podIP: {{ PodIPWith .spec.nodeName false .metadata.uid .metadata.name .metadata.namespace | Quote }}
phase: Running
startTime: {{ Now | Quote }}
"""
        },
    ),
    _stage(
        "pod-goes",
        "Pod",
        {".metadata.deletionTimestamp": ("Exists",)},
        {"delete": True},
    ),
)
"""What becomes of nodes and pods, in the language of KWOK."""


@contextmanager
def simulated(
    kubeconfig: Path, client: Client, folder: Path, count: int
) -> Iterator[subprocess.Popen[bytes]]:
    """KWOK's process, and so many nodes, for the `with`; see `name_of`."""
    program = programs.built(programs.KWOK, Steps(print)) / "kwok"
    for number in range(count):
        try:
            client.create(NODES, "", _node(name_of(number)))
        except AlreadyExists:
            continue
    stages = folder / "stages.yaml"
    stages.write_text("\n---\n".join(map(json.dumps, _STAGES)))
    words = [
        str(program),
        f"--kubeconfig={kubeconfig}",
        f"--config={stages}",
        f"--manage-nodes-with-annotation-selector={_MARK}=fake",
        f"--cidr={_ADDRESSES}",
        "--node-lease-duration-seconds=40",
        "--v=WARN",
    ]
    with (folder / "kwok.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - no shell, and the tests' own words
            words, stdout=log, stderr=log, env={"HOME": str(folder)}
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
        for number in range(count):
            client.delete(NODES, "", name_of(number))


def name_of(number: int) -> str:
    """What a simulated node is called."""
    return f"simulated-{number}"


def _node(name: str) -> Document:
    room = {"cpu": "1k", "memory": "1Ti", "pods": "10k"}
    taint = {"key": _MARK, "value": "fake", "effect": "NoSchedule"}
    made = manifests.of_kind(
        "Node", name, spec={"taints": [taint]}, status={"capacity": room, "allocatable": room}
    )
    return manifests.marked(made, annotations={_MARK: "fake"}, labels={"type": "kwok"})
