"""A plan carried out on a real disk, and everything that can be in its way."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import evolve

from stoker.adapters.fs import homes
from stoker.adapters.fs.errors import DiskError, LinkInTheWay
from stoker.adapters.fs.execute import Content, Drifted, WrongContent, carry_out, settle
from stoker.adapters.fs.handles import DataDirectory
from stoker.adapters.fs.staging import check_room
from stoker.adapters.fs.store import Head, Store
from stoker.core.errors import Retryable, StokerError
from stoker.core.journal import begin
from stoker.core.manifest import (
    Digest,
    Entry,
    Foreign,
    ForeignKind,
    Manifest,
    Mode,
    Stamp,
    digest_of,
)
from stoker.core.paths import ROOT, RelPath
from stoker.core.planning import Create, Delete, Op, Plan, RemoveDirectory, Replace
from support.applied import File, apply, entry_of, files, lay, leftovers, opened, sync, tree
from support.faults import DISKS, fails, process

IS_ROOT: Final = os.geteuid() == 0
NEW: Final = entry_of((b"new", Mode.REGULAR))
OLD: Final = entry_of((b"old", Mode.REGULAR))


def execute(
    root: Path,
    *ops: Op,
    content: Callable[[Create | Replace], Content] = lambda _: b"new",
    size: Callable[[Create | Replace], int] | None = None,
) -> dict[RelPath, Stamp]:
    """Carry out these operations, up to the manifest."""
    with opened(root) as (data, store):
        return carried(data, store, Plan(ops=ops), content, size)


def carried(
    data: DataDirectory,
    store: Store,
    made: Plan,
    content: Callable[[Create | Replace], Content],
    size: Callable[[Create | Replace], int] | None = None,
) -> dict[RelPath, Stamp]:
    """Begin a plan and carry it out."""
    journal = begin(made, store.everything())
    store.begin(journal, store.head(), Head("c"))
    return dict(carry_out(data, store, made, content, size=size))


def settled(root: Path) -> Head:
    """Settle, after which nothing of an apply is left."""
    with opened(root) as (data, store):
        head = settle(data, store)
    assert leftovers(root) == []
    return head


def refusal(work: Callable[[], object]) -> DiskError:
    """The error with which it ends."""
    with pytest.raises(DiskError) as caught:
        work()
    return caught.value


def looks(place: Path) -> Stamp:
    status = place.stat()
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino)


def let_in(path: Path) -> None:
    """Have another user reach `path` through the folders that pytest makes for one alone."""
    for above in path.parents:
        if above == Path(tempfile.gettempdir()):
            return
        above.chmod(0o755)


@contextmanager
def another_user() -> Iterator[None]:
    """Whoever may not do everything: as root, another user."""
    if not IS_ROOT:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


class TestOperations:
    """What a plan says is what is there afterwards, and nothing else."""

    @pytest.mark.parametrize("kind", sorted(DISKS))
    def test_each_kind(self, tmp_path: Path, kind: str) -> None:
        lay(tmp_path, files(a__old="old", a__gone="old", a__other="other"))
        with process(None, DISKS[kind]):
            receipts = execute(
                tmp_path,
                Delete(RelPath("a/gone"), OLD),
                Create(RelPath("b/c/new"), NEW),
                Replace(RelPath("a/old"), evolve(NEW, mode=Mode.EXECUTABLE), OLD),
                RemoveDirectory(RelPath("a")),
            )
        assert tree(tmp_path) == {
            RelPath("a/old"): (b"new", Mode.EXECUTABLE),
            RelPath("a/other"): (b"other", Mode.REGULAR),
            RelPath("b/c/new"): (b"new", Mode.REGULAR),
        }
        for path, stamp in receipts.items():
            assert looks(tmp_path / path) == stamp

    def test_modes_do_not_depend_on_the_umask(self, tmp_path: Path) -> None:
        """Seen to fail without `set_mode`: a gateway of another user could not read its files."""
        before = os.umask(0o077)
        try:
            execute(
                tmp_path,
                Create(RelPath("a/b/plain"), NEW),
                Create(RelPath("a/run"), evolve(NEW, mode=Mode.EXECUTABLE)),
            )
        finally:
            os.umask(before)
        modes = {
            name: stat.S_IMODE((tmp_path / name).stat().st_mode)
            for name in ("a", "a/b", "a/b/plain", "a/run")
        }
        assert modes == {"a": 0o755, "a/b": 0o755, "a/b/plain": 0o644, "a/run": 0o755}

    def test_folders_that_are_in_use_stay(self, tmp_path: Path) -> None:
        lay(tmp_path, files(a__theirs="theirs", b="a file"))
        (tmp_path / "empty").mkdir()
        execute(
            tmp_path,
            *(
                RemoveDirectory(RelPath(path))
                for path in ("a", "b", "empty", "nowhere", "no/where")
            ),
        )
        assert sorted(each.name for each in tmp_path.iterdir()) == [".stoker", "a", "b"]

    def test_a_folder_that_was_removed_is_not_written_into(self, tmp_path: Path) -> None:
        """Seen to fail with the handle kept: the file went into a folder that was gone."""
        lay(tmp_path, files(a__b="old"))
        execute(
            tmp_path,
            Delete(RelPath("a/b"), OLD), RemoveDirectory(RelPath("a")), Create(RelPath("a"), NEW),
        )  # fmt: skip
        assert tree(tmp_path) == files(a="new")

    def test_long_and_strange_names(self, tmp_path: Path) -> None:
        path = RelPath("/".join(["My View Ü", "日本" * 40, "n" * 255, "q\"uo'te", "end"]))
        wanted = {path: (b"new", Mode.REGULAR)}
        sync(tmp_path, wanted)
        assert tree(tmp_path) == wanted
        assert sync(tmp_path, {}, "two").deleted == (path,)

    def test_progress_counts_to_the_end(self, tmp_path: Path) -> None:
        made = Plan(ops=(Create(RelPath("a"), NEW), Create(RelPath("b"), NEW)))
        heard: list[tuple[int, int]] = []
        with opened(tmp_path) as (data, store):
            journal = begin(made, Manifest())
            store.begin(journal, Head(), Head())
            carry_out(data, store, made, lambda _: b"new", lambda *each: heard.append(each))
        assert [done for done, _ in heard] == [1, 2, 3, 4]
        assert heard[-1] == (4, 4)

    def test_dry_words_of_a_refusal(self) -> None:
        error = Drifted("changed", where="a", path=RelPath("a"))
        assert error.disposition == Retryable()
        assert WrongContent("x").disposition == Retryable()


class TestContents:
    """What reaches the gateway is what the commit names."""

    @pytest.mark.parametrize("content", [b"other", [b"ot", b"her"], []])
    def test_of_a_damaged_object(self, tmp_path: Path, content: Content) -> None:
        """Seen to fail with the digest not compared."""
        lay(tmp_path, files(a="old"))
        replace = Replace(RelPath("a"), NEW, OLD)
        with pytest.raises(WrongContent) as caught:
            execute(tmp_path, Create(RelPath("b"), NEW), replace, content=lambda op: (
                content if op == replace else b"new"
            ))  # fmt: skip
        assert caught.value.where == "a"
        assert tree(tmp_path) == files(a="old")
        assert settled(tmp_path) == Head()

    @pytest.mark.parametrize("wide", [False, True])
    def test_in_pieces(self, tmp_path: Path, *, wide: bool) -> None:
        """64 MB are never in memory as a whole. Seen to fail with the pieces joined."""
        piece = bytes(1 << 20)
        like = digest_of(b"", Digest("0" * 64) if wide else None)
        entry = Entry(digest_of(piece * 64, like), Mode.REGULAR)
        tracemalloc.start()
        try:
            execute(
                tmp_path, Create(RelPath("large"), entry),
                content=lambda _: (piece for _ in range(64)), size=lambda _: 64 << 20,
            )  # fmt: skip
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert (tmp_path / "large").stat().st_size == 64 << 20
        assert most < 8 << 20

    def test_that_cannot_be_had(self, tmp_path: Path) -> None:
        lay(tmp_path, files(a="old"))

        def content(_: object) -> bytes:
            raise StokerError("the object is corrupt", where="a")

        with pytest.raises(StokerError, match="the object is corrupt"):
            execute(tmp_path, Replace(RelPath("a"), NEW, OLD), content=content)
        assert tree(tmp_path) == files(a="old")
        settled(tmp_path)


class TestDrift:
    """A file that is not what the plan saw is left alone, and so is everything else."""

    @pytest.mark.parametrize(
        ("there", "op"),
        [
            (files(a="theirs"), Replace(RelPath("a"), NEW, OLD)),
            (files(a="theirs"), Delete(RelPath("a"), OLD)),
            ({RelPath("a"): (b"old", Mode.EXECUTABLE)}, Replace(RelPath("a"), NEW, OLD)),
            ({}, Replace(RelPath("a"), NEW, OLD)),
            ({}, Delete(RelPath("a/b"), OLD)),
            (files(a="theirs"), Delete(RelPath("a/b"), OLD)),
            (files(a__b="old"), Replace(RelPath("a"), NEW, OLD)),
        ],
    )
    def test_before_anything(self, tmp_path: Path, there: dict[RelPath, File], op: Op) -> None:
        """Seen to fail with `expected` not compared, and with the mode left out of it."""
        lay(tmp_path, there)
        with pytest.raises(Drifted) as caught:
            execute(tmp_path, Create(RelPath("0"), NEW), op)
        assert caught.value.path == caught.value.where == op.path
        assert tree(tmp_path) == there
        settled(tmp_path)

    @pytest.mark.parametrize("kind", sorted(DISKS))
    @pytest.mark.parametrize("there", [files(a="theirs"), files(a__b="theirs")])
    def test_a_file_comes_where_something_is(
        self, tmp_path: Path, there: dict[RelPath, File], kind: str
    ) -> None:
        """Seen to fail with a rename that replaces."""
        lay(tmp_path, there)
        with process(None, DISKS[kind]), pytest.raises(Drifted):
            execute(tmp_path, Create(RelPath("a"), NEW))
        assert tree(tmp_path) == there
        settled(tmp_path)

    def test_a_file_where_a_folder_has_to_be(self, tmp_path: Path) -> None:
        lay(tmp_path, files(a="theirs"))
        with pytest.raises(Drifted) as caught:
            execute(tmp_path, Create(RelPath("a/b/c"), NEW))
        assert caught.value.path == "a/b/c"
        assert tree(tmp_path) == files(a="theirs")
        settled(tmp_path)

    @pytest.mark.parametrize("op", [Create(RelPath("link/a"), NEW), Create(RelPath("link"), NEW)])
    def test_a_link_is_never_followed(
        self, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, op: Op
    ) -> None:
        """Seen to fail with the folder opened without `O_NOFOLLOW`."""
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        (elsewhere / "a").write_bytes(b"old")
        (tmp_path / "link").symlink_to(elsewhere)
        with pytest.raises((LinkInTheWay, Drifted)):
            execute(tmp_path, op)
        assert {each.name: each.read_bytes() for each in elsewhere.iterdir()} == {"a": b"old"}
        settled(tmp_path)

    @pytest.mark.parametrize("there", ["link/a", "link"])
    def test_nothing_is_deleted_through_a_link(
        self, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, there: str
    ) -> None:
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        (elsewhere / "a").write_bytes(b"old")
        (tmp_path / "link").symlink_to(elsewhere)
        with pytest.raises((LinkInTheWay, Drifted)):
            execute(tmp_path, Delete(RelPath(there), OLD))
        assert (tmp_path / "link").is_symlink()
        assert (elsewhere / "a").read_bytes() == b"old"
        settled(tmp_path)


class TestFailures:
    """The error names the path; what was there stays; the next sync after the cure converges."""

    ONE = files(a__one="1", b__two="2", c__three="3")
    TWO = files(a__one="1" * 9000, b__two="22", d__four="4")

    def converges(self, root: Path) -> None:
        settled(root)
        sync(root, self.TWO, "two")
        assert tree(root) == self.TWO
        assert leftovers(root) == []

    @pytest.mark.parametrize(
        ("call", "number"),
        [
            ("create", errno.ENOSPC), ("write", errno.EDQUOT), ("write", errno.EIO),
            ("overwrite", errno.ENOSPC), ("exchange", errno.EACCES), ("exchange", errno.EROFS),
            ("move", errno.EPERM), ("place", errno.EXDEV), ("place", errno.EACCES),
            ("make_folder", errno.ENOSPC), ("remove_folder", errno.EACCES),
            ("set_mode", errno.EPERM), ("make_durable", errno.EIO),
        ],
    )  # fmt: skip
    def test_of_any_call(self, tmp_path: Path, call: str, number: int) -> None:
        sync(tmp_path, self.ONE, "one")
        ops = (
            Replace(
                RelPath("a/one"),
                entry_of(self.TWO[RelPath("a/one")]),
                entry_of((b"1", Mode.REGULAR)),
            ),
            Delete(RelPath("c/three"), entry_of((b"3", Mode.REGULAR))),
            RemoveDirectory(RelPath("c")),
            Create(RelPath("d/four"), entry_of((b"4", Mode.EXECUTABLE))),
        )
        new = {RelPath("a/one"): b"1" * 9000, RelPath("d/four"): b"4"}
        umask = os.umask(0o077)
        try:
            with opened(tmp_path) as (data, store):
                settle(data, store)
                with process(None, {call: fails(number)}, durably=True):
                    caught = refusal(
                        lambda: carried(data, store, Plan(ops=ops), lambda op: new[op.path])
                    )
        finally:
            os.umask(umask)
        assert caught.number == number
        assert caught.where
        there = tree(tmp_path)
        for path, file in self.ONE.items():
            assert there.get(path) in (file, self.TWO.get(path))
        self.converges(tmp_path)

    def test_no_right_to_a_folder(self, tmp_path: Path) -> None:
        """A folder that may be read and not written."""
        tmp_path.chmod(0o777)
        let_in(tmp_path)
        with another_user():
            sync(tmp_path, self.ONE, "one")
            (tmp_path / "b").chmod(0o555)
            with pytest.raises(DiskError) as caught:
                sync(tmp_path, self.TWO, "two")
            assert caught.value.where == "b/two"
            assert caught.value.number == errno.EACCES
            assert "give the user that Stoker runs as" in caught.value.cure
            assert tree(tmp_path)[RelPath("b/two")] == (b"2", Mode.REGULAR)
            settled(tmp_path)
            (tmp_path / "b").chmod(0o755)
            self.converges(tmp_path)

    def test_no_right_to_the_data_directory(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir(mode=0o555)
        let_in(tmp_path / "data")
        with another_user(), pytest.raises(DiskError) as caught:
            sync(tmp_path / "data", self.ONE, "one")
        assert (caught.value.where, caught.value.number) == (".stoker", errno.EACCES)

    def test_a_read_only_file_is_replaced(self, tmp_path: Path) -> None:
        """To replace a name is a matter of its folder; nobody writes into the file."""
        sync(tmp_path, self.ONE, "one")
        (tmp_path / "a/one").chmod(0o444)
        sync(tmp_path, self.TWO, "two")
        assert tree(tmp_path) == self.TWO

    def test_no_room_is_seen_before_anything_is_written(self, tmp_path: Path) -> None:
        with pytest.raises(DiskError, match="KiB are needed and") as caught:
            execute(tmp_path, Create(RelPath("a"), NEW), size=lambda _: 1 << 60)
        assert caught.value.number == errno.ENOSPC
        assert not (tmp_path / ".stoker/slots").exists()
        settled(tmp_path)

    def test_no_room_for_so_many_files(self, tmp_path: Path) -> None:
        room = os.statvfs(tmp_path)
        # More files than there are numbers for, or, where a disk has no such limit, than fit.
        told = "the data volume: there is no room"
        with DataDirectory(tmp_path) as data, pytest.raises(DiskError, match=told):
            check_room(data.folder(ROOT), room.f_files + room.f_blocks * 2 + 1, 0, ROOT)
        handle = os.open(tmp_path, os.O_RDONLY)
        os.close(handle)
        with pytest.raises(DiskError, match="ask for the room"):
            check_room(handle, 1, 0, ROOT)

    def test_a_disk_without_syncfs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        synced: list[None] = []
        monkeypatch.setattr("stoker.adapters.fs.disk._LIBC_SYNCFS", None)
        monkeypatch.setattr(os, "sync", lambda: synced.append(None))
        sync(tmp_path, self.ONE, "one")
        assert len(synced) == 3

    def test_a_disk_without_renameat2(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("stoker.adapters.fs.disk._LIBC_RENAMEAT2", None)
        sync(tmp_path, self.ONE, "one")
        sync(tmp_path, self.TWO, "two")
        assert tree(tmp_path) == self.TWO

    def test_a_barrier_that_fails_is_told(self, tmp_path: Path) -> None:
        """The kernel says with it that bytes were lost on their way to the disk."""
        with process(None, {"make_durable": fails(errno.EIO)}, durably=True):
            caught = refusal(lambda: sync(tmp_path, self.ONE, "one"))
        assert "store for good" in caught.message
        assert caught.cure == "look after the disk"
        assert tree(tmp_path) == {}


class TestMountTable:
    """Where the kernel says that something is mounted below the data directory."""

    def test_names_with_spaces_and_names_that_no_commit_has(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Seen to fail with the escapes left as they are."""
        line = "1 2 0:1 / {} rw - tmpfs tmpfs rw"
        places = [f"{tmp_path}/a\\040b/c", f"{tmp_path}/bad\\134name", f"{tmp_path}x/y", "/"]
        table = "\n".join(map(line.format, places))
        monkeypatch.setattr(Path, "read_text", lambda *_: table)
        with DataDirectory(tmp_path) as data:
            (tmp_path / "a b/c").mkdir(parents=True)
            assert homes.Homes(data).of(RelPath("a b/c/d")) == "a b/c"
            assert homes.Homes(data).of(RelPath("a b/d")) == ROOT
            assert homes.homes_of(data, [RelPath("a b/c/d")]) == {ROOT, "a b/c"}

    def test_where_the_kernel_does_not_say(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> str:
            raise PermissionError

        monkeypatch.setattr(Path, "read_text", refuse)
        with DataDirectory(tmp_path) as data:
            assert homes.Homes(data).of(RelPath("a/b")) == ROOT


class TestFaultsOfTheDisk:
    """Errors of calls that only look."""

    def test_a_file_that_cannot_be_looked_at(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lay(tmp_path, files(a="old"))
        real = os.stat

        def failing(name: Any, **how: Any) -> os.stat_result:
            if name == "a":
                raise OSError(errno.EIO, "Input/output error")
            return real(name, **how)

        monkeypatch.setattr(os, "stat", failing)
        caught = refusal(lambda: execute(tmp_path, Delete(RelPath("a"), OLD)))
        assert (caught.where, caught.number) == ("a", errno.EIO)

    def test_a_file_that_cannot_be_read_has_drifted(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lay(tmp_path, files(a="old"))
        unreadable = Foreign(ForeignKind.UNREADABLE)
        monkeypatch.setattr("stoker.adapters.fs.reading.read", lambda *_: unreadable)
        with pytest.raises(Drifted):
            execute(tmp_path, Delete(RelPath("a"), OLD))
        assert tree(tmp_path) == files(a="old")

    def test_a_folder_that_cannot_be_listed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sync(tmp_path, files(a="one"))

        def failing(_: object) -> list[str]:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(os, "listdir", failing)
        with DataDirectory(tmp_path) as data:
            caught = refusal(Store(data).is_under_way)
        assert (caught.where, caught.number) == (".stoker", errno.EIO)

    def test_a_lock_that_cannot_be_had(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("fcntl.flock", fails(errno.ENOLCK))
        with DataDirectory(tmp_path) as data:
            caught = refusal(Store(data).lock)
        assert (caught.where, caught.number) == (".stoker/lock", errno.ENOLCK)


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts something in the data directory; only root can."""
    places: list[Path] = []

    def mount(name: str, *arguments: str) -> Path:
        place = tmp_path / name
        place.mkdir(exist_ok=True)
        subprocess.run(["mount", *arguments, place], check=True)  # noqa: S603, S607 - fixed words
        places.append(place)
        return place

    yield mount
    for place in reversed(places):
        subprocess.run(["umount", place], check=True)  # noqa: S603, S607 - as above


Mount = Callable[..., Path]


class TestOtherDisks:
    """A small disk, a read-only one, and data directories that span several.

    Nobody but root can mount. For others a mount is pretended, and what is left of the rest are the
    cases of `TestFailures`.
    """

    ONE = files(a__one="1", p__one="1", p__q__gone="gone", p__r__same="same")
    TWO = files(a__one="one", p__one="one", p__q__r__new="new", p__r__same="same", p__s="s")

    @pytest.fixture(params=["pretended", *(["tmpfs", "bind"] if IS_ROOT else [])])
    def other(
        self, request: pytest.FixtureRequest, mounted: Mount, tmp_path: Path,
        tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch,
    ) -> Path:  # fmt: skip
        """A data directory with something else at `p`."""
        match request.param:
            case "tmpfs":
                mounted("p", "-t", "tmpfs", "tmpfs")
            case "bind":
                mounted("p", "--bind", str(tmp_path_factory.mktemp("bound at ü")))
            case _:
                (tmp_path / "p").mkdir()
                monkeypatch.setattr(homes, "_mounts_below", lambda _: {RelPath("p")})
        return tmp_path

    def test_files_stay_on_their_own(self, other: Path) -> None:
        sync(other, self.ONE, "one")
        with opened(other) as (data, store):
            apply(data, store, self.TWO, "two")
            assert (other / "p/.stoker-slots").is_dir()
            assert (other / ".stoker/slots").is_dir()
            store.drop()
        assert tree(other) == self.TWO
        assert leftovers(other) == []

    def test_kills_and_undos(self, other: Path) -> None:
        """Seen to fail with the slots at `p` forgotten by `drop`."""
        sync(other, self.ONE, "one")
        for number in range(0, 90, 3):
            with process(number):
                sync(other, self.TWO, "two")
            with process(number), opened(other) as (data, store):
                settle(data, store)
            sync(other, self.ONE, "one")
            assert tree(other) == self.ONE
            assert leftovers(other) == []

    def test_each_is_made_durable(self, other: Path) -> None:
        synced: list[int] = []

        def note(folders: list[int]) -> None:
            synced.extend(os.fstat(each).st_dev for each in folders)

        with process(None, {"make_durable": note}, durably=True):
            sync(other, self.ONE, "one")
        devices = {other.stat().st_dev, (other / "p").stat().st_dev}
        assert set(synced) == devices
        # The journal, the new files, the moves, and twice the manifest.
        assert len(synced) >= 5


if IS_ROOT:

    class TestMounts:
        """Disks that only root can have."""

        ONE = TestOtherDisks.ONE
        TWO = TestOtherDisks.TWO

        def test_a_small_disk_that_is_full(self, mounted: Mount) -> None:
            root = mounted("data", "-t", "tmpfs", "-o", "size=4m", "tmpfs")
            sync(root, self.ONE, "one")
            large = {**self.TWO, RelPath("z"): (bytes(16 << 20), Mode.REGULAR)}
            for filled in (0, 2 << 20):
                (root / "filler").write_bytes(bytes(filled))
                with pytest.raises(DiskError) as caught:
                    sync(root, large, "two")
                assert caught.value.number == errno.ENOSPC
                assert caught.value.cure == "make room on the data volume"
                assert {**self.ONE, RelPath("filler"): (bytes(filled), Mode.REGULAR)} == tree(root)
                settled(root)
            (root / "filler").unlink()
            sync(root, self.TWO, "two")
            assert tree(root) == self.TWO
            assert leftovers(root) == []

        def test_a_read_only_disk(self, mounted: Mount) -> None:
            root = mounted("data", "-t", "tmpfs", "tmpfs")
            sync(root, self.ONE, "one")
            subprocess.run(["mount", "-o", "remount,ro", root], check=True)  # noqa: S603, S607 - fixed
            with DataDirectory(root) as data:
                assert Store(data).count() == len(self.ONE)
            with pytest.raises(DiskError) as caught:
                sync(root, self.TWO, "two")
            assert caught.value.cure == "mount the data volume writable"
            subprocess.run(["mount", "-o", "remount,rw", root], check=True)  # noqa: S603, S607 - fixed
            sync(root, self.TWO, "two")
            assert tree(root) == self.TWO

        def test_a_mount_on_a_single_file(
            self, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
        ) -> None:
            """Its name cannot be moved; the error says so, and the file stays."""
            root = tmp_path / "data"
            root.mkdir()
            sync(root, self.ONE, "one")
            bound = tmp_path_factory.mktemp("bound") / "file"
            bound.write_bytes(b"1")
            subprocess.run(["mount", "--bind", bound, root / "a/one"], check=True)  # noqa: S603, S607
            try:
                with pytest.raises(DiskError) as caught:
                    sync(root, self.TWO, "two")
                assert (caught.value.where, caught.value.number) == ("a/one", errno.EBUSY)
                assert (root / "a/one").read_bytes() == b"1"
            finally:
                subprocess.run(["umount", root / "a/one"], check=True)  # noqa: S603, S607 - fixed
            sync(root, self.TWO, "two")
            assert tree(root) == self.TWO
