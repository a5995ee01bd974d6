"""A Prometheus that runs on this machine, built from its module, and what it is asked."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cluster import Problem, programs
from cluster.running import Steps

from kit.controllers import free_ports
from kit.eventually import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from kit.kubectl import Document

HERE: Final = "127.0.0.1"
_START: Final = 30.0
_SHOWN: Final = 15

Series = tuple[dict[str, str], float]


@dataclass
class Prometheus:
    """One that scrapes."""

    url: str
    process: subprocess.Popen[bytes] = field(repr=False)
    log: Path

    def query(self, expression: str) -> list[Series]:
        """What it is now: labels and value of each series."""
        found = self._asked("query", query=expression)["result"]
        return [(one["metric"], float(one["value"][1])) for one in found]

    def targets(self) -> list[Document]:
        """What it scrapes, and how that goes."""
        found: list[Document] = self._asked("targets", state="active")["activeTargets"]
        return found

    def rules(self) -> list[Document]:
        """Its alerting rules, and how each fares."""
        groups = self._asked("rules", type="alert")["groups"]
        return [one for group in groups for one in group["rules"]]

    def alerts(self) -> set[tuple[str, str]]:
        """The alerts that are pending or fire, and what each is about."""
        found = self._asked("alerts")["alerts"]
        return {(one["labels"]["alertname"], one["labels"].get("gateway", "")) for one in found}

    def tail(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_SHOWN:])

    def _asked(self, what: str, **given: str) -> Any:
        address = f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(given)}"
        try:
            with urllib.request.urlopen(address, timeout=20) as answer:  # noqa: S310 - http
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            said = json.load(error).get("error", "")
            raise Problem(f"Prometheus refuses {given}: {said}") from error


@contextmanager
def prometheus(
    folder: Path, scrapes: Sequence[Document], rules: Sequence[Path], interval: str
) -> Iterator[Prometheus]:
    """One for a `with`; it asks and reckons as often as `interval` says."""
    program = programs.built(programs.PROMETHEUS, Steps(print)) / "prometheus"
    (port,) = free_ports(1)
    pace = ("scrape_interval", "scrape_timeout", "evaluation_interval")
    told = dict.fromkeys(pace, interval)
    whole = {"global": told, "rule_files": list(map(str, rules)), "scrape_configs": list(scrapes)}
    (folder / "prometheus.yml").write_text(json.dumps(whole))
    words = [
        str(program),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={HERE}:{port}",
        "--log.level=warn",
    ]
    log = folder / "prometheus.log"
    with log.open("wb") as file:
        process = subprocess.Popen(words, stdout=file, stderr=file)  # noqa: S603 - the tests' own
    made = Prometheus(f"http://{HERE}:{port}", process, log)
    try:
        eventually(made.targets, what="Prometheus scrapes", within=_START, tell=[made.tail])
        yield made
    finally:
        process.terminate()
        process.wait()
