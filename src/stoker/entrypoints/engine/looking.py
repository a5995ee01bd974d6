"""The regular look for drift: a close one, and what later glances are compared with.

A close look takes the work of a child. As long as a glance finds everything as it was before the
last one, its count still holds, and the agent gives it by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from attrs import field, frozen

from stoker.adapters.fs.drift import Drift
from stoker.adapters.fs.glance import first_glance
from stoker.adapters.fs.store import Store
from stoker.adapters.fs.walking import outermost
from stoker.core.ignition import protects_everything_below
from stoker.core.paths import ROOT, RelPath
from stoker.entrypoints.engine.memory import Seen
from stoker.entrypoints.engine.planner import Planner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stoker.adapters.codec.manifest import RawRow
    from stoker.entrypoints.engine.target import Target


@frozen
class Looked:
    """What a close look found."""

    drift: Drift
    seen: Seen

    @property
    def count(self) -> int:
        """How many files differ from what was applied."""
        return self.seen.count


def look(planner: Planner, target: Target, last: Seen | None) -> Looked:
    """Look at everything; raises `StokerError`."""
    roots = _roots(target) if last is None else _merged(_roots(target), last.folders)
    files = () if last is None else last.files
    excludes = target.survey.bounds.excludes

    def is_closed(text: str) -> bool:
        # A walk names folders that no path of ours can have; nobody looks into them.
        folder = str.__new__(RelPath, text)
        return protects_everything_below(folder) or excludes.skips_directory(folder)

    # First the glance: what changes after it is seen by the next one.
    glance = first_glance(planner.data, roots, files, is_closed)
    beside = _Beside(planner.store, tuple(f"{root}/" for root in roots), frozenset(files))
    drift = Planner(planner.data, cast("Store", beside), planner.repository).drift(target)
    count = len(drift.changed) + len(drift.missing) + len(drift.strangers)
    if not (beside.folders or beside.files):
        return Looked(drift, Seen(count, roots, files, glance))
    folders = _merged(roots, beside.folders)
    # Some of what was looked at is not in the glance: the next close look will know where to look.
    return Looked(drift, Seen(count, folders, (*files, *sorted(beside.files)), None))


def _roots(target: Target) -> tuple[str, ...]:
    """The folders that are managed; the data directory itself holds more than that."""
    roots = target.survey.policy().roots
    return tuple(outermost(root.path for root in roots if root.path != ROOT))


def _merged(one: tuple[str, ...], other: tuple[str, ...] | set[str]) -> tuple[str, ...]:
    return tuple(outermost(RelPath(path) for path in (*one, *other)))


@frozen
class _Beside:
    """The rows of a store, and where those of them are that lie below none of the folders."""

    store: Store
    below: tuple[str, ...]
    known: frozenset[str]
    folders: set[str] = field(factory=set)
    files: set[str] = field(factory=set)

    def rows(self) -> Iterator[list[RawRow]]:
        """The rows, each shard as ever."""
        for shard in self.store.rows():
            for row in shard:
                path: str = row[0]
                if not path.startswith(self.below) and path not in self.known:
                    first, _, rest = path.partition("/")
                    (self.folders if rest else self.files).add(first)
            yield shard

    def __getattr__(self, name: str) -> object:
        """Everything else is the store's."""
        return getattr(self.store, name)
