"""What is remembered below `.stoker/`: the lock, the manifest and its shards, the journal."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve

from stoker.adapters.codec.journal import Sides
from stoker.adapters.codec.manifest import Index, encode_shard
from stoker.adapters.fs import shards
from stoker.adapters.fs.errors import DiskError, LinkInTheWay
from stoker.adapters.fs.handles import DataDirectory
from stoker.adapters.fs.lock import InUse
from stoker.adapters.fs.store import Head, Store
from stoker.core.errors import Retryable, StokerError
from stoker.core.journal import Claim, Journal
from stoker.core.manifest import Digest, Entry, Manifest, Mode, Origin, Stamp
from stoker.core.paths import RelPath
from support.faults import process

ONE = Entry(Digest("1" * 40), Mode.REGULAR)
TWO = Entry(Digest("2" * 40), Mode.EXECUTABLE)
HEAD = Head("c", "refs/heads/main", "c")
A, B, C = RelPath("a"), RelPath('größe/b "c'), RelPath("x/y/z")


@pytest.fixture
def data(tmp_path: Path) -> Iterator[DataDirectory]:
    with DataDirectory(tmp_path) as opened:
        yield opened


def manifest(*paths: RelPath, entry: Entry = ONE) -> Manifest:
    return Manifest(dict.fromkeys(paths, entry))


def many(files: int, folder: str = "f") -> list[RelPath]:
    return [RelPath(f"{folder}{n // 5}/sub/{n}") for n in range(files)]


def shard_files(root: Path) -> set[str]:
    return {each.name for each in (root / ".stoker" / "manifest").iterdir()}


class TestReading:
    """What was written is read, and reading writes nothing."""

    def test_where_nothing_is(self, data: DataDirectory, tmp_path: Path) -> None:
        store = Store(data)
        assert store.head() == Head()
        assert store.count() == 0
        assert store.covering([A]) == store.everything() == Manifest()
        assert list(store.rows()) == []
        assert store.journal() is None
        assert store.sides() is None
        assert not store.is_under_way()
        assert not store.revert()
        store.drop()
        assert list(tmp_path.iterdir()) == []

    def test_everything_comes_back(self, data: DataDirectory) -> None:
        whole = Manifest(
            {A: ONE, B: TWO, C: ONE},
            {A: Stamp(1, 2, 3)},
            {B: Origin(ONE.digest, frozenset({"Vars"}), "key")},
            frozenset({C}),
        )
        head = evolve(HEAD, restless=frozenset({B}))
        Store(data).update([A, B, C], whole, head)
        store = Store(data)
        assert store.everything() == whole
        assert store.head() == head
        assert store.count() == 3
        assert store.covering([B, RelPath("b")]).entries == {B: TWO}
        assert store.covering([A]).stamps == {A: Stamp(1, 2, 3)}
        rows = [row for shard in store.rows() for row in shard]
        assert sorted(row[0] for row in rows) == sorted([A, B, C])

    def test_considered_paths_are_as_said_or_gone(self, data: DataDirectory) -> None:
        store = Store(data)
        store.update([A, B], manifest(A, B), HEAD)
        store.update([A, C, RelPath("never")], manifest(C, B, entry=TWO), HEAD)
        assert store.everything().entries == {B: ONE, C: TWO}
        assert store.count() == 2


class TestShards:
    """Cost follows the change."""

    def test_a_change_rewrites_its_own_shard_only(
        self, data: DataDirectory, tmp_path: Path
    ) -> None:
        """Seen to fail with the shard chosen by the whole path: a folder was everywhere."""
        store, paths = Store(data), many(8_000)
        store.update(paths, manifest(*paths), HEAD)
        before = shard_files(tmp_path)
        assert len(before) == 16
        with process() as writer:
            store.update(paths[:5], manifest(*paths[:5], entry=TWO), HEAD)
        after = shard_files(tmp_path)
        assert len(before - after) == len(after - before) == 1
        assert len(writer.calls) < 10
        assert store.count() == 8_000
        found = store.covering(paths[:6]).entries
        assert found == {**dict.fromkeys(paths[:5], TWO), paths[5]: ONE}

    @pytest.mark.parametrize("sizes", [(10, 3_000), (3_000, 10), (600, 40_000, 300), (5, 0, 5)])
    def test_their_number_follows_the_number_of_files(
        self, data: DataDirectory, sizes: tuple[int, ...], tmp_path: Path
    ) -> None:
        """Seen to fail with the rows of a shard laid anew by their own number, not by the hash."""
        store = Store(data)
        known: set[RelPath] = set()
        for size in sizes:
            wanted = [RelPath(f'q"u{p}') for p in many(size)]
            store.update({*known, *wanted}, manifest(*wanted), HEAD)
            known = set(wanted)
            assert store.count() == size
            assert store.everything().entries.keys() == known
            assert store.covering(wanted[::7]).entries.keys() == set(wanted[::7])
            number = len(store.index().shards)
            assert number <= max(1, 4 * size // shards.ROWS)
            assert size <= 2 * shards.ROWS * number
            kept = {f"{n}-{serial}" for n, serial in enumerate(store.index().shards) if serial}
            assert shard_files(tmp_path) == kept

    def test_names_that_are_none_of_a_shard_are_swept(
        self, data: DataDirectory, tmp_path: Path
    ) -> None:
        store = Store(data)
        store.update([A], manifest(A), HEAD)
        (tmp_path / ".stoker/manifest/0-99").write_bytes(b"of a sync that was cut off")
        store.update([A], manifest(A, entry=TWO), HEAD)
        assert shard_files(tmp_path) == {"0-100"}
        assert store.covering([A]).entries == {A: TWO}


class TestDamage:
    """What is damaged is told of; the caller goes on, and builds on nothing that was lost."""

    @pytest.fixture
    def told(self) -> list[StokerError]:
        return []

    @pytest.fixture
    def store(self, data: DataDirectory, told: list[StokerError]) -> Store:
        paths = many(3_000)
        Store(data).update(paths, manifest(*paths), HEAD)
        return Store(data, told.append)

    def shard(self, store: Store, path: RelPath) -> str:
        numbers = store.index().shards
        (number,) = shards.by_shard([path], len(numbers))
        return f".stoker/manifest/{number}-{numbers[number]}"

    @pytest.mark.parametrize("damage", ["cut", "gone", "changed"])
    def test_a_shard(
        self, store: Store, told: list[StokerError], tmp_path: Path, damage: str
    ) -> None:
        """Seen to fail with the basis kept: the lost files would never be looked at again."""
        path = many(1)[0]
        place = tmp_path / self.shard(store, path)
        whole = place.read_bytes()
        if damage == "gone":
            place.unlink()
        else:
            place.write_bytes(
                whole[:100] if damage == "cut" else whole.replace(b"1" * 40, b"3" * 40)
            )
        assert store.head() == HEAD
        assert store.covering([path]) == Manifest()
        assert len(told) == 1
        # Found out between the caller's look at the head and its update: nothing to build upon.
        store.update([A], manifest(A), HEAD)
        assert store.head() == evolve(HEAD, basis="")
        assert store.count() == len(store.everything().entries) < 3_000
        assert len(told) == 1

    def test_a_caller_who_knew_may_set_a_basis(
        self, store: Store, told: list[StokerError], tmp_path: Path
    ) -> None:
        (tmp_path / self.shard(store, many(1)[0])).unlink()
        assert sum(map(len, store.rows())) < 3_000
        assert told
        assert store.head() == evolve(HEAD, basis="")
        paths = many(3_000)
        store.update(paths, manifest(*paths), HEAD)
        assert store.head() == HEAD
        assert store.count() == 3_000

    def test_a_row(self, store: Store, told: list[StokerError], tmp_path: Path) -> None:
        """A shard that was sealed with a row in it that is none."""
        path = many(1)[0]
        place = tmp_path / self.shard(store, path)
        lines = place.read_bytes().splitlines()[:-1]
        lines[0] = b'["../../etc/passwd","x",420,null,null,false]'
        place.write_bytes(b"".join(encode_shard(sorted(lines))))
        assert sum(map(len, store.rows())) == 3_000 - len(lines)
        assert "../../etc/passwd" not in store.everything().entries
        assert told
        assert store.head().basis == ""

    @pytest.mark.parametrize("content", [b"", b"{}", b"[]\n"])
    def test_the_head(
        self, store: Store, told: list[StokerError], tmp_path: Path, content: bytes
    ) -> None:
        (tmp_path / ".stoker/head").write_bytes(content)
        assert store.head() == Head()
        assert store.count() == 0
        assert store.everything() == Manifest()
        assert told
        store.update([A], manifest(A), HEAD)
        assert store.everything() == manifest(A)
        assert len(shard_files(tmp_path)) == 1

    def test_the_journal(
        self, store: Store, told: list[StokerError], data: DataDirectory, tmp_path: Path
    ) -> None:
        store.begin(Journal({A: Claim(None, ONE)}), HEAD, HEAD)
        place = tmp_path / ".stoker/journal"
        place.write_bytes(place.read_bytes()[:-20])
        again = Store(data, told.append)
        assert again.journal() is None
        assert again.is_under_way()
        assert again.head().basis == ""
        assert [error.where for error in told] == [""]

    def test_is_logged_unless_somebody_else_is_told(
        self, store: Store, data: DataDirectory, tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        (tmp_path / ".stoker/head").write_bytes(b"")
        with caplog.at_level(logging.WARNING):
            assert store.count() == Store(data).count() == 0
        assert "the head has no seal at its end" in caplog.text


class TestJournal:
    """What an apply leaves behind until it is settled."""

    RECORD = Journal({A: Claim(None, ONE), B: Claim(TWO, None, TWO, adopted=True)})

    def test_comes_back_in_another_process(self, data: DataDirectory) -> None:
        first = Store(data)
        first.update([B], manifest(B, entry=TWO), HEAD)
        after = Head("d", "s")
        first.begin(self.RECORD, HEAD, after)
        sides = Sides("", (None, Stamp(4, 5, 6)), (Stamp(1, 2, 3), None), (C.parent,), (A,))
        first.note(sides)
        store = Store(data)
        record = store.journal()
        assert record is not None
        assert (record.journal, record.after) == (self.RECORD, after)
        assert record.before == Index(HEAD, 1, 1, (1,))
        assert store.sides() == evolve(sides, token=record.token)
        assert store.is_under_way()

    def test_one_at_a_time(self, data: DataDirectory) -> None:
        store = Store(data)
        store.begin(self.RECORD, Head(), HEAD)
        with pytest.raises(DiskError, match="interrupted is not settled yet"):
            store.begin(self.RECORD, Head(), HEAD)

    @pytest.mark.parametrize("content", [b"", b"torn", None])
    def test_sides_that_do_not_fit_count_as_none(
        self, data: DataDirectory, tmp_path: Path, content: bytes | None
    ) -> None:
        """Seen to fail with the sides of another journal taken for those of this one."""
        store = Store(data)
        store.begin(self.RECORD, Head(), HEAD)
        store.note(Sides("", (None, None), (None, None)))
        place = tmp_path / ".stoker/sides"
        kept = place.read_bytes() if content is None else content
        store.drop()
        store.begin(self.RECORD, Head(), HEAD)
        place.write_bytes(kept)
        assert Store(data).sides() is None

    def test_the_manifest_from_before_can_come_back(
        self, data: DataDirectory, tmp_path: Path
    ) -> None:
        store = Store(data)
        store.update([A, B], manifest(A, B), HEAD)
        before = store.index()
        store.begin(self.RECORD, HEAD, Head("d"))
        store.update([A, B], manifest(A, entry=TWO), Head("d"))
        assert len(shard_files(tmp_path)) == 2
        assert Store(data).revert()
        assert store.index() == before
        assert store.everything() == manifest(A, B)
        assert Store(data).revert()

    def test_but_not_once_a_part_of_it_is_gone(self, data: DataDirectory, tmp_path: Path) -> None:
        """Seen to fail with `revert` not looking: files were lost from the manifest."""
        store = Store(data)
        store.update([A, B], manifest(A, B), HEAD)
        store.begin(self.RECORD, HEAD, Head("d"))
        store.update([A, B], manifest(A, entry=TWO), Head("d"))
        (tmp_path / ".stoker/manifest/0-1").unlink()
        assert not store.revert()
        assert store.head() == Head("d")

    def test_drop_leaves_what_is_there_at_rest(self, data: DataDirectory, tmp_path: Path) -> None:
        store = Store(data)
        store.lock()
        store.update([A], manifest(A), HEAD)
        store.begin(self.RECORD, HEAD, HEAD)
        store.note(Sides())
        for name in ("journal.new", "sides.new", "head.new"):
            (tmp_path / ".stoker" / name).write_bytes(b"of a process that was killed")
        store.drop()
        assert {each.name for each in (tmp_path / ".stoker").iterdir()} == {
            "lock", "head", "manifest"
        }  # fmt: skip
        assert store.journal() is None
        store.unlock()
        store.unlock()


class TestLock:
    """Two processes never write to one gateway."""

    def test_one_process_at_a_time(self, data: DataDirectory, tmp_path: Path) -> None:
        """Seen to fail with a lock that waits, and with one that another handle may share."""
        store = Store(data)
        store.lock()
        store.lock()
        with DataDirectory(tmp_path) as other:
            with pytest.raises(InUse) as caught:
                Store(other).lock()
            assert f"process {os.getpid()} on " in caught.value.message
            assert caught.value.where == ".stoker/lock"
            assert "wait until it is done" in caught.value.cure
            assert caught.value.disposition == Retryable()
            store.unlock()
            Store(other).lock()

    def test_a_killed_process_gives_it_back(self, data: DataDirectory, tmp_path: Path) -> None:
        script = (
            "import os, sys, pathlib\n"
            "from stoker.adapters.fs.handles import DataDirectory\n"
            "from stoker.adapters.fs.store import Store\n"
            "Store(DataDirectory(pathlib.Path(sys.argv[1]))).lock()\n"
            "print('held', flush=True)\n"
            "sys.stdin.read()\n"
        )
        with subprocess.Popen(  # noqa: S603 - this interpreter
            [sys.executable, "-c", script, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as holder:
            assert holder.stdout
            assert holder.stdout.readline() == b"held\n"
            with pytest.raises(InUse, match=f"process {holder.pid} on "):
                Store(data).lock()
            holder.kill()
            holder.wait()
        Store(data).lock()

    def test_a_holder_that_has_not_written_yet(self, data: DataDirectory, tmp_path: Path) -> None:
        store = Store(data)
        store.lock()
        (tmp_path / ".stoker/lock").write_bytes(b"\x1b[31m\n")
        with DataDirectory(tmp_path) as other, pytest.raises(InUse, match="process unknown"):
            Store(other).lock()


class TestRefusals:
    """A place that is not as it must be is named, and left as it is."""

    def test_a_link_instead_of_the_folder(
        self, data: DataDirectory, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        (tmp_path / ".stoker").symlink_to(elsewhere)
        store = Store(data)
        for work in (
            store.lock,
            store.head,
            store.drop,
            lambda: store.update([A], manifest(A), HEAD),
        ):
            with pytest.raises(LinkInTheWay) as caught:
                work()
            assert caught.value.where == ".stoker"
        assert list(elsewhere.iterdir()) == []

    def test_a_file_instead_of_the_folder(self, data: DataDirectory, tmp_path: Path) -> None:
        (tmp_path / ".stoker").write_bytes(b"mine")
        store = Store(data)
        for work in (store.lock, store.head, lambda: store.update([A], manifest(A), HEAD)):
            with pytest.raises(DiskError, match="where Stoker keeps a folder") as caught:
                work()
            assert caught.value.where == ".stoker"
        assert (tmp_path / ".stoker").read_bytes() == b"mine"

    @pytest.mark.parametrize("name", ["head", "lock", "journal"])
    def test_a_link_instead_of_a_document(
        self, data: DataDirectory, tmp_path: Path, name: str
    ) -> None:
        secret = tmp_path / "secret"
        secret.write_bytes(b"secret")
        (tmp_path / ".stoker").mkdir()
        (tmp_path / ".stoker" / name).symlink_to(secret)
        store = Store(data)
        work = {"head": store.head, "lock": store.lock, "journal": store.journal}[name]
        with pytest.raises(DiskError) as caught:
            work()
        assert caught.value.where == f".stoker/{name}"
        assert secret.read_bytes() == b"secret"

    @pytest.mark.parametrize("name", ["head", "lock", "journal", "manifest"])
    def test_something_else_instead_of_a_document(
        self, data: DataDirectory, tmp_path: Path, name: str
    ) -> None:
        own = tmp_path / ".stoker"
        own.mkdir()
        if name == "manifest":
            (own / name).write_bytes(b"")
        else:
            (own / name).mkdir()
        store = Store(data)

        def work() -> None:
            store.lock()
            store.begin(Journal(), HEAD, HEAD)
            store.update([A], manifest(A), HEAD)

        with pytest.raises(DiskError) as caught:
            work()
        assert caught.value.where == f".stoker/{name}"
