"""After an apply: what is applied now, whatever happened.

An apply may have ended well, failed, or been cut off, and so may its undo and this settling of it.
The claims of the journal and the disk together tell what there is (`core.journal.recover`), and
the sides of the claims tell most of it without reading a file.

What the manifest stands for then decides how the next plan is made:

- Every file is as before: the manifest from before is still there, whole, and holds again, with
  its basis.
- No file is as before any more, and the manifest of the apply was written: it holds, with its
  basis. What is neither as before nor as written was changed since, and is drift.
- Every file is as it was to become, but the manifest was not written. It knows neither what the
  plan adopted or forgot nor what the files were rendered from. The commit is the new one; there is
  no basis.
- Anything else: nobody knows what the files together stand for. No commit, no basis. (After an
  undo that had to leave files to somebody, the commit is the one before.)

Without a basis the next plan looks at everything. Nothing is forgotten before the manifest is
written for good, so all of this may be cut off and done again.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import evolve

from stoker.adapters.codec.journal import Sides
from stoker.adapters.codec.manifest import Head
from stoker.adapters.fs import reading
from stoker.adapters.fs.homes import Homes
from stoker.adapters.fs.look import NOTHING, at
from stoker.adapters.fs.moving import Moves
from stoker.adapters.fs.slots import Slots
from stoker.adapters.fs.swapping import Drifted
from stoker.core.journal import recover, undo
from stoker.core.manifest import Manifest, Observed
from stoker.core.paths import RelPath
from stoker.core.planning import Create, Delete, RemoveDirectory, Replace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from stoker.adapters.codec.journal import JournalRecord
    from stoker.adapters.fs.handles import DataDirectory
    from stoker.adapters.fs.look import Seen
    from stoker.adapters.fs.store import Store
    from stoker.core.manifest import Stamp


def settle(data: DataDirectory, store: Store) -> Head:
    """Write down what is applied, forget the apply that was under way; returns the new head."""
    return _settle(data, store)


def roll_back(data: DataDirectory, store: Store) -> Head:
    """Put back what the apply changed, as far as nobody has changed it since, and settle that."""
    record, sides = store.journal(), store.sides()
    if record is None:
        return _settle(data, store)
    if sides is not None:
        _put_back(data, store, record, sides)
    return _settle(data, store, undone=True)


def _settle(data: DataDirectory, store: Store, *, undone: bool = False) -> Head:
    record = store.journal()
    if record is None:
        if store.is_under_way():
            # Nobody can say how far it came, if it was not cut off before it began.
            store.update((), Manifest(), Head())
    else:
        # A killed process may have left what only the kernel knows; it counts as seen from here on.
        store.make_durable()
        _write(store, record, _look(data, store, record), undone=undone)
        if not undone:
            _vacate(data, store)
    store.drop()
    return store.head()


def _vacate(data: DataDirectory, store: Store) -> None:
    """Remove the folders that the plan left empty: the next plan would not know of them."""
    if (sides := store.sides()) is None:
        return
    with Slots(data) as slots:
        moves = Moves(data, slots, Homes(data), {})
        for path in sides.vacated:
            moves.carry_out(RemoveDirectory(path), (None, None))


def _write(store: Store, record: JournalRecord, seen: dict[RelPath, Seen], *, undone: bool) -> None:
    claims = record.journal.claims
    was_written = store.index().serial != record.before.serial
    if (
        was_written
        and not undone
        and all(seen[path].entry != claim.before for path, claim in claims.items())
    ):
        return
    is_after = all(seen[path].entry == claim.after for path, claim in claims.items())
    is_before = all(seen[path].entry == claim.before for path, claim in claims.items())
    if is_before and store.revert():
        return
    head = Head(commissioned=record.before.head.commissioned)
    if is_after:
        head = evolve(record.after, basis="")
    elif is_before or undone:
        head = evolve(record.before.head, basis="")
    store.update(claims, _recovered(store, record, seen), head)


def _recovered(store: Store, record: JournalRecord, seen: dict[RelPath, Seen]) -> Manifest:
    there = {path: each.entry for path, each in seen.items() if each.entry is not None}
    known = recover(store.covering(record.journal.claims), record.journal, Observed(there))
    stamps = {
        path: each.stamp
        for path, each in seen.items()
        if each.stamp is not None and known.entries.get(path) == each.entry
    }
    return evolve(known, stamps={**known.stamps, **stamps})


def _look(data: DataDirectory, store: Store, record: JournalRecord) -> dict[RelPath, Seen]:
    """What stands at the claimed paths."""
    claims = record.journal.claims
    sides = store.sides()
    if sides is None:
        applied = store.covering(claims)
        sides = Sides(
            before=[
                applied.stamps.get(path) if claim.before == claim.applied else None
                for path, claim in claims.items()
            ],
            after=[None] * len(claims),
        )
    return {
        path: _file(at(data, path, (claim.after, after), (claim.before, before)))
        for (path, claim), before, after in zip(
            claims.items(), sides.before, sides.after, strict=True
        )
    }


def _file(seen: Seen) -> Seen:
    # Where a folder is, the file is gone: it may have made room for the folder.
    return NOTHING if seen.entry == reading.DIRECTORY else seen


def _put_back(data: DataDirectory, store: Store, record: JournalRecord, sides: Sides) -> None:
    seen = _look(data, store, record)
    there = {path: each.entry for path, each in seen.items() if each.entry is not None}
    numbers = {path: number for number, path in enumerate(record.journal.claims)}
    back = undo(record.journal, Observed(there)).ops
    leaving = [op for op in back if isinstance(op, Delete)]
    coming = [op for op in back if isinstance(op, Create | Replace)]
    # Folders that were there stay, even empty; one that was made may stand where a file comes back.
    made = _made(record.journal.claims, sides.folders)
    cleared = [RemoveDirectory(path) for path in sorted(made, reverse=True)]
    with Slots(data) as slots:
        moves = Moves(data, slots, Homes(data), numbers)
        for each in leaving:
            _leave_to_others(moves, each, sides.after[numbers[each.path]])
        for folder in cleared:
            moves.carry_out(folder, (None, None))
        for op in coming:
            number = numbers[op.path]
            if moves.holds(op.path, (op.entry, sides.before[number])):
                _leave_to_others(moves, op, sides.after[number])


def _made(claims: Iterable[RelPath], missing: Collection[RelPath]) -> set[RelPath]:
    """The folders that the apply may have made: those that were missing, and all below them."""
    tops, made = frozenset(missing), set[RelPath]()
    for path in claims:
        below: list[RelPath] = []
        for above in path.ancestors():
            if above in made:
                made.update(below)
                break
            below.append(above)
            if above in tops:
                made.update(below)
    return made


def _leave_to_others(moves: Moves, op: Create | Replace | Delete, after: Stamp | None) -> None:
    # A file that somebody changed at this very instant is theirs.
    with suppress(Drifted):
        moves.carry_out(op, (op.expected, after))
