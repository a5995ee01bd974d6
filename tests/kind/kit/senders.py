"""Those who send webhooks: bodies as GitHub has them, signed as GitHub does it, and whoever floods.

The signature is made here and not by the product, with what Python itself has for that.

Run as a program it is a flood: `python senders.py HOST PORT PATH RATE SECONDS` sends requests whose
signatures are wrong when they are due, however many are still unanswered, and prints what came
back. It is a process of its own, so that what is measured beside it is not held up by it. They come
from many addresses of this machine, as the limits on a single one would make it an easy flood.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import http.client
import itertools
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kit.pods import Answer

_ACTOR: Final = {"login": "octo-ada", "id": 583231, "type": "User"}
_LANES: Final = 100
_PATIENCE: Final = 10.0


def github_push(ref: str, commit: str, repository: str = "plants/north") -> dict[str, Any]:
    """What GitHub says of a push."""
    return {
        "ref": ref,
        "before": "0" * 40,
        "after": commit,
        "created": False,
        "deleted": False,
        "forced": False,
        "repository": {"id": 17, "full_name": repository, "default_branch": "main"},
        "pusher": {"name": "octo-ada"},
        "sender": _ACTOR,
        "head_commit": {"id": commit, "message": "Change a view", "distinct": True},
    }


def github_release(tag: str, repository: str = "plants/north") -> dict[str, Any]:
    """What GitHub says of a release that was published."""
    return {
        "action": "published",
        "release": {"tag_name": tag, "draft": False, "prerelease": False, "author": _ACTOR},
        "repository": {"id": 17, "full_name": repository, "default_branch": "main"},
        "sender": _ACTOR,
    }


def signature(body: bytes, key: str) -> str:
    """As the header X-Hub-Signature-256 has it."""
    return f"sha256={hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}"


@dataclass(frozen=True)
class Sender:
    """Somebody who knows a key, or believes to."""

    host: str
    port: int
    key: str = ""

    def send(
        self, namespace: str, cr: str, content: object, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer to this body, sent as GitHub sends it."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        given = {"Content-Type": "application/json"}
        if isinstance(content, dict) and "repository" in content:
            given["X-GitHub-Event"] = "release" if "release" in content else "push"
        if self.key:
            given["X-Hub-Signature-256"] = signature(body, self.key)
        return self.post(f"/webhook/{namespace}/{cr}", body, {**given, **(headers or {})})

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The answer to any request."""
        from kit.pods import Answer  # noqa: PLC0415 - the flood needs nothing of the kit

        connection = http.client.HTTPConnection(self.host, self.port, timeout=_PATIENCE)
        try:
            connection.request("POST", path, body, dict(headers))
            response = connection.getresponse()
            return Answer(response.status, response.read().decode(errors="replace"))
        except http.client.HTTPException as error:
            raise OSError(f"no answer from {self.host}:{self.port}: {error!r}") from error
        finally:
            connection.close()


@dataclass(frozen=True)
class Flood:
    """A flood of a server on this machine, in a process of its own."""

    process: subprocess.Popen[str]

    @classmethod
    def begin(cls, sender: Sender, path: str, *, rate: float, seconds: float) -> Flood:
        """Start it."""
        words = [sender.host, sender.port, path, rate, seconds]
        return cls(
            subprocess.Popen(  # noqa: S603 - no shell, and the tests' own words
                [sys.executable, "-P", str(Path(__file__)), *map(str, words)],
                stdout=subprocess.PIPE,
                text=True,
            )
        )

    def goes_on(self) -> bool:
        """Whether it does."""
        return self.process.poll() is None

    def end(self) -> Counter[str]:
        """How many answers of each status there were, and `sent` of them in all."""
        out, _ = self.process.communicate(timeout=60)
        return Counter(json.loads(out))


class _Lane:
    """A connection that is kept, for one request after the other."""

    def __init__(self, host: str, port: int, number: int) -> None:
        self._where = (host, port)
        self._source = f"127.1.{number // 250}.{number % 250 + 1}"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: bytes) -> str:
        try:
            return await asyncio.wait_for(self._answered(request), _PATIENCE)
        except (OSError, ValueError, asyncio.IncompleteReadError, TimeoutError) as error:
            self._streams = None
            return type(error).__name__

    async def _answered(self, request: bytes) -> str:
        if self._streams is None:
            self._streams = await asyncio.open_connection(
                *self._where, local_addr=(self._source, 0)
            )
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        status = head.split(" ", 2)[1]
        length = int(head.partition("content-length:")[2].split("\r\n")[0] or 0)
        await reader.readexactly(length)
        if "connection: close" in head:
            writer.close()
            self._streams = None
        return status


async def _flood(host: str, port: int, path: str, rate: float, seconds: float) -> Counter[str]:
    body = json.dumps(github_push("refs/heads/main", "1" * 40)).encode()
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {host}:{port}",
        "Content-Type: application/json",
        f"X-Hub-Signature-256: sha256={'0' * 64}",
        f"Content-Length: {len(body)}",
    ]
    request = "\r\n".join([*lines, "", ""]).encode() + body
    counted: Counter[str] = Counter()
    free = [_Lane(host, port, number) for number in range(_LANES)]
    lanes = itertools.count(_LANES)
    pending: set[asyncio.Task[None]] = set()

    async def one() -> None:
        lane = free.pop(0) if free else _Lane(host, port, next(lanes))
        counted[await lane.send(request)] += 1
        free.append(lane)

    began = time.monotonic()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        task = asyncio.create_task(one())
        pending.add(task)
        task.add_done_callback(pending.discard)
        counted["sent"] += 1
    await asyncio.gather(*pending)
    return counted


if __name__ == "__main__":
    where, at, to, per_second, how_long = sys.argv[1:]
    found = asyncio.run(_flood(where, int(at), to, float(per_second), float(how_long)))
    sys.stdout.write(json.dumps(found))
