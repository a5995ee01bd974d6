"""A fake gateway in a process of its own: the part of `bench_agent` that is beside the agent.

It prints its address and token, and then the time of each scan that is asked for.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from stoker.testing.gateway import FakeGateway, Settings

FOR_EVER = 1e6


def main(data: str) -> None:
    with FakeGateway(Path(data), Settings(scan_seconds=0.05)) as gateway:
        print(json.dumps({"url": gateway.url, "token": gateway.token}), flush=True)
        told = 0
        while True:
            gateway.wait_for(lambda one: _scans(one) > told, timeout=FOR_EVER)  # noqa: B023 - now
            while told < _scans(gateway):
                print(json.dumps({"scan": time.time()}), flush=True)
                told += 1


def _scans(gateway: FakeGateway) -> int:
    asked = [each.request for each in gateway.requests]
    return sum("/scan/" in each.path and each.method == "POST" for each in asked)


if __name__ == "__main__":
    main(*sys.argv[1:])
