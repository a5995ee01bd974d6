"""Laws 5, 6 and 7: a sync may stop at any instant, any number of times.

The disk in memory loses power between two steps: documents of the protocol and operations alike.
"""

from __future__ import annotations

import contextlib
import copy

from hypothesis import assume, given, reject
from hypothesis import strategies as st

from property.strategies.manifests import applied_manifests, disks, manifests, policies
from stoker.core.errors import StokerError
from stoker.core.journal import Claim, Journal, begin, commit, recover, undo
from stoker.core.manifest import Digest, Entry, Manifest, Observed
from stoker.core.planning import Delete, Plan, RemoveDirectory, plan
from support.memory_disk import MemoryDisk, PowerCut


@given(st.data())
def test_crashes_do_not_change_the_result(data: st.DataObject) -> None:
    """Law 5.

    Seen to fail with `recover` ignoring `after`, with the journal written after the operations,
    and with it dropped before them.
    """
    desired = data.draw(manifests(), label="desired")
    applied = data.draw(applied_manifests(), label="applied")
    files = data.draw(disks(applied), label="disk")
    policy = data.draw(policies(desired), label="policy")
    straight = MemoryDisk(dict(files), applied)
    try:
        straight.sync(desired, policy)
    except StokerError:
        reject()

    crashed = MemoryDisk(dict(files), applied)
    for budget in data.draw(st.lists(st.integers(0, straight.steps), max_size=4), label="cuts"):
        crashed.budget = budget
        try:
            crashed.sync(desired, policy)
        except PowerCut:
            pass
    crashed.budget = None
    crashed.sync(desired, policy)
    assert crashed.files == straight.files
    assert crashed.manifest == straight.manifest
    assert crashed.journal is None


@given(st.data())
def test_what_we_wrote_is_claimed_at_every_instant(data: st.DataObject) -> None:
    """Law 6. Seen to fail with the journal dropped before the manifest is written."""
    desired = data.draw(manifests(), label="desired")
    applied = data.draw(applied_manifests(), label="applied")
    files = data.draw(disks(applied), label="disk")
    policy = data.draw(policies(desired), label="policy")
    straight = MemoryDisk(dict(files), applied)
    with contextlib.suppress(StokerError):
        straight.sync(desired, policy)
    disk = MemoryDisk(dict(files), applied)
    ours = {path: entry for path, entry in files.items() if applied.entries.get(path) == entry}
    disk.budget = data.draw(st.integers(0, straight.steps), label="cut")
    try:
        disk.sync(desired, policy)
    except (PowerCut, StokerError):
        pass
    written = {path: entry for path, entry in disk.files.items() if files.get(path) != entry}
    for path, entry in {**ours, **written}.items():
        if disk.files.get(path) == entry:
            assert entry in _claims(disk, path)


def _claims(disk: MemoryDisk, path: str) -> set[Entry | None]:
    claims: set[Entry | None] = {
        entry for each, entry in disk.manifest.entries.items() if each == path
    }
    if disk.journal is not None:
        for each, claim in disk.journal.claims.items():
            if each == path:
                claims |= {claim.after, claim.applied}
    return claims


@given(st.data())
def test_recovery_is_idempotent(data: st.DataObject) -> None:
    """Law 7. Seen to fail with the adopted mark flipped instead of set."""
    applied = data.draw(applied_manifests())
    wanted = data.draw(manifests())
    actual = Observed(data.draw(disks(applied)))
    journal = Journal(
        {
            path: Claim(
                before=applied.entries.get(path),
                after=wanted.entries.get(path),
                applied=applied.entries.get(path),
                adopted=path in applied.adopted,
            )
            for path in sorted(applied.entries.keys() | wanted.entries.keys())
        }
    )
    once = recover(applied, journal, actual)
    assert recover(once, journal, actual) == once


@given(st.data())
def test_an_undo_puts_everything_back(data: st.DataObject) -> None:
    """The journal read backwards.

    Seen to fail with deletions undone last, and with `Replace` undone to the new entry.
    """
    desired = data.draw(manifests(), label="desired")
    applied = data.draw(applied_manifests(), label="applied")
    files = data.draw(disks(applied), label="disk")
    policy = data.draw(policies(desired), label="policy")
    disk = MemoryDisk(dict(files), applied)
    try:
        made = plan(desired, applied, disk.observe(desired), policy)
    except StokerError:
        return
    journal = begin(made, applied)
    disk.carry_out(made)
    after = commit(applied, made, {})
    back = undo(journal, Observed(dict(disk.files)))
    stop = data.draw(st.integers(0, len(back.ops)), label="crash during the undo")
    disk.carry_out(Plan(ops=back.ops[:stop]))
    half = recover(after, journal, Observed(dict(disk.files)))
    disk.carry_out(undo(journal, Observed(dict(disk.files))))
    assert disk.files == files
    settled = recover(half, journal, Observed(dict(disk.files)))
    for path in journal.claims:
        assert settled.entries.get(path) == applied.entries.get(path)
        assert (path in settled.adopted) is (path in applied.adopted)


@given(st.data())
def test_an_undo_leaves_what_somebody_changed_since(data: st.DataObject) -> None:
    """Seen to fail with `undo` not looking at the disk."""
    desired = data.draw(manifests(), label="desired")
    policy = data.draw(policies(desired), label="policy")
    disk = MemoryDisk()
    made = plan(desired, Manifest(), disk.observe(desired), policy)
    assume(made.ops)
    disk.carry_out(made)
    theirs = data.draw(st.sampled_from(made.added))
    disk.files[theirs] = Entry(_OTHER, disk.files[theirs].mode)
    before = copy.copy(disk.files)
    disk.carry_out(undo(begin(made, Manifest()), Observed(dict(disk.files))))
    assert disk.files == {theirs: before[theirs]}


@given(st.data())
def test_the_journal_claims_every_file_of_the_plan(data: st.DataObject) -> None:
    """Seen to fail with deletions left out of the journal."""
    desired = data.draw(manifests(), label="desired")
    applied = data.draw(applied_manifests(), label="applied")
    files = data.draw(disks(applied), label="disk")
    policy = data.draw(policies(desired), label="policy")
    try:
        made = plan(desired, applied, MemoryDisk(files).observe(desired), policy)
    except StokerError:
        return
    journal = begin(made, applied)
    for op in made.ops:
        if not isinstance(op, RemoveDirectory):
            after = None if isinstance(op, Delete) else op.entry
            claim = Claim(
                op.expected, after, applied.entries.get(op.path), adopted=op.path in applied.adopted
            )
            assert journal.claims[op.path] == claim
    assert set(journal.pre_images()) == {*made.modified, *made.deleted}


_OTHER = Digest("f" * 40)
