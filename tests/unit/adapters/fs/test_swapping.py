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

from stoker.adapters.fs import disk
from stoker.adapters.fs.execute import Drifted, settle
from stoker.adapters.fs.handles import DataDirectory
from stoker.adapters.fs.store import Store
from stoker.core.errors import StokerError
from stoker.core.manifest import Mode
from stoker.core.paths import RelPath
from support.applied import apply, files, lay, leftovers, opened, sync, tree
from support.faults import DISKS, process

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
