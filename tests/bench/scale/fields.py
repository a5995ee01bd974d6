"""Where it is measured: a node, simulated nodes, a git server, and who listens to them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cluster import Cluster, Problem, host, open_cluster
from kit import Spaces, definitions, eventually, kwok
from kit.controllers import Controllers, controllers
from kit.crowds import talking
from kit.fleets import NODES, Fleet
from kit.listening import Relay
from kit.plants import Repository

from bench.scale.accounts import Account, namespace_of
from bench.scale.hearing import Hearings, hearings
from bench.scale.results import say
from stoker.adapters.kube.client import Client
from stoker.adapters.kube.connecting import way_to
from support.git_servers import GitDaemon

SPACES: Final = 20
"""Namespaces over which CRs are spread."""
_PATIENCE: Final = 900.0


@dataclass(frozen=True)
class Size:
    """How many CRs, how many gateways each has, and how many repositories they follow."""

    crs: int
    each: int = 3
    repositories: int = 1

    @classmethod
    def of(cls, text: str) -> Size:
        """`1000`, `1000x10`, `1000x10/50`."""
        crs, _, repositories = text.partition("/")
        count, _, each = crs.partition("x")
        return cls(int(count), int(each or 3), int(repositories or 1))

    def __str__(self) -> str:
        followed = (
            f"{self.repositories} repositories" if self.repositories > 1 else "one repository"
        )
        return f"{self.crs} GatewaySyncs, {self.crs * self.each} gateways, {followed}"


@dataclass(frozen=True)
class Field:
    """All of it."""

    cluster: Cluster
    client: Client
    fleet: Fleet
    controllers: Controllers
    relay: Relay
    repositories: Sequence[Repository]
    heard: Hearings

    def account(self) -> Account:
        """A new account of everybody's CPU."""
        place = self.cluster.place
        process_1 = host.process_1(place) if place is not None else None
        there = [one for one in self.controllers.there if one.process is not None]
        alive = {one.name: one.pid for one in there if one.process and one.process.poll() is None}
        return Account(namespace_of(process_1) if process_1 else "", alive)

    def push(self) -> str:
        """One more commit in each repository, the same in all; its name."""
        title = f'{{"title": "{os.urandom(4).hex()}"}}'
        return {str(one.commit(title)) for one in self.repositories}.pop()


@contextmanager
def field(size: Size, shards: int = 1) -> Iterator[Field]:
    """A field with its fleet and no controller yet; they will have the rights of so many shards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = stack.enter_context(open_cluster(lifetime_of=os.getpid(), say=_quiet))
        client = stack.enter_context(talking(cluster))
        definitions.real(client)
        stack.enter_context(kwok.simulated(cluster.kubeconfig, client, folder, NODES))
        (folder / "git").mkdir()
        git = stack.enter_context(GitDaemon(folder / "git"))
        relay = stack.enter_context(Relay(git.port))
        repositories = _repositories(git, size.repositories)
        spaces = Spaces(cluster)
        home = stack.enter_context(spaces.new("home"))
        each = [
            stack.enter_context(spaces.new("fleet", labels={}))
            for _ in range(min(SPACES, size.crs))
        ]
        values = {"sharding": {"shards": shards}}
        made = stack.enter_context(
            controllers(home, folder / "controllers", everywhere=True, values=values)
        )
        fleet = Fleet(client, each, size.crs, size.each)
        stack.enter_context(fleet.there())
        say(f"making {size}")
        fleet.create([relay.url(f"site-{number}.git") for number in range(size.repositories)])
        eventually(fleet.is_running, what="all pods are ready", within=_PATIENCE)
        way = way_to(cluster.kubeconfig, "stoker-bench", 8)
        heard = stack.enter_context(hearings(way))
        yield Field(cluster, client, fleet, made, relay, repositories, heard)


def _repositories(git: GitDaemon, count: int) -> list[Repository]:
    made = [Repository.create(git, f"site-{number}") for number in range(count)]
    for one in made:
        one.commit()
    return made


def _quiet(_: str) -> None:
    """Say nothing."""


__all__ = ["SPACES", "Field", "Problem", "Size", "field"]
