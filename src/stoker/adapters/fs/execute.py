"""A plan carried out: staged, made durable, then moved into place, each file in one step.

1. The room is checked; what will be replaced or deleted is looked at; all new files are written
   into their slots. Nothing that anybody sees has changed.
2. The journal, the sides of its claims and the new files are made durable, all at once.
3. The operations, in the order of the plan; each moves names and nothing else. None overwrites
   anything (`swapping`).
4. What was taken away is looked at again: somebody may have had it open.

Whatever stops this leaves the journal and the slots as they are. Whoever called settles it
(`settling`), which is right at any point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from attrs import define, field

from stoker.adapters.codec.journal import Sides
from stoker.adapters.fs import own
from stoker.adapters.fs.homes import Homes
from stoker.adapters.fs.look import at
from stoker.adapters.fs.moving import Moves
from stoker.adapters.fs.settling import roll_back, settle
from stoker.adapters.fs.slots import Slots
from stoker.adapters.fs.staging import Content, WrongContent, check_room, stage
from stoker.adapters.fs.store import Store
from stoker.adapters.fs.swapping import Drifted, drifted
from stoker.core.journal import claimed
from stoker.core.manifest import Stamp
from stoker.core.paths import ROOT, RelPath
from stoker.core.planning import Create, Delete, Plan, RemoveDirectory, Replace

if TYPE_CHECKING:
    from stoker.adapters.fs.handles import DataDirectory

__all__ = [
    "Content",
    "Drifted",
    "Progress",
    "WrongContent",
    "carry_out",
    "roll_back",
    "settle",
]

Progress = Callable[[int, int], None]
"""Hears how many of how many steps are done: writing a file is one, moving it another."""

_TOLD: Final = 100
"""How often progress is told of at most, and once more."""

Write = Create | Replace


def _quiet(_done: int, _all: int) -> None:
    return


def carry_out(  # noqa: PLR0913 - each is one thing that an apply needs
    data: DataDirectory,
    store: Store,
    plan: Plan,
    content: Callable[[Write], Content],
    progress: Progress = _quiet,
    *,
    size: Callable[[Write], int] | None = None,
) -> Mapping[RelPath, Stamp]:
    """Carry out the plan whose journal the store has begun; returns how the new files look.

    `size` says how large a file will be, where that is cheap to know. Raises `Drifted` where
    somebody changed a file since the plan was made, `DiskError`, or what `content` raises.
    """
    with Slots(data) as slots:
        numbers = {path: number for number, path in enumerate(claimed(plan))}
        apply = _Apply(Moves(data, slots, Homes(data), numbers), store, plan, progress)
        apply.prepare(size)
        apply.stage(content)
        apply.make_durable()
        apply.move()
        apply.look_again()
        return {path: looks for path, looks in zip(numbers, apply.after, strict=True) if looks}


@define
class _Apply:
    """One apply, and what it has learnt."""

    moves: Moves
    store: Store
    plan: Plan
    progress: Progress
    before: list[Stamp | None] = field(init=False)
    """How the files look that will be replaced or deleted, by the number of the claim."""
    after: list[Stamp | None] = field(init=False)
    """How the new files look."""
    homes: frozenset[RelPath] = frozenset({ROOT})
    """The homes of all claims, and the data directory itself."""
    done: int = 0
    steps: int = 0

    def __attrs_post_init__(self) -> None:
        claims = len(self.moves.numbers)
        self.before, self.after = [None] * claims, [None] * claims

    def _number(self, op: Write | Delete) -> int:
        return self.moves.numbers[op.path]

    @property
    def writes(self) -> Iterator[Write]:
        """The operations that write a file."""
        return (op for op in self.plan.ops if isinstance(op, Create | Replace))

    def prepare(self, size: Callable[[Write], int] | None) -> None:
        """Look at everything that will be touched, and whether there is room."""
        self._check_room(size)
        leaving = [op for op in self.plan.ops if isinstance(op, Replace | Delete)]
        applied = self.store.covering(op.path for op in leaving)
        for op in leaving:
            is_ours = applied.entries.get(op.path) == op.expected
            known = applied.stamps.get(op.path) if is_ours else None
            seen = at(self.moves.data, op.path, (op.expected, known))
            if seen.entry != op.expected:
                raise drifted(op.path)
            self.before[self._number(op)] = seen.stamp

    def _check_room(self, size: Callable[[Write], int] | None) -> None:
        files: dict[RelPath, int] = {}
        needed: dict[RelPath, int] = {}
        for op in self.plan.ops:
            home = self.moves.homes.of(op.path)
            files.setdefault(home, 0)
            if isinstance(op, Create | Replace):
                files[home] += 1
                needed[home] = needed.get(home, 0) + (size(op) if size else 0)
        for home, size_there in needed.items():
            check_room(self.moves.data.folder(home), files[home], size_there, home)
        self.homes |= files.keys()
        self.steps = len(self.plan.ops) + sum(files.values())

    def stage(self, content: Callable[[Write], Content]) -> None:
        """Write every new file into its slot."""
        data = self.moves.data
        if self.homes != {ROOT}:
            # The journal alone tells of slots on other file systems: it is there before them.
            own.make_durable([data.folder(ROOT)])
        self.moves.slots.folder(ROOT)
        for op in self.writes:
            folder = self.moves.slots.folder(self.moves.homes.of(op.path))
            slot = self.moves.slot(op.path)
            self.after[self._number(op)] = stage(slot, folder, content(op), op.entry, op.path)
            self._step()

    def make_durable(self) -> None:
        """Have all that outlast a loss of power, before the first change."""
        self.store.note(self._sides())
        own.make_durable(self.moves.slots.handles())

    def _sides(self) -> Sides:
        vacated = (op.path for op in self.plan.ops if isinstance(op, RemoveDirectory))
        missing = tuple(self.moves.homes.missing)
        homes = tuple(sorted(self.homes))
        return Sides("", self.before, self.after, missing, homes, tuple(vacated))

    def move(self) -> None:
        """The operations, in their order."""
        for op in self.plan.ops:
            if isinstance(op, RemoveDirectory):
                self.moves.carry_out(op, (None, None))
            else:
                self.moves.carry_out(op, (op.expected, self.before[self._number(op)]))
            self._step()

    def _step(self) -> None:
        self.done += 1
        # People read it: a hundred times are as good as a hundred thousand.
        if self.done in {1, self.steps} or self.done % (self.steps // _TOLD + 1) == 0:
            self.progress(self.done, self.steps)

    def look_again(self) -> None:
        """Give back what somebody went on writing, through a handle that they had before."""
        changed = [
            op
            for op in self.plan.ops
            if isinstance(op, Replace | Delete)
            and not self.moves.holds(op.path, (op.expected, self.before[self._number(op)]))
        ]
        for op in changed:
            # Where that cannot be, it stays in its slot, and is rescued from there.
            with suppress(Drifted, FileNotFoundError):
                self.moves.give_back(op, self.after[self._number(op)])
        if changed:
            raise drifted(changed[0].path)
        own.make_durable(self.moves.slots.handles(foreign=True))
