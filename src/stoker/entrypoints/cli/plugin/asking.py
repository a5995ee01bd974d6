"""A sync now, or another ref, asked for by the annotations that the receiver writes.

The request is a merge of annotations with the user's own rights. What is asked for says `generic`,
as the contract has no better word for a person; who it was, the API server's audit log knows, and
the object's `managedFields` name `kubectl-stoker`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from stoker.adapters.clock import utc_now
from stoker.adapters.kube.resources import GATEWAY_SYNCS
from stoker.core.errors import InvalidDocument
from stoker.core.refs import Look, RefName, RequestedRef, read_request, write_request
from stoker.core.spec import Duration
from stoker.entrypoints.cli.answers import Answer, json_text, one_line
from stoker.entrypoints.cli.cluster.options import named_one
from stoker.entrypoints.cli.cluster.reaching import Cluster
from stoker.entrypoints.cli.cluster.reading import read_sync, target_of
from stoker.entrypoints.cli.cluster.refusals import asking
from stoker.entrypoints.cli.cluster.waiting import Waiting, wait
from stoker.entrypoints.cli.commanding import as_invalid_input
from stoker.entrypoints.cli.presenting.wording import count

if TYPE_CHECKING:
    from stoker.adapters.codec.crd import Seen
    from stoker.entrypoints.cli.cluster.options import Place
    from stoker.entrypoints.cli.cluster.waiting import Arrived


@frozen(kw_only=True)
class Asked:
    """What is asked for, as it was told."""

    ref: str = ""
    wait: bool = False
    timeout: str = "5m"
    as_json: bool = False


def sync_answer(place: Place, asked: Asked) -> Answer:
    """What came of it."""
    with as_invalid_input():
        one = named_one(place)
        ref = RefName.parse(asked.ref) if asked.ref else None
        seconds = Duration.parse(asked.timeout).seconds
    cluster = Cluster.of(place.kubeconfig, place.context)
    target = target_of(cluster, one)
    seen = read_sync(cluster, target)
    since = utc_now()
    request = Look(since) if ref is None else RequestedRef(ref, since)
    change = {"metadata": {"uid": seen.metadata.uid, "annotations": write_request(request)}}
    with asking(cluster, "patch", GATEWAY_SYNCS, target[0]):
        cluster.client.merge(GATEWAY_SYNCS, *target, change, metadata_only=True)
    arrived = None
    if asked.wait:
        was_set = ref is None or seen.status.last_sync_ref == ref
        arrived = wait(
            cluster,
            Waiting(target=target, seconds=seconds, ref=ref, since=since, was_set=was_set),
        )
    if asked.as_json:
        return Answer(_document(target, seen, ref, arrived))
    return Answer(_text(target, seen, ref, arrived))


def followed(seen: Seen) -> str:
    """The ref that a GatewaySync is to follow by now."""
    request = read_request(seen.metadata.annotations).request
    if isinstance(request, RequestedRef):
        return str(request.ref)
    if isinstance(seen.spec, InvalidDocument):
        return seen.status.last_sync_ref
    return seen.spec.git.ref or seen.status.last_sync_ref or seen.spec.git.semver or ""


def _is_paused(seen: Seen) -> bool:
    return not isinstance(seen.spec, InvalidDocument) and seen.spec.paused


def _text(target: tuple[str, str], seen: Seen, ref: RefName | None, arrived: Arrived | None) -> str:
    name = "/".join(target)
    lines = [
        f"{name} is looked at now: it follows {followed(seen)}"
        if ref is None
        else f"{name} is to follow {ref}"
    ]
    if _is_paused(seen):
        lines[0] += ", but not before spec.paused is false"
    if arrived is not None:
        gateways = count(arrived.gateways, "gateway")
        lines.append(f"{name} is synced at {arrived.commit}: {gateways}")
    return "".join(f"{one_line(line)}\n" for line in lines)


def _document(
    target: tuple[str, str], seen: Seen, ref: RefName | None, arrived: Arrived | None
) -> str:
    return json_text(
        {
            "result": "accepted" if arrived is None else "synced",
            "namespace": target[0],
            "name": target[1],
            "ref": str(ref or followed(seen)),
            "paused": _is_paused(seen),
            "commit": None if arrived is None else arrived.commit,
            "gateways": None if arrived is None else arrived.gateways,
            "error": None,
        }
    )
