"""A client of an API server that answers as it is told."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from attrs import define, field

from stoker.adapters.kube.client import Client, connect
from support.scripted_server import HANG, Asked, Script, ScriptedServer, Step

STREAM: Final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
"""As every answer of this server: it closes the connection after its last step."""


@define
class Plays:
    """Answers lists and watches from two lists, and then hangs."""

    lists: list[list[Step]]
    streams: list[Iterable[Step]]
    asked: list[str] = field(factory=list)

    def __call__(self, asked: Asked) -> Iterable[Step]:
        """The steps of the next answer."""
        self.asked.append(asked.target)
        queue: list[Any] = self.streams if "watch=1" in asked.target else self.lists
        steps: Iterable[Step] = queue.pop(0) if queue else [STREAM, HANG]
        return steps


@contextmanager
def answered(folder: Path, script: Script) -> Iterator[Client]:
    """A client of the server that plays this script, for the `with`."""
    with ScriptedServer(script) as server:
        file = folder / "kubeconfig"
        named: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "current-context": "it"}
        named["clusters"] = [{"name": "it", "cluster": {"server": server.url}}]
        named["contexts"] = [{"name": "it", "context": {"cluster": "it", "user": "it"}}]
        named["users"] = [{"name": "it", "user": {}}]
        file.write_text(json.dumps(named))
        client = connect(file, user_agent="test", pool=2)
        yield client
        client.close()


def soon(check: Any, within: float = 5) -> None:
    """Wait until it is so."""
    until = time.monotonic() + within
    while not check():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.01)
