"""`stoker-webhook` as a process of its own, over TLS on this machine."""

from __future__ import annotations

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from attrs import define, field

from stoker.adapters.certs import KeyPair
from support.syncs_api import SyncsApi

MUTATE = "/mutate-pods"
VALIDATE = "/validate-gatewaysyncs"
JSON = {"Content-Type": "application/json"}
_COMMAND = "from stoker.entrypoints.programs import webhook; webhook()"


@define
class WebhookProcess:
    """One that runs."""

    process: subprocess.Popen[str]
    tls: ssl.SSLContext
    lines: list[dict[str, Any]] = field(factory=list)
    """What it logs."""
    _reading: threading.Thread = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        stderr = self.process.stderr
        assert stderr is not None
        with stderr:
            for line in stderr:
                try:
                    self.lines.append(json.loads(line))
                except ValueError:
                    self.lines.append({"message": line})

    def told(self, message: str) -> list[dict[str, Any]]:
        """The lines with this message."""
        return [line for line in list(self.lines) if line["message"] == message]

    def wait_for(self, message: str, count: int = 1) -> list[dict[str, Any]]:
        """Those lines, once there are so many."""
        until = time.monotonic() + 20
        while len(found := self.told(message)) < count:
            assert self.process.poll() is None, self.lines
            assert time.monotonic() < until, self.lines
            time.sleep(0.01)
        return found

    @property
    def ports(self) -> Mapping[str, int]:
        return self.wait_for("serving")[0]

    def connection(
        self, what: str = "admission", seconds: float = 20
    ) -> http.client.HTTPConnection:
        port = self.ports[what]
        if what == "probes":
            return http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
        return http.client.HTTPSConnection("127.0.0.1", port, timeout=seconds, context=self.tls)

    def probe(self, path: str) -> tuple[int, str]:
        with closing(self.connection("probes")) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def ready(self) -> WebhookProcess:
        """Itself, once it is."""
        until = time.monotonic() + 20
        while (told := self.probe("/readyz"))[0] != 200:
            assert time.monotonic() < until, told
            time.sleep(0.01)
        return self

    def ask(
        self, body: bytes, path: str = MUTATE, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        with closing(self.connection()) as connection:
            connection.request("POST", path, body, headers or JSON)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def review(self, review: dict[str, Any], path: str = MUTATE) -> dict[str, Any]:
        """The response to a review."""
        status, told = self.ask(json.dumps(review).encode(), path)
        assert status == 200, told
        answer: dict[str, Any] = json.loads(told)
        assert (answer["apiVersion"], answer["kind"]) == (review["apiVersion"], review["kind"])
        assert answer["response"]["uid"] == review["request"]["uid"]
        response: dict[str, Any] = answer["response"]
        return response

    def metrics(self) -> str:
        with closing(self.connection("metrics")) as connection:
            connection.request("GET", "/metrics", headers={"Authorization": "Bearer x"})
            answer = connection.getresponse()
            assert answer.status == 200
            return answer.read().decode()

    def memory(self) -> int:
        """Bytes that it has in memory."""
        told = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in told.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def seconds(self) -> float:
        """Of a processor that it has used."""
        told = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        """Tell it to end."""
        self.process.send_signal(signal.SIGTERM)


def review_of(
    obj: Any, *, namespace: str = "plant", kind: str = "Pod", **request: Any
) -> dict[str, Any]:
    """What the API server asks about a new object."""
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "0b7e5ea6-0000-4000-8000-000000000001",
            "kind": {"group": "", "version": "v1", "kind": kind},
            "operation": "CREATE",
            "namespace": namespace,
            "object": obj,
            **request,
        },
    }


@contextmanager
def webhook_process(
    api: SyncsApi, account: Path, certificates: Path, pair: KeyPair, **options: object
) -> Iterator[WebhookProcess]:
    """A webhook of admission alone; an option is `drain="1s"` for `--drain=1s`."""
    given: dict[str, object] = {
        "admission_bind_address": "127.0.0.1:0",
        "receiver_bind_address": "0",
        "health_probe_bind_address": "127.0.0.1:0",
        "metrics_bind_address": "127.0.0.1:0",
        "certificate_dir": certificates,
        "metrics_cert_dir": certificates,
        "service_account_dir": account,
        "agent_image_repository": "ghcr.io/stoker/agent",
        "agent_image_tag": "1.0.0",
        "drain": "0s",
        **options,
    }
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", _COMMAND, *arguments],
        env={**os.environ, **api.environ()},
        stderr=subprocess.PIPE,
        text=True,
    )
    tls = ssl.create_default_context(cadata=pair.certificate.decode())
    try:
        yield WebhookProcess(process, tls)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
