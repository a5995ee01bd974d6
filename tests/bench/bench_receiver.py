"""What a flood of garbage does to those who know the secret, and to memory.

`PYTHONPATH=tests python tests/bench/bench_receiver.py [RATE [SECONDS]]`: a `stoker-webhook` that
serves the receiver alone is sent garbage by `receiver_load`, a process of its own: from one sender,
from thousands behind a trusted proxy, with wrong signatures, with bodies of 1 MiB, and by senders
that never end. Meanwhile somebody who knows the secret asks for another ref five times a second; it
is measured how long it takes from there to the annotation. `kept waiting` is the share of time for
which the receiver wanted a processor and others had them: the load, or whoever else is at work on
this machine. A second `stoker-webhook` serves
admission as `bench_admission` has it, and is asked for fifty reviews a second during one flood.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Self

from attrs import define, field

from stoker.adapters.certs import self_signed as certificate_of
from stoker.adapters.clock import utc_now
from stoker.adapters.kube.inside import HOST, PORT
from stoker.core.payload import sign
from support.crs_api import CrsApi
from support.scripted_server import self_signed
from support.syncs_api import SyncsApi
from support.webhook_process import WebhookProcess, webhook_process

LOAD = Path(__file__).with_name("receiver_load.py")
REVIEWS = Path(__file__).with_name("admission_load.py")
COMMAND = "from stoker.entrypoints.programs import webhook; webhook()"
SECRET = "secret-of-the-benchmark"
KINDS = {
    "": "nobody else",
    "one": "one sender",
    "many": "thousands of senders",
    "signed": "wrong signatures",
    "large": "bodies of 1 MiB",
    "slow": "senders that never end",
}
BOUND = 50.0
EACH = 0.2


@define
class Asking:
    """Somebody who asks for another ref all the time, and how many seconds that took."""

    api: CrsApi
    port: int
    took: list[float] = field(factory=list)
    failed: list[int] = field(factory=list)
    _over: threading.Event = field(factory=threading.Event)
    _thread: threading.Thread = field(init=False)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        number = 0
        while not self._over.wait(EACH):
            number += 1
            ref, began = f"v{number}.{id(self)}", time.perf_counter()
            try:
                status = self._post(ref)
            except OSError:
                status = 0
            if status == 202 and self.api.annotations("site")["stoker.io/requested-ref"] == ref:
                self.took.append(time.perf_counter() - began)
            else:
                self.failed.append(status)

    def _post(self, ref: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        body = json.dumps({"ref": ref}).encode()
        headers = {"X-Hub-Signature-256": sign(body, SECRET), "X-Forwarded-For": "203.0.113.9"}
        try:
            connection.request("POST", "/webhook/plant/site", body, headers)
            return connection.getresponse().status
        finally:
            connection.close()


def main(rate: float, seconds: float) -> None:
    with tempfile.TemporaryDirectory(prefix="stoker-bench-") as folder:
        base = Path(folder)
        tls, authority = self_signed(base)
        (base / "token").write_text("planted")
        (base / "ca.crt").write_bytes(authority.read_bytes())
        (base / "secret").write_text(SECRET)
        with CrsApi(tls) as api:
            api.make("site")
            api.keep("hook", secret="another")
            api.make("line-a", receiver={"secretRef": {"name": "hook", "key": "secret"}})
            with running(api, base) as (process, port):
                print(f"{rate:g} requests/s of garbage     n  failed   p50 ms   p99 ms   max ms"
                      "   peak RSS MiB    CPU   kept waiting   what garbage was told")  # fmt: skip
                for kind, name in KINDS.items():
                    with Asking(api, port) as asking:
                        told, peak, cpu, late = loaded(process, port, kind, rate, seconds)
                    shown = "".join(
                        f"{1000 * at(asking.took, part):9.1f}" for part in (0.5, 0.99, 1)
                    )
                    verdict = "" if 1000 * at(asking.took, 0.5) < BOUND else "   above the bound"
                    print(f"{name:24}{len(asking.took):8}{len(asking.failed):8}{shown}"
                          f"{peak:15.0f}{cpu:7.0%}{late:15.0%}   {told}{verdict}")  # fmt: skip
                beside_admission(base, port, rate, seconds)


def beside_admission(base: Path, port: int, rate: float, seconds: float) -> None:
    """Reviews in another process, with and without a flood."""
    tls, _ = self_signed(base)
    (base / "ca.crt").write_bytes((base / "localhost.crt").read_bytes())
    pair = certificate_of(["localhost", "127.0.0.1"], timedelta(days=1), utc_now())
    (base / "tls.crt").write_bytes(pair.certificate)
    (base / "tls.key").write_bytes(pair.key)
    with SyncsApi(tls) as api:
        for number in range(300):
            namespace = "plant" if number < 40 else f"plant-{number}"
            api.make(f"sync-{number}", namespace)
        with webhook_process(api, base, base, pair) as hook:
            hook.ready()
            for kind in ("", "one", "many"):
                load = start(kind, port, rate, seconds) if kind else None
                print(f"admission beside {KINDS[kind]:24} p99 of pods that ask:"
                      f" {reviewed(hook, base, seconds):.1f} ms")  # fmt: skip
                if load is not None:
                    load.communicate()


def reviewed(hook: WebhookProcess, base: Path, seconds: float) -> float:
    given = map(str, (hook.ports["admission"], base / "tls.crt", 50, seconds - 1, 0.5))
    ended = subprocess.run(  # noqa: S603 - our own file
        [sys.executable, str(REVIEWS), *given], stdout=subprocess.PIPE, text=True, check=True
    )
    return 1000 * at(json.loads(ended.stdout)["asking"], 0.99)


def start(kind: str, port: int, rate: float, seconds: float) -> subprocess.Popen[str]:
    given = map(str, (kind, port, rate, seconds))
    # In the world it is another machine that sends garbage: what is served comes first on this one.
    return subprocess.Popen(  # noqa: S603 - our own file
        ["/usr/bin/nice", "-n", "10", sys.executable, str(LOAD), *given],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def loaded(
    process: subprocess.Popen[str], port: int, kind: str, rate: float, seconds: float
) -> tuple[str, float, float, float]:
    """What the load was told, the most memory, the share of a processor, and that of waiting."""
    began, used, waited = time.monotonic(), processor(process.pid), waiting(process.pid)
    load = start(kind, port, rate, seconds) if kind else None
    peak = 0.0
    while (load.poll() is None) if load else (time.monotonic() < began + seconds):
        peak = max(peak, resident(process.pid))
        time.sleep(0.02)
    took = time.monotonic() - began
    cpu, late = (processor(process.pid) - used) / took, (waiting(process.pid) - waited) / took
    if load is None:
        return "", peak, cpu, late
    told = json.loads(load.communicate()[0])
    shown = ", ".join(f"{status}: {number}" for status, number in sorted(told["told"].items()))
    return f"{shown} (late by {told['late']:.2f} s)", peak, cpu, late


def resident(pid: int) -> float:
    line = next(
        line
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmRSS:")
    )
    return int(line.split()[1]) / 1024


def processor(pid: int) -> float:
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def waiting(pid: int) -> float:
    """Seconds for which its threads were ready and none of them ran."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[1]) for task in tasks) / 1e9


@contextmanager
def running(api: CrsApi, base: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A receiver in a process of its own, and its port."""
    options = [
        "--admission-bind-address=0",
        "--receiver-bind-address=127.0.0.1:0",
        "--health-probe-bind-address=0",
        "--metrics-bind-address=0",
        f"--service-account-dir={base}",
        f"--receiver-hmac-file={base / 'secret'}",
        "--trusted-proxies=127.0.0.0/8",
        "--rate-limit-cr=100",
        "--drain=0s",
    ]
    account = {HOST: "127.0.0.1", PORT: str(api.server.port)}
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", COMMAND, *options],
        env={**os.environ, **account},
        stderr=subprocess.PIPE,
        text=True,
    )
    stderr = process.stderr
    assert stderr is not None
    try:
        for line in stderr:
            if (told := json.loads(line))["message"] == "serving":
                break
        else:
            raise RuntimeError("the receiver did not start")
        threading.Thread(target=stderr.read, daemon=True).start()
        time.sleep(0.5)
        yield process, told["receiver"]
    finally:
        process.terminate()
        process.wait(15)


def at(took: list[float], part: float) -> float:
    return sorted(took)[min(len(took) - 1, int(part * len(took)))] if took else float("nan")


if __name__ == "__main__":
    main(*map(float, [*sys.argv[1:], *("500", "10")[len(sys.argv) - 1 :]]))
