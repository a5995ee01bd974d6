"""Reviews at a fixed rate, whatever becomes of them: the other process of `bench_admission`.

`admission_load.py PORT CERTIFICATE RATE SECONDS SHARE`: so many reviews per second over TLS,
`SHARE` of them of pods that ask for the agent, by connections that are kept, as the API server does
it; for each that would have to wait for a connection there is a new one. None waits for the answer
to another, so a server that falls behind cannot hide it. The seconds of each kind go to stdout as
JSON, and by how much this process itself was late.
"""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import sys
import time
from typing import Any

from attrs import define, field

from support.pods import a_pod
from support.webhook_process import MUTATE, review_of

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@define
class Load:
    """The reviews of one run."""

    port: int
    tls: ssl.SSLContext
    took: dict[str, list[float]] = field(factory=lambda: {"asking": [], "other": []})
    free: list[Stream] = field(factory=list)
    late: list[float] = field(factory=list)
    opened: int = 0

    async def run(self, rate: float, seconds: float, share: float) -> None:
        loop, chance = asyncio.get_running_loop(), random.Random(1)  # noqa: S311 - which pod comes next is no secret
        requests = {asks: _request(asks=asks) for asks in (True, False)}
        for asks in (True, False):  # a connection, and what is done once
            await self._ask(requests[asks], asks)
        began = loop.time() + 0.1
        async with asyncio.TaskGroup() as tasks:
            for number in range(int(rate * seconds)):
                due = began + number / rate
                await asyncio.sleep(max(0.0, due - loop.time()))
                asks = chance.random() < share
                self.late.append(loop.time() - due)
                tasks.create_task(self._timed(requests[asks], asks))

    async def _timed(self, request: bytes, asks: bool) -> None:  # noqa: FBT001 - which of the two
        began = time.perf_counter()
        await self._ask(request, asks)
        self.took["asking" if asks else "other"].append(time.perf_counter() - began)

    async def _ask(self, request: bytes, asks: bool) -> None:  # noqa: FBT001 - which of the two
        stream = self.free.pop() if self.free else await self._open()
        reader, writer = stream
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        answer = json.loads(await reader.readexactly(length))
        if not answer["response"]["allowed"] or ("patch" in answer["response"]) != asks:
            raise AssertionError(answer)
        self.free.append(stream)

    async def _open(self) -> Stream:
        self.opened += 1
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=self.tls)


def _request(*, asks: bool) -> bytes:
    pod = _grown(a_pod({"stoker.io/cr-name": "sync-7"} if asks else {}))
    if not asks:
        del pod["metadata"]["annotations"]["stoker.io/inject"]
    body = json.dumps(review_of(pod)).encode()
    head = (
        f"POST {MUTATE}?timeout=10s HTTP/1.1\r\nHost: webhook.stoker.svc\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _grown(pod: dict[str, Any]) -> dict[str, Any]:
    """As large as a gateway's pod is by the time that it comes to a webhook."""
    for container in pod["spec"]["containers"]:
        container["env"] = [{"name": f"SETTING_{n}", "value": "x" * 40} for n in range(40)]
        container["livenessProbe"] = {"httpGet": {"path": "/StatusPing", "port": 8088}}
    fields: dict[str, Any] = {
        f"f:field-{n}": {"f:name": {}, "f:value": {}, ".": {}} for n in range(60)
    }
    pod["metadata"]["managedFields"] = [
        {"manager": "kube-controller-manager", "operation": "Update", "fieldsV1": fields}
    ]
    return pod


def main() -> None:
    port, certificate, rate, seconds, share = sys.argv[1:]
    load = Load(int(port), ssl.create_default_context(cafile=certificate))
    asyncio.run(load.run(float(rate), float(seconds), float(share)))
    print(json.dumps({**load.took, "late": load.late, "opened": load.opened}))


if __name__ == "__main__":
    main()
