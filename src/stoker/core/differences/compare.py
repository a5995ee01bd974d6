"""From a plan to its differences: `compare`.

Only files that are replaced by other bytes are read. The order of the plan's operations does not
matter, and every file that it writes or deletes is in exactly one place of the result. What is
read and shown of all files together is bounded; files beyond that are listed and not compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from attrs import define, field, frozen

from stoker.core.differences.files import (
    Detail,
    FileDifference,
    NotCompared,
    Restamped,
    SameContent,
    State,
    Whole,
    compare_contents,
)
from stoker.core.differences.limits import MAX_FILE_BYTES, MAX_TOTAL_BYTES, MAX_TOTAL_SHOWN
from stoker.core.differences.model import (
    Differences,
    HomeDifference,
    ResourceDifference,
    Totals,
)
from stoker.core.differences.places import HomeKind, HomeName, ResourceName, place_of, tag_folder
from stoker.core.ignition import UNARY_NAME, resources_of, scans_for
from stoker.core.paths import RelPath
from stoker.core.planning import Create, Delete, Kept, Op, Plan, RemoveDirectory, Replace


@frozen
class TooLarge:
    """A file that nobody read because of its size."""

    size: int


Reading = bytes | TooLarge | None
"""The bytes of a file; None where they cannot be had."""

Read = Callable[[RelPath], Reading]

_MARKERS: Final = frozenset({"resource.json", UNARY_NAME})
"""The files with which a resource comes and goes."""
_TAG_FILES: Final = frozenset({"tags.json", "udts.json"})


def compare(
    plan: Plan, before: Read, after: Read, *, kept: Iterable[Kept] | None = None
) -> Differences:
    """What `plan` changes. `before` reads the disk, `after` what will be written.

    `kept`: everything that stays, where more is known of it than the plan says.
    """
    bench = _Bench(before, after, frozenset(plan.drifted))
    ops = sorted((op for op in plan.ops if not isinstance(op, RemoveDirectory)), key=_path_of)
    grouped: dict[HomeName, dict[ResourceName, list[FileDifference]]] = {}
    for op in ops:
        home, resource = place_of(op.path)
        grouped.setdefault(home, {}).setdefault(resource, []).append(bench.compared(op))
    files = [file for held in grouped.values() for each in held.values() for file in each]
    return Differences(
        homes=tuple(_home(name, grouped[name]) for name in sorted(grouped, key=_rank)),
        totals=Totals(
            added=len(plan.added),
            modified=len(plan.modified),
            deleted=len(plan.deleted),
            restamped=sum(isinstance(file.detail, Restamped) for file in files),
        ),
        kept=tuple(sorted(plan.kept if kept is None else kept, key=_kept_rank)),
        drifted=tuple(sorted(plan.drifted)),
        adopted=tuple(sorted(plan.adopted)),
        scans=scans_for(op.path for op in ops),
    )


def _path_of(op: Op) -> RelPath:
    return op.path


def _kept_rank(kept: Kept) -> tuple[str, str]:
    return kept.path, kept.reason


def _rank(name: HomeName) -> tuple[int, HomeName]:
    return list(HomeKind).index(name.kind), name


@define
class _Bench:
    """Compares files one after the other, and knows how much may still be read and shown."""

    before: Read
    after: Read
    drifted: frozenset[RelPath]
    bytes_left: int = field(default=MAX_TOTAL_BYTES)
    lines_left: int = field(default=MAX_TOTAL_SHOWN)

    def compared(self, op: Create | Replace | Delete) -> FileDifference:
        """The difference that this operation makes."""
        drifted = op.path in self.drifted
        match op:
            case Create():
                return FileDifference(
                    path=op.path, state=State.ADDED, detail=Whole(), drifted=drifted
                )
            case Delete():
                return FileDifference(
                    path=op.path, state=State.REMOVED, detail=Whole(), drifted=drifted
                )
            case _:
                return self._replaced(op, drifted=drifted)

    def _replaced(self, op: Replace, *, drifted: bool) -> FileDifference:
        old, new = op.expected, op.entry
        same = old.digest == new.digest
        detail = SameContent() if same else self._detail(op.path)
        modes = None if old.mode is new.mode else (old.mode, new.mode)
        equal = isinstance(detail, Restamped) and modes is None
        file = FileDifference(
            path=op.path,
            state=State.EQUAL if equal else State.CHANGED,
            detail=detail,
            drifted=drifted,
            modes=modes,
        )
        self.lines_left -= file.weight
        return file

    def _detail(self, path: RelPath) -> Detail:
        if self.bytes_left <= 0 or self.lines_left <= 0:
            return NotCompared("too much changes at once")
        before, after = self.before(path), self.after(path)
        if not isinstance(before, bytes) or len(before) > MAX_FILE_BYTES:
            return _unread(before, "on the disk")
        if not isinstance(after, bytes) or len(after) > MAX_FILE_BYTES:
            return _unread(after, "of the commit")
        self.bytes_left -= len(before) + len(after)
        return compare_contents(path, before, after, _folder(path))


def _unread(reading: Reading, whose: str) -> NotCompared:
    match reading:
        case None:
            return NotCompared(f"the file {whose} could not be read")
        case TooLarge(size):
            return NotCompared(f"the file {whose} has {size:,} bytes")
        case _:
            return NotCompared(f"the file {whose} has {len(reading):,} bytes")


def _folder(path: RelPath) -> str:
    if path.name not in _TAG_FILES:
        return ""
    return next((tag_folder(resource) for resource in resources_of([path])), "")


def _home(name: HomeName, held: dict[ResourceName, list[FileDifference]]) -> HomeDifference:
    return HomeDifference(
        name=name,
        resources=tuple(
            ResourceDifference(name=each, state=_state(each, held[each]), files=tuple(held[each]))
            for each in sorted(held, key=lambda each: (each.name, each))
        ),
    )


def _state(name: ResourceName, files: list[FileDifference]) -> State:
    """A resource comes and goes with its `resource.json`; by other files alone it changes."""
    state, *others = {file.state for file in files}
    if others:
        return State.CHANGED
    if state is State.EQUAL or not name.module:
        return state
    return state if any(file.path.name in _MARKERS for file in files) else State.CHANGED
