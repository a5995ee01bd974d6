"""What the controller knows of the cluster, and which CRs a change of it concerns.

Watches put what they see onto shelves, as the small values that decisions need: of a pod a `Pod`,
of a ConfigMap its texts, of an unrelated pod nothing. `snapshot` makes one CR's view of it all.

A change concerns the CR that it happened to, the CR that an object or pod belongs to, and, where a
CR comes or goes, also the CR to which the pods that name none belong then or belonged before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from attrs import define, field

from stoker.adapters.codec.crd import Seen
from stoker.adapters.codec.owned import is_of_changes
from stoker.core import names
from stoker.core.errors import StokerError
from stoker.core.pods import Pod, derive_cr
from stoker.core.reconcile import Memory, ObjectName, Owned, Settings, Snapshot, Token
from stoker.core.status import status_map
from stoker.entrypoints.controller.announced import Announced
from stoker.entrypoints.controller.queue import Key
from stoker.entrypoints.controller.reports import Notes, gathered, notes_of
from stoker.entrypoints.controller.sightings import (
    Grant,
    Inhabitants,
    Unread,
    is_of,
    read_binding,
    read_cr,
    read_list,
    read_pod,
    read_role,
)
from stoker.entrypoints.shelf import Change, Shelf, name_of

if TYPE_CHECKING:
    from stoker.core.spec import GatewaySyncStatus


@define
class Cluster:
    """Everything that is known; its methods may be called from any thread."""

    now: Callable[[], datetime]
    concern: Callable[[Key], None]
    """Called with each CR that a change concerns."""
    unlisted: Callable[[str], StokerError | None] = lambda _: None
    """Why it is not known what there is in a namespace; None when it is."""
    crs: Shelf[Seen] = field(init=False, factory=lambda: Shelf(read_cr))
    pods: Shelf[Pod] = field(
        init=False, factory=lambda: Shelf(read_pod, attrgetter("annotations.cr_name"))
    )
    roles: Shelf[Grant] = field(init=False, factory=lambda: Shelf(read_role))
    bindings: Shelf[Grant] = field(init=False, factory=lambda: Shelf(read_binding))
    notes: Shelf[Notes] = field(init=False)
    lists: Shelf[Unread] = field(
        init=False, factory=lambda: Shelf(read_list, attrgetter("cr_label"))
    )
    """The agents' lists of changes, which can be long."""
    _terminating: set[str] = field(init=False, factory=set)
    _inhabitants: dict[str, Inhabitants] = field(init=False, factory=dict)
    """By namespace, as long as no CR comes or goes there."""
    _tokens: dict[Key, Token | None] = field(init=False, factory=dict)
    _announced: Announced = field(init=False, factory=Announced)
    _lock: threading.RLock = field(init=False, factory=threading.RLock)

    def __attrs_post_init__(self) -> None:
        self.notes = Shelf(
            lambda document, before: notes_of(document, before, self.now()), attrgetter("cr_label")
        )

    def shelf_of_notes(self, name: str) -> Shelf[Any]:
        """Where a ConfigMap of this name belongs."""
        return self.lists if is_of_changes(name) else self.notes

    # --- What watches see, and what our own writes brought ---

    def saw(self, shelf: Shelf[Any], document: Mapping[str, Any], *, ours: bool = False) -> None:
        """Take in a sighting of an object; `ours`: it is the answer to what we asked."""
        with self._lock:
            change = shelf.put(document, ours=ours)
            concerned = [] if change is None else self._concerned(shelf, change)
        self._tell(concerned)

    def told(
        self, document: dict[str, Any], sent: Mapping[str, Any], status: GatewaySyncStatus
    ) -> None:
        """Take in the answer to our own status; it concerns nobody if nothing else is new in it."""
        with self._lock:
            known = self.crs.get(name_of(document))
            value = None if known is None else known.told(document, sent["status"], status)
            change = self.crs.put(document, ours=True, value=value)
            is_news = change is not None and not (known and known.is_but_told(change.after, status))
            concerned = self._concerned(self.crs, change) if change is not None and is_news else []
        self._tell(concerned)

    def lost(self, shelf: Shelf[Any], document: Mapping[str, Any]) -> None:
        """Take in that an object was deleted."""
        with self._lock:
            change = shelf.gone(document)
            concerned = [] if change is None else self._concerned(shelf, change)
        self._tell(concerned)

    def kept(self, shelf: Shelf[Any], namespace: str, listed: Collection[tuple[str, str]]) -> None:
        """Take in that a list had these objects and no others."""
        with self._lock:
            changes = shelf.keep_only(namespace, listed)
            concerned = [key for change in changes for key in self._concerned(shelf, change)]
        self._tell(concerned)

    def deleted(self, key: Key, name: ObjectName) -> None:
        """Take in that an object of a CR's is not there any more."""
        with self._lock:
            shelf = self.shelf_of(name)
            if shelf is None:
                self.has_no_token(key)
            else:
                shelf.drop((key[0], name.name))

    def shelf_of(self, name: ObjectName) -> Shelf[Any] | None:
        """Where an object of a CR's belongs; Secrets are not kept."""
        match name.kind:
            case "ConfigMap":
                return self.shelf_of_notes(name.name)
            case "Role":
                return self.roles
            case "RoleBinding":
                return self.bindings
        return None

    def version(self, namespace: str, name: ObjectName) -> str:
        """As of which version an object of a CR's is known; "" where it is not."""
        with self._lock:
            shelf = self.shelf_of(name)
            return "" if shelf is None else shelf.version((namespace, name.name))

    def has_token(self, key: Key, token: Token | None) -> None:
        """Take in that the CR has a token Secret, and what its annotations say, if they do."""
        with self._lock:
            self._tokens[key] = token

    def has_no_token(self, key: Key) -> None:
        """Take in that the CR has no token Secret."""
        with self._lock:
            self._tokens.pop(key, None)

    def is_ending(self, namespace: str) -> None:
        """Take in that the namespace is being deleted."""
        with self._lock:
            self._terminating.add(namespace)

    def forget(self, key: Key) -> None:
        """There is no such CR any more."""
        with self._lock:
            self._tokens.pop(key, None)
            self._announced.forget(key)
            if not any(self.crs.of(key[0])):
                self._terminating.discard(key[0])

    def leave(self, stays: Callable[[str], bool]) -> None:
        """Forget what there is in all namespaces but those that stay."""
        with self._lock:
            for shelf in (self.pods, self.notes, self.lists, self.roles, self.bindings):
                shelf.keep_spaces(stays)
            changes = self.crs.keep_spaces(stays)
            concerned = [key for change in changes for key in self._concerned(self.crs, change)]
        self._tell(concerned)

    # --- What decisions ask ---

    def keys(self) -> list[Key]:
        """All CRs."""
        with self._lock:
            return self.crs.names()

    def cr(self, key: Key) -> Seen | None:
        """One CR."""
        with self._lock:
            return self.crs.get(key)

    def has_agent(self, key: Key, pod_name: str) -> bool:
        """Whether this pod bears an agent of the CR's."""
        with self._lock:
            pod = self.pods.get((key[0], pod_name))
            if pod is None or not pod.has_agent:
                return False
            return derive_cr(self._crs_of(key[0]).names, pod.annotations.cr_name) == key[1]

    def snapshot(self, key: Key, memory: Memory, settings: Settings) -> Snapshot | None:
        """Everything that a decision about the CR depends on; None when there is no such CR.

        Raises what `unlisted` says. A CR that is to go may go all the same: Kubernetes clears away
        what it owned.
        """
        unlisted = self.unlisted(key[0])
        with self._lock:
            seen = self.crs.get(key)
            if seen is None:
                return None
            if unlisted is not None and not seen.metadata.deleting:
                raise unlisted
            namespace_crs = self._crs_of(key[0]).names
            pods = tuple(self._pods_of(key, namespace_crs))
            notes = dict(self.notes.of_group(key[0], names.cr_label_value(key[1])))
            reports, heard = gathered(key, pods, notes)
            return Snapshot(
                metadata=seen.metadata,
                spec=seen.spec,
                status=seen.status,
                namespace_crs=namespace_crs,
                namespace_terminating=key[0] in self._terminating or unlisted is not None,
                pods=pods,
                reports=status_map(reports),
                heard=heard,
                owned=self._owned(key, seen.metadata.uid, notes),
                memory=memory,
                settings=settings,
            )

    # --- Inside ---

    def _tell(self, concerned: list[Key]) -> None:
        for key in dict.fromkeys(concerned):
            self.concern(key)

    def _concerned(self, shelf: Shelf[Any], change: Change[Any]) -> list[Key]:
        """The CRs that a change of the shelf concerns."""
        namespace = change.name[0]
        views = [view for view in (change.before, change.after) if view is not None]
        if shelf is self.crs:
            self._came_or_went(change)
            return [change.name, *self._heirs(change)]
        if shelf is self.pods:
            crs = self._crs_of(namespace).names
            named = (derive_cr(crs, pod.annotations.cr_name) for pod in views)
            return [(namespace, cr) for cr in named if isinstance(cr, str)]
        by_label = self._crs_of(namespace).by_label
        labels = [view.cr_label for view in views if view.cr_label in by_label]
        return [(namespace, by_label[label]) for label in labels]

    def _came_or_went(self, change: Change[Seen]) -> None:
        """A namespace in which a CR was made is not on its way out: it is another one by now."""
        before, after = change.before, change.after
        if before is None or after is None:
            self._inhabitants.pop(change.name[0], None)
        if after and (before is None or before.metadata.uid != after.metadata.uid):
            self._terminating.discard(change.name[0])

    def _heirs(self, change: Change[Seen]) -> list[Key]:
        """The CR that pods without a name of one belong to, or belonged to, beside this one."""
        if (change.before is None) == (change.after is None):
            return []
        namespace, name = change.name
        # Whether there is one other, or more: the first three of all tell it.
        first = (one for one, _ in islice(self.crs.of(namespace), 3))
        others = [(namespace, one) for one in first if one != name]
        return others if len(others) == 1 else []

    def _crs_of(self, namespace: str) -> Inhabitants:
        if namespace not in self._inhabitants:
            crs = (name for name, _ in self.crs.of(namespace))
            self._inhabitants[namespace] = Inhabitants.of(crs)
        return self._inhabitants[namespace]

    def _pods_of(self, key: Key, namespace_crs: frozenset[str]) -> Iterator[Pod]:
        # Those that name it, and those that name none: of all others it is known who they are of.
        for named in (key[1], None):
            for _, pod in self.pods.of_group(key[0], named):
                if derive_cr(namespace_crs, named) == key[1]:
                    yield pod

    def _owned(self, key: Key, uid: str, notes: Mapping[str, Notes]) -> Owned:
        role = names.agent_role(key[1])
        lists = dict(self.lists.of_group(key[0], names.cr_label_value(key[1])))
        maps: dict[str, Notes | Unread] = {**notes, **lists}
        objects = {
            ObjectName("ConfigMap", name) for name, one in maps.items() if is_of(uid, one.owners)
        }
        rules, accounts = self.roles.get((key[0], role)), self.bindings.get((key[0], role))
        if rules is not None and is_of(uid, rules.owners):
            objects.add(ObjectName("Role", role))
        if accounts is not None and is_of(uid, accounts.owners):
            objects.add(ObjectName("RoleBinding", role))
        if key in self._tokens:
            objects.add(ObjectName("Secret", names.github_token_secret(key[1])))
        return Owned(
            objects=frozenset(objects),
            metadata=self._announced.read(key, uid, self.notes),
            token=self._tokens.get(key),
            rules=None if rules is None else rules.said(uid),  # type: ignore[arg-type] # of its shelf
            service_accounts=None if accounts is None else accounts.said(uid),  # type: ignore[arg-type] # of its shelf
        )
