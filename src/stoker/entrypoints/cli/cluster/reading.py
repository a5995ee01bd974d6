"""GatewaySyncs as they are now, read with the user's rights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stoker.adapters.codec.crd import Seen, decode_seen
from stoker.adapters.kube.errors import ApiFailed, NotFound
from stoker.adapters.kube.resources import GATEWAY_SYNCS
from stoker.core.errors import StokerError
from stoker.core.spec.problems import nearest
from stoker.entrypoints.cli.cluster.refusals import asking

if TYPE_CHECKING:
    from stoker.entrypoints.cli.cluster.options import Named
    from stoker.entrypoints.cli.cluster.reaching import Cluster

_LISTED: Final = 8
"""How many other names an error shows."""


def target_of(cluster: Cluster, named: Named) -> tuple[str, str]:
    """Namespace and name."""
    return named.namespace or cluster.namespace, named.name


def read_sync(cluster: Cluster, target: tuple[str, str]) -> Seen:
    """The GatewaySync as it is now; raises `StokerError`."""
    try:
        with asking(cluster, "get", GATEWAY_SYNCS, target[0]):
            return decode_seen(cluster.client.get(GATEWAY_SYNCS, *target))
    except NotFound as error:
        raise StokerError(
            "there is no such GatewaySync",
            where=f"GatewaySync {'/'.join(target)}",
            cure=_meant(cluster, target),
        ) from error


def read_syncs(cluster: Cluster, namespace: str) -> tuple[Seen, ...]:
    """Those of a namespace, or of all of them, by name; raises `StokerError`."""
    with asking(cluster, "list", GATEWAY_SYNCS, namespace):
        found: list[Seen] = []
        for page in cluster.client.pages(GATEWAY_SYNCS, namespace):
            if page.first:
                found = []
            found += map(decode_seen, page.items)
    return tuple(sorted(found, key=lambda seen: (seen.metadata.namespace, seen.metadata.name)))


def _meant(cluster: Cluster, target: tuple[str, str]) -> str:
    """What somebody may have meant who names one that is not there."""
    namespace, name = target
    here = _names(cluster, namespace)
    if near := nearest(name, (one for _, one in here)):
        return f"did you mean {namespace}/{near}?"
    elsewhere = [space for space, one in _names(cluster, "") if one == name]
    if elsewhere:
        listed = ", ".join(f"{space}/{name}" for space in elsewhere[:_LISTED])
        return f"did you mean {listed}?"
    if here:
        listed = ", ".join(one for _, one in here[:_LISTED])
        return f"namespace {namespace} has {listed}{', …' if here[_LISTED:] else ''}"
    return f"check its name, the namespace ({namespace}) and the context"


def _names(cluster: Cluster, namespace: str) -> list[tuple[str, str]]:
    try:
        pages = cluster.client.pages(GATEWAY_SYNCS, namespace, metadata_only=True)
        return [
            (str(one["metadata"].get("namespace", "")), str(one["metadata"].get("name", "")))
            for page in pages
            for one in page.items
        ]
    except ApiFailed:
        return []
