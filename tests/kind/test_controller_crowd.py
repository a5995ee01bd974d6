"""Many GatewaySyncs at once, some of them as bad as they can be: the others do not notice.

What is malformed was let in by a definition without rules, and then stays under the real one. All
of it is chosen by a seed, so a failure comes again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from cluster import Cluster
from kit import Space, Spaces, eventually
from kit.controllers import Controllers, controllers
from kit.crowds import Crowd, at_once, condition, crowd, talking
from kit.definitions import anything_goes
from kit.fleets import SERVICE_ACCOUNTS
from kit.ledger import Ledger
from kit.listening import Relay, SilentServer
from kit.local_controller import LocalController
from kit.misshapen import HEAVY, ODD_STATUSES, Shapes, replaced
from kit.plants import Repository, account, gateway_pod, gateway_sync, report_of
from kit.zoo import SEED, Zoo, reported

from stoker.adapters.kube.client import Client
from stoker.adapters.kube.resources import (
    CONFIG_MAPS,
    GATEWAY_SYNCS,
    PODS,
    ROLE_BINDINGS,
    ROLES,
    SECRETS,
)
from stoker.entrypoints.controller.queue import MOST_REST
from support.git_servers import GitDaemon

pytestmark = pytest.mark.usefixtures("definition")

HEALTHY: Final = 190
WITH_PODS: Final = 20
FEW: Final = 40
HANGING: Final = tuple(f"hangs-{number}" for number in range(5))
BAD: Final = tuple(f"bad-{number}" for number in range(5))
REPOSITORIES: Final = 10
SHARING: Final = 50
SPREAD: Final = 200
PATIENCE: Final = 240
"""Seconds; a machine with nothing else to do takes some ten."""
DEADLINE: Final = 600
"""Seconds that git servers have here: longer than anything else takes."""


@pytest.fixture(scope="module")
def client(cluster: Cluster) -> Iterator[Client]:
    with talking(cluster) as made:
        yield made


@pytest.fixture(scope="module")
def repository(git: GitDaemon) -> Repository:
    """One with a commit; it has many names."""
    made = Repository.create(git, "one")
    made.commit()
    for number in range(SPREAD):
        (git.root / f"r{number}.git").symlink_to("one.git")
    return made


def begun(made: Controllers, name: str = "controller", **options: object) -> LocalController:
    return made.start(name, allowed_protocols="git,https", **options)


# --- 200 GatewaySyncs, of which 10 are bad ---


class Neighbourhood:
    """The healthy ones of a namespace, and how long they take."""

    def __init__(self, crowd: Crowd, git: GitDaemon, healthy: int) -> None:
        self.crowd = crowd
        self.names = [f"ok-{number}" for number in range(healthy)]
        self.ready = self.names[:WITH_PODS]
        self._git = git

    def settle(self, commit: str) -> None:
        """Make their pods, with the reports that agents have left there."""
        crowd = self.crowd
        crowd.create(SERVICE_ACCOUNTS, [account()])
        pods = crowd.create(PODS, [gateway_pod(f"gw-{name}", name) for name in self.ready])
        # As agents of an earlier life of the controller have left them.
        crowd.create(
            CONFIG_MAPS,
            [
                reported(name, report_of(gw["name"], gw["uid"], commit))
                for name, gw in zip(self.ready, (pod["metadata"] for pod in pods), strict=True)
            ],
        )

    def converge(self, *others: dict[str, Any]) -> float:
        """Create them, the others among them; seconds until all healthy ones have converged."""
        crs = [
            gateway_sync(name, self._git.url(f"r{number % REPOSITORIES}.git"))
            for number, name in enumerate(self.names)
        ]
        for number, other in enumerate(others):
            crs.insert(number * 7, other)
        begun = time.monotonic()
        self.crowd.create(GATEWAY_SYNCS, crs)
        self.wait()
        return max(self.crowd.done.values()) - begun

    def wait(self) -> None:
        """Until they have converged."""
        eventually(
            lambda: self.crowd.have_converged(self.names, ready=self.ready),
            what="the healthy ones converge",
            within=PATIENCE,
        )


def hanging(servers: list[SilentServer]) -> list[dict[str, Any]]:
    return [
        gateway_sync(name, server.url(f"{name}.git"))
        for name, server in zip(HANGING, servers, strict=True)
    ]


def undecided(crowd: Crowd) -> bool:
    """Whether nothing is known yet of the refs of those that hang."""
    found = crowd.crs()
    said = {condition(found[name], "RefResolved")["status"] for name in HANGING}
    return said <= {"", "Unknown"}


class Town:
    """Where the healthy ones live: alone, with ten bad ones, and with five that share a server."""

    def __init__(self, stack: ExitStack, spaces: Spaces, client: Client, git: GitDaemon) -> None:
        def neighbourhood(healthy: int) -> Neighbourhood:
            space = stack.enter_context(spaces.new("crowd"))
            return Neighbourhood(stack.enter_context(crowd(client, space.name)), git, healthy)

        self.alone = neighbourhood(HEALTHY)
        self.apart = neighbourhood(HEALTHY)
        self.together = neighbourhood(FEW)

    def settle(self, repository: Repository) -> None:
        """Make what is there before the controller is."""
        for one in (self.alone, self.apart, self.together):
            one.settle(repository.head())
        shapes = Shapes.of(SEED)
        bad = [gateway_sync(name, repository.url) for name in BAD]
        for document in bad:
            document["spec"] = shapes.everywhere(repository.url)
        # The largest things that etcd takes, too.
        place = ("sync", "profiles", "default", "dryRun")
        for document, value in zip(bad, HEAVY.values(), strict=False):
            document["spec"] = replaced(document["spec"], place, value)
        with anything_goes(self.apart.crowd.client):
            self.apart.crowd.create(GATEWAY_SYNCS, bad)


@pytest.mark.fault("crowd", "one of them broken", "the others' latency is unharmed")
def test_ten_bad_ones_do_not_slow_down_the_other_190(  # noqa: PLR0913, PLR0917 - fixtures
    spaces: Spaces,
    client: Client,
    git: GitDaemon,
    repository: Repository,
    tmp_path: Path,
    ledger: Ledger,
) -> None:
    """Five hang, each at a server of its own and then all at one; five are wrong in every field."""
    with ExitStack() as stack:
        town = Town(stack, spaces, client, git)
        town.settle(repository)
        servers = [stack.enter_context(SilentServer()) for _ in range(5)]
        common = stack.enter_context(SilentServer())
        home = stack.enter_context(spaces.new("home"))
        made = stack.enter_context(controllers(home, tmp_path, everywhere=True))
        alone, apart, together = town.alone.crowd, town.apart.crowd, town.together.crowd
        # Both at the same time, so that what else the machine does slows down both.
        begun(made, watch_namespaces=alone.namespace, leader_elect=False)
        second = begun(
            made,
            "second",
            watch_namespaces=f"{apart.namespace},{together.namespace}",
            leader_elect=False,
            git_deadline=f"{DEADLINE}s",
        )
        without, took = at_once(
            lambda converge: converge(),
            (town.alone.converge, lambda: town.apart.converge(*hanging(servers))),
        )
        # This does not depend on time: all others are done, and these have not even an answer.
        assert undecided(apart)
        assert [server.open for server in servers] == [1] * 5
        town.together.converge(*hanging([common] * 5))
        assert undecided(together)
        assert common.open >= 1
        print(f"{without:.1f} s alone, {took:.1f} s with the ten")  # noqa: T201 - shown when it fails
        assert took / without < 2
        ledger.did("ten GatewaySyncs hang, or are wrong in every field, among 190 that are not")
        ledger.checked("GatewaySyncs that take twice as long as without the ten", of=HEALTHY)
        assert all(f'"name":"{name}"' in second.log.read_text() for name in BAD)
        assert "raceback" not in second.log.read_text()
        leave_nothing(apart, second)


def leave_nothing(crowd: Crowd, controller: LocalController) -> None:
    """Delete all CRs; nothing of theirs stays, and nothing is told of them any more."""
    crowd.delete(GATEWAY_SYNCS, crowd.crs())
    eventually(lambda: not crowd.crs(), what="all CRs are gone", within=PATIENCE)

    def nothing() -> bool:
        left = [name for name in crowd.listed(CONFIG_MAPS) if name != "kube-root-ca.crt"]
        mine = [*crowd.listed(ROLES), *crowd.listed(ROLE_BINDINGS), *crowd.listed(SECRETS)]
        left += [name for name in mine if name.startswith("stoker-agent") or "token" in name]
        assert not left, left
        return True

    eventually(nothing, what="nothing is left of them", within=PATIENCE)

    def nobody() -> bool:
        told = {
            sample.labels.get("name")
            for sample in controller.metrics()
            if sample.labels.get("namespace") == crowd.namespace
        }
        assert not told, told
        return True

    # One that failed may rest before it is found to be gone.
    eventually(nobody, what="nothing is told of them", within=MOST_REST + 10)


# --- Everything that can be wrong ---


def requests(controller: LocalController) -> Counter[tuple[str, str]]:
    """How often it has asked the API server for what, and about what."""
    counted: Counter[tuple[str, str]] = Counter()
    for sample in controller.metrics():
        if sample.name == "stoker_controller_api_requests_total":
            counted[sample.labels["method"], sample.labels["resource"]] += int(sample.value)
    return counted


def test_whatever_is_wrong_is_told_of_and_harms_nobody(
    space: Space, client: Client, repository: Repository, local_controllers: Controllers
) -> None:
    with crowd(client, space.name) as everybody:
        zoo = Zoo(everybody, repository.url)
        zoo.settle()
        harm_nobody(zoo, client, local_controllers)


def harm_nobody(zoo: Zoo, client: Client, local_controllers: Controllers) -> None:
    first = begun(local_controllers)
    everybody_is_told(zoo, first)
    first.kill()
    second = begun(local_controllers, "second")
    everybody_is_told(zoo, second)
    # What cannot be told is tried again, ever more seldom; nobody else is heard of.
    before, began = requests(second), time.monotonic()
    time.sleep(20)
    asked = requests(second) - before
    minutes = (time.monotonic() - began) / 60
    of_crs = sum(count for (_, resource), count in asked.items() if resource == "gatewaysyncs")
    assert of_crs < len(zoo.wrong) * 3 * 3, asked
    assert asked.total() - of_crs < 60 * minutes + 20, asked
    assert second.rss() < 250 * 2**20
    assert "raceback" not in first.log.read_text() + second.log.read_text()
    held = {"metadata": {"finalizers": ["stoker.io/finalizer"]}}
    client.merge(GATEWAY_SYNCS, zoo.crowd.namespace, "held", held)
    client.delete(CONFIG_MAPS, zoo.crowd.namespace, "somebody-elses")
    leave_nothing(zoo.crowd, second)


def everybody_is_told(zoo: Zoo, controller: LocalController) -> None:
    zoo.crowd.done.clear()
    fine = [*zoo.healthy, *zoo.odd, *ODD_STATUSES]
    eventually(lambda: zoo.crowd.have_converged(fine), what="all others converge", within=PATIENCE)
    eventually(
        lambda: zoo.told(controller.log.read_text()), what="everybody is told", within=PATIENCE
    )


# --- Polls ---


@pytest.mark.usefixtures("repository")
def test_polls_are_shared_and_spread(
    space: Space, client: Client, git: GitDaemon, local_controllers: Controllers
) -> None:
    """50 CRs on one repository are one connection in an interval; 200 on 200 come evenly."""
    interval = 10.0
    polling = {"interval": f"{interval:.0f}s"}
    with Relay(git.port) as relay, crowd(client, space.name) as everybody:
        repositories = ["one.git"] * SHARING + [f"r{number}.git" for number in range(SPREAD)]
        crs = [
            gateway_sync(f"cr-{n}", relay.url(one), polling=polling)
            for n, one in enumerate(repositories)
        ]
        everybody.create(GATEWAY_SYNCS, crs)
        begun(local_controllers, auto_bind_agent=False)
        names = [cr["metadata"]["name"] for cr in crs]
        eventually(lambda: everybody.have_converged(names), what="all converge", within=PATIENCE)
        # The first poll of some is met by an answer that is younger than half an interval.
        time.sleep(interval)
        began = time.monotonic()
        time.sleep(2 * interval)
        calls = relay.between(began, began + 2 * interval)
        local_controllers.there[0].kill()
    counted = Counter(call.repository for call in calls)
    # A poll at the very edge may be in or out.
    assert 1 <= counted.pop("one.git") <= 3
    assert len(counted) == SPREAD
    assert 1.8 * SPREAD <= counted.total() <= 2.2 * SPREAD
    assert max(counted.values()) <= 3
    tenths = Counter(int((call.at - began) % interval * 10 / interval) for call in calls)
    assert max(tenths.values()) <= 2 * len(calls) / 10, tenths
