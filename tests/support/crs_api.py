"""As much of an API server as a receiver sees: GatewaySyncs, their watch, and Secrets.

Versions and conflicts are as the real one has them; whether they really are is what the tests in a
cluster find out. `fault` may answer a request instead, and `before` is called with each request.
"""

from __future__ import annotations

import base64
import json
import queue
import re
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from stoker.adapters.kube.client import Client
from stoker.adapters.kube.inside import HOST, PORT, inside
from support.scripted_server import Asked, ScriptedServer, Step, reply
from support.small_api import STREAM, status

_PATH = re.compile(
    r"(?:/api/v1|/apis/stoker.io/v1alpha1)(?:/namespaces/([^/]+))?/([a-z]+)(?:/([^/]+))?"
)
Document = dict[str, Any]


def gateway_sync(name: str, namespace: str = "plant", **spec: Any) -> Document:
    """One that follows `main`, with these fields of its spec."""
    git = {"repo": "https://git.example/plant/files.git", "ref": "main"}
    whole = {
        "git": git,
        "gateway": {"api": {"secretName": "gateway"}},
        "sync": {"profiles": {"default": {"mappings": [{"source": "a", "destination": "b"}]}}},
    }
    return {
        "apiVersion": "stoker.io/v1alpha1",
        "kind": "GatewaySync",
        "metadata": {"name": name, "namespace": namespace, "annotations": {}, "generation": 1},
        "spec": whole | spec,
    }


class CrsApi:
    """One of them, for the `with`."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self.crs: dict[tuple[str, str], Document] = {}
        self.secrets: dict[tuple[str, str], Document] = {}
        self.patches: list[Document] = []
        self.fault: Callable[[Asked], list[Step] | None] = lambda _: None
        self.before: Callable[[Asked], None] = lambda _: None
        self.server = ScriptedServer(self._answer, tls)
        self._version = 10
        self._lock = threading.RLock()
        self._watching: list[queue.SimpleQueue[bytes | None]] = []
        self._told: list[tuple[int, bytes]] = []

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._watching:
            one.put(None)
        self.server.__exit__(None, None, None)

    def client(self, folder: Path) -> Client:
        """A client with the account in `folder`."""
        environ = {HOST: "127.0.0.1", PORT: str(self.server.port)}
        return inside(
            user_agent="a/1", field_manager="stoker-webhook", folder=folder, environ=environ
        )

    def annotations(self, name: str, namespace: str = "plant") -> dict[str, str]:
        """Those of a CR as they are now."""
        with self._lock:
            return dict(self.crs[namespace, name]["metadata"]["annotations"])

    def asked(self, method: str, kind: str) -> list[Asked]:
        """The requests of that kind so far, without watches."""
        return [
            one
            for one in self.server.asked
            if one.method == method and f"/{kind}" in one.path and "watch=1" not in one.target
        ]

    # --- What somebody else does ---

    def make(self, name: str, namespace: str = "plant", **spec: Any) -> None:
        """Make a CR, or write it anew."""
        with self._lock:
            key = (namespace, name)
            kind = "MODIFIED" if key in self.crs else "ADDED"
            document = gateway_sync(name, namespace, **spec)
            document["metadata"]["uid"] = (
                self.crs[key]["metadata"]["uid"] if key in self.crs else f"uid-{self._next()}"
            )
            self.crs[key] = document
            self._moved(key, kind)

    def annotate(self, name: str, **annotations: str) -> None:
        """Write these annotations, `requested_ref` for `stoker.io/requested-ref`."""
        named = {f"stoker.io/{key.replace('_', '-')}": text for key, text in annotations.items()}
        with self._lock:
            self.crs["plant", name]["metadata"]["annotations"].update(named)
            self._moved(("plant", name), "MODIFIED")

    def drop(self, name: str, namespace: str = "plant") -> None:
        """Delete a CR."""
        with self._lock:
            self._moved((namespace, name), "DELETED")
            del self.crs[namespace, name]

    def keep(self, name: str, namespace: str = "plant", **values: str) -> None:
        """Make a Secret with these values, or write it anew."""
        data = {key: base64.b64encode(text.encode()).decode() for key, text in values.items()}
        self.secrets[namespace, name] = {"metadata": {"name": name}, "data": data}

    def _next(self) -> int:
        self._version += 1
        return self._version

    def _moved(self, key: tuple[str, str], kind: str) -> None:
        version = self._next()
        self.crs[key]["metadata"]["resourceVersion"] = str(version)
        told = json.dumps({"type": kind, "object": self.crs[key]}).encode() + b"\n"
        self._told.append((version, told))
        for one in self._watching:
            one.put(told)

    # --- What it answers ---

    def _answer(self, asked: Asked) -> Iterable[Step]:
        self.before(asked)
        if (fault := self.fault(asked)) is not None:
            return fault
        found = _PATH.fullmatch(asked.path)
        if found is None:
            return status(404)
        namespace, kind, name = (part or "" for part in found.groups())
        query = {key: values[0] for key, values in parse_qs(urlsplit(asked.target).query).items()}
        if query.get("watch"):
            return self._watch(int(query["resourceVersion"]))
        with self._lock:
            return self._carried_out(asked, kind, (namespace, name))

    def _carried_out(self, asked: Asked, kind: str, key: tuple[str, str]) -> list[Step]:
        there = self.secrets if kind == "secrets" else self.crs
        if not key[1]:
            items = [one for (space, _), one in there.items() if key[0] in ("", space)]
            return reply(200, {"metadata": {"resourceVersion": str(self._version)}, "items": items})
        if key not in there:
            return status(404, "NotFound")
        if asked.method == "PATCH":
            return self._patched(key, json.loads(asked.body))
        return reply(200, there[key])

    def _patched(self, key: tuple[str, str], change: Document) -> list[Step]:
        there = self.crs[key]
        version = change["metadata"].pop("resourceVersion", None)
        if version not in (None, there["metadata"]["resourceVersion"]):
            return status(409, "Conflict")
        self.patches.append(change)
        there["metadata"]["annotations"].update(change["metadata"]["annotations"])
        self._moved(key, "MODIFIED")
        return reply(200, {"metadata": there["metadata"]})

    def _watch(self, after: int) -> Iterator[Step]:
        told: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        with self._lock:
            for version, line in self._told:
                if version > after:
                    told.put(line)
            self._watching.append(told)
        yield STREAM
        while (next_line := told.get()) is not None:
            yield f"{len(next_line):x}\r\n".encode() + next_line + b"\r\n"
        yield b"0\r\n\r\n"
