"""An agent of a GatewaySync as a test sees it: what it writes, what it answers, what it logs.

What it writes is asked of the API server. What it answers and logs differs: `kit.injected` makes
agents that are containers of pods, `kit.local_agents` plain processes, and both are `Agent`s.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final

from prometheus_client.parser import text_string_to_metric_families

from kit.eventually import eventually
from kit.kubectl import Document
from stoker.adapters.kube.resources import CONFIG_MAPS, EVENTS
from stoker.core import names

if TYPE_CHECKING:
    from prometheus_client.samples import Sample

    from kit.plants import Plant
    from kit.pods import Answer

PREFIX: Final = "stoker_agent_"
_SYNCED: Final = 40.0


class Agent(ABC):
    """An agent of `plant`, whose pod is called `name`."""

    def __init__(self, plant: Plant, name: str) -> None:
        """Whether it runs or not."""
        self.plant = plant
        self.name = name

    # --- What it writes ---

    def config_map(self, name: str) -> Document:
        """One of the ConfigMaps that it writes."""
        return self.plant.admin.get(CONFIG_MAPS, self.plant.space.name, name)

    def report(self) -> dict[str, Any]:
        """What it has reported last."""
        name = names.status_config_map(self.plant.name, self.name)
        data = self.config_map(name).get("data") or {}
        found: dict[str, Any] = json.loads(data.get(names.STATUS_KEY, "{}"))
        return found

    def changes(self) -> dict[str, Any]:
        """The list of changes that it has published last."""
        data = self.config_map(names.changes_config_map(self.plant.name, self.name)).get("data")
        found: dict[str, Any] = json.loads((data or {}).get("changes", "{}"))
        return found

    def row(self) -> dict[str, Any]:
        """What the CR says of its gateway."""
        return self.plant.gateways().get(self.name, {})

    def events(self) -> list[Document]:
        """The events on the CR that are about this gateway."""
        about = f"involvedObject.name={self.plant.name},involvedObject.kind=GatewaySync"
        pages = self.plant.admin.pages(EVENTS, self.plant.space.name, fields=about)
        found = [one for page in pages for one in page.items]
        return [one for one in found if self.name in one.get("message", "")]

    def says(self, status: str, commit: str | None = None, text: str = "") -> dict[str, Any]:
        """Its report if it says that; raises AssertionError with what it says instead."""
        report = self.report()
        assert report.get("syncStatus") == status, report
        assert commit is None or report.get("syncedCommit") == commit, report
        assert text in report.get("errorMessage", ""), report
        return report

    def will_say(
        self, status: str, commit: str | None = None, text: str = "", within: float = _SYNCED
    ) -> dict[str, Any]:
        """Its report, once it says that."""
        __tracebackhide__ = True
        what = f"{self.name} reports {status} {commit or ''} {text}".rstrip()
        return eventually(
            lambda: self.says(status, commit, text), what=what, within=within, tell=[self.tail]
        )

    # --- What it answers ---

    @abstractmethod
    def ask(self, port: int, path: str, method: str = "GET") -> Answer:
        """Its answer at one of the ports of the contract; `OSError` where there is none."""

    def probe(self, path: str) -> int:
        """The status of a probe; 0 where nobody answers."""
        try:
            return self.ask(names.PROBE_PORT, path).status
        except OSError:
            return 0

    def metrics(self) -> list[Sample]:
        """Its metrics."""
        answer = self.ask(names.METRICS_PORT, "/metrics")
        assert answer.status == 200, answer
        families = text_string_to_metric_families(answer.text)
        return [sample for family in families for sample in family.samples]

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples of this name, without prefix, and labels; 0 without any."""
        return sum(
            sample.value
            for sample in self.metrics()
            if sample.name == PREFIX + name and labels.items() <= sample.labels.items()
        )

    def skipped(self, reason: str) -> float:
        """How often it has not synced for this reason."""
        return self.metric("sync_skipped_total", reason=reason)

    # --- What it logs ---

    @abstractmethod
    def log(self, *more: str) -> list[dict[str, Any]]:
        """The lines that it has logged."""

    def audits(self, *more: str) -> list[dict[str, Any]]:
        """The records of its syncs."""
        return [one for one in self.log(*more) if one.get("logger") == "audit"]

    def tail(self, count: int = 30) -> str:
        """The last lines of its log."""
        return "\n".join(json.dumps(one) for one in self.log()[-count:])
