"""What a file holds, and that nothing can be made of it that it does not hold."""

from __future__ import annotations

import errno
import os
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stoker.adapters.fs.errors import DiskError
from stoker.adapters.fs.reading import ATTEMPTS, PIECE, Content, foreign, mode_of, read
from stoker.core.manifest import Digest, Entry, Foreign, ForeignKind, Mode, Stamp, digest_of
from stoker.core.paths import RelPath
from support.data_directory import (
    LONG_AGO,
    File,
    Folder,
    Link,
    Pipe,
    Socket,
    few_handles,
    make,
    open_handles,
    without_privileges,
)

WIDE = Digest("0" * 64)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    tmp_path.chmod(0o755)
    handle = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    before = open_handles()
    yield handle
    assert open_handles() == before
    os.close(handle)


def at(folder: int, name: str, like: Digest | None = None) -> Content | Foreign | None:
    return read(folder, name, RelPath(name), like)


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7])
@pytest.mark.parametrize("like", [None, WIDE])
def test_a_file_is_what_git_calls_its_bytes(
    tmp_path: Path, folder: int, size: int, like: Digest | None
) -> None:
    content = os.urandom(size)
    make(tmp_path, {"f": content})
    status = (tmp_path / "f").stat()
    assert at(folder, "f", like) == Content(
        Entry(digest_of(content, like), Mode.REGULAR),
        Stamp(size, LONG_AGO, status.st_ino),
        content if size <= PIECE else None,
    )


@pytest.mark.parametrize(
    ("mode", "seen"),
    [
        (0o644, Mode.REGULAR), (0o600, Mode.REGULAR), (0o444, Mode.REGULAR), (0o666, Mode.REGULAR),
        (0o655, Mode.REGULAR), (0o755, Mode.EXECUTABLE), (0o700, Mode.EXECUTABLE),
        (0o744, Mode.EXECUTABLE), (0o4755, Mode.EXECUTABLE),
    ],
)  # fmt: skip
def test_executable_is_what_its_owner_may_execute(
    tmp_path: Path, folder: int, mode: int, seen: Mode
) -> None:
    make(tmp_path, {"f": File(b"", mode)})
    found = at(folder, "f")
    assert isinstance(found, Content)
    assert found.entry.mode is seen is mode_of(mode)


@pytest.mark.parametrize(
    ("thing", "kind"),
    [
        (Link("/etc/passwd"), ForeignKind.SYMLINK),
        (Link("nowhere"), ForeignKind.SYMLINK),
        (Folder(), ForeignKind.DIRECTORY),
        (Pipe(), ForeignKind.SPECIAL),
        (Socket(), ForeignKind.SPECIAL),
    ],
)
def test_anything_else_is_foreign_and_is_not_waited_for(
    tmp_path: Path, folder: int, thing: Link | Folder | Pipe | Socket, kind: ForeignKind
) -> None:
    """Seen failing: without `O_NONBLOCK` the pipe is waited for, without `O_NOFOLLOW` read."""
    make(tmp_path, {"f": thing})
    assert at(folder, "f") == Foreign(kind) == foreign((tmp_path / "f").lstat().st_mode)


def test_what_is_not_there_is_nothing(folder: int) -> None:
    assert at(folder, "f") is None


def test_a_file_that_may_not_be_read_is_unreadable(tmp_path: Path, folder: int) -> None:
    make(tmp_path, {"f": File(b"secret", 0o000)})
    with without_privileges():
        assert at(folder, "f") == Foreign(ForeignKind.UNREADABLE)


def test_a_fault_of_the_disk_is_unreadable() -> None:
    # The first page of a process is never there: a read of it fails as a bad disk does.
    folder = os.open("/proc/self", os.O_RDONLY | os.O_DIRECTORY)
    with (
        pytest.raises(OSError, match=os.strerror(errno.EIO)),
        Path("/proc/self/mem").open("rb") as mem,
    ):
        mem.read(1)
    assert at(folder, "mem") == Foreign(ForeignKind.UNREADABLE)
    os.close(folder)


def test_a_fault_of_the_process_is_an_error_with_the_path(tmp_path: Path, folder: int) -> None:
    make(tmp_path, {"f": b""})
    with few_handles(0), pytest.raises(DiskError) as raised:
        at(folder, "f")
    assert (raised.value.where, raised.value.number) == ("f", errno.EMFILE)


def test_a_large_file_does_not_need_large_memory(tmp_path: Path, folder: int) -> None:
    """Seen failing: with the whole file read at once."""
    with (tmp_path / "f").open("wb") as made:
        made.truncate(64 * PIECE)
    tracemalloc.start()
    found = at(folder, "f")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(found, Content)
    assert found.data is None
    assert most < 2.5 * PIECE


def test_a_file_written_a_moment_ago_has_no_stamp_to_rely_on(tmp_path: Path, folder: int) -> None:
    """Seen failing: with any stamp taken. A change in the same tick of the clock would hide."""
    make(tmp_path, {"f": b"1"})
    for ago, reliable in ((0, False), (-5, True), (5, True)):
        then = time.time_ns() - ago * 1_000_000_000
        os.utime(tmp_path / "f", ns=(then, then))
        found = at(folder, "f")
        assert isinstance(found, Content)
        assert (found.stamp is not None) is reliable


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], None]], None]:
    """Do something to the real file between two system calls of the one who reads it."""

    def arrange(change: Callable[[int], None]) -> None:
        calls = iter(range(1_000))
        really = os.read

        def read_and_change(handle: int, size: int) -> bytes:
            data = really(handle, size)
            change(next(calls))
            return data

        monkeypatch.setattr(os, "read", read_and_change)

    return arrange


def _append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _rewrite(path: Path) -> None:
    path.write_bytes(b"X" * path.stat().st_size)


def _cut(path: Path) -> None:
    os.truncate(path, 1)


def _make_executable(path: Path) -> None:
    path.chmod(0o755)


CHANGES = [_append, _rewrite, _cut, _make_executable]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("size", [10, 2 * PIECE])
def test_a_file_that_changes_while_it_is_read_is_read_again(
    tmp_path: Path,
    folder: int,
    meanwhile: Callable[[Callable[[int], None]], None],
    change: Callable[[Path], None],
    size: int,
) -> None:
    """Seen failing: with one attempt, and with only the sizes compared."""
    make(tmp_path, {"f": b"x" * size})
    meanwhile(lambda call: change(tmp_path / "f") if call == 0 else None)
    found = at(folder, "f")
    assert isinstance(found, Content)
    assert found.entry.digest == digest_of((tmp_path / "f").read_bytes())
    assert found.entry.mode == mode_of((tmp_path / "f").stat().st_mode)


def test_a_file_that_never_holds_still_is_unreadable(
    tmp_path: Path, folder: int, meanwhile: Callable[[Callable[[int], None]], None]
) -> None:
    make(tmp_path, {"f": b"x" * 10})
    calls = []

    def grow(call: int) -> None:
        calls.append(call)
        _append(tmp_path / "f")

    meanwhile(grow)
    assert at(folder, "f") == Foreign(ForeignKind.UNREADABLE)
    assert len(calls) <= 2 * ATTEMPTS


def test_a_file_that_says_a_wrong_size_is_unreadable() -> None:
    # The kernel's own files say that they are empty.
    folder = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    assert at(folder, "version") == Foreign(ForeignKind.UNREADABLE)
    os.close(folder)
