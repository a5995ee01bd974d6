"""Following the metadata: what the controller tells the agents of a CR, as it changes.

One watch, of the one ConfigMap that has it. Each sighting is decoded and told to the machine, which
passes over what it knows already; so whatever a list brings again may be told again. What cannot be
decoded is complained about, and changes nothing.

`trouble` says in a sentence why there is nothing to go by, or why it may be old. An agent that just
began can have to wait for three things, which take different cures: for an API server that answers,
for the Role that lets it read, and for the ConfigMap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from stoker.adapters.codec.metadata import decode_metadata
from stoker.adapters.kube.errors import Forbidden
from stoker.adapters.kube.resources import CONFIG_MAPS
from stoker.adapters.kube.watch import LASTING, Watch
from stoker.core import names
from stoker.core.agent import events as ev
from stoker.core.errors import DecodeError

if TYPE_CHECKING:
    from datetime import datetime

    from stoker.adapters.kube.client import Client, Document

RESYNC: Final = 1800.0
"""Seconds after which the ConfigMap is read again, changed or not."""


@frozen
class Owner:
    """The CR that owns the metadata."""

    name: str
    uid: str
    api_version: str = names.API_VERSION


class Follower:
    """Follows the metadata of one CR; it may be asked from any thread."""

    def __init__(  # noqa: PLR0913 - whom to ask for what, and whom to tell
        self,
        client: Client,
        namespace: str,
        cr: str,
        hear: Callable[[ev.Event], None],
        *,
        now: Callable[[], datetime],
        complain: Callable[[str, Exception], None],
        lasting: tuple[int, int] = LASTING,
        resync: float = RESYNC,
    ) -> None:
        """Nothing is asked before `start`."""
        self.owner: Owner | None = None
        """The CR, as the metadata named it last."""
        self._key = (namespace, names.metadata_config_map(cr))
        self._hear = hear
        self._now = now
        self._complain = complain
        self._is_there = False
        self._unreadable: DecodeError | None = None
        self._watch = Watch(
            client,
            CONFIG_MAPS,
            self,
            namespace=namespace,
            fields=f"metadata.name={self._key[1]}",
            now=now,
            complain=complain,
            lasting=lasting,
            relisting=resync,
        )

    def start(self) -> None:
        """Begin."""
        self._watch.start()

    def stop(self) -> None:
        """End; nothing is told from now on."""
        self._watch.stop()

    @property
    def alive(self) -> bool:
        """Whether it follows."""
        return self._watch.alive

    @property
    def last_event(self) -> datetime | None:
        """When the API server last told something, if only that nothing has changed."""
        return self._watch.last_event

    @property
    def trouble(self) -> str:
        """Why there is no metadata to go by, or none that is surely new; "" if all is well."""
        error = self._watch.error
        if error is not None:
            return self._unheard(error)
        name = self._key[1]
        if not self._watch.synced:
            return f"the API server has not been asked for ConfigMap {name} yet"
        if not self._is_there:
            return f"there is no ConfigMap {name}: the controller has not made it"
        if self._unreadable is not None:
            return f"ConfigMap {name} cannot be read: {self._unreadable}"
        return ""

    def _unheard(self, error: Exception) -> str:
        if isinstance(error, Forbidden):
            return (
                f"this agent may not read ConfigMap {self._key[1]}: the controller has not made"
                f" its Role, or not bound the pod's service account to it ({error})"
            )
        began = self._watch.failing_since
        seconds = 0 if began is None else (self._now() - began).total_seconds()
        return f"the API server has not been heard for {max(seconds, 0):.0f} s: {error}"

    # --- What the watch tells ---

    def put(self, document: Document) -> None:
        """It was added or changed, or is told again."""
        self._is_there = True
        self.owner = _owner_of(document) or self.owner
        try:
            metadata = decode_metadata(document.get("data") or {})
        except DecodeError as error:
            self._unreadable = error
            self._complain(f"read ConfigMap {self._key[1]}", error)
            return
        self._unreadable = None
        self._hear(ev.MetadataChanged(self._now(), metadata))

    def gone(self, _: Document) -> None:
        """It was deleted."""
        self._lost()

    def keep_only(self, _: str, keys: AbstractSet[tuple[str, str]]) -> None:
        """It is among these, or not there."""
        if self._key not in keys:
            self._lost()

    def _lost(self) -> None:
        # One that never was is waited for, and not gone.
        was_there, self._is_there = self._is_there, False
        if was_there:
            self._hear(ev.MetadataGone(self._now()))


def _owner_of(document: Mapping[str, Any]) -> Owner | None:
    """The GatewaySync among an object's owners."""
    metadata = document.get("metadata")
    listed = metadata.get("ownerReferences") if isinstance(metadata, Mapping) else None
    for one in listed if isinstance(listed, list) else ():
        match one:
            case {"kind": names.KIND, "name": str() as name, "uid": str() as uid}:
                version = one.get("apiVersion")
                return Owner(name, uid, version if isinstance(version, str) else names.API_VERSION)
    return None
