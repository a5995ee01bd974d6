"""What is in a namespace in the end, without what no two runs have in common.

Versions, uids, times and counters go; the namespace, the repository and its commits get names that
are the same in each run. An owner is named by whether it is the CR that is there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from kit.order import Contents

if TYPE_CHECKING:
    from kit.api import Api
    from kit.kubectl import Document

_OWN: Final = frozenset(
    {
        "resourceVersion",
        "uid",
        "managedFields",
        "creationTimestamp",
        "selfLink",
        "lastTransitionTime",
        "lastSyncTime",
        "lastScanTime",
        "reportedAt",
        "requestedAt",
        "seq",
        "podUID",
    }
)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+]00:00)")
_SHORT: Final = 7


def likeness(api: Api, namespace: str, named: Mapping[str, str]) -> dict[str, Any]:
    """All objects of ours, by kind and name; `named` has the words for texts such as commits."""
    there = Contents.of(api, namespace)
    uids = {str(cr["metadata"]["uid"]): str(cr["metadata"]["name"]) for cr in there.crs}
    words = {**named, namespace: "NAMESPACE"}
    objects = {f"GatewaySync/{cr['metadata']['name']}": cr for cr in there.crs}
    for kind, found in (
        ("ConfigMap", there.maps),
        ("Role", there.roles),
        ("RoleBinding", there.bindings),
        ("Secret", there.secrets),
    ):
        objects |= {f"{kind}/{name}": one for name, one in found.items()}
    return {name: _plain(one, uids, words) for name, one in sorted(objects.items())}


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """What is not the same, in words: the path, and what either says."""
    return [*_differ("", one, other)]


def _plain(document: Document, uids: Mapping[str, str], words: Mapping[str, str]) -> Any:
    owners = [
        uids.get(str(each["uid"]), "somebody who is gone")
        for each in document["metadata"].get("ownerReferences") or ()
    ]
    made = _without(document)
    made["metadata"]["ownerReferences"] = owners
    text = json.dumps(made, sort_keys=True)
    for word, name in words.items():
        text = text.replace(word, name)
        if len(word) == 40:  # a commit, which is also told in short
            text = text.replace(word[:_SHORT], f"{name}…")
    return json.loads(_TIME.sub("TIME", text))


def _without(value: Any) -> Any:
    match value:
        case dict():
            return {key: _without(one) for key, one in value.items() if key not in _OWN}
        case list():
            return [_without(one) for one in value]
        case str() if value.startswith("{"):
            try:
                return _without(json.loads(value))
            except ValueError:
                return value
    return value


def _differ(path: str, one: Any, other: Any) -> list[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        found = []
        for key in sorted({*one, *other}):
            found += _differ(f"{path}/{key}", one.get(key), other.get(key))
        return found
    return [] if one == other else [f"{path}: {one!r}, not {other!r}"]
