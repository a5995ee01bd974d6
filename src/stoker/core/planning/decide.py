"""From three states to operations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import field, frozen

from stoker.core.manifest import Entry, Foreign, ForeignKind, Manifest, Observed
from stoker.core.paths import RelPath
from stoker.core.planning.operations import (
    Create,
    Delete,
    Kept,
    KeptReason,
    Op,
    Plan,
    RemoveDirectory,
    Replace,
)
from stoker.core.planning.policy import Obstructed, Policy, check_emptied, check_limit
from stoker.core.spec import PruneMode

_Write = Create | Replace

_DIRECTORY: Final = Foreign(ForeignKind.DIRECTORY)
_LISTED: Final = 5  # paths that an error names before it counts the others


def plan(desired: Manifest, applied: Manifest, actual: Observed, policy: Policy) -> Plan:
    """The plan that turns `actual` into `desired`; raises where it must not be carried out."""
    states = _States(desired, applied, actual, policy)
    writes, spared = states.writes()
    orphans, stay = states.orphans()
    way = _Way(actual, orphans)
    for write in writes.values():
        way.clear_for(write)
    strangers = {path for path in orphans if states.is_left_alone(path)} - way.deletes
    deletes = {path: op for path, op in orphans.items() if path not in strangers}
    check_emptied(policy, list(deletes))
    check_limit(policy, len(deletes), states.managed(deletes))
    way.check()
    changed = (path for path in applied.entries if states.has_drifted(path))
    return Plan(
        ops=_ordered(writes, deletes, way, states),
        kept=tuple(sorted([*spared, *stay], key=lambda kept: kept.path)),
        adopted=states.adopted(),
        forgotten=tuple(sorted(path for path in states.unwanted_claims() if path not in states)),
        drifted=tuple(sorted([*changed, *strangers])),
    )


@frozen
class _States:
    """The three states and the policy, with the questions that one path raises."""

    desired: Manifest
    applied: Manifest
    actual: Observed
    policy: Policy

    def __contains__(self, path: RelPath) -> bool:
        return path in self.actual.entries

    def writes(self) -> tuple[dict[RelPath, _Write], list[Kept]]:
        """What to write, and what is wanted but spared."""
        wanted: dict[RelPath, _Write] = {}
        spared = []
        for path, entry in self.desired.entries.items():
            if self._is_satisfied(path, entry) or self.is_left_alone(path):
                continue
            if reason := self.policy.spare(path):
                spared.append(Kept(path, reason))
                continue
            there = self.actual.entries.get(path)
            wanted[path] = (
                Replace(path, entry, there) if isinstance(there, Entry) else Create(path, entry)
            )
        return wanted, spared

    def _is_satisfied(self, path: RelPath, entry: Entry) -> bool:
        if self.actual.entries.get(path) == entry:
            return True
        return path in self.actual.restamped and self.applied.entries.get(path) == entry

    def is_left_alone(self, path: RelPath) -> bool:
        """Whether a path that others changed is no business of this plan.

        It is where the commit wants something else than was applied. A stranger below a directory
        that was not mapped before has not come since, so it goes as any orphan.
        """
        said = self.applied.entries.get(path)
        if self.policy.restores or self.desired.entries.get(path) != said:
            return False
        return said is not None or self.policy.has_covered(path)

    def orphans(self) -> tuple[dict[RelPath, Delete], list[Kept]]:
        """What to delete of that which nobody wants, and what stays of it."""
        deletes: dict[RelPath, Delete] = {}
        stay = []
        for path, there in self.actual.entries.items():
            if path in self.desired.entries or there == _DIRECTORY:
                continue
            reason = self._reason_to_stay(path, there)
            if reason is None and isinstance(there, Entry):
                deletes[path] = Delete(path, there)
            elif reason is not None and self._is_worth_telling(path, reason):
                stay.append(Kept(path, reason))
        return deletes, stay

    def _reason_to_stay(self, path: RelPath, there: Entry | Foreign) -> KeptReason | None:
        if spared := self.policy.spare(path):
            return spared
        if self.policy.holds(path):
            return KeptReason.SOURCE_MISSING
        if self.policy.prune is PruneMode.NONE:
            return KeptReason.NOT_PRUNED
        if self.policy.prune is PruneMode.OWNED:
            return None if self._is_ours(path, there) else KeptReason.CHANGED
        if not self.policy.covers(path):
            return KeptReason.UNMAPPED
        return KeptReason.FOREIGN if isinstance(there, Foreign) else None

    def _is_ours(self, path: RelPath, there: Entry | Foreign) -> bool:
        if path in self.applied.adopted or path not in self.applied.entries:
            return False
        return self.applied.entries[path] == there or path in self.actual.restamped

    def _is_worth_telling(self, path: RelPath, reason: KeptReason) -> bool:
        # Strangers that stay are the normal case; a user asks about what Stoker once wrote, what
        # is protected, and what a mirror had to leave.
        always = {KeptReason.PROTECTED, KeptReason.GUARDED, KeptReason.FOREIGN}
        return reason in always or path in self.applied.entries

    def managed(self, deletes: Iterable[RelPath]) -> int:
        """How many files on the disk are Stoker's business."""
        there = self.actual.entries.keys()
        known = there & (self.desired.entries.keys() | self.applied.entries.keys())
        return len(known | set(deletes)) + self.policy.managed_elsewhere

    def adopted(self) -> dict[RelPath, Entry]:
        """The files that are as wanted, without the manifest saying so."""
        return {
            path: entry
            for path, entry in self.desired.entries.items()
            if self.applied.entries.get(path) != entry and self.actual.entries.get(path) == entry
        }

    def unwanted_claims(self) -> Iterator[RelPath]:
        """The applied files that nobody wants any more."""
        return (path for path in self.applied.entries if path not in self.desired.entries)

    def has_drifted(self, path: RelPath) -> bool:
        """Whether an applied file that is still wanted was changed by somebody else."""
        wanted = self.desired.entries.get(path)
        there = self.actual.entries.get(path)
        if wanted is None or there in (wanted, self.applied.entries[path]):
            return False
        return path not in self.actual.restamped and self.policy.spare(path) is None


def _ordered(
    writes: Mapping[RelPath, _Write], deletes: Mapping[RelPath, Delete], way: _Way, states: _States
) -> tuple[Op, ...]:
    """Clear the way, write, delete the rest, remove the directories that this empties."""
    rest = [deletes[path] for path in sorted(deletes.keys() - way.deletes)]
    written = [writes[path] for path in sorted(writes)]
    vacated = _vacated(deletes, states) - way.directories
    return (
        *(deletes[path] for path in sorted(way.deletes)),
        *(RemoveDirectory(path) for path in sorted(way.directories, reverse=True)),
        *written,
        *rest,
        *(RemoveDirectory(path) for path in sorted(vacated, reverse=True)),
    )


@frozen
class _Way:
    """What has to go before a file can be written where something else stands."""

    actual: Observed
    deletable: Mapping[RelPath, Delete]
    deletes: set[RelPath] = field(factory=set)
    directories: set[RelPath] = field(factory=set)
    open: set[str] = field(factory=set)
    """The directories that were looked at already."""
    blocked: dict[RelPath, str] = field(factory=dict)

    def clear_for(self, write: _Write) -> None:
        """Note what stands in the way of `write`."""
        if isinstance(write, Replace):
            return
        there = self.actual.entries.get(write.path)
        # Most files have neighbours, and the way to them is known.
        if there is None and write.path.rpartition("/")[0] in self.open:
            return
        if there == _DIRECTORY:
            self.directories.add(write.path)
            for path in [path for path in self.actual.entries if path.is_below(write.path)]:
                self._remove(path)
        elif there is not None:
            self._remove(write.path)
        for above in write.path.ancestors():
            if above in self.open:
                break
            self.open.add(above)
            if self.actual.entries.get(above, _DIRECTORY) != _DIRECTORY:
                self._remove(above)

    def _remove(self, path: RelPath) -> None:
        there = self.actual.entries[path]
        if path in self.deletable:
            self.deletes.add(path)
        elif there == _DIRECTORY:
            self.directories.add(path)
        else:
            kind = there.kind if isinstance(there, Foreign) else "file that Stoker may not delete"
            self.blocked[path] = kind

    def check(self) -> None:
        """Raise `Obstructed` where something may not be removed."""
        if not self.blocked:
            return
        paths = tuple(sorted(self.blocked))
        listed = ", ".join(f"{path} ({self.blocked[path]})" for path in paths[:_LISTED])
        more = f" and {len(paths) - _LISTED} more" if len(paths) > _LISTED else ""
        raise Obstructed(
            f"in the way of files of the commit: {listed}{more}",
            where=paths[0],
            cure="move it away by hand, or map the commit's files elsewhere",
            paths=paths,
        )


def _vacated(deletes: Iterable[RelPath], states: _States) -> set[RelPath]:
    emptied = {above for path in deletes for above in path.ancestors()}
    candidates = {path for path in emptied if states.policy.covers(path)}
    if not candidates:
        return set()
    return candidates - {above for path in states.desired.entries for above in path.ancestors()}
