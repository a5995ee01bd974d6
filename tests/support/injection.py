"""What injection has added to a pod, taken away again; and what is at a path."""

from __future__ import annotations

import copy
from typing import Any

from stoker.core import names


def without_ours(after: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """`after` with everything taken away that injection says it adds."""
    bare = copy.deepcopy(after)
    metadata, spec = bare["metadata"], bare["spec"]
    annotations = before["metadata"]["annotations"]
    for name in (names.INJECTED, names.CR_NAME):
        del metadata["annotations"][name]
        if name in annotations:
            metadata["annotations"][name] = annotations[name]
    labels = before["metadata"].get("labels") or {}
    del metadata["labels"][names.AGENT_LABEL]
    if names.AGENT_LABEL in labels:
        metadata["labels"][names.AGENT_LABEL] = labels[names.AGENT_LABEL]
    del spec["initContainers"][0]
    del spec["volumes"][len(before["spec"].get("volumes") or ()) :]
    for part, key in (("metadata", "labels"), ("spec", "initContainers"), ("spec", "volumes")):
        # What was null, or not there, has become an object or a list, and is empty again by now.
        if before[part].get(key) is None and not bare[part][key]:
            del bare[part][key]
            if key in before[part]:
                bare[part][key] = None
    return bare


def holds(value: Any, path: tuple[str, ...]) -> bool:
    """Whether there is something at a path."""
    if not path:
        return True
    match path[0]:
        case "[]":
            return any(holds(item, path[1:]) for item in value)
        case "{}":
            return any(holds(item, path[1:]) for item in value.values())
        case name:
            return name in value and holds(value[name], path[1:])
