"""What the agents of each CR were told last, read from its ConfigMap once for each text of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import define, field

from stoker.adapters.codec.metadata import decode_metadata
from stoker.core import names
from stoker.core.errors import DecodeError
from stoker.core.profile import Metadata
from stoker.entrypoints.controller.queue import Key

if TYPE_CHECKING:
    from stoker.entrypoints.controller.reports import Notes
    from stoker.entrypoints.shelf import Shelf


@define
class Announced:
    """What was read, by CR."""

    _known: dict[Key, tuple[Mapping[str, str], Metadata | None]] = field(factory=dict)

    def read(self, key: Key, uid: str, notes: Shelf[Notes]) -> Metadata | None:
        """What the ConfigMap says; None where it is not that of this life, or cannot be read."""
        note = notes.get((key[0], names.metadata_config_map(key[1])))
        if note is None or uid not in note.owners:
            return None
        known = self._known.get(key)
        if known is None or known[0] != note.data:
            try:
                known = (note.data, decode_metadata(note.data))
            except DecodeError:
                known = (note.data, None)
            self._known[key] = known
        return known[1]

    def forget(self, key: Key) -> None:
        """There is no such CR any more."""
        self._known.pop(key, None)
