"""What happens in a cluster while a controller is told of it by hearsay: always the same things.

GatewaySyncs come, change, go, and come again by the same name; pods too; a StatefulSet is scaled
down and up; a namespace goes; what is the controller's is meddled with; webhooks ask; credentials
change. How long it is between two chapters is a matter of chance. In the end it is always the same
cluster, so a run with faults can be compared with one without.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kit import manifests, order
from kit.eventually import eventually
from kit.plants import ACCOUNT, MAPPING, Repository, gateway_pod, gateway_sync
from kit.speaking import as_admin
from stoker.adapters.kube.errors import Conflict, NotFound
from stoker.adapters.kube.resources import (
    CONFIG_MAPS,
    GATEWAY_SYNCS,
    NAMESPACES,
    PODS,
    ROLE_BINDINGS,
    ROLES,
)

if TYPE_CHECKING:
    from kit.api import Api
    from kit.kubectl import Document
    from kit.spaces import Space
    from stoker.adapters.kube.client import Client

_AT: Final = "2026-01-01T00:00:{:02}Z"
_TOKEN: Final = {"token": {"secretRef": {"name": "git-token", "key": "token"}}}


@dataclass
class Plot:
    """The namespace of one run; `leaving` is another one, which goes."""

    space: Space
    leaving: Space
    api: Api
    repository: Repository
    seed: int
    remember: Callable[[], None] = lambda: None
    """Called after each chapter."""
    pause: float = 0.25
    """Seconds between two chapters, at the most."""
    _requests: int = 0

    @property
    def admin(self) -> Client:
        """The API server, with all rights, and not by hearsay."""
        return as_admin(self.space.cluster.kubeconfig)

    # --- From start to end ---

    def begin(self) -> None:
        """Four GatewaySyncs, two of them of one repository's other branch, with their pods."""
        for branch in ("main", "release"):
            self.repository.commit("{}", branch=branch)
        for space in (self.space, self.leaving):
            space.apply(
                manifests.of_kind("ServiceAccount", ACCOUNT),
                manifests.secret("git-token", {"token": "t0ken"}),
            )
        self._cr("a")
        self._cr("b", ref="release")
        self._cr("c")
        self._cr("x", space=self.leaving)
        for pod, cr in (("a-0", "a"), ("a-1", "a"), ("b-0", "b"), ("c-0", "c")):
            self._pod(pod, cr)
        self._pod("x-0", "x", space=self.leaving)

    def chapters(self) -> list[Callable[[], None]]:
        """All that happens afterwards, in this order."""
        return [
            self.a_namespace_goes,
            self.specs_are_edited,
            self.pods_are_made_anew,
            self.a_set_is_scaled_down,
            self.rights_are_meddled_with,
            self.a_request_comes,
            self.a_gatewaysync_is_made_anew,
            self.a_set_is_scaled_up,
            self.a_pod_moves,
            self.credentials_change,
            self.pods_are_made_anew,
            self.texts_are_meddled_with,
            self.a_gatewaysync_goes_for_good,
            self.another_one_comes,
            self.somebody_pushes,
        ]

    def wrong(self) -> list[str]:
        """What is not as the contract says, in words."""
        return [
            *order.wrong_in(self.api, self.space.name, self._head),
            *(["the namespace is there still"] if self._is_there(self.leaving.name) else []),
        ]

    def happens(self) -> None:
        """All chapters, with pauses."""
        chance = random.Random(self.seed)  # noqa: S311 - no secret
        for chapter in self.chapters():
            chapter()
            self.remember()
            time.sleep(chance.random() * self.pause)

    # --- Chapters ---

    def specs_are_edited(self) -> None:
        """Twice in a row, so that somebody may never see the first."""
        for period in (60, 90):
            profiles = {"default": {"mappings": [MAPPING], "syncPeriod": period}}
            self._change("a", sync={"profiles": profiles})
        self._change("b", git={"ref": "main"})

    def pods_are_made_anew(self) -> None:
        """By the same name, as a StatefulSet does it; one waits a moment."""
        for pod, wait in (("a-0", 0.0), ("c-0", 0.4)):
            cr = self._gone(PODS, pod)["metadata"]["annotations"][order.CR_NAME]
            time.sleep(wait)
            self._pod(pod, cr)

    def a_set_is_scaled_down(self) -> None:
        """By one."""
        self._gone(PODS, "a-1")

    def a_set_is_scaled_up(self) -> None:
        """Back again."""
        self._pod("a-1", "a")

    def rights_are_meddled_with(self) -> None:
        """A Role goes, and a binding is emptied."""
        self._gone(ROLES, "stoker-agent-a")
        with suppress(NotFound):
            self.admin.merge(ROLE_BINDINGS, self.space.name, "stoker-agent-b", {"subjects": []})

    def texts_are_meddled_with(self) -> None:
        """Of what agents are told and of what they say."""
        self._gone(CONFIG_MAPS, "stoker-metadata-a")
        self._gone(CONFIG_MAPS, "stoker-status-a-a-0")
        with suppress(NotFound):
            change: Document = {"metadata": {"ownerReferences": None, "labels": {"x": "y"}}}
            change["data"] = {"commit": "0" * 40}
            self.admin.merge(CONFIG_MAPS, self.space.name, "stoker-metadata-b", change)

    def a_request_comes(self) -> None:
        """For another ref, then for its own, which ends the request."""
        for ref in ("release", "main"):
            self._ask("b", ref)

    def a_gatewaysync_is_made_anew(self) -> None:
        """By the same name, as soon as the first is gone, and with another spec."""
        self._gone(GATEWAY_SYNCS, "c")

        def made() -> bool:
            with suppress(Conflict):
                self._cr("c", ref="release", paused=False)
                return True
            return False

        eventually(made, what="c is gone, and there again", within=60)

    def a_pod_moves(self) -> None:
        """To another GatewaySync."""
        change = {"metadata": {"annotations": {order.CR_NAME: "c"}}}
        self.admin.merge(PODS, self.space.name, "b-0", change)

    def credentials_change(self) -> None:
        """A token that there was not, and its text."""
        self._change("a", git={"auth": _TOKEN})
        self.space.apply(manifests.secret("git-token", {"token": "an0ther"}))

    def a_namespace_goes(self) -> None:
        """With all that is in it."""
        self.admin.delete(NAMESPACES, "", self.leaving.name)

    def a_gatewaysync_goes_for_good(self) -> None:
        """And its pod, which had moved, stays."""
        self._gone(GATEWAY_SYNCS, "b")

    def another_one_comes(self) -> None:
        """With a pod whose injection failed."""
        self._cr("d")
        self._pod("d-0", "d", agent=False)
        self._pod("d-1", "d")

    def somebody_pushes(self) -> None:
        """And a webhook says so."""
        for branch in ("main", "release"):
            self.repository.commit('{"v": 2}', branch=branch)
        for cr in ("a", "c", "d"):
            self._ask(cr, None)

    # --- What is done in all of that ---

    def _head(self, _: str, ref: str) -> str:
        return self.repository.head(ref)

    def _is_there(self, namespace: str) -> bool:
        try:
            self.admin.get(NAMESPACES, "", namespace)
        except NotFound:
            return False
        return True

    def _cr(self, name: str, *, space: Space | None = None, ref: str = "main", **spec: Any) -> None:
        made = gateway_sync(name, self.repository.url, ref=ref, **spec)
        self.admin.create(GATEWAY_SYNCS, (space or self.space).name, made)

    def _pod(self, name: str, cr: str, *, space: Space | None = None, agent: bool = True) -> None:
        self.admin.create(PODS, (space or self.space).name, gateway_pod(name, cr, agent=agent))

    def _change(self, cr: str, **spec: Any) -> None:
        self.admin.merge(GATEWAY_SYNCS, self.space.name, cr, {"spec": spec})

    def _ask(self, cr: str, ref: str | None) -> None:
        self._requests += 1
        asked = {
            "stoker.io/requested-ref": ref,
            "stoker.io/requested-at": _AT.format(self._requests),
            "stoker.io/requested-by": "generic",
        }
        self.admin.merge(GATEWAY_SYNCS, self.space.name, cr, {"metadata": {"annotations": asked}})

    def _gone(self, resource: Any, name: str) -> Document:
        """Delete it; what it was."""
        try:
            there = self.admin.get(resource, self.space.name, name)
        except NotFound:
            return {}
        self.admin.delete(resource, self.space.name, name)
        return there
