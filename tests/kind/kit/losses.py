"""Whether a write of the controller took something from somebody who is there.

Each deletion is judged by what there really is, which the controller may not know yet: it is a loss
if it succeeds and takes from a gateway that lives what its agent has reported, or from a CR that
lives what belongs to it. A write that gives an object to a CR which is not there any more counts by
itself, in `misgiven`: Kubernetes would clear the object away. Who was told of such a CR by a list
cannot know better, and no API server has lists that old.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from kit.order import CR_NAME
from stoker.adapters.kube.errors import NotFound
from stoker.adapters.kube.resources import (
    CONFIG_MAPS,
    GATEWAY_SYNCS,
    PODS,
    ROLE_BINDINGS,
    ROLES,
    SECRETS,
)

if TYPE_CHECKING:
    from kit.kubectl import Document
    from kit.overhearing import Asked
    from stoker.adapters.kube.client import Client
    from stoker.adapters.kube.resources import Resource

_KINDS: Final = {one.plural: one for one in (CONFIG_MAPS, ROLES, ROLE_BINDINGS, SECRETS)}
_OK: Final = 300


@dataclass
class Losses:
    """What was lost, in words; `guard` is that of a `Hearsay`."""

    admin: Client
    judged: int = 0
    """How many writes were looked at."""
    lost: list[str] = field(default_factory=list)
    misgiven: list[str] = field(default_factory=list)

    def guard(self, asked: Asked) -> Callable[[int], None]:
        """Look at what there is, before the write is passed on."""
        resource = _KINDS.get(asked.kind)
        found: list[str] = []
        kept = self.lost
        if resource is not None and asked.method in ("DELETE", "PATCH", "POST"):
            self.judged += 1
            if asked.method == "DELETE":
                found, kept = list(self._deletion(asked, resource)), self.lost
            else:
                found, kept = list(self._ownership(asked, resource)), self.misgiven

        def answered(status: int) -> None:
            if status < _OK:
                kept.extend(found)

        return answered

    def _deletion(self, asked: Asked, resource: Resource) -> Iterator[str]:
        namespace, _, name = asked.parts
        there = self._there(resource, namespace, name)
        if there is None:
            return
        cr_name = (there["metadata"].get("labels") or {}).get(CR_NAME, "")
        cr = self._there(GATEWAY_SYNCS, namespace, cr_name) if cr_name else None
        if cr is None or "deletionTimestamp" in cr["metadata"]:
            return
        pod_name = _pod_of(name, cr_name)
        if not pod_name:
            if cr["metadata"]["uid"] in _owners(there):
                yield f"{resource} {name} was deleted, and its GatewaySync lives"
            return
        pod = self._there(PODS, namespace, pod_name)
        said = json.loads((there.get("data") or {}).get("status", "{}"))
        if (
            pod is not None
            and pod["metadata"]["uid"] == said.get("podUID")
            and (pod["metadata"].get("annotations") or {}).get(CR_NAME) == cr_name
            and "deletionTimestamp" not in pod["metadata"]
        ):
            yield f"{resource} {name} was deleted, with the report of a pod that lives"

    def _ownership(self, asked: Asked, resource: Resource) -> Iterator[str]:
        body: Any = None
        with suppress(ValueError):
            body = json.loads(asked.body)
        if not isinstance(body, dict):
            return
        for owner in body.get("metadata", {}).get("ownerReferences") or ():
            cr = self._there(GATEWAY_SYNCS, asked.parts[0], owner["name"])
            if cr is not None and cr["metadata"]["uid"] != owner["uid"]:
                named = asked.parts[2] or body["metadata"].get("name")
                yield f"{resource} {named} was given to an earlier life of {owner['name']}"

    def _there(self, resource: Resource, namespace: str, name: str) -> Document | None:
        try:
            return self.admin.get(resource, namespace, name)
        except NotFound:
            return None


def _pod_of(name: str, cr: str) -> str:
    for what in ("status", "changes"):
        prefix = f"stoker-{what}-{cr}-"
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return ""


def _owners(document: Document) -> list[str]:
    return [str(one["uid"]) for one in document["metadata"].get("ownerReferences") or ()]
