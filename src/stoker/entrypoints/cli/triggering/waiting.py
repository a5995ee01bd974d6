"""Waiting until the gateways of a GatewaySync are synced at the ref that was asked for.

The status says which ref it is about and whether all gateways are there. It does not say of which
request it knows: when the ref was in force before, it may be ready for what the ref was at then. So
in that case it has to stay ready for a while, longer than the controller needs to ask again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Final

from attrs import frozen

from stoker.adapters.kube.errors import ApiFailed
from stoker.adapters.kube.resources import EVENTS
from stoker.core.conditions import ConditionReason, ConditionStatus, ConditionType
from stoker.core.errors import StokerError
from stoker.core.refs import same_ref
from stoker.entrypoints.cli.triggering.proving import read_sync

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from stoker.adapters.codec.crd import Seen
    from stoker.core.refs import RefName
    from stoker.entrypoints.cli.triggering.reaching import Cluster

LOOK: Final = 0.5
"""Seconds between two looks."""
SETTLED: Final = 5.0
"""Seconds for which a ref that was in force before has to be ready."""
UNRESOLVABLE: Final = "RequestedRefUnresolvable"


@frozen
class NotThere(StokerError):
    """The gateways are not synced at the ref, or not in time."""

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


def judge(seen: Seen, ref: RefName) -> Arrived | Underway:
    """How far a GatewaySync is; raises `NotThere` where it will not get there by itself."""
    status, ready = seen.status, seen.status.conditions.get(ConditionType.READY)
    where = f"GatewaySync {seen.metadata.namespace}/{seen.metadata.name}"
    if ready is not None and ready.reason == ConditionReason.PAUSED:
        raise NotThere(
            "it is paused, so the ref waits", where=where, cure="set spec.paused to false"
        )
    if not status.last_sync_ref or not same_ref(status.last_sync_ref, ref):
        return Underway(f"{ref} is not resolved yet")
    if ready is None or ready.status is not ConditionStatus.TRUE:
        return Underway("" if ready is None else ready.message)
    if status.observed_generation != seen.metadata.generation:
        return Underway("the controller has not seen the latest spec yet")
    return Arrived(status.last_sync_commit, len(status.discovered_gateways))


def wait(  # noqa: PLR0913 - what is waited for, and how
    cluster: Cluster,
    target: tuple[str, str],
    ref: RefName,
    *,
    seconds: float,
    since: datetime,
    was_set: bool,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Arrived:
    """What it came to; raises `NotThere` and others. `was_set`: the ref was in force before."""
    until, ready_since = clock() + seconds, None
    while True:
        state = judge(read_sync(cluster, target), ref)
        if isinstance(state, Arrived):
            ready_since = clock() if ready_since is None else ready_since
            if not was_set or clock() - ready_since >= min(SETTLED, seconds / 2):
                return state
        else:
            ready_since = None
            _see_refusal(cluster, target, since)
        if clock() >= until:
            break
        sleep(LOOK)
    told = state.message if isinstance(state, Underway) else "it is not settled"
    raise NotThere(
        f"not synced within {seconds:g} s: {told or 'nothing is known of it'}",
        where=f"GatewaySync {'/'.join(target)}",
        cure=f"see kubectl describe gatewaysync -n {target[0]} {target[1]}",
    )


def _see_refusal(cluster: Cluster, target: tuple[str, str], since: datetime) -> None:
    """Look whether the controller says that it cannot resolve the ref; who may not, does not."""
    fields = f"involvedObject.name={target[1]},reason={UNRESOLVABLE}"
    try:
        events = [
            event
            for page in cluster.client.pages(EVENTS, target[0], fields=fields)
            for event in page.items
        ]
    except ApiFailed:
        return
    for event in events:
        at = str(event.get("lastTimestamp") or event.get("eventTime") or "")
        if at >= since.strftime("%Y-%m-%dT%H:%M:%S"):
            raise NotThere(
                str(event.get("message", "")),
                where=f"GatewaySync {'/'.join(target)}",
                cure="push the ref, or ask for one that the repository has",
            )
