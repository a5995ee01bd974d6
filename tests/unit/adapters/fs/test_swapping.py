"""Somebody saves a file while it is replaced: what they wrote is where they wrote it, or is kept.

Each case puts one act of a Designer between two system calls of an apply; the last ones let a
thread save as fast as it can.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stoker.adapters.fs import disk, homes
from stoker.adapters.fs.errors import DiskError
from stoker.adapters.fs.execute import Drifted, settle
from stoker.adapters.fs.handles import DataDirectory
from stoker.adapters.fs.store import Store
from stoker.core.errors import StokerError
from stoker.core.manifest import Mode
from stoker.core.paths import RelPath
from stoker.core.planning import Delete, Plan, RemoveDirectory
from support.applied import (
    File,
    apply,
    carry,
    entry_of,
    files,
    lay,
    leftovers,
    opened,
    sync,
    tree,
)
from support.faults import DISKS, NO_EXCHANGE, Call, fails, process

ONE = files(a__x="one", a__gone="gone")
TWO = files(a__x="two", a__new="new")
Act = Callable[[Path], None]


def in_place(text: bytes = b"theirs") -> Act:
    """Save as an editor does that writes into the file."""

    def save(place: Path) -> None:
        place.write_bytes(text)

    return save


def by_replace(text: bytes = b"theirs") -> Act:
    """Save as an editor does that is careful."""

    def save(place: Path) -> None:
        fresh = place.with_name("fresh")
        fresh.write_bytes(text)
        fresh.replace(place)

    return save


def between(call: str, act: Callable[[], None], *, after: bool = False, nth: int = 1) -> Any:
    """A disk on which somebody acts right before, or right after, the nth such call."""
    real, count = getattr(disk, call), iter(range(1, 1000))

    def done(*args: Any) -> Any:
        now = next(count) == nth
        if now and not after:
            act()
        result = real(*args)
        if now and after:
            act()
        return result

    return {call: done}


def kept(root: Path) -> set[bytes]:
    """What was rescued."""
    place = root / ".stoker" / "rescued"
    return {each.read_bytes() for each in place.iterdir()} if place.exists() else set()


pytestmark = pytest.mark.usefixtures("claims_held_or_not")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    sync(tmp_path, ONE, "one")
    return tmp_path


def meanwhile(root: Path, calls: Any) -> list[StokerError]:
    """Sync to `TWO` while that happens; returns what was told."""
    told: list[StokerError] = []
    with process(None, calls), opened(root, told.append) as (data, store):
        settle(data, store)
        with pytest.raises(Drifted) as caught:
            apply(data, store, TWO, "two")
        assert caught.value.path in ONE.keys() | TWO.keys()
        settle(data, store)
    assert leftovers(root) == []
    return told


@pytest.mark.parametrize("save", [in_place(), by_replace(), in_place(b"333"), by_replace(b"333")])
@pytest.mark.parametrize("kind", sorted(DISKS))
def test_saved_before_the_check(root: Path, save: Act, kind: str) -> None:
    """Seen to fail with the check left out: on a disk without exchange it is the only one."""
    calls = {**DISKS[kind], **between("make_durable", lambda: save(root / "a/x"))}
    meanwhile(root, calls)
    assert (root / "a/x").read_bytes() in {b"theirs", b"333"}


@pytest.mark.parametrize("save", [in_place(), by_replace(), in_place(b"333"), by_replace(b"333")])
def test_saved_between_the_check_and_the_exchange(root: Path, save: Act) -> None:
    """Seen to fail with the file that comes out not looked at."""
    meanwhile(root, between("exchange", lambda: save(root / "a/x")))
    assert (root / "a/x").read_bytes() in {b"theirs", b"333"}
    assert kept(root) == set()


@pytest.mark.parametrize("save", [in_place(b"second"), by_replace(b"second")])
def test_saved_again_while_it_is_given_back(root: Path, save: Act) -> None:
    """What they wrote last is what stands there. Seen to fail with one exchange back."""
    first = by_replace(b"first")
    calls = between("exchange", lambda: first(root / "a/x"))
    exchange, count = calls["exchange"], iter(range(1, 1000))

    def again(*args: Any) -> None:
        if next(count) == 2:
            save(root / "a/x")
        exchange(*args)

    meanwhile(root, {"exchange": again})
    assert (root / "a/x").read_bytes() == b"second"


def test_saved_as_a_new_file_three_times_in_a_row(root: Path) -> None:
    """Seen to fail with a fixed number of exchanges."""
    real, count = disk.exchange, iter(range(1, 1000))

    def saving(*args: Any) -> None:
        if (number := next(count)) <= 4:
            by_replace(b"save %d" % number)(root / "a/x")
        real(*args)

    meanwhile(root, {"exchange": saving})
    assert (root / "a/x").read_bytes() == b"save 4"


def test_removed_between_the_check_and_the_exchange(root: Path) -> None:
    meanwhile(root, between("exchange", (root / "a/x").unlink))
    assert not (root / "a/x").exists()


def test_removed_while_it_is_given_back(root: Path) -> None:
    """Then what they had saved before is kept, though not in its place."""
    real, count = disk.exchange, iter(range(1, 1000))

    def acting(*args: Any) -> None:
        number = next(count)
        if number == 1:
            by_replace()(root / "a/x")
        if number == 2:
            (root / "a/x").unlink()
        real(*args)

    told = meanwhile(root, {"exchange": acting})
    assert not (root / "a/x").exists()
    assert kept(root) == {b"theirs"}
    assert [error.where for error in told] == ["a/x"]
    assert "it was saved while it was replaced" in str(told[0])


@pytest.mark.parametrize("save", [in_place(), by_replace()])
def test_saved_between_the_check_and_the_deletion(root: Path, save: Act) -> None:
    """Seen to fail with the deleted file not looked at."""
    calls = between("move", lambda: save(root / "a/gone"), nth=3)
    meanwhile(root, calls)
    assert (root / "a/gone").read_bytes() == b"theirs"


def test_removed_between_the_check_and_the_deletion(root: Path) -> None:
    meanwhile(root, between("move", (root / "a/gone").unlink, nth=3))
    assert not (root / "a/gone").exists()


def test_something_in_the_slot_of_a_deletion(root: Path) -> None:
    """It is not moved over. Seen to fail with a rename that replaces."""
    slot = root / ".stoker/slots/2"
    act = between("place", lambda: in_place()(slot), nth=1)
    with process(None, act), opened(root, lambda _: None) as (data, store):
        with pytest.raises(DiskError) as caught:
            apply(data, store, TWO, "two")
        assert caught.value.where == "a/gone"
        settle(data, store)
    assert kept(root) == {b"theirs"}
    assert (root / "a/gone").read_bytes() == b"gone"


def test_saved_anew_after_the_deletion_was_begun(root: Path) -> None:
    """First saved before it is moved away, then again before it is put back."""
    move = between("move", lambda: by_replace(b"first")(root / "a/gone"), nth=3)
    place = between("place", lambda: by_replace(b"second")(root / "a/gone"), nth=2)
    meanwhile(root, {**move, **place})
    assert (root / "a/gone").read_bytes() == b"second"


def test_created_where_a_file_comes(root: Path) -> None:
    meanwhile(root, between("place", lambda: in_place()(root / "a/new"), nth=1))
    assert (root / "a/new").read_bytes() == b"theirs"


@pytest.mark.parametrize(
    ("name", "call", "nth"), [("x", "exchange", 1), ("gone", "move", 3), ("x", "move", 3)]
)
def test_written_through_a_handle_from_before(root: Path, name: str, call: str, nth: int) -> None:
    """Somebody opened the file, it was replaced or deleted, and then they wrote.

    At once, or after it was looked at. Seen to fail without either look.
    """
    with (root / "a" / name).open("r+b", buffering=0) as held:

        def write() -> None:
            held.write(b"theirs")

        meanwhile(root, between(call, write, after=True, nth=nth))
    assert (root / "a" / name).read_bytes() == b"theirs"
    assert kept(root) == set()


@pytest.mark.parametrize("name", ["x", "gone"])
def test_written_through_a_handle_when_all_was_done(root: Path, name: str) -> None:
    """It cannot be put back any more: the gateway has loaded the rest. It is kept.

    Seen to fail with slots that are removed without a look.
    """
    told: list[StokerError] = []
    with (
        (root / "a" / name).open("r+b", buffering=0) as held,
        opened(root, told.append) as (data, store),
    ):
        apply(data, store, TWO, "two")
        held.write(b"theirs")
        store.drop()
    assert tree(root) == TWO
    assert kept(root) == {b"theirs"}
    assert [error.where for error in told] == [f"a/{name}"]


def test_two_rescues_of_one_path(root: Path) -> None:
    """Neither takes the other's place."""
    (root / ".stoker/rescued").mkdir()
    (root / ".stoker/rescued/1-0").write_bytes(b"an earlier one")
    told: list[StokerError] = []
    with (
        (root / "a/x").open("r+b", buffering=0) as held,
        opened(root, told.append) as (data, store),
    ):
        apply(data, store, TWO, "two")
        held.write(b"theirs")
        for name in ("no number", "99"):
            (root / ".stoker/slots" / name).write_bytes(name.encode())
        store.drop()
    assert kept(root) == {b"an earlier one", b"theirs", b"no number", b"99"}
    assert len(told) == 3
    assert leftovers(root) == []


class TestFolders:
    """They come and go while files are moved into them."""

    def sync(self, root: Path, wanted: dict[RelPath, File], calls: Any) -> None:
        with process(None, calls):
            sync(root, wanted, "two")

    def test_one_that_is_removed_after_it_was_opened(self, root: Path) -> None:
        """Seen to fail with the handle kept: the file went nowhere."""
        (root / "d").mkdir()
        wanted = {**ONE, **files(d__e="new")}
        self.sync(root, wanted, between("place", (root / "d").rmdir))
        assert tree(root) == wanted

    def test_one_that_is_removed_again_and_again(self, root: Path) -> None:
        def gone(*_: Any) -> None:
            raise FileNotFoundError(2, "No such file or directory")

        with pytest.raises(DiskError) as caught:
            self.sync(root, {**ONE, **files(d__e="new")}, {"place": gone})
        assert caught.value.where == "d/e"
        settle_all(root)
        assert tree(root) == ONE

    def test_one_that_somebody_else_makes_at_the_same_time(self, root: Path) -> None:
        wanted = {**ONE, **files(d__e="new")}
        self.sync(root, wanted, between("make_folder", (root / "d").mkdir, nth=2))
        assert tree(root) == wanted

    def test_a_file_that_somebody_writes_where_one_has_to_be(self, root: Path) -> None:
        act = between("make_folder", lambda: in_place()(root / "d"), nth=2)
        with pytest.raises(Drifted) as caught:
            self.sync(root, {**ONE, **files(d__e="new")}, act)
        assert caught.value.path == "d/e"
        settle_all(root)
        assert tree(root) == {**ONE, **files(d="theirs")}

    def test_one_that_a_deletion_emptied(self, tmp_path: Path) -> None:
        """It is made again for what somebody goes on writing."""
        sync(tmp_path, files(d__gone="gone"), "one")
        with (tmp_path / "d/gone").open("r+b", buffering=0) as held:

            def write() -> None:
                held.write(b"theirs")

            made = Plan(ops=(
                Delete(RelPath("d/gone"), entry_of((b"gone", Mode.REGULAR))),
                RemoveDirectory(RelPath("d")),
            ))  # fmt: skip
            act = between("remove_folder", write)
            with process(None, act), opened(tmp_path) as (data, store):
                with pytest.raises(Drifted):
                    carry(data, store, made, {})
                settle(data, store)
        assert tree(tmp_path) == files(d__gone="theirs")


class TestGivingBack:
    """What was taken by mistake goes back, whatever the disk can do."""

    def test_on_a_disk_without_exchange(self, root: Path) -> None:
        """Between the last look and the second name: the second name is of theirs."""
        act = between("link", lambda: by_replace()(root / "a/x"), nth=2)
        meanwhile(root, {**NO_EXCHANGE, **act})
        assert (root / "a/x").read_bytes() == b"theirs"

    def test_on_a_disk_without_exchange_and_saved_again(self, root: Path) -> None:
        """What was saved last is in its place, what was saved first is kept."""
        link = between("link", lambda: by_replace(b"first")(root / "a/x"), nth=2)
        move = between("move", lambda: by_replace(b"second")(root / "a/x"), nth=4, after=True)
        meanwhile(root, {**NO_EXCHANGE, **link, **move})
        assert (root / "a/x").read_bytes() == b"second"
        assert kept(root) == {b"first"}

    def test_when_the_file_is_gone_by_then(self, root: Path) -> None:
        """They wrote through a handle, and removed the file before it could go back."""
        real, count = disk.exchange, iter(range(1, 100))
        with (root / "a/x").open("r+b", buffering=0) as held:

            def acting(*args: Any) -> None:
                if next(count) == 2:
                    (root / "a/x").unlink()
                real(*args)

            def write() -> None:
                held.write(b"theirs")

            late = between("move", write, after=True, nth=3)
            meanwhile(root, {"exchange": acting, **late})
        assert not (root / "a/x").exists()
        assert kept(root) == {b"theirs"}

    @pytest.mark.parametrize("late", [True, False])
    def test_when_the_disk_fails(self, root: Path, *, late: bool) -> None:
        """The error is told, and nothing is lost: what is in the slot is rescued."""
        real, count = disk.exchange, iter(range(1, 100))
        with (root / "a/x").open("r+b", buffering=0) as held:

            def acting(*args: Any) -> None:
                if next(count) == 2:
                    raise OSError(5, "Input/output error")
                real(*args)
                if not late:
                    held.write(b"theirs")

            def write() -> None:
                if late:
                    held.write(b"theirs")

            calls = {"exchange": acting, **between("move", write, after=True, nth=3)}
            with process(None, calls), opened(root, lambda _: None) as (data, store):
                with pytest.raises(DiskError) as caught:
                    apply(data, store, TWO, "two")
                settle(data, store)
        assert (caught.value.where, caught.value.number) == ("a/x", 5)
        assert kept(root) == {b"theirs"}

    def test_somebody_who_never_pauses(self, root: Path) -> None:
        """It ends; both what stands there and what is kept are theirs."""
        real, count = disk.exchange, iter(range(1, 1000))

        def saving(*args: Any) -> None:
            by_replace(b"save %d" % next(count))(root / "a/x")
            real(*args)

        meanwhile(root, {"exchange": saving})
        assert (root / "a/x").read_bytes().startswith(b"save ")
        assert len(kept(root)) == 1


class TestRescue:
    """From wherever it is, to the data volume."""

    def late(self, root: Path, calls: Any) -> None:
        with (
            (root / "p/x").open("r+b", buffering=0) as held,
            opened(root, lambda _: None) as (data, store),
        ):
            apply(data, store, files(p__x="two"), "two")
            held.write(b"theirs")
            with process(None, calls):
                store.drop()

    @pytest.mark.parametrize("calls", [{}, {"link": fails(1)}])
    def test_across_file_systems(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: dict[str, Call]
    ) -> None:
        monkeypatch.setattr(homes, "_mounts_below", lambda _: {RelPath("p")})
        sync(tmp_path, files(p__x="one"), "one")
        real = disk.move

        def move(name: str, folder: int, other: str, other_folder: int) -> None:
            if other.startswith("1-"):
                raise OSError(18, "Invalid cross-device link")
            real(name, folder, other, other_folder)

        self.late(tmp_path, {"move": move, **calls})
        assert kept(tmp_path) == {b"theirs"}
        assert leftovers(tmp_path) == []

    @pytest.mark.parametrize(
        ("calls", "where"),
        [
            ({"move": fails(13)}, "p/x"),
            ({"move": fails(18), "link": fails(13)}, "p/x"),
            ({"remove_folder": fails(5)}, ".stoker/slots"),
            ({"remove": fails(5)}, ".stoker/sides"),
        ],
    )
    def test_that_fails(self, tmp_path: Path, calls: dict[str, Call], where: str) -> None:
        """It is tried again: nothing is removed that was not rescued."""
        sync(tmp_path, files(p__x="one"), "one")
        with pytest.raises(DiskError) as caught:
            self.late(tmp_path, calls)
        assert caught.value.where in {where, ".stoker/sides.new"}
        settle_all(tmp_path)
        assert kept(tmp_path) == {b"theirs"}
        assert leftovers(tmp_path) == []


@pytest.mark.parametrize("how", [in_place, by_replace])
def test_somebody_saves_all_the_time(tmp_path: Path, how: Callable[[bytes], Act]) -> None:
    """A thread saves without a pause; the last thing that it saved is never lost.

    Seen to fail with an exchange that is not looked at.
    """
    sync(tmp_path, ONE, "one")
    place, stop, saved = tmp_path / "a/x", threading.Event(), [b"one"]

    def designer() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            how(b"save %d" % number)(place)
            saved.append(b"save %d" % number)

    for round_number in range(40):
        stop.clear()
        saved[:] = [b""]
        lay(tmp_path, ONE)
        settle_all(tmp_path)
        sync(tmp_path, ONE, f"again {round_number}")
        thread = threading.Thread(target=designer)
        try:
            with opened(tmp_path, lambda _: None) as (data, store):
                act = between("make_durable", thread.start)
                with process(None, act):
                    _try_to_apply(data, store)
                stop.set()
                thread.join()
                settle(data, store)
        finally:
            stop.set()
        left = {place.read_bytes(), *kept(tmp_path)}
        assert saved[-1] in left, (saved[-3:], left)


def settle_all(root: Path) -> None:
    with opened(root, lambda _: None) as (data, store):
        settle(data, store)


def _try_to_apply(data: DataDirectory, store: Store) -> None:
    try:
        apply(data, store, TWO, "two")
    except Drifted:
        pass


def test_the_file_that_is_executable_now(root: Path) -> None:
    """A mode is part of what was expected."""
    meanwhile(root, between("exchange", lambda: (root / "a/x").chmod(0o755)))
    assert tree(root)[RelPath("a/x")] == (b"one", Mode.EXECUTABLE)
