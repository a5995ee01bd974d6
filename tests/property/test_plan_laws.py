"""Laws 1 to 4, 8, 10 and 22: what a plan does, and what it leaves alone.

A plan is carried out on a disk in memory that checks each operation as the real one does.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve
from hypothesis import assume, example, given, reject
from hypothesis import strategies as st

from property.strategies.manifests import (
    DIGESTS,
    applied_manifests,
    disks,
    entries,
    file_sets,
    manifests,
    policies,
    standing_together,
)
from stoker.core.errors import StokerError
from stoker.core.manifest import Entry, Manifest, Mode, Observed
from stoker.core.paths import ROOT, RelPath
from stoker.core.planning import (
    PRUNE_LIMIT_FLOOR,
    Create,
    Delete,
    Obstructed,
    Plan,
    Policy,
    PruneLimitExceeded,
    RemoveDirectory,
    Replace,
    Root,
    SourceEmptied,
    plan,
)
from stoker.core.spec import PruneMode
from support.memory_disk import MemoryDisk


def _situation(data: st.DataObject) -> tuple[Manifest, MemoryDisk, Policy]:
    desired = data.draw(manifests(), label="desired")
    applied = data.draw(applied_manifests(), label="applied")
    disk = MemoryDisk(data.draw(disks(applied), label="disk"), applied)
    return desired, disk, data.draw(policies(desired), label="policy")


def _synced(desired: Manifest, disk: MemoryDisk, policy: Policy) -> Plan:
    try:
        return disk.sync(desired, policy)
    except Obstructed:
        reject()


@given(st.data())
def test_after_an_apply_the_plan_is_empty(data: st.DataObject) -> None:
    """Law 1. Seen to fail with `Replace` planned for equal files, and with deletes left out."""
    desired, disk, policy = _situation(data)
    _synced(desired, disk, policy)
    again = plan(desired, disk.manifest, disk.observe(desired), policy)
    assert again.ops == ()
    assert again.adopted == {}
    assert again.forgotten == ()
    assert again.drifted == ()


@given(st.data())
def test_the_desired_files_are_there_and_the_rest_is_untouched(data: st.DataObject) -> None:
    """Law 2. Seen to fail with the spare test inverted, and with writes left out."""
    desired, disk, policy = _situation(data)
    before = dict(disk.files)
    made = _synced(desired, disk, policy)
    for path, entry in desired.entries.items():
        if policy.spare(path) is None:
            assert disk.files[path] == entry
    planned = {op.path for op in made.ops}
    for path in before.keys() | disk.files.keys():
        if path not in planned:
            assert before.get(path) == disk.files.get(path)


@given(st.data())
def test_a_deleted_file_is_an_orphan_by_the_mode(data: st.DataObject) -> None:
    """Law 3.

    Seen to fail with `_is_ours` true for adopted files, and for changed ones, with `covers` true
    for the root, and with `held` ignored.
    """
    desired, disk, policy = _situation(data)
    applied, before = disk.manifest, dict(disk.files)
    made = _synced(desired, disk, policy)
    for path in made.deleted:
        assert path not in desired.entries
        assert not any(path.is_within(place) for place in policy.held)
        match policy.prune:
            case PruneMode.OWNED:
                assert applied.entries[path] == before[path]
                assert path not in applied.adopted
            case PruneMode.MIRROR:
                roots = [root.path for root in policy.roots if root.path != ROOT]
                assert any(path.is_below(root) for root in roots)
            case PruneMode.NONE:
                raise AssertionError(f"{path} was deleted")


@given(st.data())
def test_every_orphan_goes(data: st.DataObject) -> None:
    """Law 3, the other direction. Seen to fail with prune mode `mirror` treated as `owned`."""
    desired, disk, policy = _situation(data)
    applied, before = disk.manifest, dict(disk.files)
    _synced(desired, disk, policy)
    for path, entry in before.items():
        if path in desired.entries or policy.spare(path) or policy.holds(path):
            continue
        ours = applied.entries.get(path) == entry and path not in applied.adopted
        owned = policy.prune is PruneMode.OWNED and ours
        mirrored = policy.prune is PruneMode.MIRROR and policy.covers(path)
        assert (path in disk.files) is not (owned or mirrored)


@given(st.data())
def test_spared_paths_never_appear_in_a_plan(data: st.DataObject) -> None:
    """Law 4. Seen to fail with the spare test left out for writes, and for orphans."""
    desired, disk, policy = _situation(data)
    made = _synced(desired, disk, policy)
    for op in made.ops:
        if not isinstance(op, RemoveDirectory):
            assert policy.spare(op.path) is None


@given(st.data())
def test_the_order_of_listing_does_not_matter(data: st.DataObject) -> None:
    """Law 10. Seen to fail with the operations in the order of the desired manifest."""
    desired, disk, policy = _situation(data)
    actual = disk.observe(desired)
    applied = disk.manifest
    try:
        straight = plan(desired, applied, actual, policy)
    except StokerError as error:
        assume(isinstance(error, Obstructed))
        return
    turned = plan(
        Manifest(dict(reversed(list(desired.entries.items())))),
        Manifest(dict(reversed(list(applied.entries.items()))), adopted=applied.adopted),
        Observed(dict(reversed(list(actual.entries.items())))),
        policy,
    )
    assert straight == turned


@given(st.data())
def test_planning_only_what_differs_gives_the_same_operations(data: st.DataObject) -> None:
    """Planning is local. Seen to fail with ownership depending on how many claims there are."""
    applied = data.draw(applied_manifests(), label="applied")
    stays = {path: entry for path, entry in applied.entries.items() if data.draw(st.booleans())}
    desired = Manifest(standing_together({**stays, **data.draw(file_sets(3), label="new")}))
    disk = MemoryDisk(data.draw(disks(applied), label="disk"), applied)
    policy = data.draw(policies(desired), label="policy")
    actual = disk.observe(desired)
    try:
        whole = plan(desired, disk.manifest, actual, policy)
    except Obstructed:
        return
    quiet = {
        path
        for path, entry in desired.entries.items()
        if actual.entries.get(path) == entry == disk.manifest.entries.get(path)
    }
    part = plan(
        Manifest({p: e for p, e in desired.entries.items() if p not in quiet}),
        Manifest(
            {p: e for p, e in disk.manifest.entries.items() if p not in quiet},
            adopted=disk.manifest.adopted - quiet,
        ),
        Observed({p: e for p, e in actual.entries.items() if p not in quiet}),
        policy,
    )
    files = [op for op in whole.ops if not isinstance(op, RemoveDirectory)]
    assert [op for op in part.ops if not isinstance(op, RemoveDirectory)] == files
    assert (part.kept, part.adopted, part.drifted) == (whole.kept, whole.adopted, whole.drifted)


@given(st.data())
def test_the_counts_of_a_plan_are_those_of_its_apply(data: st.DataObject) -> None:
    """Law 8. Seen to fail with `modified` counting creations."""
    desired, disk, policy = _situation(data)
    before = dict(disk.files)
    made = _synced(desired, disk, policy)
    after = disk.files
    assert set(made.added) == after.keys() - before.keys()
    assert set(made.deleted) == before.keys() - after.keys()
    both = before.keys() & after.keys()
    assert set(made.modified) == {path for path in both if before[path] != after[path]}


@given(st.data())
def test_without_consent_no_mapped_directory_is_emptied(data: st.DataObject) -> None:
    """Law 22. Seen to fail with `check_emptied` skipping roots, and with `populated` inverted."""
    desired, disk, _ = _situation(data)
    policy = data.draw(policies(desired, consent=False), label="policy")
    assume(policy.prune_limit_percent < 100)
    try:
        made = plan(desired, disk.manifest, disk.observe(desired), policy)
    except SourceEmptied as refusal:
        assert refusal.deletions > 0
        return
    except StokerError:
        return
    for root in policy.roots:
        if not root.populated:
            assert not any(path.is_within(root.path) for path in made.deleted)


@given(st.data())
def test_a_plan_that_does_not_restore_follows_the_commit_alone(data: st.DataObject) -> None:
    """What others changed stays, and is counted, unless the commit wants something else there.

    Seen to fail with `is_left_alone` never and always true, blind to what was applied, and asked
    of writes alone; with the strangers left out of `drifted`; and with those in the way left alone.
    """
    applied = data.draw(applied_manifests(), label="applied")
    stays = {path: entry for path, entry in applied.entries.items() if data.draw(st.booleans())}
    disk = MemoryDisk(data.draw(disks(applied), label="disk"), applied)
    new = data.draw(file_sets(3) | file_sets_at(disk.files), label="new")
    desired = Manifest(standing_together({**new, **stays}))
    policy = data.draw(policies(desired), label="policy")
    folders = sorted({above for path in disk.files for above in path.ancestors()})
    if folders:
        root = Root(data.draw(st.sampled_from(folders), label="mirrored"), populated=True)
        policy = evolve(policy, prune=PruneMode.MIRROR, roots=(*policy.roots, root))
    before, actual = dict(disk.files), disk.observe(desired)
    try:
        full = plan(desired, applied, actual, policy)
    except Obstructed:
        reject()
    made = _synced(desired, disk, evolve(policy, restores=False))
    differing = {
        path
        for path in desired.entries.keys() | applied.entries.keys()
        if desired.entries.get(path) != applied.entries.get(path)
    }
    operations = _files(full)
    written = {op.path for op in made.ops if isinstance(op, Create | Replace)}
    for path, op in _files(made).items():
        in_the_way = isinstance(op, Delete) and any(
            path.is_within(each) or each.is_below(path) for each in written
        )
        assert op == operations[path]
        assert path in differing or in_the_way
    left = operations.keys() - _files(made).keys()
    assert not left & differing
    assert left <= set(made.drifted)
    assert set(full.drifted) <= set(made.drifted) <= set(full.drifted) | left
    for path in left:
        assert before.get(path) == disk.files.get(path)
        assert disk.manifest.entries.get(path) == applied.entries.get(path)


def file_sets_at(files: Mapping[RelPath, Entry]) -> st.SearchStrategy[dict[RelPath, Entry]]:
    """A file where there is a folder now, or the reverse."""
    folders = {above for path in files for above in path.ancestors()}
    places = sorted({*folders, *(path.child("below") for path in files)})
    if not places:
        return st.just({})
    return st.dictionaries(st.sampled_from(places), entries(), max_size=2)


def _files(made: Plan) -> dict[RelPath, Create | Replace | Delete]:
    return {op.path: op for op in made.ops if not isinstance(op, RemoveDirectory)}


@given(st.data())
def test_what_lies_in_a_newly_mapped_directory_is_no_drift(data: st.DataObject) -> None:
    """A first sync mirrors, restoring or not. Seen to fail with `has_covered` blind to `is_new`."""
    desired = data.draw(manifests(), label="desired")
    disk = MemoryDisk(data.draw(disks(Manifest()), label="disk"))
    policy = data.draw(policies(desired), label="policy")
    policy = evolve(policy, roots=tuple(evolve(each, is_new=True) for each in policy.roots))
    actual = disk.observe(desired)
    try:
        whole = plan(desired, Manifest(), actual, policy)
    except Obstructed:
        reject()
    assert plan(desired, Manifest(), actual, evolve(policy, restores=False)) == whole


@example(wanted=21, orphans=21, percent=50, elsewhere=0)
@given(
    wanted=st.integers(0, 60),
    orphans=st.integers(0, 60),
    percent=st.integers(0, 100),
    elsewhere=st.integers(0, 60),
)
def test_the_prune_limit(wanted: int, orphans: int, percent: int, elsewhere: int) -> None:
    """Seen to fail with `<` for `<=` on either side, and with the floor left out."""
    entry = Entry(DIGESTS[0], Mode.REGULAR)
    keep = {RelPath(f"root/keep-{n}"): entry for n in range(wanted)}
    lose = {RelPath(f"root/lose-{n}"): entry for n in range(orphans)}
    policy = Policy(
        prune_limit_percent=percent,
        roots=(Root(RelPath("root"), populated=True),),
        managed_elsewhere=elsewhere,
    )
    managed = wanted + orphans + elsewhere
    too_many = orphans > PRUNE_LIMIT_FLOOR and orphans * 100 > percent * managed and percent < 100
    try:
        made = plan(Manifest(keep), Manifest(), Observed({**keep, **lose}), policy)
    except PruneLimitExceeded as refusal:
        assert too_many
        assert (refusal.deletions, refusal.managed) == (orphans, managed)
    else:
        assert not too_many
        assert [op.path for op in made.ops if isinstance(op, Delete)] == sorted(lose)
