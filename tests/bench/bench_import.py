"""What the agent's processes import, in CPU time and memory; the ratio is to importing attrs.

Run it as `PYTHONPATH=tests python tests/bench/bench_import.py`. Each group is imported in new
processes, one after the other; the best of several counts, since the others measure the machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Final

REPEATS: Final = 9

GROUPS: Final = {
    "attrs": ("attrs",),
    "parent: decisions": ("stoker.core.agent", "stoker.core.report", "stoker.core.scan"),
    "parent: codecs": ("stoker.adapters.codec.metadata", "stoker.adapters.codec.report"),
    "parent: gateway": ("stoker.adapters.ignition",),
    "child: pygit2": ("pygit2",),
    "child: files": ("stoker.entrypoints.engine.doers", "stoker.entrypoints.engine.site"),
}

WORKER: Final = """
import json, sys, time

def memory():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024

found = {}
for name, modules in json.loads(sys.argv[1]).items():
    before, began = memory(), time.process_time()
    for module in modules:
        __import__(module)
    found[name] = [time.process_time() - began, memory() - before]
print(json.dumps(found))
"""


def main() -> None:
    runs = [_run() for _ in range(REPEATS)]
    unit = min(run["attrs"][0] for run in runs)
    print(f"{'':24}{'CPU':>9}{'memory':>12}{'ratio':>8}")
    for name in GROUPS:
        seconds = min(run[name][0] for run in runs)
        memory = min(run[name][1] for run in runs)
        print(f"{name:24}{seconds * 1000:6.1f} ms{memory:8.1f} MiB{seconds / unit:8.2f}")


def _run() -> dict[str, list[float]]:
    command = [sys.executable, "-c", WORKER, json.dumps(GROUPS)]
    done = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - ourselves
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
