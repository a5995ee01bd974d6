"""The plan of a soak: which faults, when, whom and for how long, from a seed alone.

Every kind comes once, in an order of the seed's, before any comes again; after that by weight. So
a short soak has met them all, and a seed repeats a plan word for word. What a fault meets depends
on the moment; whom it means is a number, which whoever strikes takes modulo those that there are.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

_ROOM: Final = 0.9
"""The share of the time in which faults begin; what they do ends by its end."""


@dataclass(frozen=True)
class Kind:
    """A kind of fault: what it is in words, how often among others, and its seconds."""

    about: str
    weight: int = 2
    shortest: float = 0.5
    longest: float = 2.0


KINDS: Final = {
    "kill_agent": Kind("SIGKILL of an agent", 6, 0.0, 2.0),
    "end_agent": Kind("SIGTERM of an agent", 3, 0.0, 2.0),
    "stop_agent": Kind("SIGSTOP of an agent for a while", 3, 2.0, 12.0),
    "kill_child": Kind("SIGKILL of an agent's child", 5, 0.0, 0.1),
    "replace_pod": Kind("A gateway's pod deleted and made anew", 2, 0.0, 1.0),
    "kill_controller": Kind("SIGKILL of a controller", 3, 1.0, 5.0),
    "end_controller": Kind("SIGTERM of a controller", 2, 0.0, 2.0),
    "stop_controller": Kind("SIGSTOP of a controller, also beyond its lease", 2, 4.0, 12.0),
    "kill_api_server": Kind("SIGKILL of the API server", 1, 0.0, 0.1),
    "compact": Kind("etcd forgets its history", 1, 0.0, 0.1),
    "wall_off": Kind("Packets between a pod and the API server dropped", 2, 3.0, 15.0),
    "passage_silent": Kind("The API server silent for some agents", 2, 2.0, 10.0),
    "passage_shut": Kind("The API server refuses the connections of some agents", 2, 1.0, 6.0),
    "passage_refuses": Kind("The API server answers some agents with 429", 2, 1.0, 6.0),
    "passage_deaf": Kind("A watch that dies silently", 2, 2.0, 10.0),
    "git_500": Kind("The git server answers 500", 2, 1.0, 6.0),
    "git_429": Kind("The git server answers 429 with Retry-After", 1, 1.0, 4.0),
    "git_hang": Kind("The git server hangs", 2, 1.0, 6.0),
    "git_shut": Kind("The git server refuses connections", 2, 1.0, 6.0),
    "git_silent": Kind("The way to the git server silent", 1, 1.0, 6.0),
    "git_break": Kind("The git server resets mid-pack", 2, 1.0, 6.0),
    "fill_data": Kind("A data volume filled, and freed", 2, 2.0, 8.0),
    "fill_repo": Kind("A repository volume filled, and freed", 2, 2.0, 8.0),
    "delete_maps": Kind("ConfigMaps of the controller's deleted", 3, 0.0, 0.1),
    "delete_rights": Kind("Role and RoleBinding of the agents deleted", 2, 0.0, 0.1),
    "restart_gateway": Kind("A gateway restarted", 2, 0.0, 0.1),
    "scan_fails": Kind("A gateway answers a scan with 500", 2, 0.0, 0.1),
    "scan_never_ends": Kind("A gateway's scan never ends, until it is restarted", 1, 1.0, 4.0),
    "meddle": Kind("Somebody writes into a managed file", 2, 0.0, 0.1),
}


@dataclass(frozen=True)
class Stroke:
    """One fault of the plan."""

    at: float
    """Seconds since the begin."""
    what: str
    """Its kind."""
    whom: int
    lasts: float

    def __str__(self) -> str:
        return f"{self.at:7.1f} s {self.what} {self.whom} for {self.lasts:.1f} s"


def plan(seed: int, seconds: float, pause: float) -> list[Stroke]:
    """The faults of a soak, one after each `pause` on average, and each kind at least once."""
    chance = random.Random(f"soak {seed}")  # noqa: S311 - no secret
    count = max(len(KINDS), round(seconds * _ROOM / pause))
    kinds = chance.sample(list(KINDS), len(KINDS))
    weights = [kind.weight for kind in KINDS.values()]
    kinds += chance.choices(list(KINDS), weights, k=count - len(KINDS))
    times = sorted(chance.uniform(0, seconds * _ROOM) for _ in range(count))
    return [_stroke(chance, at, what, seconds) for at, what in zip(times, kinds, strict=True)]


def _stroke(chance: random.Random, at: float, what: str, seconds: float) -> Stroke:
    kind = KINDS[what]
    lasts = chance.uniform(kind.shortest, kind.longest)
    whom = chance.randrange(1 << 16)
    return Stroke(round(at, 2), what, whom, round(min(lasts, seconds - at), 2))
