"""Which files differ from what was applied by nothing but the stamps of a save.

A gateway that saves a resource writes into its `resource.json` who did it, when, and a signature.
That is no drift. To know, both versions are needed: the bytes that were applied come from whoever
can have them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stoker.core.ignition.resource import same_resource
from stoker.core.manifest import Entry
from stoker.core.mapping import SIGNED_NAMES
from stoker.core.paths import RelPath

if TYPE_CHECKING:
    from stoker.adapters.fs.reading import Content

Original = Callable[[RelPath, Entry], bytes | None]
"""The bytes that were applied to a path, where they can be had."""


def is_restamped(
    path: RelPath, name: str, applied: Entry, there: Content, original: Original
) -> bool:
    """Whether the gateway has done nothing to an applied file but stamp it."""
    if name not in SIGNED_NAMES or there.data is None or there.entry.mode != applied.mode:
        return False
    before = original(path, applied)
    return before is not None and same_resource(before, there.data)
