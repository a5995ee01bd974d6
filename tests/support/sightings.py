"""Objects as the API server sends them, for those who look at them."""

from __future__ import annotations

import json
from itertools import count
from typing import Any, Final

from stoker.adapters.codec.owned import agents_object
from stoker.core import names
from stoker.core.spec import ObjectMeta

SPACE: Final = "plant"
SPEC: Final[dict[str, Any]] = {
    "git": {"repo": "https://git.example.com/a.git", "ref": "main"},
    "gateway": {"api": {"secretName": "api"}},
    "sync": {"profiles": {"default": {"mappings": [{"source": "a", "destination": "a"}]}}},
}
_versions = count(1)


def version(document: dict[str, Any]) -> dict[str, Any]:
    """It, as a version of its own."""
    metadata = {**document["metadata"], "resourceVersion": str(next(_versions))}
    return {**document, "metadata": metadata}


def a_cr(name: str, spec: object = SPEC, **metadata: Any) -> dict[str, Any]:
    """A CR of the namespace."""
    head = {"name": name, "namespace": SPACE, "uid": f"uid-{name}", **metadata}
    return version({"metadata": head, "spec": spec})


def a_pod(name: str, cr: str | None = None, *, agent: bool = True, **more: Any) -> dict[str, Any]:
    """A pod that asks for an agent, and may have one."""
    annotations = {names.INJECT: "true"} | ({} if cr is None else {names.CR_NAME: cr})
    containers = [{"name": names.AGENT_CONTAINER}] if agent else []
    return version(
        {
            "metadata": {
                "name": name,
                "namespace": SPACE,
                "uid": f"uid-{name}",
                "annotations": annotations,
            },
            "spec": {"initContainers": containers, "serviceAccountName": "ignition"},
            "status": {"phase": "Running"},
            **more,
        }
    )


def a_report(cr: str, pod: str, seq: int = 1, **said: Any) -> dict[str, Any]:
    """What the agent of a pod wrote."""
    report = {"podName": pod, "podUID": f"uid-{pod}", "seq": seq, "syncStatus": "Synced", **said}
    made = agents_object(meta(cr), names.status_config_map(cr, pod))
    return version({**made, "data": {names.STATUS_KEY: json.dumps(report)}})


def meta(cr: str) -> ObjectMeta:
    """What a CR's owned objects have to know of it."""
    return ObjectMeta(name=cr, namespace=SPACE, uid=f"uid-{cr}")
