"""Pods of the `probe` program: what the tests of the cluster itself look through."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from cluster import Cluster, programs
from cluster.running import run

Found = TypeVar("Found")
TAG: Final = f"localhost/stoker/probe:{programs.key(programs.PROBE)}"


class Space:
    """A namespace, and what the tests do in it."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster, self.name = cluster, name

        file = str(cluster.kubeconfig)
        self.words = [str(cluster.kubectl), "--kubeconfig", file, "--namespace", name]

    def kubectl(self, *words: str) -> str:
        return run([*self.words, *words], timeout=120)

    def apply(self, document: dict[str, Any], tmp_path: Path) -> None:
        file = tmp_path / "document.json"
        file.write_text(json.dumps(document))
        self.kubectl("apply", "-f", str(file))

    def pod(self, name: str, *words: str, **spec: Any) -> None:
        """Start a pod of one container, or of what `spec` says."""
        whole = {"restartPolicy": "Never", "containers": [container("main", *words)], **spec}
        metadata = {"name": name, "labels": {"app": name}}
        document = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": whole}
        subprocess.run(  # noqa: S603 - our own words
            [*self.words, "create", "-f", "-"],
            input=json.dumps(document).encode(),
            check=True,
            capture_output=True,
        )

    def status(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.kubectl("get", "pod", name, "-o", "json"))["status"]
        return found

    def ready(self, name: str) -> None:
        self.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")

    def probe(self, *words: str) -> str:
        """What the probe prints in the pod `client`."""
        return self.kubectl("exec", "client", "--", "/probe", *words).strip()

    def ask(self, name: str, *words: str) -> str:
        """What the probe prints in a pod of its own."""
        self.pod(name, *words)
        eventually(lambda: self.status(name)["phase"] in ("Succeeded", "Failed"))
        return self.kubectl("logs", name).strip()


def container(name: str, *words: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "image": TAG, "imagePullPolicy": "Never", "args": list(words), **more}


def service(name: str, port: int, **spec: Any) -> dict[str, Any]:
    whole = {"selector": {"app": name}, "ports": [{"port": port, "targetPort": 8080}], **spec}
    metadata = {"name": name}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": whole}


def eventually(look: Callable[[], Found], seconds: float = 60) -> Found:
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.2)
    return found
