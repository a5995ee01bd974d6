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
from typing import Any

from attrs import define, field

from stoker.adapters.codec.crd import Seen
from stoker.adapters.codec.metadata import decode_metadata
from stoker.adapters.codec.owned import is_of_changes
from stoker.core import names
from stoker.core.errors import DecodeError, StokerError
from stoker.core.pods import Pod, derive_cr
from stoker.core.profile import Metadata
from stoker.core.reconcile import Memory, ObjectName, Owned, Settings, Snapshot, Token
from stoker.core.report import GatewayReport, Origin
from stoker.core.status import status_map
from stoker.entrypoints.controller.queue import Key
from stoker.entrypoints.controller.reports import Notes, notes_of
from stoker.entrypoints.controller.sightings import (
    Grant,
    Inhabitants,
    Unread,
    read_binding,
    read_cr,
    read_list,
    read_pod,
    read_role,
)
from stoker.entrypoints.shelf import Change, Shelf


def _listed(_: str) -> None:
    """Everything is known of every namespace."""


@define
class Cluster:
    """Everything that is known; its methods may be called from any thread."""

    now: Callable[[], datetime]
    concern: Callable[[Key], None]
    """Called with each CR that a change concerns."""
    unlisted: Callable[[str], StokerError | None] = _listed
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
    _metadata: dict[Key, tuple[Mapping[str, str], Metadata | None]] = field(
        init=False, factory=dict
    )
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
        """Take in a sighting of an object; `ours`: it is the answer to our own write."""
        with self._lock:
            change = shelf.put(document, ours=ours)
            concerned = [] if change is None else self._concerned(shelf, change)
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
        """Take in that we deleted an object of a CR's."""
        with self._lock:
            place = (key[0], name.name)
            match name.kind:
                case "ConfigMap":
                    self.shelf_of_notes(name.name).drop(place)
                case "Role":
                    self.roles.drop(place)
                case "RoleBinding":
                    self.bindings.drop(place)
                case "Secret":
                    self.has_no_token(key)

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
            self._metadata.pop(key, None)
            if not any(self.crs.of(key[0])):
                self._terminating.discard(key[0])

    # --- What decisions ask ---

    def keys(self) -> list[Key]:
        """All CRs."""
        with self._lock:
            return self.crs.names()

    def cr(self, key: Key) -> Seen | None:
        """One CR."""
        with self._lock:
            return self.crs.get(key)

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
            notes = self._notes_of(key)
            reports, heard = self._reports(key, pods, notes)
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
        if shelf is self.notes and len(views) == 2 and not views[1].is_news(views[0]):  # noqa: PLR2004 - before and after
            return []
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

    def _notes_of(self, key: Key) -> dict[str, Notes]:
        return dict(self.notes.of_group(key[0], names.cr_label_value(key[1])))

    def _reports(
        self, key: Key, pods: tuple[Pod, ...], notes: Mapping[str, Notes]
    ) -> tuple[list[GatewayReport], dict[Origin, datetime]]:
        reports: list[GatewayReport] = []
        heard: dict[Origin, datetime] = {}
        for pod in pods:
            note = notes.get(names.status_config_map(key[1], pod.name))
            report = None if note is None else note.report_of(pod.name)
            if note is None or not isinstance(report, GatewayReport):
                continue
            reports.append(report)
            if note.changed is not None:
                heard[report.origin] = note.changed
        if (legacy := notes.get(names.legacy_status_config_map(key[1]))) is not None:
            reports += legacy.legacy_reports(key[0])
        return reports, heard

    def _owned(self, key: Key, uid: str, notes: Mapping[str, Notes]) -> Owned:
        role = names.agent_role(key[1])
        lists = dict(self.lists.of_group(key[0], names.cr_label_value(key[1])))
        maps: dict[str, Notes | Unread] = {**notes, **lists}
        objects = {
            ObjectName("ConfigMap", name)
            for name, one in maps.items()
            # One of an earlier life of the CR is about to be cleared away by Kubernetes.
            if not one.owners or uid in one.owners
        }
        rules, accounts = self.roles.get((key[0], role)), self.bindings.get((key[0], role))
        if rules is not None:
            objects.add(ObjectName("Role", role))
        if accounts is not None:
            objects.add(ObjectName("RoleBinding", role))
        if key in self._tokens:
            objects.add(ObjectName("Secret", names.github_token_secret(key[1])))
        return Owned(
            objects=frozenset(objects),
            metadata=self._told(key, uid),
            token=self._tokens.get(key),
            rules=None if rules is None else rules.says,  # type: ignore[arg-type] # of its shelf
            service_accounts=None if accounts is None else accounts.says,  # type: ignore[arg-type] # of its shelf
        )

    def _told(self, key: Key, uid: str) -> Metadata | None:
        note = self.notes.get((key[0], names.metadata_config_map(key[1])))
        if note is None or uid not in note.owners:
            return None
        known = self._metadata.get(key)
        if known is None or known[0] != note.data:
            try:
                known = (note.data, decode_metadata(note.data))
            except DecodeError:
                known = (note.data, None)
            self._metadata[key] = known
        return known[1]
