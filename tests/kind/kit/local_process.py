"""A process of ours on the tests' machine: its life, its probes, metrics and log."""

from __future__ import annotations

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from cluster import Problem
from prometheus_client.parser import text_string_to_metric_families

from kit.eventually import Hopeless, eventually
from kit.pods import Answer

if TYPE_CHECKING:
    from prometheus_client.samples import Sample

HERE: Final = "127.0.0.1"

_START: Final = 30.0
_END: Final = 20.0
_SHOWN: Final = 80


@dataclass
class LocalProcess:
    """Such a process, running or not; what it has said is kept over all its lives."""

    program: ClassVar[str]
    """The command that it is."""

    name: str
    arguments: tuple[str, ...]
    folder: Path
    probe_port: int
    metrics_port: int
    scraper: str = field(repr=False)
    """A token that may read metrics."""
    process: subprocess.Popen[bytes] | None = None
    before: tuple[str, ...] = ()
    """The command that runs it, for a process that something is done to."""

    @property
    def command(self) -> tuple[str, ...]:
        """What is run, before its arguments."""
        return (str(Path(sys.executable).with_name(self.program)),)

    @property
    def log(self) -> Path:
        """The file that it writes to."""
        return self.folder / f"{self.name}.log"

    @property
    def pid(self) -> int:
        """Its process; an error when it does not run."""
        if self.process is None or self.process.poll() is not None:
            raise Problem(f"{self.program} {self.name} does not run: {self.tail(5)}")
        return self.process.pid

    # --- Its life ---

    def start(self) -> Self:
        """Begin a life, without waiting for anything."""
        inherited = {name: v for name, v in os.environ.items() if not name.startswith("STOKER_")}
        inherited.pop("KUBECONFIG", None)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - no shell, and the tests' own words
                [*self.before, *self.command, *self.arguments],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                env={**inherited, "HOME": str(self.folder)},
            )
        return self

    def ready(self, within: float = _START) -> Self:
        """This process, once it says that it is ready."""
        __tracebackhide__ = True
        eventually(
            self._is_ready,
            what=f"{self.program} {self.name} is ready",
            within=within,
            tell=[self.tail],
        )
        return self

    def kill(self) -> None:
        """End it without a warning."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def terminate(self) -> None:
        """Ask it to end, without waiting for that."""
        if self.process is not None:
            self.process.terminate()

    def stop(self, within: float = _END) -> int:
        """Ask it to end; how it ended."""
        if self.process is None:
            return 0
        self.terminate()
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Problem(
                f"{self.program} {self.name} ran on for {within:.0f} s: {self.tail()}"
            ) from None

    def pause(self) -> None:
        """Let it do nothing, as a machine that hangs."""
        os.kill(self.pid, signal.SIGSTOP)
        # A thread that runs on another core is stopped a moment later.
        eventually(self._is_stopped, what=f"{self.program} {self.name} stands still")

    def _is_stopped(self) -> bool:
        threads = Path(f"/proc/{self.pid}/task").glob("*/stat")
        return all(one.read_text().rpartition(")")[2].split()[0] == "T" for one in threads)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    # --- What it says ---

    def rss(self) -> int:
        """Its memory in bytes, without its children."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def probe(self, path: str) -> Answer:
        """What it answers to `/healthz` or `/readyz`; `OSError` where it does not."""
        return _asked(http.client.HTTPConnection(HERE, self.probe_port, timeout=5), path)

    def scrape(self, token: str | None = None) -> Answer:
        """What it answers to whoever bears this token; else to one who may read the metrics."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # Its certificate is its own.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(
            HERE, self.metrics_port, timeout=20, context=context
        )
        bearer = self.scraper if token is None else token
        return _asked(
            connection, "/metrics", {"Authorization": f"Bearer {bearer}"} if bearer else {}
        )

    def metrics(self) -> list[Sample]:
        """Its metrics."""
        answer = self.scrape()
        if answer.status != 200:
            raise Problem(f"metrics of {self.name}: {answer.status} {answer.text}")
        families = text_string_to_metric_families(answer.text)
        return [sample for family in families for sample in family.samples]

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples with this full name and these labels; 0 where there is none."""
        return sum(
            sample.value
            for sample in self.metrics()
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged."""
        said = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return [json.loads(line) for line in said if line.startswith("{") and line.endswith("}")]

    def tail(self, count: int = _SHOWN) -> str:
        """The last lines of its log, as they stand there."""
        said = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(said[-count:])

    def _is_ready(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            raise Hopeless(f"it has ended with {self.process and self.process.returncode}")
        answer = self.probe("/readyz")
        if answer.status != 200:
            raise AssertionError(answer.text)
        return True


def _asked(
    connection: http.client.HTTPConnection, path: str, headers: dict[str, str] | None = None
) -> Answer:
    try:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.read().decode(errors="replace"))
    except http.client.HTTPException as error:
        raise OSError(f"no answer to {path}: {error!r}") from error
    finally:
        connection.close()
