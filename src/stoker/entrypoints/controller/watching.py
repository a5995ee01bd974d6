"""What the controller watches, and whether that goes well.

Selectors keep out what is none of Stoker's: of ConfigMaps, Roles and RoleBindings only those with
our labels come at all, lists of changes without their data, pods that have ended not at all. Pods
cannot be selected by annotation, and one whose injection failed has nothing else; so they all come,
page by page, and those that are no gateway's leave nothing behind. Secrets are not watched.

Of several namespaces one can go, and with it the rights that were given in it. Nobody waits for a
list that was refused there: the CRs of that namespace are a matter of their own (`unlisted`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from attrs import field, frozen

from stoker.adapters.kube.errors import Forbidden
from stoker.adapters.kube.part import WHOLE, Part
from stoker.adapters.kube.resources import (
    CONFIG_MAPS,
    GATEWAY_SYNCS,
    PODS,
    ROLE_BINDINGS,
    ROLES,
    Resource,
)
from stoker.adapters.kube.watch import INACTIVITY, Watch
from stoker.core import names
from stoker.core.errors import Retryable, StokerError
from stoker.entrypoints.controller.cluster import Cluster
from stoker.entrypoints.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime

    from stoker.adapters.kube.client import Client

STUCK: Final = 2 * INACTIVITY + 60.0
"""Seconds without a step, failed ones included, after which a watch is taken to hang."""
RELISTING: Final = 1800.0
"""Seconds after which a watch lists anew: an API server can lose an event without knowing it."""

Lists: TypeAlias = Mapping[tuple[str, str], int]
"""Lists that are on their way: of which kind and namespace, and by which number it is known."""


@frozen
class Kind:
    """What is watched of one kind of object, and which shelf of the cluster it goes to."""

    name: str
    resource: Resource
    shelf: str
    labels: str = ""
    fields: str = ""
    metadata_only: bool = False


KINDS: Final = (
    Kind("GatewaySync", GATEWAY_SYNCS, "crs"),
    Kind("Pod", PODS, "pods", fields="status.phase!=Succeeded,status.phase!=Failed"),
    Kind(
        "ConfigMap",
        CONFIG_MAPS,
        "notes",
        labels=f"{names.CR_NAME_LABEL},{names.CONTENT_LABEL}!={names.CONTENT_CHANGES}",
    ),
    Kind(
        "ConfigMap of changes",
        CONFIG_MAPS,
        "lists",
        labels=f"{names.CR_NAME_LABEL},{names.CONTENT_LABEL}={names.CONTENT_CHANGES}",
        metadata_only=True,
    ),
    Kind("Role", ROLES, "roles", labels=names.CR_NAME_LABEL),
    Kind("RoleBinding", ROLE_BINDINGS, "bindings", labels=names.GATEWAYSYNC_LABEL),
)


@frozen
class Unlisted(StokerError):
    """What belongs to a CR is not known, so nothing can be decided about it."""

    reason = "Unlisted"

    @property
    def disposition(self) -> Retryable:
        """The watch goes on trying."""
        return Retryable()


@frozen
class Shelving:
    """The sink of one watch: what it sees goes onto one shelf."""

    cluster: Cluster
    shelf: Shelf[Any]

    def put(self, document: Mapping[str, Any]) -> None:
        """It was added or changed."""
        self.cluster.saw(self.shelf, document)

    def gone(self, document: Mapping[str, Any]) -> None:
        """It is not there any more."""
        self.cluster.lost(self.shelf, document)

    def keep_only(self, namespace: str, keys: Collection[tuple[str, str]]) -> None:
        """There is nothing but these."""
        self.cluster.kept(self.shelf, namespace, keys)


@frozen
class Watches:
    """All watches of a controller."""

    by_kind: Mapping[str, tuple[Watch, ...]]
    refused: set[tuple[str, str]] = field(factory=set)
    """The kinds that we were not let see in a namespace, at one time at least."""
    overdue: dict[tuple[str, str], int] = field(factory=dict)
    """The lists without which it is not known what there is in a namespace."""

    @classmethod
    def of(  # noqa: PLR0913 - what to watch for whom
        cls,
        client: Client,
        cluster: Cluster,
        namespaces: Iterable[str],
        now: Callable[[], datetime],
        complain: Callable[[str, Exception], None],
        *,
        part: Part = WHOLE,
    ) -> Watches:
        """A watch of each kind, for each of the namespaces; for all of them where none is named.

        Of these, only what is in `part` is told.
        """
        scopes = tuple(namespaces) or ("",)
        refused: set[tuple[str, str]] = set()

        def heard(kind: str, scope: str, doing: str, error: Exception) -> None:
            if scope and isinstance(error, Forbidden):
                refused.add((kind, scope))
            complain(doing, error)

        return cls(
            {
                kind.name: tuple(
                    Watch(
                        client,
                        kind.resource,
                        Shelving(cluster, getattr(cluster, kind.shelf)),
                        namespace=scope,
                        labels=kind.labels,
                        fields=kind.fields,
                        metadata_only=kind.metadata_only,
                        now=now,
                        complain=partial(heard, kind.name, scope),
                        relisting=RELISTING,
                        part=part,
                    )
                    for scope in scopes
                )
                for kind in KINDS
            },
            refused,
        )

    def start(self) -> None:
        """Begin."""
        for watch in self._all():
            watch.start()

    def stop(self) -> None:
        """End."""
        for watch in self._all():
            watch.stop()

    def not_synced(self) -> list[str]:
        """The kinds that have to be waited for: of which not everything was listed yet."""
        return [
            kind
            for kind, watches in self.by_kind.items()
            if not all(one.synced or (kind, one.namespace) in self.refused for one in watches)
        ]

    def unlisted(self, namespace: str) -> Unlisted | None:
        """Why it is not known what there is in a namespace; None when it is."""
        kinds = [
            kind
            for kind, watches in self.by_kind.items()
            if not all(
                one.synced and one.has_listed(self.overdue.get((kind, one.namespace), 0))
                for one in watches
                if one.namespace in ("", namespace)
            )
        ]
        if not kinds:
            return None
        return Unlisted(
            f"these could not be listed: {', '.join(kinds)}",
            where=namespace,
            cure="see that the namespace is there, and the controller's Role in it",
        )

    def list_anew(self, concerns: Callable[[str], bool]) -> Lists:
        """Have all watches list at once that see a namespace that is concerned."""
        return {
            (kind, one.namespace): one.list_anew()
            for kind, watches in self.by_kind.items()
            for one in watches
            if not one.namespace or concerns(one.namespace)
        }

    def have_listed(self, lists: Lists) -> bool:
        """Whether these are complete; what was refused in a namespace is not waited for."""
        late = {
            place: lists[place]
            for place, one in self._by_place().items()
            if place in lists and not one.has_listed(lists[place])
        }
        if not late.keys() <= self.refused:
            return False
        self.overdue.update(late)
        return True

    def stuck(self, now: float) -> list[str]:
        """The kinds whose watch has ended, or has not taken a step for too long."""
        return [
            kind
            for kind, watches in self.by_kind.items()
            if any(not one.alive or now - one.progress > STUCK for one in watches)
        ]

    def last_events(self) -> dict[str, datetime]:
        """When the API server last told something of each kind, in the quietest of its watches."""
        told = {
            kind: [one.last_event for one in watches if one.last_event is not None]
            for kind, watches in self.by_kind.items()
        }
        return {kind: min(times) for kind, times in told.items() if times}

    def _by_place(self) -> dict[tuple[str, str], Watch]:
        return {(kind, one.namespace): one for kind, it in self.by_kind.items() for one in it}

    def _all(self) -> list[Watch]:
        return [watch for watches in self.by_kind.values() for watch in watches]
