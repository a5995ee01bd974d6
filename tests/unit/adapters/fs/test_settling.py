"""After an apply that ended somewhere: what is applied now, what a plan may build upon."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from stoker.adapters.codec.journal import Sides
from stoker.adapters.fs.execute import carry_out, roll_back, settle
from stoker.adapters.fs.handles import DataDirectory
from stoker.adapters.fs.look import at
from stoker.adapters.fs.store import Head, Store
from stoker.core.errors import StokerError
from stoker.core.journal import begin
from stoker.core.manifest import Digest, Mode, Origin, digest_of
from stoker.core.paths import RelPath
from stoker.core.planning import Delete, Plan, RemoveDirectory, plan
from support.applied import (
    OWNED,
    apply,
    contents_of,
    entry_of,
    files,
    lay,
    leftovers,
    manifest_of_files,
    observe,
    opened,
    sync,
    tree,
)
from support.faults import NO_EXCHANGE, Killed, process

ONE = files(a__x="one", a__gone="gone", b="file", kept="kept")
TWO = files(a__x="two", b__c="new", kept="kept", d__e__f="new")
FIRST = Head("one", "refs/heads/one", "one")
SECOND = Head("two", "refs/heads/two", "two")


pytestmark = pytest.mark.usefixtures("claims_held_or_not")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    sync(tmp_path, ONE, "one")
    return tmp_path


def cut_off(root: Path, calls: int | None, *, update: bool = True) -> None:
    """An apply of `TWO` that stopped after so many calls, or before it was written down."""
    with process(calls), opened(root) as (data, store):
        if update:
            apply(data, store, TWO, "two")
            return
        applied = store.everything()
        made = plan(manifest_of_files(TWO), applied, observe(root), OWNED)
        journal = begin(made, applied)
        store.begin(journal, store.head(), SECOND)
        carry_out(data, store, made, contents_of(TWO))


def settled(root: Path) -> Head:
    """What settling says, twice."""
    with opened(root) as (data, store):
        head = settle(data, store)
        assert leftovers(root) == []
        assert settle(data, store) == head == store.head()
    return head


class TestHead:
    """What the next plan may build upon."""

    def test_nothing_under_way(self, root: Path) -> None:
        assert settled(root) == FIRST

    def test_a_directory_that_never_was_synced(self, tmp_path: Path) -> None:
        with DataDirectory(tmp_path) as data:
            assert settle(data, Store(data)) == Head()
        assert list(tmp_path.iterdir()) == []

    def test_nothing_was_moved_yet(self, root: Path) -> None:
        """The manifest is the one from before, to the last origin."""
        with opened(root) as (_, store):
            known = store.everything()
            origin = Origin(Digest("1" * 40), frozenset({"Ref"}), "key")
            path = RelPath("a/x")
            store.update([path], evolve(known, origins={path: origin}), FIRST)
        cut_off(root, 16)
        with opened(root) as (_, store):
            assert store.is_under_way()
        assert settled(root) == FIRST
        with opened(root) as (_, store):
            assert store.everything().origins == {path: origin}
        assert tree(root) == ONE

    def test_everything_was_moved_and_written_down(self, root: Path) -> None:
        cut_off(root, None)
        assert settled(root) == SECOND
        assert tree(root) == TWO

    def test_everything_was_moved_and_nothing_written_down(self, root: Path) -> None:
        """Adopted and forgotten files, and origins, are not in the journal: a full plan is due.

        Seen to fail with the basis kept.
        """
        cut_off(root, None, update=False)
        assert settled(root) == evolve(SECOND, basis="")
        with opened(root) as (_, store):
            known = store.everything()
        assert known.entries == manifest_of_files(TWO).entries
        assert known.stamps.keys() == TWO.keys()

    def test_a_part_was_moved(self, root: Path) -> None:
        """Seen to fail with the head from before: its delta would miss what was moved."""
        cut_off(root, 22)
        assert tree(root) not in (ONE, TWO)
        assert settled(root) == Head()

    def test_a_gateway_stays_commissioned(self, root: Path) -> None:
        """Else what a start after a crash finds would be undone as if it had just been set up."""
        with opened(root) as (_, store):
            store.update((), store.everything(), evolve(FIRST, commissioned=True))
        cut_off(root, 22)
        assert settled(root) == Head(commissioned=True)

    def test_somebody_changed_a_file_since(self, root: Path) -> None:
        """The manifest is whole; theirs is drift."""
        cut_off(root, None)
        lay(root, files(a__x="theirs"))
        assert settled(root) == SECOND
        with opened(root) as (_, store):
            assert store.everything().entries == manifest_of_files(TWO).entries

    def test_a_journal_that_cannot_be_read(self, root: Path) -> None:
        """Nobody knows how far it came; nothing is deleted as ours that no manifest claims."""
        cut_off(root, 22)
        there = tree(root)
        place = root / ".stoker/journal"
        place.write_bytes(place.read_bytes()[:-10])
        told: list[StokerError] = []
        with opened(root, told.append) as (data, store):
            assert settle(data, store) == Head()
        assert len(told) == 1
        assert tree(root) == there
        sync(root, TWO, "two")
        assert {**tree(root), **TWO} == tree(root)
        assert leftovers(root) == []

    def test_a_link_where_a_folder_was(
        self, root: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        """It is not followed, and does not keep the rest from being settled."""
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        (elsewhere / "x").write_bytes(b"two")
        cut_off(root, None, update=False)
        (root / "a/x").unlink()
        (root / "a").rmdir()
        (root / "a").symlink_to(elsewhere)
        assert settled(root) == Head()
        assert (elsewhere / "x").read_bytes() == b"two"

    def test_without_the_sides_the_files_are_read(self, root: Path) -> None:
        cut_off(root, None, update=False)
        with opened(root) as (data, store):
            record = store.journal()
            assert record
            nothing = (None,) * len(record.journal.claims)
            store.note(Sides("", nothing, nothing))
            assert settle(data, store) == evolve(SECOND, basis="")


@pytest.mark.parametrize("digits", [40, 64])
def test_a_repository_that_changed_its_hash(tmp_path: Path, digits: int) -> None:
    """A file is read by each hash that is in question. Seen to fail with the first one only."""
    lay(tmp_path, files(a="one"))
    one = evolve(entry_of((b"one", Mode.REGULAR)), digest=digest_of(b"one", Digest("0" * digits)))
    two = evolve(one, digest=Digest("2" * (104 - digits)))
    with DataDirectory(tmp_path) as data:
        assert at(data, RelPath("a"), (two, None), (one, None)).entry == one
        assert at(data, RelPath("a"), (one, None), (two, None)).entry == one


class TestRollBack:
    """The gateway refused what was written."""

    @pytest.mark.parametrize("update", [True, False])
    def test_to_where_it_was(self, root: Path, *, update: bool) -> None:
        with opened(root) as (_, store):
            known = store.everything()
        cut_off(root, None, update=update)
        with opened(root) as (data, store):
            assert roll_back(data, store) == FIRST
            assert store.everything() == known
        assert tree(root) == ONE
        assert leftovers(root) == []
        assert not (root / "d").exists()
        assert sync(root, ONE, "one").is_empty

    def test_of_a_part(self, root: Path) -> None:
        cut_off(root, 22)
        with opened(root) as (data, store):
            assert roll_back(data, store) == FIRST
        assert tree(root) == ONE

    def test_when_there_is_nothing_to_undo(self, root: Path) -> None:
        with opened(root) as (data, store):
            assert roll_back(data, store) == FIRST
        assert tree(root) == ONE

    def test_before_anything_was_moved(self, root: Path) -> None:
        cut_off(root, 10)
        with opened(root) as (data, store):
            assert store.is_under_way()
            assert store.sides() is None
            assert roll_back(data, store) == FIRST
        assert tree(root) == ONE

    def test_folders_that_were_there_stay(self, root: Path) -> None:
        """Seen to fail with every folder removed that an undo empties."""
        (root / "d").mkdir()
        cut_off(root, None)
        with opened(root) as (data, store):
            roll_back(data, store)
        assert list((root / "d").iterdir()) == []

    def test_what_somebody_changed_is_left_to_them(self, root: Path) -> None:
        cut_off(root, None)
        lay(root, files(a__x="theirs"))
        with opened(root) as (data, store):
            assert roll_back(data, store) == evolve(FIRST, basis="")
        assert tree(root) == {**ONE, **files(a__x="theirs")}
        assert leftovers(root) == []

    def test_what_somebody_put_there_at_the_same_instant_too(self, root: Path) -> None:
        cut_off(root, None)
        lay(root, files(a__gone="theirs"))
        with opened(root) as (data, store):
            assert roll_back(data, store) == evolve(FIRST, basis="")
        assert tree(root)[RelPath("a/gone")] == (b"theirs", Mode.REGULAR)

    def test_without_what_was_there(self, root: Path) -> None:
        """Somebody emptied the slots: what cannot come back stays as it is."""
        cut_off(root, None)
        for each in (root / ".stoker/slots").iterdir():
            each.unlink()
        with opened(root) as (data, store):
            assert roll_back(data, store).basis == ""
        assert tree(root) == files(a__x="two", kept="kept")
        sync(root, ONE, "one")
        assert tree(root) == ONE

    @pytest.mark.parametrize("calls", range(14, 44))
    def test_on_a_disk_without_exchange(self, root: Path, calls: int) -> None:
        """Wherever the apply was killed: also between the steps of an exchange by hand.

        Seen to fail with `finish` left out.
        """
        with process(calls, NO_EXCHANGE), opened(root) as (data, store):
            apply(data, store, TWO, "two")
        with process(None, NO_EXCHANGE), opened(root) as (data, store):
            roll_back(data, store)
        assert tree(root) == ONE
        assert leftovers(root) == []


def test_nobody_catches_a_kill() -> None:
    """What the tests rely on."""
    assert not issubclass(Killed, Exception)


def test_a_folder_that_a_killed_apply_has_emptied_goes_all_the_same(root: Path) -> None:
    """Broken by forgetting what the plan vacates: the next plan deletes nothing in it."""
    path, before = RelPath("old/deep/gone"), files(old__deep__gone="gone")
    made = Plan(
        ops=(
            Delete(path, entry_of(before[path])),
            RemoveDirectory(RelPath("old/deep")),
            RemoveDirectory(RelPath("old")),
        )
    )
    seen = set()
    for calls in range(1, 60):
        lay(root, before)
        with process(calls), opened(root) as (data, store):
            journal = begin(made, store.everything())
            store.begin(journal, store.head(), SECOND)
            carry_out(data, store, made, contents_of(before))
        settled(root)
        there = (root / "old/deep/gone").exists()
        seen.add(there)
        assert (root / "old").exists() is there
    assert seen == {True, False}
