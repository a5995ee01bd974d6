"""What a replica follows and acts for, as its shards come and go.

The cluster's view, the queue, the loop and the metrics are the real ones; the watches are told when
they have listed. Broken on purpose, and seen to fail: a shard that is acted for before its lists
are complete, one that is forgotten as soon as it is lost, one that is not forgotten by the loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import define, field
from prometheus_client import generate_latest

from property.strategies.reports import NOW
from stoker.adapters.kube.shards import Lead
from stoker.adapters.metrics.controller import ControllerMetrics
from stoker.core.reconcile import Settings
from stoker.core.sharding import shard_of
from stoker.entrypoints.controller.cluster import Cluster
from stoker.entrypoints.controller.queue import Key, WorkQueue
from stoker.entrypoints.controller.reconciling import Reconciler
from stoker.entrypoints.controller.shards import Shards
from stoker.entrypoints.controller.watching import Lists, Watches
from support.answering import soon
from support.sightings import a_cr, a_pod

SPACES = {shard_of(f"site-{number}", 2): f"site-{number}" for number in range(9)}
ZERO, ONE = (SPACES[0], "a"), (SPACES[1], "a")


@define
class Lister:
    """The watches: they list when the test says so, and bring what is followed."""

    shards: Shards
    cluster: Cluster
    lists: list[Lists] = field(factory=list)
    done: set[int] = field(factory=set)

    def list_anew(self, concerns: Callable[[str], bool]) -> Lists:
        assert any(concerns(space) for space in SPACES.values())
        self.lists.append({("Pod", ""): len(self.lists)})
        return self.lists[-1]

    def have_listed(self, lists: Lists) -> bool:
        return lists["Pod", ""] in self.done

    def list_(self) -> None:
        for space, name in (ZERO, ONE):
            if self.shards.follows(space):
                self.cluster.saw(self.cluster.crs, a_cr(name, namespace=space))
                pod = a_pod("gw-0", name)
                pod["metadata"]["namespace"] = space
                self.cluster.saw(self.cluster.pods, pod)
        self.done.add(len(self.lists) - 1)


@define
class Mute:
    """Hands, herald and git servers, of whom nothing is expected here."""

    looked: list[Key] = field(factory=list)
    forgotten: list[object] = field(factory=list)

    def write(self, cr: Any, _: object) -> None:
        self.looked.append((cr.namespace, cr.name))

    def ask(self, *_: object) -> None:
        pass

    def tell(self, *_: object) -> None:
        pass

    def forget(self, *key: object) -> None:
        self.forgotten.append(key[0])


@define
class Stage:
    """A replica with two shards to win."""

    shards: Shards
    cluster: Cluster
    lister: Lister
    mute: Mute
    reconciler: Reconciler
    queue: WorkQueue
    metrics: ControllerMetrics

    def look(self) -> list[Key]:
        """Look at what is due; what was written for."""
        self.mute.looked.clear()
        time.sleep(0.15)
        while (key := self.queue.take_now()) is not None:
            self.reconciler.look(key)
            self.queue.done(key)
        return list(dict.fromkeys(self.mute.looked))

    def shown(self) -> list[bool]:
        told = generate_latest(self.metrics.registry).decode()
        return [f'namespace="{space}"' in told for space in SPACES.values()]


@pytest.fixture
def stage() -> Iterator[Stage]:
    queue, metrics, mute = WorkQueue(), ControllerMetrics(2), Mute()
    cluster = Cluster(lambda: NOW, queue.add)
    shards = Shards(2, lambda *_, **__: None, lambda _, error: pytest.fail(str(error)))
    quiet: Any = mute
    reconciler = Reconciler(
        cluster=cluster,
        queue=queue,
        hands=quiet,
        herald=quiet,
        asking=quiet,
        meter=metrics,
        settings=Settings(),
        now=lambda: NOW,
        complain=lambda _, __, error: pytest.fail(str(error)),
        acts=shards.acts,
    )
    lister = Lister(shards, cluster)
    watches: Watches = lister  # type: ignore[assignment] # as much of them as is asked
    shards.begin(watches, cluster, reconciler, queue, metrics)
    yield Stage(shards, cluster, lister, mute, reconciler, queue, metrics)
    shards.end()


def win(stage: Stage, shard: int) -> None:
    lists = len(stage.lister.lists)
    stage.shards.changed(shard, Lead.OURS)
    soon(lambda: len(stage.lister.lists) == lists + 1)
    stage.lister.list_()
    soon(lambda: stage.shards.acts((SPACES[shard], "a")))


def test_nothing_is_looked_at_before_it_is_listed(stage: Stage) -> None:
    assert stage.shards.part.is_empty()
    stage.shards.changed(0, Lead.OURS)
    soon(lambda: stage.lister.lists)
    assert stage.shards.follows(SPACES[0])
    assert not stage.shards.follows(SPACES[1])
    stage.cluster.saw(stage.cluster.crs, a_cr("a", namespace=SPACES[0]))
    assert stage.look() == []
    stage.lister.list_()
    soon(lambda: stage.shards.acts(ZERO))
    assert stage.look() == [ZERO]
    assert not stage.shards.acts(ONE)


def test_another_shard_comes_along_without_disturbing_the_first(stage: Stage) -> None:
    win(stage, 0)
    stage.look()
    stage.shards.changed(1, Lead.OURS)
    soon(lambda: len(stage.lister.lists) == 2)
    assert stage.shards.acts(ZERO)
    assert not stage.shards.acts(ONE)
    stage.lister.list_()
    soon(lambda: stage.shards.acts(ONE))
    assert ONE in stage.look()


def test_what_is_lost_is_not_looked_at_and_comes_back_without_a_list(stage: Stage) -> None:
    win(stage, 0)
    assert stage.look() == [ZERO]
    assert any(stage.shown())
    stage.shards.changed(0, Lead.UNCERTAIN)
    assert not stage.shards.acts(ZERO)
    assert not any(stage.shown())
    stage.queue.add(ZERO)
    assert stage.look() == []
    assert stage.cluster.cr(ZERO) is not None
    stage.shards.changed(0, Lead.OURS)
    soon(lambda: stage.shards.acts(ZERO))
    assert stage.look() == [ZERO]
    assert len(stage.lister.lists) == 1


def test_what_another_leads_is_forgotten_and_learnt_anew(stage: Stage) -> None:
    win(stage, 0)
    win(stage, 1)
    assert set(stage.look()) == {ZERO, ONE}
    stage.shards.changed(0, Lead.UNCERTAIN)
    stage.shards.changed(0, Lead.THEIRS)
    soon(lambda: stage.cluster.cr(ZERO) is None)
    assert not stage.shards.follows(SPACES[0])
    assert stage.cluster.pods.names() == [(SPACES[1], "gw-0")]
    stage.look()
    assert ZERO in stage.mute.forgotten
    assert ONE not in stage.mute.forgotten
    assert list(stage.reconciler._kept) == [ONE]  # noqa: SLF001 - what may not grow
    assert stage.shown() == [space == SPACES[1] for space in SPACES.values()]
    win(stage, 0)
    assert ZERO in stage.look()


def test_who_loses_it_while_it_is_listed_does_not_act(stage: Stage) -> None:
    stage.shards.changed(0, Lead.OURS)
    soon(lambda: stage.lister.lists)
    stage.shards.changed(0, Lead.THEIRS)
    stage.lister.list_()
    time.sleep(0.2)
    assert not stage.shards.acts(ZERO)
    assert not stage.shards.follows(SPACES[0])
