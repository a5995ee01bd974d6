"""A cluster for one file of tests alone, in which nothing of any other test is.

Where the tests run on a node of our own, another one is started beside it, which takes seconds.
Elsewhere it is the cluster of the run: there is no other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cluster import given, in_docker, node, opening, state
from cluster.running import Steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster import Cluster


@contextmanager
def cluster_of_its_own(elsewhere: Callable[[], Cluster]) -> Iterator[Cluster]:
    """A new node for the `with`, or what `elsewhere` gives where nodes are not ours to start."""
    if not _is_ours(os.environ):
        yield elsewhere()
        return
    wishes = node.Wishes(lifetime=state.Watched.of(os.getpid()))
    with opening.up(state.default_root(), wishes, "node", Steps(_silent)) as made:
        yield made


def _is_ours(environment: os._Environ[str]) -> bool:
    """Whether the cluster of the run is a node that these tools start."""
    file = given.kubeconfig(environment)
    if file is None:
        return opening.choose(None, file, in_docker.available) == "node"
    place = opening.recorded(file)
    record = place.read() if place is not None else None
    return record is not None and record.mode == "node"


def _silent(_: str) -> None:
    """Who asked for the cluster has nothing to wait for."""
