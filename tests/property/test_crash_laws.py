"""Laws 1, 2, 3, 5, 6, 7 and 8 on real files, in a process that is killed at any system call.

Each law was broken on purpose and seen to fail; how is said with each.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from property.strategies.manifests import standing_together
from property.strategies.paths import rel_paths
from stoker.adapters.fs.execute import settle
from stoker.adapters.fs.handles import DataDirectory
from stoker.adapters.fs.store import Head, Store
from stoker.core.errors import StokerError
from stoker.core.journal import begin
from stoker.core.manifest import Entry, Manifest, Mode
from stoker.core.paths import RelPath
from stoker.core.planning import Policy, Root, plan
from stoker.core.spec import PruneMode
from support.applied import (
    File,
    apply,
    entry_of,
    lay,
    leftovers,
    manifest_of_files,
    observe,
    opened,
    sync,
    tree,
    undo,
)
from support.faults import DISKS, process

CONTENTS = st.sampled_from([b"", b"one", b"two", b"three" * 2000])
FILES = st.tuples(CONTENTS, st.sampled_from([Mode.REGULAR, Mode.REGULAR, Mode.EXECUTABLE]))
DISK = st.sampled_from(sorted(DISKS))


def trees(max_size: int = 6) -> st.SearchStrategy[dict[RelPath, File]]:
    """Files that can stand on one disk together."""
    return st.dictionaries(rel_paths(3), FILES, max_size=max_size).map(standing_together)


@frozen
class Scene:
    """A directory that was synced once, that somebody changed since, and what is wanted now."""

    strangers: dict[RelPath, File]
    first: dict[RelPath, File]
    theirs: dict[RelPath, File | None]
    wanted: dict[RelPath, File]
    policy: Policy

    def set(self, root: Path) -> None:
        """Everything up to the sync in question."""
        lay(root, self.strangers)
        try:
            sync(root, self.first, "first", self.policy)
        except StokerError:
            pass
        for path, file in self.theirs.items():
            place = root / path
            if file is None and place.is_file():
                place.unlink()
            elif file is not None and not place.is_dir() and place.parent.is_dir():
                lay(root, {path: file})


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """A scene in which few paths meet."""
    first, wanted = draw(trees()), draw(trees())
    wanted = standing_together(
        {**{p: f for p, f in first.items() if draw(st.booleans())}, **wanted}
    )
    some = sorted({*first, *wanted})
    theirs = st.dictionaries(st.sampled_from(some), st.none() | FILES, max_size=2)
    roots = draw(st.lists(rel_paths(1), max_size=2, unique=True))
    return Scene(
        strangers=draw(trees(2)),
        first=first,
        theirs=draw(theirs) if some else {},
        wanted=wanted,
        policy=Policy(
            prune=draw(st.sampled_from(PruneMode)),
            prune_limit_percent=100,
            roots=tuple(Root(path, populated=True) for path in roots),
        ),
    )


@contextmanager
def directory() -> Iterator[Path]:
    """An empty directory, on a disk in memory where there is one."""
    memory = Path("/dev/shm")  # noqa: S108 - a disk in memory
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made)


def known(root: Path) -> Manifest:
    """What the manifest says, without what a second write of the same file may change."""
    with DataDirectory(root) as data:
        whole = Store(data).everything()
    return Manifest(whole.entries, adopted=whole.adopted)


@given(scenes(), st.lists(st.integers(0, 80), min_size=1, max_size=3), DISK)
def test_a_kill_at_any_call_does_not_change_the_result(
    scene: Scene, kills: list[int], kind: str
) -> None:
    """Law 5, and that nothing of Stoker's own is left behind.

    Seen to fail with the journal dropped before the manifest was written, with `settle` taking
    every claim for carried out, with `drop` removing the journal before the slots of a second
    file system, and with a slot's aside left alone by `drop`.
    """
    with directory() as one, directory() as two:
        scene.set(one)
        scene.set(two)
        try:
            sync(one, scene.wanted, "second", scene.policy)
        except StokerError:
            return
        for budget in kills:
            with process(budget, DISKS[kind]):
                sync(two, scene.wanted, "second", scene.policy)
        with process(None, DISKS[kind]):
            sync(two, scene.wanted, "second", scene.policy)
        assert tree(two) == tree(one)
        assert known(two).entries == known(one).entries
        assert leftovers(two) == []


@given(scenes(), st.integers(0, 80), DISK)
def test_what_we_wrote_is_claimed_at_every_instant(scene: Scene, kill: int, kind: str) -> None:
    """Law 6: by the manifest or by the journal.

    Seen to fail with the index exchanged before the journal was written.
    """
    with directory() as root:
        scene.set(root)
        before, ours = tree(root), known(root).entries
        with process(kill, DISKS[kind]):
            try:
                sync(root, scene.wanted, "second", scene.policy)
            except StokerError:
                return
        with DataDirectory(root) as data:
            store = Store(data)
            claimed: dict[RelPath, set[Entry | None]] = {
                path: {entry} for path, entry in store.everything().entries.items()
            }
            record = store.journal()
            for path, claim in record.journal.claims.items() if record else ():
                claimed.setdefault(path, set()).update({claim.after, claim.applied})
        for path, file in tree(root).items():
            entry = entry_of(file)
            if before.get(path) != file or ours.get(path) == entry:
                assert entry in claimed.get(path, set()), path


@given(scenes(), st.lists(st.integers(0, 60), max_size=2), DISK)
def test_a_kill_while_settling_is_settled(scene: Scene, kills: list[int], kind: str) -> None:
    """Law 7: settling again, from wherever it was cut off, ends the same.

    Seen to fail with `drop` before the manifest was written.
    """
    with directory() as one, directory() as two:
        heads = []
        for root in (one, two):
            scene.set(root)
            with process(30, DISKS[kind]):
                try:
                    sync(root, scene.wanted, "second", scene.policy)
                except StokerError:
                    return
            for kill in kills if root == two else ():
                with process(kill, DISKS[kind]), opened(root) as (data, store):
                    settle(data, store)
            with opened(root) as (data, store):
                heads.append(settle(data, store))
                assert settle(data, store) == heads[-1]
        assert tree(one) == tree(two)
        assert known(one) == known(two)
        assert heads[0] == heads[1]
        assert leftovers(two) == []


LIVES = st.none() | st.integers(0, 60)


@given(scenes(), LIVES, LIVES, DISK)
def test_an_undo_puts_everything_back(
    scene: Scene, life: int | None, kill: int | None, kind: str
) -> None:
    """The tree is the one before, and so is the manifest, to the last stamp.

    However far the apply had come. If the undo itself is killed, the next sync makes the same tree
    as ever. Seen to fail with the undo taking slots by the wrong number, with the old shards swept
    by the update, and with a folder left where a file was.
    """
    with directory() as root, directory() as straight:
        scene.set(root)
        scene.set(straight)
        with DataDirectory(root) as data:
            before, manifest = tree(root), Store(data).everything()
        with opened(root) as (data, store):
            settle(data, store)
            head = store.head()
        with process(life, DISKS[kind]), opened(root) as (data, store):
            try:
                apply(data, store, scene.wanted, "second", scene.policy)
            except StokerError:
                return
        with process(kill, DISKS[kind]):
            assert undo(root) == head
            assert tree(root) == before
            with DataDirectory(root) as data:
                assert Store(data).everything() == manifest
        sync(root, scene.wanted, "second", scene.policy)
        sync(straight, scene.wanted, "second", scene.policy)
        assert tree(root) == tree(straight)
        assert leftovers(root) == []


@given(scenes())
def test_after_an_apply_there_is_nothing_to_do(scene: Scene) -> None:
    """Laws 1, 2 and 3: the plan is empty, and only what it named has changed.

    Seen to fail with a file written to the name before its own.
    """
    with directory() as root:
        scene.set(root)
        before, ours = tree(root), known(root).entries
        try:
            made = sync(root, scene.wanted, "second", scene.policy)
        except StokerError:
            return
        after = tree(root)
        named = {op.path for op in made.ops}
        assert {p: f for p, f in after.items() if p not in named} == {
            p: f for p, f in before.items() if p not in named
        }
        assert {path: after.get(path) for path in scene.wanted} == scene.wanted
        if scene.policy.prune is PruneMode.OWNED:
            for path in before.keys() - after.keys():
                assert entry_of(before[path]) == ours[path]
        assert sync(root, scene.wanted, "third", scene.policy).is_empty


@given(scenes())
def test_a_dry_run_writes_nothing(scene: Scene) -> None:
    """Law 8: reading everything that a plan needs makes no call that changes a disk.

    Seen to fail with a store that makes `.stoker` to look into it.
    """
    with directory() as root:
        scene.set(root)
        with process() as reader, DataDirectory(root) as data:
            store = Store(data)
            applied = store.everything()
            try:
                made = plan(manifest_of_files(scene.wanted), applied, observe(root), scene.policy)
            except StokerError:
                return
            begin(made, applied)
            assert (store.head(), store.count(), store.journal()) is not None
            assert sum(map(len, store.rows())) == store.count()
        assert reader.calls == []
        done = sync(root, scene.wanted, "second", scene.policy)
        assert (done.added, done.modified, done.deleted) == (
            made.added, made.modified, made.deleted
        )  # fmt: skip


ONE = {
    RelPath("a/stays"): (b"stays", Mode.REGULAR),
    RelPath("a/changes"): (b"old", Mode.REGULAR),
    RelPath("a/goes"): (b"goes", Mode.REGULAR),
    RelPath("b"): (b"a file that becomes a folder", Mode.REGULAR),
    RelPath("c/d/e"): (b"a folder that becomes a file", Mode.REGULAR),
}
TWO = {
    RelPath("a/stays"): (b"stays", Mode.REGULAR),
    RelPath("a/changes"): (b"new" * 1000, Mode.EXECUTABLE),
    RelPath("a/b/comes"): (b"comes", Mode.REGULAR),
    RelPath("b/c"): (b"in the folder", Mode.REGULAR),
    RelPath("c/d"): (b"a file", Mode.REGULAR),
}


@pytest.mark.parametrize("kind", sorted(DISKS))
def test_every_call_of_one_sync(tmp_path: Path, kind: str) -> None:
    """Every single call, and then a kill at every third call of the recovery.

    Seen to fail with each of the breaks named above.
    """
    mirror = Policy(prune=PruneMode.OWNED, prune_limit_percent=100)
    calls, number = 1, 0
    while number < calls:
        root = tmp_path / str(number)
        root.mkdir()
        sync(root, ONE, "one", mirror)
        with process(number, DISKS[kind]) as killed:
            sync(root, TWO, "two", mirror)
        with process(number % 17, DISKS[kind]):
            sync(root, TWO, "two", mirror)
        with process(None, DISKS[kind]):
            sync(root, TWO, "two", mirror)
        assert tree(root) == TWO
        assert leftovers(root) == []
        with opened(root) as (_, store):
            assert store.head() == Head("two", "refs/heads/two", "two")
        number += 1
        calls = number + 1 if killed.dead else number
    assert number > 40
