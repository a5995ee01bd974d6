"""What a plan is made of."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen

from stoker.core.manifest import Entry
from stoker.core.paths import RelPath


@frozen
class Create:
    """Write a file where none is."""

    path: RelPath
    entry: Entry

    @property
    def expected(self) -> None:
        """Nothing may be there."""


@frozen
class Replace:
    """Write a file over the one that is there."""

    path: RelPath
    entry: Entry
    expected: Entry


@frozen
class Delete:
    """Remove a file."""

    path: RelPath
    expected: Entry


@frozen
class RemoveDirectory:
    """Remove a directory if nothing is left in it; one that is in use or gone is no failure."""

    path: RelPath


Op = Create | Replace | Delete | RemoveDirectory


class KeptReason(StrEnum):
    """Why something stays although the commit does not want it so."""

    PROTECTED = "protected"
    GUARDED = "guarded"
    EXCLUDED = "excluded"
    IGNORED = "ignored"
    CHANGED = "changed"
    FOREIGN = "foreign"
    SOURCE_MISSING = "source-missing"
    UNMAPPED = "unmapped"
    NOT_PRUNED = "not-pruned"


@frozen
class Kept:
    """Something that stays, and why."""

    path: RelPath
    reason: KeptReason


@frozen
class Plan:
    """Operations in the order in which to do them, and the rest of what was found."""

    ops: tuple[Op, ...] = ()
    kept: tuple[Kept, ...] = ()
    adopted: Mapping[RelPath, Entry] = field(factory=dict)
    """Files that were found as they are wanted, and that the manifest did not know so."""
    forgotten: tuple[RelPath, ...] = ()
    """Files of the applied manifest that are neither wanted nor there any more."""
    drifted: tuple[RelPath, ...] = ()
    """Wanted files that are neither as they were last applied nor as they are wanted.

    Where the plan does not restore, also the strangers that it leaves alone.
    """

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do on the disk."""
        return not self.ops

    @property
    def added(self) -> tuple[RelPath, ...]:
        """The files that the plan creates, sorted."""
        return tuple(sorted(op.path for op in self.ops if isinstance(op, Create)))

    @property
    def modified(self) -> tuple[RelPath, ...]:
        """The files that the plan replaces, sorted."""
        return tuple(sorted(op.path for op in self.ops if isinstance(op, Replace)))

    @property
    def deleted(self) -> tuple[RelPath, ...]:
        """The files that the plan deletes, sorted."""
        return tuple(sorted(op.path for op in self.ops if isinstance(op, Delete)))
