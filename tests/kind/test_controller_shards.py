"""Namespaces divided among controllers: each is one's affair, whoever comes, goes or dies.

The namespaces are the same for all tests of this file; the controllers of each test end with it.
What each of them writes is read off its own way to the API server (`kit.shards`).
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from cluster import Cluster
from kit import Spaces, eventually
from kit.crowds import talking
from kit.ledger import Ledger
from kit.plants import Repository
from kit.shards import CRS, Estate, Replica, Replicas, replicas, shard_of, spread

from stoker.adapters.kube.errors import ApiFailed
from support.git_servers import GitDaemon

MOST: Final = 4
EACH: Final = 2
SOON: Final[dict[str, Any]] = {
    "lease_duration": "6s",
    "renew_deadline": "4s",
    "retry_period": "0.5s",
}

pytestmark = pytest.mark.fault("shards")


@pytest.fixture(scope="module")
def estate(cluster: Cluster, definition: dict[str, Any], git: GitDaemon) -> Iterator[Estate]:
    assert definition
    repository = Repository.create(git, "estate")
    repository.commit()
    found = spread(f"estate-{secrets.token_hex(2)}", MOST, EACH)
    with talking(cluster) as client:
        made = Estate(client, repository, found)
        try:
            made.begin()
            yield made
        finally:
            made.end()


@pytest.fixture(scope="module")
def release(
    cluster: Cluster,
    spaces: Spaces,
    definition: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Replicas]:
    assert definition
    folder = tmp_path_factory.mktemp("replicas")
    with spaces.new("shards") as space, replicas(cluster, space, folder) as made:
        yield made


@pytest.fixture
def party(release: Replicas) -> Iterator[Replicas]:
    """The release, without a replica still."""
    yield release
    for name, story in release.stories():
        print(f"-- {name}\n{story}")  # noqa: T201 - for whoever looks at a failure
    release.end()


def are_led(party: Replicas, within: float = 20.0) -> dict[int, str]:
    """Who leads each shard, once each has one leader and nobody leads two more than another."""

    def even() -> dict[int, str]:
        found = party.leaders()
        assert all(len(one) == 1 for one in found.values()), found
        leaders = {shard: one for shard, (one,) in found.items()}
        loads = [[*leaders.values()].count(one.name) for one in party.there if lives(one)]
        assert max(loads) - min(loads) <= 1, found
        return leaders

    return eventually(even, what="the shards are led, and evenly", within=within)


def lives(one: Replica) -> bool:
    return one.controller.process is not None and one.controller.process.poll() is None


def of(estate: Estate, shards: set[int], count: int) -> set[str]:
    return {name for name in estate.namespaces if shard_of(name, count) in shards}


def only_theirs(party: Replicas, estate: Estate, leaders: dict[int, str], since: float) -> None:
    """Each namespace was written in by its leader alone, who knows nothing of the others."""
    count = len(leaders)
    wanted = {name: [leaders[shard_of(name, count)]] for name in estate.namespaces}
    assert {name: who for name, who in party.writes(since).items() if name in wanted} == wanted
    for one in party.there:
        own = {shard for shard, name in leaders.items() if name == one.name}
        assert one.led() == own
        assert one.shown() & {*estate.namespaces} == of(estate, own, count)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_each_namespace_is_one_replicas_affair(
    estate: Estate, party: Replicas, ledger: Ledger, count: int
) -> None:
    for number in range(count):
        party.begin(f"replica-{number}", count, **SOON)
    for one in party.there:
        one.controller.ready()
    leaders = are_led(party)
    assert len({*leaders.values()}) == count
    eventually(
        lambda: sum(one.counted() for one in party.there) == len(estate.namespaces) * len(CRS),
        what="each GatewaySync is known to one of them",
    )
    since = time.monotonic()
    commit = estate.push()
    eventually(lambda: estate.is_told(commit), what="all agents are told")
    estate.report(commit)
    eventually(estate.is_ready, what="each GatewaySync is ready")
    assert are_led(party) == leaders
    only_theirs(party, estate, leaders, since)
    ledger.did(f"As many controllers as shards: {count}")
    ledger.checked("each namespace is written in by one controller", of=len(estate.namespaces))


@contextmanager
def history(estate: Estate, spaces: set[str]) -> Iterator[list[str]]:
    """The commits that the agents of these namespaces are told, one after the other for each."""
    seen: dict[tuple[str, str], list[str]] = {(name, cr): [] for name in spaces for cr in CRS}
    backward: list[str] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            for (name, cr), commits in seen.items():
                try:
                    commit = estate.told(name, cr)
                except ApiFailed:
                    continue
                if commit in commits[:-1]:
                    backward.append(f"{name}/{cr}: {commit} after {commits[-1]}")
                if not commits or commits[-1] != commit:
                    commits.append(commit)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield backward
    finally:
        over.set()
        thread.join()


def test_a_dead_ones_shards_are_taken_over_within_half_a_minute(
    estate: Estate, party: Replicas, ledger: Ledger
) -> None:
    """With leases as the chart has them; who is killed knew of commits that are old since."""
    for name in ("first", "second"):
        party.begin(name, MOST, retry_period="1s")
    leaders = are_led(party)
    first, second = party.there
    first_commit = estate.push()
    eventually(lambda: estate.is_told(first_commit), what="all agents are told")
    orphans = {shard for shard, name in leaders.items() if name == first.name}
    spaces = of(estate, orphans, MOST)
    with history(estate, {*estate.namespaces}) as backward:
        first.controller.kill()
        began = time.monotonic()
        commit = estate.push()
        mine = sorted({*estate.namespaces} - spaces)
        eventually(lambda: estate.is_told(commit, mine), what="the living goes on", within=8)
        eventually(lambda: estate.is_told(commit), what="the dead one's are told", within=30)
        took = time.monotonic() - began
        print(f"after {took:.1f} s")  # noqa: T201 - a figure
        assert took < 30
        eventually(lambda: second.led() == {*range(MOST)}, what="it leads all", within=10)
    assert backward == []
    ledger.did("SIGKILL of a controller that leads two of four shards")
    ledger.checked(
        "GatewaySyncs taken over within 30 s, none told an older commit", of=len(spaces) * len(CRS)
    )


def test_who_comes_late_gets_a_share_and_nothing_is_done_twice(
    estate: Estate, party: Replicas, ledger: Ledger
) -> None:
    """What is handed over is looked at once more and, being right, written by nobody."""
    first = party.begin("first", MOST, **SOON)
    eventually(lambda: first.led() == {*range(MOST)}, what="it leads all of them", within=20)
    commit = estate.push()
    eventually(lambda: estate.is_told(commit), what="all agents are told")
    estate.report(commit)
    eventually(estate.is_ready, what="each GatewaySync is ready")
    first.controller.comes_to_rest()
    since = time.monotonic()
    second = party.begin("second", MOST, **SOON)
    leaders = are_led(party)
    handed = {shard for shard, name in leaders.items() if name == second.name}
    assert len(handed) == MOST / 2
    eventually(lambda: second.counted() == len(handed) * EACH * len(CRS), what="it knows them")
    assert {name for name in party.writes(since) if name in estate.namespaces} == set()
    since = time.monotonic()
    commit = estate.push()
    eventually(lambda: estate.is_told(commit), what="all agents are told")
    only_theirs(party, estate, leaders, since)
    ledger.did("A controller that starts late, and is handed a share")
    ledger.checked("a shard that is handed over costs no write", of=len(handed))


def test_another_number_of_shards_waits_until_the_old_one_has_gone(
    estate: Estate, party: Replicas, ledger: Ledger
) -> None:
    """Also when they may renew their leases on: else they would end by themselves."""
    party.install(2)
    old = [party.begin(f"old-{number}", 2, **SOON) for number in range(2)]
    are_led(party)
    party.install(MOST)
    party.keep(2)
    new = [party.begin(f"new-{number}", MOST, **SOON) for number in range(2)]
    for one in new:
        one.controller.ready()
    time.sleep(3)
    assert [one.led() for one in new] == [set(), set()]
    since = time.monotonic()
    assert [one.controller.stop() for one in old] == [0, 0]
    commit = estate.push()
    eventually(lambda: estate.is_told(commit), what="all agents are told", within=30)
    print(f"after {time.monotonic() - since:.1f} s")  # noqa: T201 - a figure
    estate.report(commit)
    eventually(estate.is_ready, what="each GatewaySync is ready")
    told = party.writes()
    assert {name: who for name, who in told.items() if "old" in "".join(who[1:])} == {}
    ledger.did("Two shards become four while controllers run")
    ledger.checked("nobody writes after a controller of the new number has", of=len(told))
