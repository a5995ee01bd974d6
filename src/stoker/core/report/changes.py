"""The list of paths that a sync changed, or that a dry run would change.

It goes into one ConfigMap, which cannot grow without end, so the list is cut at a size. The
numbers are never cut, and whoever reads the list can see from them that paths are missing. When
not everything fits, deleted paths come first, then modified, then added ones: what is lost for
good is what a reviewer must see.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from attrs import frozen

from stoker.core.paths import RelPath

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_CHANGES_BYTES: Final = 512 * 1024
"""What the paths of one list may take, written as JSON."""

_SEPARATOR_BYTES: Final = 2
"""The comma and the line break or space between two paths."""


@frozen(kw_only=True)
class ChangeList:
    """Paths in order, and how many there were before the list was cut."""

    commit: str
    dry_run: bool = False
    added: tuple[RelPath, ...] = ()
    modified: tuple[RelPath, ...] = ()
    deleted: tuple[RelPath, ...] = ()
    total_added: int = 0
    total_modified: int = 0
    total_deleted: int = 0

    @property
    def omitted(self) -> int:
        """How many paths are counted and not listed."""
        total = self.total_added + self.total_modified + self.total_deleted
        return total - len(self.added) - len(self.modified) - len(self.deleted)


def list_changes(  # noqa: PLR0913 - three lists, what they belong to, and the limit
    *,
    commit: str,
    added: Iterable[RelPath],
    modified: Iterable[RelPath],
    deleted: Iterable[RelPath],
    dry_run: bool = False,
    limit: int = MAX_CHANGES_BYTES,
) -> ChangeList:
    """The list of these paths, sorted, and cut where its paths would take more than `limit`."""
    every_deleted, every_modified, every_added = sorted(deleted), sorted(modified), sorted(added)
    fitting_deleted, limit = _fitting(every_deleted, limit)
    fitting_modified, limit = _fitting(every_modified, limit)
    fitting_added, _ = _fitting(every_added, limit)
    return ChangeList(
        commit=commit,
        dry_run=dry_run,
        added=fitting_added,
        modified=fitting_modified,
        deleted=fitting_deleted,
        total_added=len(every_added),
        total_modified=len(every_modified),
        total_deleted=len(every_deleted),
    )


def _fitting(paths: list[RelPath], room: int) -> tuple[tuple[RelPath, ...], int]:
    # A list that was cut leaves no room for the next one: a shorter path further down would
    # only hide where the cut is.
    for index, path in enumerate(paths):
        size = len(json.dumps(path, ensure_ascii=False).encode()) + _SEPARATOR_BYTES
        if size > room:
            return tuple(paths[:index]), 0
        room -= size
    return tuple(paths), room
