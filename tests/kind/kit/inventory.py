"""Everything there is in a cluster: each object of each kind that can be listed.

Two such lists tell what something has left behind. Events are left out, which end by themselves,
and so are objects that are on their way out, and the signs of life of nodes: a kubelet makes its
lease whenever it gets round to it, which can be after a cluster is up and looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cluster import Problem

if TYPE_CHECKING:
    from kit.kubectl import Kubectl

_FLEETING: Final = ("events", "events.events.k8s.io", "componentstatuses")
_SIGNS_OF_LIFE: Final = ("Lease", "kube-node-lease")
_PATIENCE: Final = 60.0

Item = tuple[str, str, str]
"""Kind, namespace and name; objects of the whole cluster have no namespace."""


def everything(kubectl: Kubectl) -> frozenset[Item]:
    """All objects that are there, and stay."""
    listed = kubectl("api-resources", "--verbs", "list", "--output", "name").split()
    kinds = sorted({one for one in listed if one not in _FLEETING})
    if not kinds:
        raise Problem("the API server names no kinds of objects")
    found = kubectl.json(
        "get", ",".join(kinds), "--all-namespaces", "--ignore-not-found", patience=_PATIENCE
    )
    there = (
        (one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"])
        for one in found["items"]
        if "deletionTimestamp" not in one["metadata"]
    )
    return frozenset(one for one in there if one[:2] != _SIGNS_OF_LIFE)


def added(before: frozenset[Item], now: frozenset[Item], *, besides: str = "") -> set[Item]:
    """What has come; `besides` is a namespace whose own furniture does not count."""
    own = {("ServiceAccount", besides, "default"), ("ConfigMap", besides, "kube-root-ca.crt")}
    return set(now - before - own - {("Namespace", "", besides)})
