"""A release that lives long enough to be changed, with the values of somebody who had the Go chart.

Its files are installed as they are. What is ours and not theirs is the image alone: in their files
stand the names of the Go operator's images, and they have to give others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kit import charts
from kit.admissions import wanting_pod
from kit.charts import CHART, RELEASE, Installed
from kit.inventory import Item, added, everything
from kit.kubectl import Document, Kubectl

if TYPE_CHECKING:
    from kit.spaces import Space

FILES: Final = sorted((Path(__file__).parents[1] / "values").glob("go-*.yaml"))
_OURS: Final = ("go-defaults.yaml", "go-first.yaml")
"""Those of the release; in the first are the limits of a controller that is written in Go."""


@dataclass(frozen=True)
class Life:
    """The release, the namespace of the gateways, and what was there before both."""

    release: Installed
    plant: Space
    image: str
    before: frozenset[Item]

    @property
    def kubectl(self) -> Kubectl:
        """For the whole cluster."""
        return Kubectl.of(self.plant.cluster, "default")

    def change(self, values: Document | None = None, *more: str) -> None:
        """Install or upgrade it, with the files and these values."""
        own = {
            "image": charts.image_values(self.image),
            "agentImage": {"repository": "", "tag": ""},
        }
        files = [f"--values={one}" for one in FILES if one.name in _OURS]
        words = ("--wait", "--timeout", "150s", *files, "--values", "-", *more)
        helm, given = self.release.space.helm, json.dumps(charts.merged(own, values or {}))
        helm("upgrade", "--install", RELEASE, str(CHART), *words, stdin=given)

    def uninstall(self) -> None:
        """Have helm take it away."""
        self.release.space.helm("uninstall", RELEASE, "--wait", "--timeout", "60s")

    def is_injected(self) -> bool:
        """Whether a pod that wants an agent would get one."""
        words = ("create", "--dry-run=server", "--output", "json", "--filename", "-")
        made = json.loads(self.plant.kubectl(*words, stdin=json.dumps(wanting_pod("gw"))))
        return "initContainers" in made["spec"]

    def left(self) -> set[Item]:
        """What has come since before, but for both namespaces themselves."""
        found = added(self.before, everything(self.kubectl), besides=self.plant.name)
        return added(frozenset(), frozenset(found), besides=self.release.space.name)
