"""As much of an API server as an agent sees: ConfigMaps of one namespace, watches, events.

It keeps versions and uids as the real one does, so conflicts come out as they do there; whether
they really do is what the tests in a cluster find out. `fault` may answer a request instead, and
`before` is called with each request before it is carried out.
"""

from __future__ import annotations

import json
import queue
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from stoker.adapters.kube.client import Client
from stoker.adapters.kube.inside import HOST, PORT, inside
from support.scripted_server import Asked, ScriptedServer, Step, reply

# As every answer of this server: it closes the connection after its last step.
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"


def status(code: int, reason: str = "") -> list[Step]:
    """A refusal."""
    said = {"kind": "Status", "apiVersion": "v1", "message": f"it is {reason}"}
    return reply(code, {**said, "code": code, "reason": reason})


class SmallApi:
    """One of them, for the `with`."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self.maps: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.fault: Callable[[Asked], list[Step] | None] = lambda _: None
        self.before: Callable[[Asked], None] = lambda _: None
        self.server = ScriptedServer(self._answer, tls)
        self._version = 10
        self._lock = threading.RLock()
        self._watching: list[queue.SimpleQueue[bytes | None]] = []

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
            user_agent="a/1", field_manager="stoker-agent", folder=folder, environ=environ
        )

    def asked(self, method: str, end: str = "") -> list[Asked]:
        """The requests of that kind so far."""
        return [
            one
            for one in self.server.asked
            if one.method == method and one.path.endswith(end) and "watch=1" not in one.target
        ]

    # --- What somebody else does ---

    def make(self, name: str, data: dict[str, str] | None = None, **metadata: Any) -> None:
        """Make it, or make it anew."""
        with self._lock:
            kind = "MODIFIED" if name in self.maps else "ADDED"
            uid = self.maps.get(name, {}).get("metadata", {}).get("uid") or f"uid-{self._next()}"
            named = {"name": name, "namespace": "plant", "uid": uid, **metadata}
            self.maps[name] = {"metadata": named, "data": data or {}}
            self._moved(name, kind)

    def drop(self, name: str) -> None:
        """Delete it."""
        with self._lock:
            self._moved(name, "DELETED")
            del self.maps[name]

    def cut(self) -> None:
        """End all watches, as a server does."""
        for one in self._watching:
            one.put(None)
        self._watching.clear()

    def _next(self) -> int:
        self._version += 1
        return self._version

    def _moved(self, name: str, kind: str) -> None:
        self.maps[name]["metadata"]["resourceVersion"] = str(self._next())
        told = json.dumps({"type": kind, "object": self.maps[name]}).encode() + b"\n"
        for one in self._watching:
            one.put(told)

    # --- What it answers ---

    def _answer(self, asked: Asked) -> Iterable[Step]:
        self.before(asked)
        if (fault := self.fault(asked)) is not None:
            return fault
        query = {key: values[0] for key, values in parse_qs(urlsplit(asked.target).query).items()}
        if query.get("watch"):
            return self._watch()
        with self._lock:
            return self._carried_out(asked, query)

    def _carried_out(self, asked: Asked, query: dict[str, str]) -> list[Step]:
        name = asked.path.rpartition("/")[2]
        match asked.method:
            case "POST":
                self.events.append(json.loads(asked.body))
                return reply(201, self.events[-1])
            case "GET" if name == "configmaps":
                wanted = query["fieldSelector"].rpartition("=")[2]
                items = [self.maps[wanted]] if wanted in self.maps else []
                version = {"resourceVersion": str(self._version)}
                return reply(200, {"metadata": version, "items": items})
            case _ if name not in self.maps:
                return status(404, "NotFound")
            case "PATCH":
                return self._patched(name, json.loads(asked.body))
        return reply(200, self.maps[name])

    def _patched(self, name: str, change: dict[str, Any]) -> list[Step]:
        there = self.maps[name]
        version = change.get("metadata", {}).get("resourceVersion")
        if version not in (None, there["metadata"]["resourceVersion"]):
            return status(409, "Conflict")
        there["data"].update(change["data"])
        self._moved(name, "MODIFIED")
        return reply(200, {"metadata": there["metadata"]})

    def _watch(self) -> Iterator[Step]:
        told: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._watching.append(told)
        yield STREAM
        while (line := told.get()) is not None:
            yield f"{len(line):x}\r\n".encode() + line + b"\r\n"
        yield b"0\r\n\r\n"
