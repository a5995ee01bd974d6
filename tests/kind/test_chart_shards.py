"""A release of two replicas and two shards, with the rights that the chart gives.

Who looks after a GatewaySync is told by its events. Their git server does not exist, which is what
there is to tell, and no gateway is needed for it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

import pytest
from kit import Space, Spaces, eventually
from kit.charts import RELEASE, Installed, installed
from kit.kubectl import Document
from kit.ledger import Ledger
from kit.plants import gateway_sync

from stoker.core.sharding import shard_of

SHARDS: Final = 2
LEASES: Final = [f"{RELEASE}-{shard}-of-{SHARDS}" for shard in range(SHARDS)]


@pytest.fixture(scope="module")
def plants(shared_space: Space, definition: Document) -> Iterator[list[Space]]:
    """A namespace of each shard."""
    assert definition
    found: dict[int, Space] = {}
    with ExitStack() as stack:
        while len(found) < SHARDS:
            made = stack.enter_context(Spaces(shared_space.cluster).new("shard"))
            found.setdefault(shard_of(made.name, SHARDS), made)
        yield [found[shard] for shard in range(SHARDS)]


@pytest.fixture(scope="module")
def release(shared_space: Space, plants: list[Space], product: str) -> Iterator[Installed]:
    values: Document = {
        "replicaCount": SHARDS,
        "sharding": {"shards": SHARDS},
        "webhook": {"enabled": False},
        "git": {"allowedProtocols": ["git"]},
        "watchNamespaces": [one.name for one in plants],
    }
    with installed(shared_space, product, values) as made:
        yield made


def holders(release: Installed) -> list[str]:
    """The pods that hold the leases, by shard."""
    leases = release.space.kubectl.json("get", "leases", *LEASES)["items"]
    by_name = {one["metadata"]["name"]: one["spec"].get("holderIdentity", "") for one in leases}
    return [by_name[name].rpartition("_")[0] for name in LEASES]


def tellers(plant: Space, name: str) -> set[str]:
    """The pods that told events of a GatewaySync."""
    events = plant.kubectl.json("get", "events", "--field-selector", f"involvedObject.name={name}")
    return {one["reportingComponent"] and one["reportingInstance"].rpartition("_")[0]
            for one in events["items"]}  # fmt: skip


def told_by(plant: Space, name: str, *, within: float = 30) -> str:
    plant.apply(gateway_sync(name, "git://nowhere.example/plant.git"))
    (pod,) = eventually(lambda: tellers(plant, name), what=f"{name} is told of", within=within)
    return pod


def test_each_replica_leads_one_shard_and_tells_of_no_other(
    release: Installed, plants: list[Space]
) -> None:
    def is_divided() -> bool:
        pods = {one["metadata"]["name"] for one in release.pods()}
        return set(holders(release)) == pods

    eventually(is_divided, what="each replica leads one shard")
    assert [told_by(one, "first") for one in plants] == holders(release)


@pytest.mark.fault("shards")
def test_of_a_pod_that_goes_without_grace_the_shard_is_taken(
    release: Installed, plants: list[Space], ledger: Ledger
) -> None:
    lost, _ = holders(release)
    words = ("--grace-period", "0", "--force", "--wait=false")
    release.space.kubectl("delete", "pod", lost, *words)
    began = time.monotonic()
    ledger.did("A pod of a release with two shards deleted without grace")
    # It lives on until its kubelet has heard of that, and does its work as long.
    eventually(lambda: holders(release)[0] != lost, what="the shard is taken", within=30)
    assert told_by(plants[0], "second", within=began + 30 - time.monotonic()) != lost
    assert told_by(plants[1], "second") == holders(release)[1]
    ledger.checked("GatewaySyncs of both shards looked after within 30 s", of=SHARDS)


def test_with_the_release_its_leases_go(release: Installed) -> None:
    release.space.helm("uninstall", RELEASE, "--wait", "--timeout", "60s")
    assert not release.space.kubectl.json("get", "leases")["items"]
