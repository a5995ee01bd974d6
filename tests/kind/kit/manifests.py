"""Documents for the API server, as the tests need them: small, and strict about pods.

`pod` holds to everything that Pod Security `restricted` asks for and more: a user without an entry
in /etc/passwd, a root that cannot be written, no capability. A test that wants less says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kit.kubectl import Document

USER: Final = 2003
"""Who runs in a gateway's pod, by Ignition's chart."""

NAME_LABEL: Final = "app.kubernetes.io/name"

_GRACE: Final = 30


def of_kind(kind: str, name: str, api: str = "v1", **fields: Any) -> Document:
    """Any object."""
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, **fields}


def secret(name: str, values: Mapping[str, str | bytes]) -> Document:
    """A Secret of texts."""
    texts = {key: v.decode() if isinstance(v, bytes) else v for key, v in values.items()}
    return of_kind("Secret", name, stringData=texts)


def config_map(name: str, values: Mapping[str, object]) -> Document:
    """A ConfigMap; a value that is no text is written as JSON."""
    texts = {k: v if isinstance(v, str) else json.dumps(v, indent=1) for k, v in values.items()}
    return of_kind("ConfigMap", name, data=texts)


def service(name: str, ports: Mapping[int, int], app: str | None = None) -> Document:
    """A Service of the pods of `app`; `ports` are its own, and the pods'."""
    listed = [
        {"name": f"port-{port}", "port": port, "targetPort": target}
        for port, target in ports.items()
    ]
    return of_kind("Service", name, spec={"selector": {NAME_LABEL: app or name}, "ports": listed})


def pod(
    name: str,
    containers: Sequence[Document],
    *,
    sidecars: Sequence[Document] = (),
    volumes: Sequence[Document] = (),
    user: int = USER,
    **spec: Any,
) -> Document:
    """A pod, labelled with its name; `spec` adds to its own or takes the place of parts of it."""
    secured = {
        "runAsUser": user,
        "runAsGroup": user,
        "fsGroup": user,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    whole = {
        "securityContext": secured,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _GRACE,
        "initContainers": list(sidecars),
        "containers": list(containers),
        "volumes": list(volumes),
        **spec,
    }
    return marked(of_kind("Pod", name, spec=whole), labels={NAME_LABEL: name})


def marked(
    document: Document,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Document:
    """The same object with these labels and annotations beside its own."""
    metadata = dict(document["metadata"])
    for field, added in (("labels", labels), ("annotations", annotations)):
        if added:
            metadata[field] = {**metadata.get(field, {}), **added}
    return {**document, "metadata": metadata}


def container(
    name: str, image: str, *words: str, mounts: Mapping[str, str] | None = None, **more: Any
) -> Document:
    """A container; `words` are the image's arguments, `mounts` paths for names of volumes."""
    secured = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    return {
        "name": name,
        "image": image,
        # There is no registry; a tag that is not on the node is an error to be seen at once.
        "imagePullPolicy": "IfNotPresent",
        "args": list(words),
        "securityContext": secured,
        "volumeMounts": [mount(path, volume) for path, volume in (mounts or {}).items()],
        **more,
    }


def mount(path: str, volume: str) -> Document:
    """A volume at a path."""
    return {"name": volume, "mountPath": path}


def scratch(name: str, size: str | None = None, *, in_memory: bool = False) -> Document:
    """An empty volume of a pod's own."""
    made: Document = {"medium": "Memory"} if in_memory else {}
    return {"name": name, "emptyDir": made | ({"sizeLimit": size} if size else {})}


def from_secret(name: str, of: str | None = None) -> Document:
    """A volume with the files of a Secret."""
    return {"name": name, "secret": {"secretName": of or name}}


def from_config_map(name: str, of: str | None = None) -> Document:
    """A volume with the files of a ConfigMap."""
    return {"name": name, "configMap": {"name": of or name}}


def probe(
    port: int, path: str, *, period: int, failures: int = 3, scheme: str = "HTTP"
) -> Document:
    """A question over HTTP; a busy machine may take its time to answer."""
    asked = {"path": path, "port": port, "scheme": scheme}
    times = {"periodSeconds": period, "failureThreshold": failures, "timeoutSeconds": 5}
    return {"httpGet": asked, **times}


def probes(port: int, path: str, scheme: str = "HTTP") -> Document:
    """Ready as soon as it answers, and then asked seldom enough not to fill its log."""
    return {
        "startupProbe": probe(port, path, period=1, failures=60, scheme=scheme),
        "readinessProbe": probe(port, path, period=10, scheme=scheme),
    }
