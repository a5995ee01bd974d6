"""A soak: gateways, agents, controllers and servers at work while a plan of faults strikes them.

Three threads: somebody pushes, somebody watches, somebody strikes (with one more for each fault).
When all faults are over, everything has to come right by itself.
"""

from __future__ import annotations

import random
import secrets
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kit import works as making
from kit.local_agents import LocalAgents, local_agents
from kit.passages import Passage, passage
from kit.soak_faults import Trouble
from kit.soak_local import LocalStation
from kit.soak_pen import MAPPINGS, VARS, Pen
from kit.soak_pods import PodStation
from kit.soak_stations import Station
from kit.soak_watch import Watch
from stoker.adapters.kube.errors import ApiFailed
from stoker.adapters.kube.resources import EVENTS

if TYPE_CHECKING:
    from cluster import Cluster

    from kit.git_here import GitHere
    from kit.soak_plan import Stroke
    from kit.spaces import Space, Spaces
    from kit.works import Works

_PERIOD: Final = 5
_PORTS: Final = range(12_000, 19_000)
_COMMON: Final = {"mappings": list(MAPPINGS), "vars": VARS, "syncPeriod": _PERIOD}
WISHES: Final[dict[str, dict[str, Any]]] = {
    # Whoever was away for many commits has to delete much of what it knew.
    "line": {**_COMMON, "pruneLimitPercent": 100},
    "tags": {**_COMMON, "pruneLimitPercent": 100, "prune": "owned"},
    "mill": {**_COMMON, "pruneLimitPercent": 100, "driftAction": "restore"},
    "pods": {**_COMMON, "pruneLimitPercent": 100},
}
"""The profile of each GatewaySync."""


@dataclass(frozen=True)
class Images:
    """What runs in pods."""

    agent: str
    gateway: str


@dataclass
class Soak:
    """All that takes part."""

    cluster: Cluster
    git: GitHere
    chance: random.Random
    works: list[Works] = field(default_factory=list)
    pens: list[Pen] = field(default_factory=list)
    stations: list[Station] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    commits: int = 0
    failures: list[str] = field(default_factory=list)

    # --- Its begin ---

    def add(self, space: Space, name: str, images: Images) -> tuple[Works, Pen]:
        """A GatewaySync and its author."""
        wish = {"profiles": {"default": WISHES[name]}}
        made = making.works(space, name, self.git, images.agent, images.gateway, sync=wish)
        pen = Pen(made.source, random.Random(self.chance.random()))  # noqa: S311 - no secret
        pen.begin()
        self.works.append(made)
        self.pens.append(pen)
        return made, pen

    def add_local(self, agents: LocalAgents, way: Passage, pen: Pen, count: int) -> None:
        """Gateways on this machine."""
        works = agents.works
        base = len(self.stations) + 1
        addresses = [f"127.0.1.{base + number}" for number in range(count)]
        port = _port_of_all(addresses)
        works.change(gateway={"port": port})
        self.passages.append(way)
        for number, address in enumerate(addresses):
            shares = WISHES[works.name].get("prune") == "owned"
            name = f"{works.name}-{number}"
            made = LocalStation(agents, pen, name, (address, port), shares=shares)
            made.restores = "driftAction" in WISHES[works.name]
            self.stations.append(made)
            made.revive()

    def add_pods(self, works: Works, pen: Pen, count: int) -> None:
        """Gateways in pods."""
        made = [
            PodStation(works, pen, self.cluster, f"{works.name}-{number}", shares=False)
            for number in range(count)
        ]
        self.stations += made

    # --- Its course ---

    def run(self, trouble: Trouble, watch: Watch, plan: Sequence[Stroke], pause: float) -> None:
        """Until all faults of the plan are over, and what was taken away is given back."""
        over = threading.Event()
        others = [
            threading.Thread(target=self._push, args=(over, pause), name="pushes"),
            threading.Thread(target=watch.go_on, args=(over,), name="watches"),
        ]
        for one in others:
            one.start()
        try:
            trouble.follow(plan)
        finally:
            over.set()
            for one in others:
                one.join()

    def _push(self, over: threading.Event, pause: float) -> None:
        """Commits of all authors, of which a part is told as a receiver does."""
        try:
            while not over.wait(self.chance.uniform(0, 2 * pause) / len(self.pens)):
                number = self.chance.randrange(len(self.pens))
                self.pens[number].write()
                self.commits += 1
                if self.chance.random() < 0.6:
                    with suppress(ApiFailed):
                        self.works[number].resolve()
        except Exception as error:  # noqa: BLE001 - it is told to the test
            self.failures.append(f"who pushes: {error!r}")

    def last_push(self) -> None:
        """One more commit of each author, told to the controllers at once."""
        for works, pen in zip(self.works, self.pens, strict=True):
            pen.write()
            works.resolve()

    @property
    def local(self) -> list[LocalStation]:
        """The gateways on this machine."""
        return [one for one in self.stations if isinstance(one, LocalStation)]

    def ended_by_probes(self) -> Iterator[str]:
        """What kubelets have ended for want of an answer."""
        for works in self.works:
            for page in works.admin.pages(EVENTS, works.space.name):
                told = [one.get("message", "") for one in page.items if one["reason"] == "Killing"]
                yield from (text for text in told if "liveness" in text)

    def tails(self) -> str:
        """What the agents said last."""
        return "\n".join(f"-- {one.name}\n{_tail(one)}" for one in self.stations)


def _tail(station: Station) -> str:
    try:
        return f"{station.gateway_tells()}\n{station.agent.tail(12)}"
    except Exception as error:  # noqa: BLE001 - what cannot be told must not hide the rest
        return f"(could not be told: {error})"


@contextmanager
def soaking(  # noqa: PLR0913, PLR0917 - what it is made of
    cluster: Cluster,
    spaces: Spaces,
    git: GitHere,
    images: Images,
    folder: Path,
    seed: int,
    each: int,
) -> Iterator[Soak]:
    """Three namespaces, four GatewaySyncs, `each` gateways of each, for the `with`."""
    made = Soak(cluster, git, random.Random(f"pushes {seed}"))  # noqa: S311 - no secret
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(spaces.new(f"soak-{n}")) for n in range(3))
        works, pen = made.add(third, "pods", images)
        made.add_pods(works, pen, 2)
        for space, name in ((first, "line"), (first, "tags"), (second, "mill")):
            works, pen = made.add(space, name, images)
            own = folder / name
            own.mkdir(parents=True)
            way = stack.enter_context(passage(cluster, own))
            agents = stack.enter_context(local_agents(works, way, own))
            made.add_local(agents, way, pen, each)
        yield made


def _port_of_all(addresses: Sequence[str]) -> int:
    """A port that nobody listens at, at any of these addresses."""
    while True:
        port = secrets.choice(_PORTS)
        with suppress(OSError), ExitStack() as stack:
            for address in addresses:
                stack.enter_context(socket.create_server((address, port)))
            return port
