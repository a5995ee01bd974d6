"""Claims: what makes an interrupted sync harmless.

Before a plan is carried out, its journal is written durably. It claims every path that the plan
touches, with what was there and what will be there. Whatever happens then, the disk tells for each
claim which of the two it is, so `recover` can say what Stoker has written, and a file is never
orphaned or taken for a stranger's. The same claims, read backwards, are the undo.

A manifest that is written only at the end would orphan a file after one crash; one that holds
paths without digests would delete a stranger's file. Hence both sides of each claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from itertools import chain

from attrs import field, frozen

from stoker.core.manifest import Entry, Manifest, Observed, Origin, Stamp
from stoker.core.paths import RelPath
from stoker.core.planning import Create, Delete, Op, Plan, RemoveDirectory, Replace


@frozen
class Claim:
    """One path: what was there, what will be, and what the manifest said of it before."""

    before: Entry | None
    after: Entry | None
    applied: Entry | None = None
    adopted: bool = False


@frozen
class Journal:
    """The claims of one plan."""

    claims: Mapping[RelPath, Claim] = field(factory=dict)

    def pre_images(self) -> tuple[RelPath, ...]:
        """The files whose bytes have to be kept for an undo, sorted."""
        return tuple(sorted(path for path, claim in self.claims.items() if claim.before))


def claimed(plan: Plan) -> Iterable[RelPath]:
    """The paths that the plan's journal claims, in its order."""
    return dict.fromkeys(op.path for op in plan.ops if not isinstance(op, RemoveDirectory))


def begin(plan: Plan, applied: Manifest) -> Journal:
    """The journal to write before the plan is carried out."""
    return Journal({op.path: claim for op in plan.ops if (claim := _claim(op, applied))})


def _claim(op: Op, applied: Manifest) -> Claim | None:
    if isinstance(op, RemoveDirectory):
        return None
    after = None if isinstance(op, Delete) else op.entry
    said = applied.entries.get(op.path)
    return Claim(op.expected, after, said, op.path in applied.adopted)


def recover(applied: Manifest, journal: Journal, actual: Observed) -> Manifest:
    """What is applied after an interruption: each claim as far as the disk bears it out.

    It does not matter how far the plan or its undo had come, nor whether `applied` was written
    before or after the plan. A file that is neither as it was nor as it was to become is somebody
    else's work; the manifest goes on saying what it said, so that the next plan sees drift.
    `actual` has to cover the claimed paths.
    """
    settled: dict[RelPath, Entry | None] = dict(applied.entries)
    adopted = set(applied.adopted)
    for path, claim in journal.claims.items():
        there = actual.entries.get(path)
        if there == claim.after:
            settled[path] = claim.after
            adopted.discard(path)
        elif there == claim.before:
            settled[path] = claim.applied
            adopted = adopted | {path} if claim.adopted else adopted - {path}
    return _manifest(applied, settled, adopted, fresh=journal.claims.keys())


def commit(
    applied: Manifest,
    plan: Plan,
    receipts: Mapping[RelPath, Stamp],
    origins: Mapping[RelPath, Origin] | None = None,
) -> Manifest:
    """What is applied after a plan was carried out; `receipts` are the stamps of what it wrote."""
    entries, stamps, made_of = dict(applied.entries), dict(applied.stamps), dict(applied.origins)
    adopted = set(applied.adopted)
    # In place, as this is the largest manifest that there ever is.
    settled = (op.path for op in plan.ops if not isinstance(op, RemoveDirectory))
    for path in chain(settled, plan.adopted, plan.forgotten):
        for known in (entries, stamps, made_of):
            known.pop(path, None)
        adopted.discard(path)
    entries.update((op.path, op.entry) for op in plan.ops if isinstance(op, Create | Replace))
    entries.update(plan.adopted)
    stamps.update(receipts)
    made_of.update(origins or {})
    return Manifest(entries, stamps, made_of, frozenset(adopted | plan.adopted.keys()))


def _manifest(
    applied: Manifest,
    settled: Mapping[RelPath, Entry | None],
    adopted: AbstractSet[RelPath],
    fresh: AbstractSet[RelPath],
) -> Manifest:
    entries = {path: entry for path, entry in settled.items() if entry is not None}
    # What else is known of a file holds only while nobody has written it.
    kept = {path for path in entries.keys() - fresh if applied.entries.get(path) == entries[path]}
    return Manifest(
        entries=entries,
        stamps={path: stamp for path, stamp in applied.stamps.items() if path in kept},
        origins={path: origin for path, origin in applied.origins.items() if path in kept},
        adopted=frozenset(adopted & entries.keys()),
    )


def undo(journal: Journal, actual: Observed) -> Plan:
    """The plan that puts back what the journal's plan changed, as far as it is still as written.

    A file that somebody changed in the meantime is left to them; it stays in the next plan.
    """
    back = [
        op
        for path, claim in sorted(journal.claims.items())
        if actual.entries.get(path) == claim.after and (op := _reverse(path, claim))
    ]
    # Files go before files come: a directory may have taken a file's place, or the reverse.
    gone = [op for op in back if isinstance(op, Delete)]
    left = {above for op in gone for above in op.path.ancestors()}
    cleared = [RemoveDirectory(path) for path in sorted(left, reverse=True)]
    return Plan(ops=(*gone, *cleared, *(op for op in back if not isinstance(op, Delete))))


def _reverse(path: RelPath, claim: Claim) -> Create | Replace | Delete | None:
    if claim.after is None:
        return Create(path, claim.before) if claim.before else None
    if claim.before is None:
        return Delete(path, claim.after)
    return Replace(path, claim.before, claim.after)
