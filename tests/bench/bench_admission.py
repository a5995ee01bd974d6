"""How long the API server waits for the webhook, and what the webhook takes.

`PYTHONPATH=tests python tests/bench/bench_admission.py [RATE [SECONDS]]`: a `stoker-webhook` knows
300 GatewaySyncs, 40 of them in the namespace of the pods, and is asked over TLS on this machine by
`admission_load` in a process of its own: only pods that ask for the agent, only others, and both.
The bounds are 20 ms for pods that get the agent and 5 ms for others, for 99 of 100 of them. On a
machine that has other work as well, run it by `chrt -r 1`: how late the load itself was tells
whether what was measured is the webhook.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from stoker.adapters.certs import self_signed as certificate_of
from stoker.adapters.clock import utc_now
from support.scripted_server import self_signed
from support.syncs_api import SyncsApi
from support.webhook_process import WebhookProcess, webhook_process

LOAD = Path(__file__).with_name("admission_load.py")
BOUNDS = {"asking": 20.0, "other": 5.0}
SHARES = (1.0, 0.0, 0.5)


def main(rate: float, seconds: float) -> None:
    with tempfile.TemporaryDirectory(prefix="stoker-bench-") as folder:
        base = Path(folder)
        tls, authority = self_signed(base)
        (base / "token").write_text("planted")
        (base / "ca.crt").write_bytes(authority.read_bytes())
        pair = certificate_of(["localhost", "127.0.0.1"], timedelta(days=1), utc_now())
        (base / "tls.crt").write_bytes(pair.certificate)
        (base / "tls.key").write_bytes(pair.key)
        with SyncsApi(tls) as api:
            for number in range(300):
                namespace = "plant" if number < 40 else f"plant-{number}"
                api.make(f"sync-{number}", namespace)
            with webhook_process(api, base, base, pair) as hook:
                hook.ready()
                print(f"at rest: {hook.memory() / 2**20:.0f} MiB")
                print(f"{rate:g} reviews/s         n   p50 ms   p95 ms   p99 ms   max ms")
                for share in SHARES:
                    measure(hook, base / "tls.crt", (rate, seconds, share))
                print(f"afterwards: {hook.memory() / 2**20:.0f} MiB")


def measure(hook: WebhookProcess, certificate: Path, numbers: Sequence[float]) -> None:
    """One load, by its rate, seconds and share of pods that ask."""
    port = hook.ports["admission"]
    before = hook.seconds()
    given = [str(one) for one in (port, certificate, *numbers)]
    ended = subprocess.run(  # noqa: S603 - our own file
        [sys.executable, str(LOAD), *given], stdout=subprocess.PIPE, text=True, check=True
    )
    used = (hook.seconds() - before) / numbers[1]
    told = json.loads(ended.stdout)
    for kind, bound in BOUNDS.items():
        if took := sorted(told[kind]):
            tells = [1000 * _at(took, part) for part in (0.5, 0.95, 0.99, 1.0)]
            shown = "".join(f"{one:9.1f}" for one in tells)
            verdict = "" if tells[2] < bound else f"   p99 is above {bound:g} ms"
            print(f"{numbers[2]:4.0%} ask: {kind:7}{len(took):6}{shown}{verdict}")
    late = 1000 * _at(sorted(told["late"]), 0.99)
    print(f"          {told['opened']} connections, {used:.1%} of a processor;"
          f" the load itself was late by {late:.1f} ms (p99)")  # fmt: skip


def _at(took: Sequence[float], part: float) -> float:
    return took[min(len(took) - 1, int(part * len(took)))]


if __name__ == "__main__":
    main(*map(float, [*sys.argv[1:], *("50", "20")[len(sys.argv) - 1 :]]))
