"""Waiting until the gateways of a GatewaySync are synced, at a ref that was asked for or at all.

The status says which ref it is about and whether all gateways are there. It does not say of which
request it knows: when the ref was in force before, it may be ready for what the ref was at then. So
in that case it has to stay ready for a while, longer than the controller needs to ask again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

from attrs import frozen

from stoker.adapters.kube.errors import ApiFailed
from stoker.adapters.kube.resources import EVENTS
from stoker.core.conditions import ConditionReason, ConditionStatus, ConditionType
from stoker.core.errors import StokerError
from stoker.core.refs import RefName, same_ref
from stoker.core.standing.of_sync import UNRESOLVABLE
from stoker.entrypoints.cli.cluster.reading import read_sync

if TYPE_CHECKING:
    from stoker.adapters.codec.crd import Seen
    from stoker.entrypoints.cli.cluster.reaching import Cluster

LOOK: Final = 0.5
"""Seconds between two looks."""
SETTLED: Final = 5.0
"""Seconds for which a ref that was in force before has to be ready."""


@frozen
class NotThere(StokerError):
    """The gateways are not synced, or not in time."""

    reason: ClassVar[str] = "NotSynced"


@frozen
class Arrived:
    """All gateways are there."""

    commit: str
    gateways: int


@frozen
class Underway:
    """Not all of them are; `message` is what the status says of that."""

    message: str


def judge(seen: Seen, ref: RefName | None) -> Arrived | Underway:
    """How far a GatewaySync is; raises `NotThere` where it will not get there by itself.

    Without a ref, whatever it follows counts.
    """
    status, ready = seen.status, seen.status.conditions.get(ConditionType.READY)
    where = f"GatewaySync {seen.metadata.namespace}/{seen.metadata.name}"
    if ready is not None and ready.reason == ConditionReason.PAUSED:
        raise NotThere("it is paused", where=where, cure="set spec.paused to false")
    if ref is not None and not (status.last_sync_ref and same_ref(status.last_sync_ref, ref)):
        return Underway(f"{ref} is not resolved yet")
    if ready is None or ready.status is not ConditionStatus.TRUE:
        return Underway("" if ready is None else ready.message)
    if status.observed_generation != seen.metadata.generation:
        return Underway("the controller has not seen the latest spec yet")
    return Arrived(status.last_sync_commit, len(status.discovered_gateways))


@frozen(kw_only=True)
class Waiting:
    """What is waited for, and how."""

    target: tuple[str, str]
    seconds: float
    ref: RefName | None = None
    since: datetime | None = None
    """When a ref was asked for: what the controller has said of it before does not count."""
    was_set: bool = False
    """Whether what is waited for may have been so before."""
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def wait(cluster: Cluster, waiting: Waiting) -> Arrived:
    """What it came to; raises `NotThere` and others."""
    clock, seconds, target = waiting.clock, waiting.seconds, waiting.target
    until, ready_since = clock() + seconds, None
    while True:
        state = judge(read_sync(cluster, target), waiting.ref)
        if isinstance(state, Arrived):
            ready_since = clock() if ready_since is None else ready_since
            if not waiting.was_set or clock() - ready_since >= min(SETTLED, seconds / 2):
                return state
        else:
            ready_since = None
            _see_refusal(cluster, waiting)
        if clock() >= until:
            break
        waiting.sleep(LOOK)
    told = state.message if isinstance(state, Underway) else "it is not settled"
    raise NotThere(
        f"not synced within {seconds:g} s: {told or 'nothing is known of it'}",
        where=f"GatewaySync {'/'.join(target)}",
        cure=f"see stoker status {'/'.join(target)}",
    )


def _see_refusal(cluster: Cluster, waiting: Waiting) -> None:
    """Look whether the controller says that it cannot resolve the ref; who may not, does not."""
    if waiting.ref is None or waiting.since is None:
        return
    namespace, name = waiting.target
    fields = f"involvedObject.name={name},reason={UNRESOLVABLE}"
    try:
        events = [
            event
            for page in cluster.client.pages(EVENTS, namespace, fields=fields)
            for event in page.items
        ]
    except ApiFailed:
        return
    for event in events:
        at = str(event.get("lastTimestamp") or event.get("eventTime") or "")
        if at >= waiting.since.strftime("%Y-%m-%dT%H:%M:%S"):
            # The controller's words end with the cure.
            raise NotThere(str(event.get("message", "")), where=f"GatewaySync {namespace}/{name}")
