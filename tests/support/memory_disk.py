"""A disk in memory that carries out plans one operation at a time, and can lose power in between.

It models what the journal protocol relies on: a rename or an unlink happens as a whole or not at
all, a directory with something in it is not removed, and a file cannot stand where a directory is.
Each operation checks what it expects first.
"""

from __future__ import annotations

from attrs import define, field

from stoker.core.journal import Journal, begin, commit, recover
from stoker.core.manifest import Entry, Foreign, ForeignKind, Manifest, Observed
from stoker.core.paths import ROOT, RelPath
from stoker.core.planning import Create, Delete, Op, Plan, Policy, RemoveDirectory, Replace, plan


class PowerCut(Exception):
    """The machine stopped."""


class Changed(Exception):
    """A file is not what the operation expected."""


@define
class MemoryDisk:
    """Files, and the two durable documents of the protocol."""

    files: dict[RelPath, Entry] = field(factory=dict)
    manifest: Manifest = field(factory=Manifest)
    journal: Journal | None = None
    budget: int | None = None
    """How many more steps the power lasts; None is for ever."""
    steps: int = 0

    def observe(self, desired: Manifest) -> Observed:
        """Everything that is there, and a directory wherever a file is wanted."""
        seen: dict[RelPath, Entry | Foreign] = dict(self.files)
        directories = {above for path in self.files for above in path.ancestors()}
        for path in directories & set(desired.entries):
            seen[path] = Foreign(ForeignKind.DIRECTORY)
            below = {each for each in directories if each.is_below(path)}
            seen.update(dict.fromkeys(below, Foreign(ForeignKind.DIRECTORY)))
        return Observed(seen)

    def sync(self, desired: Manifest, policy: Policy) -> Plan:
        """One whole sync, recovery included."""
        self.restart()
        made = plan(desired, self.manifest, self.observe(desired), policy)
        self._tick()
        self.journal = begin(made, self.manifest)
        self.carry_out(made)
        self._tick()
        self.manifest = commit(self.manifest, made, {})
        self._tick()
        self.journal = None
        return made

    def restart(self) -> None:
        """What every start does first."""
        if self.journal is not None:
            settled = recover(self.manifest, self.journal, Observed(self.files))
            self._tick()
            self.manifest = settled
            self._tick()
            self.journal = None

    def carry_out(self, made: Plan) -> None:
        """The operations, in their order."""
        for op in made.ops:
            self._tick()
            self._apply(op)

    def _tick(self) -> None:
        if self.budget is not None:
            if self.budget == 0:
                raise PowerCut
            self.budget -= 1
        self.steps += 1

    def _apply(self, op: Op) -> None:
        if isinstance(op, RemoveDirectory):
            return  # directories exist here while files do
        if self.files.get(op.path) != op.expected:
            raise Changed(op.path)
        match op:
            case Create() | Replace():
                self._write(op.path, op.entry)
            case Delete():
                del self.files[op.path]

    def _write(self, path: RelPath, entry: Entry) -> None:
        assert path != ROOT
        for above in path.ancestors():
            assert above not in self.files, f"{above} is a file, so {path} cannot be written"
        below = [each for each in self.files if each.is_below(path)]
        assert not below, f"{path} is a directory that holds {below}"
        self.files[path] = entry
