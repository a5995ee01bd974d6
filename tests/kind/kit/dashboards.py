"""The chart's dashboards, as what Grafana asks a Prometheus for them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kit.charts import CHART

if TYPE_CHECKING:
    from pathlib import Path

    from kit.kubectl import Document

FILES: Final = tuple(sorted((CHART / "files" / "dashboards").glob("*.json")))


@dataclass(frozen=True)
class Asked:
    """One question of one panel."""

    dashboard: str
    panel: str
    ref: str
    expr: str

    def __str__(self) -> str:
        """To be named in a report."""
        return f"{self.dashboard}: {self.panel} ({self.ref})"

    def of(self, values: Mapping[str, str]) -> str:
        """The expression with these values of the dashboard's variables."""
        found = re.sub(r"\$\{?(\w+)\}?", lambda one: values[one[1]], self.expr)
        assert "$" not in found
        return found


def read(path: Path) -> Document:
    """One dashboard."""
    found: Document = json.loads(path.read_text())
    return found


def asked() -> Iterator[Asked]:
    """All questions of all panels of both."""
    for path in FILES:
        for panel in read(path)["panels"]:
            for target in panel.get("targets", ()):
                yield Asked(path.stem, panel["title"], target["refId"], target["expr"])
