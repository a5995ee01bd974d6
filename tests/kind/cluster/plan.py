"""What process 1 of the node is told: a file, written by `up` before it starts.

Process 1 decides nothing: which folders to put over which, what the network is, which daemons to
keep running, all of it is here.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from cluster.addresses import Network
from cluster.daemons import After, Daemon


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that process 1 needs to know."""

    folder: str  # of the instance
    name: str
    network: Network
    path: str  # the PATH of every daemon
    held: tuple[str, ...]  # cache entries that must stay while the node runs
    daemons: tuple[Daemon, ...]

    @staticmethod
    def file(folder: Path) -> Path:
        """Where the plan of an instance is."""
        return folder / "plan.json"

    def write(self) -> None:
        """Write it for process 1 to read."""
        self.file(Path(self.folder)).write_text(json.dumps(asdict(self), indent=1))

    @staticmethod
    def read(folder: Path) -> Plan:
        """What was written."""
        found = json.loads(Plan.file(folder).read_text())
        daemons = tuple(
            Daemon(each["name"], tuple(each["argv"]), After(each["after"]))
            for each in found.pop("daemons")
        )
        network = Network(**found.pop("network"))
        held = tuple(found.pop("held"))
        return Plan(**found, network=network, held=held, daemons=daemons)
