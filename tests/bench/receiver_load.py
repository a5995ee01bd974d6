"""Garbage at a fixed rate, whatever becomes of it: the other process of `bench_receiver`.

`receiver_load.py KIND PORT RATE SECONDS`: so many requests per second, each on a connection of its
own, none of which waits for the answer to another. What was answered goes to stdout as JSON, by
status; `lost` are those whose connection broke off or could not be had.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter

from stoker.core.payload import sign

MIB = 1 << 20
SMALL = b'{"ref": "v1.2.3", "x": "' + b"y" * 2_000 + b'"}'
LARGE = b"x" * (MIB - 1)
PATIENCE = 15.0


def request(kind: str, number: int) -> tuple[bytes, bytes]:
    """The head of a request, and its body."""
    body = LARGE if kind == "large" else SMALL
    headers = [
        f"POST /webhook/plant/{('site', 'line-a', 'gone')[number % 3]} HTTP/1.1",
        "Host: stoker.example",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    if kind != "one":
        # Thousands of senders behind the proxy, each within its share.
        headers.append(
            f"X-Forwarded-For: 192.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        )
    if kind == "signed":
        headers.append(f"X-Hub-Signature-256: {sign(body, 'wrong')}")
    return "".join(f"{line}\r\n" for line in (*headers, "")).encode(), body


async def one(kind: str, number: int, port: int, told: Counter[str]) -> None:
    head, body = request(kind, number)
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(head)
                if kind == "slow":
                    for place in range(10):
                        writer.write(body[place : place + 1])
                        await asyncio.sleep(1)
                else:
                    writer.write(body)
                status = await reader.readuntil(b"\r\n")
                told[status.split()[1].decode()] += 1
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        told["lost"] += 1


async def main(kind: str, port: int, rate: float, seconds: float) -> None:
    loop, told = asyncio.get_running_loop(), Counter[str]()
    began, late = loop.time(), 0.0
    async with asyncio.TaskGroup() as tasks:
        for number in range(int(rate * seconds)):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - loop.time()))
            late = max(late, loop.time() - due)
            tasks.create_task(one(kind, number, port, told))
        sending = loop.time() - began
    sys.stdout.write(json.dumps({"told": told, "late": late, "sending": sending}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])))
