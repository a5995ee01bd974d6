"""Every step into a data directory, and what stands in its way."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from stoker.adapters.fs.errors import DiskError, LinkInTheWay, NotOurs
from stoker.adapters.fs.handles import Barred, Closed, DataDirectory, Missing
from stoker.core.errors import Retryable
from stoker.core.paths import MAX_DEPTH, ROOT, RelPath
from support.data_directory import (
    File,
    Folder,
    Link,
    Pipe,
    Thing,
    churned,
    few_handles,
    make,
    open_handles,
    paths,
    without_privileges,
)

DEEP = RelPath("a/b/c")


@pytest.fixture
def data(tmp_path: Path) -> Iterator[DataDirectory]:
    """The data directory; no handle may stay behind."""
    make(tmp_path, {"a/b/c/f": b"1", "a/b/x/f": b"2", "a-b/f": b"3"})
    before = open_handles()
    with DataDirectory(tmp_path) as opened:
        yield opened
    assert open_handles() == before


def same(handle: int, place: Path) -> bool:
    return os.path.samestat(os.fstat(handle), place.stat())


def chain(data: DataDirectory) -> int:
    """How many handles it keeps beside its own."""
    before = len(open_handles())
    data.forget()
    return before - len(open_handles())


def test_a_handle_is_that_of_the_folder(tmp_path: Path, data: DataDirectory) -> None:
    for path in [ROOT, *paths("a/b/c", "a/b/x", "a", "a-b", "a/b", "a/b/c", ".")]:
        handle = data.folder(path)
        assert same(handle, tmp_path / path)
        assert not os.get_inheritable(handle)
        assert data.enter(path) == handle
    assert data.device == tmp_path.stat().st_dev


def test_only_the_chain_of_the_last_folder_is_open(data: DataDirectory) -> None:
    for path, depth in (("a/b/c", 3), ("a/b/x", 3), ("a-b", 1), ("a", 1), (".", 0)):
        data.folder(DEEP)
        data.folder(RelPath(path))
        assert chain(data) == depth


def test_a_folder_that_is_open_is_not_opened_again(data: DataDirectory) -> None:
    deep = data.folder(DEEP)
    with few_handles(0):
        assert data.folder(DEEP) == deep
        assert data.folder(RelPath("a/b")) < deep
        # The number that became free is enough for one step down.
        data.folder(RelPath("a/b/x"))


def test_a_similar_name_is_another_folder(tmp_path: Path, data: DataDirectory) -> None:
    assert same(data.folder(RelPath("a-b")), tmp_path / "a-b")
    make(tmp_path, {"ab/f": b"", "a/bc/f": b""})
    data.folder(RelPath("a/b"))
    assert same(data.folder(RelPath("a/bc")), tmp_path / "a/bc")
    assert same(data.folder(RelPath("ab")), tmp_path / "ab")


@pytest.mark.parametrize("where", ["a", "a/b", "a/b/c"])
@pytest.mark.parametrize("target", ["/etc", "nowhere", "."])
def test_no_link_is_followed(tmp_path: Path, data: DataDirectory, where: str, target: str) -> None:
    """Seen failing: without `O_NOFOLLOW`."""
    (tmp_path / where).rename(tmp_path / "away")
    (tmp_path / where).symlink_to(target)
    for create in (False, True):
        with pytest.raises(LinkInTheWay) as raised:
            data.folder(DEEP, create=create)
        assert raised.value.where == where
        assert raised.value.number == errno.ELOOP
        assert raised.value.reason == "SymlinkRefused"
    assert data.enter(DEEP) == Barred(RelPath(where))
    # A link may stand where nobody has to go through.
    status = data.status(RelPath(where))
    assert status is not None
    assert os.path.samestat(status, (tmp_path / where).lstat())


def test_a_folder_that_is_swapped_for_a_link_decides_nothing(
    tmp_path: Path, data: DataDirectory
) -> None:
    """What was opened stays what it was; what is opened anew is refused."""
    make(tmp_path, {"outside/c/f": b"canary"})
    handle = data.folder(RelPath("a/b"))
    (tmp_path / "a/b").rename(tmp_path / "moved")
    (tmp_path / "a/b").symlink_to(tmp_path / "outside")
    assert same(data.folder(RelPath("a/b")), tmp_path / "moved")
    assert same(data.folder(DEEP), tmp_path / "moved/c")
    assert data.folder(RelPath("a/b")) == handle
    data.forget()
    with pytest.raises(LinkInTheWay):
        data.folder(DEEP)
    data.folder(RelPath("a"))
    with pytest.raises(LinkInTheWay):
        data.status(RelPath("a/b/c/f"))


@pytest.mark.parametrize("thing", [b"file", Pipe()])
def test_a_file_is_no_folder(tmp_path: Path, data: DataDirectory, thing: Thing) -> None:
    make(tmp_path, {"file": thing})
    for create in (False, True):
        with pytest.raises(NotADirectoryError) as raised:
            data.folder(RelPath("file/x"), create=create)
        assert raised.value.filename == "file"
    assert data.enter(RelPath("file/x/y")) == Barred(RelPath("file"))
    assert data.status(RelPath("file/x")) is None


def test_what_is_not_there_is_missing(data: DataDirectory) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        data.folder(RelPath("a/none/x"))
    assert raised.value.filename == "a/none"
    assert data.enter(RelPath("a/none/x")) == Missing(RelPath("a/none"))
    assert data.status(RelPath("a/none/x")) is None
    assert data.status(RelPath("a/none")) is None
    assert data.enter(DEEP) == data.folder(DEEP)


def test_folders_are_made_as_deep_as_needed(tmp_path: Path, data: DataDirectory) -> None:
    deepest = RelPath("/".join(["n"] * MAX_DEPTH))
    long_name = RelPath("ü" * 127 + "/" + "n" * 255)
    for path in (RelPath("a/new/er"), RelPath("größe/日本"), long_name, deepest):
        handle = data.folder(path, create=True)
        assert data.enter(path) == handle
    assert same(data.folder(long_name), tmp_path / long_name)
    assert (tmp_path / "a/new").stat().st_mode & 0o022 == 0


RACE = """
try: os.mkdir("r")
except FileExistsError: pass
try: os.rmdir("r")
except OSError: pass
"""


def test_somebody_else_makes_and_removes_the_same_folder(
    tmp_path: Path, data: DataDirectory
) -> None:
    """It is made, or there is an error of ours; never another one."""
    made = 0
    with churned(tmp_path / "a", RACE):
        for _ in range(5_000):
            data.forget()
            with suppress(DiskError):
                data.folder(RelPath("a/r"), create=True)
                made += 1
    assert made


def test_a_folder_made_by_another_is_as_good(
    tmp_path: Path, data: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen failing: with `FileExistsError` not expected."""
    really = os.mkdir

    def late(name: str, mode: int, *, dir_fd: int) -> None:
        really(name, mode, dir_fd=dir_fd)
        really(name, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "mkdir", late)
    assert same(data.folder(RelPath("a/new"), create=True), tmp_path / "a/new")


def test_a_folder_removed_by_another_is_an_error_with_its_path(
    tmp_path: Path, data: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = os.mkdir

    def gone(name: str, mode: int, *, dir_fd: int) -> None:
        really(name, mode, dir_fd=dir_fd)
        (tmp_path / "a" / name).rmdir()

    monkeypatch.setattr(os, "mkdir", gone)
    with pytest.raises(DiskError) as raised:
        data.folder(RelPath("a/new"), create=True)
    assert (raised.value.where, raised.value.number) == ("a/new", errno.ENOENT)
    assert raised.value.disposition == Retryable()


def test_a_link_put_there_by_another_is_refused_while_a_folder_is_made(
    tmp_path: Path, data: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other is faster: between our look and our making."""
    really = os.mkdir

    def late(name: str, mode: int, *, dir_fd: int) -> None:
        (tmp_path / "a" / name).symlink_to("/etc")
        really(name, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "mkdir", late)
    with pytest.raises(LinkInTheWay):
        data.folder(RelPath("a/new"), create=True)


@pytest.mark.parametrize("more", range(3))
def test_without_handles_there_is_an_error_and_the_chain_is_as_it_was(
    tmp_path: Path, data: DataDirectory, more: int
) -> None:
    with few_handles(more):
        for create in (False, True):
            for ask in (partial(data.folder, DEEP, create=create), partial(data.enter, DEEP)):
                with pytest.raises(DiskError) as raised:
                    ask()
                assert raised.value.number == errno.EMFILE
                assert raised.value.where == "a/b/c"[: 2 * more + 1]
                assert raised.value.cure == "raise the limit of open files"
    assert same(data.folder(DEEP), tmp_path / DEEP)


def test_a_folder_that_may_not_be_read_is_closed(tmp_path: Path, data: DataDirectory) -> None:
    make(tmp_path, {"a/b": Folder(0o000)})
    with without_privileges():
        with pytest.raises(DiskError) as raised:
            data.folder(DEEP)
        assert (raised.value.where, raised.value.number) == ("a/b", errno.EACCES)
        assert data.enter(DEEP) == Closed(RelPath("a/b"))
        with pytest.raises(DiskError):
            data.status(RelPath("a/b/c"))


def test_a_folder_that_may_not_be_written_is_told_of(tmp_path: Path, data: DataDirectory) -> None:
    make(tmp_path, {"ro": Folder(0o555), "rx": Folder(0o444), "rx/f": File()})
    with without_privileges():
        with pytest.raises(DiskError) as raised:
            data.folder(RelPath("ro/new"), create=True)
        assert (raised.value.where, raised.value.number) == ("ro/new", errno.EACCES)
        assert "right" in raised.value.cure
        with pytest.raises(DiskError) as raised:
            data.status(RelPath("rx/f"))
        assert (raised.value.where, raised.value.number) == ("rx/f", errno.EACCES)


def test_a_data_directory_that_is_none_is_not_ours(tmp_path: Path) -> None:
    make(tmp_path, {"file": b"", "closed": Folder(0o000)})
    for name in ("none", "file"):
        with pytest.raises(NotOurs) as raised:
            DataDirectory(tmp_path / name)
        assert raised.value.where == str(tmp_path / name)
        assert raised.value.cure


def test_the_data_directory_itself_may_be_a_link(tmp_path: Path) -> None:
    # Whoever names it is trusted, unlike those who can write into it.
    make(tmp_path, {"real/f": b"", "link": Link("real")})
    with DataDirectory(tmp_path / "link") as data:
        assert data.status(RelPath("f")) is not None


def test_names_are_utf_8_or_nothing(tmp_path: Path) -> None:
    """In another encoding a commit's names would become other names on the disk."""
    code = (
        "import sys; from pathlib import Path\n"
        "from stoker.adapters.fs.errors import NotOurs\n"
        "from stoker.adapters.fs.handles import DataDirectory\n"
        "try: DataDirectory(Path(sys.argv[1]))\n"
        "except NotOurs as error: print(error.cure)\n"
    )
    environment = {**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    told = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", code, tmp_path],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "PYTHONUTF8=1" in told.stdout
