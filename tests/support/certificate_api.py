"""As much of an API server as a keeper of certificates sees: one Secret, two configurations.

It keeps versions, applies JSON patches with their tests, and answers watches. `fault` may answer a
request instead, `lose` says of which requests the answer is lost after they were carried out.
"""

from __future__ import annotations

import copy
import json
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from stoker.adapters.kube.client import Client, connect
from stoker.core.errors import PatchError
from stoker.core.jsonpatch import Operation, apply
from support.scripted_server import RESET, Asked, ScriptedServer, Step, reply

_STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_KINDS = {
    "secrets": "Secret",
    "mutatingwebhookconfigurations": "MutatingWebhookConfiguration",
    "validatingwebhookconfigurations": "ValidatingWebhookConfiguration",
}


def refusal(code: int, reason: str = "", message: str = "no", **headers: str) -> list[Step]:
    """What an API server says that does not do it."""
    said = {"kind": "Status", "apiVersion": "v1", "message": message}
    return reply(code, {**said, "code": code, "reason": reason}, **headers)


class CertificateApi:
    """One of them, for the `with`."""

    def __init__(self) -> None:
        self.there: dict[tuple[str, str], dict[str, Any]] = {}
        self.fault: Callable[[Asked], list[Step] | None] = lambda _: None
        self.lose: Callable[[Asked], bool] = lambda _: False
        self.server = ScriptedServer(self._answer)
        self._version = 10
        self._lock = threading.RLock()
        self._watching: list[tuple[str, queue.SimpleQueue[bytes | None]]] = []

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        for _kind, one in self._watching:
            one.put(None)
        self.server.__exit__(None, None, None)

    def client(self, folder: Path) -> Client:
        """A client of it."""
        file = folder / "kubeconfig"
        named: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "current-context": "it"}
        named["clusters"] = [{"name": "it", "cluster": {"server": self.server.url}}]
        named["contexts"] = [{"name": "it", "context": {"cluster": "it", "user": "it"}}]
        named["users"] = [{"name": "it", "user": {}}]
        file.write_text(json.dumps(named))
        return connect(file, user_agent="test", pool=8)

    def configure(self, name: str) -> None:
        """Both configurations, with a webhook of ours."""
        for kind in list(_KINDS)[1:]:
            webhook = {"name": "a.stoker.io", "clientConfig": {"url": "https://a/"}}
            self.put(kind, name, {"metadata": {"name": name}, "webhooks": [webhook]})

    def put(self, kind: str, name: str, document: dict[str, Any]) -> dict[str, Any]:
        """Have an object be so."""
        with self._lock:
            self._version += 1
            what = "MODIFIED" if (kind, name) in self.there else "ADDED"
            made = copy.deepcopy(document)
            made.setdefault("metadata", {}).update(name=name, resourceVersion=str(self._version))
            made |= {"kind": _KINDS[kind], "apiVersion": "v1"}
            self.there[kind, name] = made
            told = json.dumps({"type": what, "object": made}).encode() + b"\n"
            for watched, one in self._watching:
                if watched == kind:
                    one.put(told)
            return made

    def asked(self, method: str, kind: str) -> int:
        """How many requests there were."""
        return sum(
            one.method == method and f"/{kind}" in one.path and "watch=1" not in one.target
            for one in self.server.asked
        )

    # --- What it answers ---

    def _answer(self, asked: Asked) -> Iterable[Step]:
        if (fault := self.fault(asked)) is not None:
            return fault
        parts = asked.path.split("/")
        kind = next(part for part in parts if part in _KINDS)
        query = parse_qs(urlsplit(asked.target).query)
        if "watch" in query:
            return self._watch(kind)
        with self._lock:
            answer = self._carried_out(asked, kind, "" if parts[-1] == kind else parts[-1], query)
        return [RESET] if self.lose(asked) else answer

    def _carried_out(
        self, asked: Asked, kind: str, name: str, query: dict[str, list[str]]
    ) -> list[Step]:
        if asked.method == "POST":
            made = json.loads(asked.body)
            name = made["metadata"]["name"]
            if (kind, name) in self.there:
                return refusal(409, "AlreadyExists")
            return reply(201, self.put(kind, name, made))
        if not name:
            wanted = query["fieldSelector"][0].rpartition("=")[2]
            found = [one for key, one in self.there.items() if key == (kind, wanted)]
            return reply(200, {"metadata": {"resourceVersion": str(self._version)}, "items": found})
        if (kind, name) not in self.there:
            return refusal(404, "NotFound")
        if asked.method == "PATCH":
            return self._patched(kind, name, json.loads(asked.body))
        return reply(200, self.there[kind, name])

    def _patched(self, kind: str, name: str, steps: list[dict[str, Any]]) -> list[Step]:
        document: Any = self.there[kind, name]
        for step in steps:
            if step["op"] == "test":
                if _at(document, step["path"]) != step["value"]:
                    return refusal(422, "Invalid")
                continue
            try:
                document = apply(document, [Operation("add", step["path"], step["value"])])
            except PatchError as error:
                return refusal(422, "Invalid", str(error))
        return reply(200, self.put(kind, name, document))

    def _watch(self, kind: str) -> Iterator[Step]:
        told: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._watching.append((kind, told))
        yield _STREAM
        while (line := told.get()) is not None:
            yield f"{len(line):x}\r\n".encode() + line + b"\r\n"
        yield b"0\r\n\r\n"


def _at(document: Any, path: str) -> Any:
    for step in path.split("/")[1:]:
        document = document[int(step)] if isinstance(document, list) else document.get(step)
        if document is None:
            return None
    return document
