"""Data directories on a real disk: made from a few words, remembered as the disk tells them."""

from __future__ import annotations

import os
import resource
import socket
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import indent

from attrs import frozen

from stoker.adapters.codec.manifest import RawRow, raw_rows, rows_of, to_line
from stoker.core.manifest import Digest, Entry, Manifest, Mode, Stamp, digest_of
from stoker.core.paths import RelPath

LONG_AGO = 1_700_000_000_000_000_000
"""A time for files, in nanoseconds, that no clock can take for now."""


@frozen
class File:
    """A file."""

    content: bytes = b""
    mode: int = 0o644


@frozen
class Link:
    """A symbolic link."""

    to: str


@frozen
class Folder:
    """An empty folder, or one with this mode."""

    mode: int = 0o755


@frozen
class Pipe:
    """A pipe that nobody writes into: who waits for it waits for ever."""


@frozen
class Socket:
    """A socket."""


Thing = bytes | File | Link | Folder | Pipe | Socket


def paths(*texts: str) -> list[RelPath]:
    """Paths."""
    return [RelPath(text) for text in texts]


def make(top: Path, things: Mapping[str, Thing]) -> None:
    """Make these things below `top`, and the folders they need; the files are old."""
    top.mkdir(parents=True, exist_ok=True)
    top.chmod(0o755)
    for name, thing in things.items():
        place = top / name
        place.parent.mkdir(parents=True, exist_ok=True)
        match thing:
            case bytes():
                _write(place, File(thing))
            case File():
                _write(place, thing)
            case Link():
                place.symlink_to(thing.to)
            case Folder():
                place.mkdir(exist_ok=True)
            case Pipe():
                os.mkfifo(place)
            case Socket():
                _bind(place)
    # A folder that nobody may enter is closed when everything is in it.
    for name, thing in things.items():
        if isinstance(thing, Folder):
            (top / name).chmod(thing.mode)


def _write(place: Path, file: File) -> None:
    place.write_bytes(file.content)
    place.chmod(file.mode)
    os.utime(place, ns=(LONG_AGO, LONG_AGO))


def _bind(place: Path) -> None:
    # By a short name: a socket's path has room for 107 bytes.
    handle = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{handle}/{place.name}")
    os.close(handle)


def applied_from(top: Path, of: Iterable[RelPath], like: Digest | None = None) -> Manifest:
    """The manifest of one who wrote these files just as they are."""
    entries, stamps = {}, {}
    for path in of:
        status = (top / path).lstat()
        mode = Mode.EXECUTABLE if status.st_mode & stat.S_IXUSR else Mode.REGULAR
        entries[path] = Entry(digest_of((top / path).read_bytes(), like), mode)
        stamps[path] = Stamp(status.st_size, status.st_mtime_ns, status.st_ino)
    return Manifest(entries, stamps)


def shards_of(manifest: Manifest, size: int = 1_000_000) -> list[list[RawRow]]:
    """The manifest as a store hands it out."""
    lines = [to_line(row) for row in rows_of(manifest)]
    return [raw_rows(lines[at : at + size]) for at in range(0, len(lines), size)]


def portrait(top: Path) -> dict[bytes, tuple[object, ...]]:
    """Everything that the disk tells of what is below `top`, the times of reading apart."""
    found: dict[bytes, tuple[object, ...]] = {}
    for above, folders, files in os.walk(os.fsencode(top)):
        for name in (*folders, *files):
            place = os.path.join(above, name)  # noqa: PTH118 - in bytes
            status = os.lstat(place)
            found[place] = (
                status.st_mode, status.st_uid, status.st_gid, status.st_size, status.st_ino,
                status.st_nlink, status.st_mtime_ns, status.st_ctime_ns, _content(place, status),
            )  # fmt: skip
    return found


def _content(place: bytes, status: os.stat_result) -> bytes | None:
    if stat.S_ISLNK(status.st_mode):
        return os.readlink(place)  # noqa: PTH115 - in bytes
    if stat.S_ISREG(status.st_mode):
        return Path(os.fsdecode(place)).read_bytes()
    return None


NOBODY = 65534


@contextmanager
def without_privileges() -> Iterator[None]:
    """The file system's permissions hold: as root, act as a user that owns nothing."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@contextmanager
def churned(top: Path, code: str) -> Iterator[None]:
    """Another process does this in `top`, over and over, as fast as it can."""
    start = "import os, sys\nos.chdir(sys.argv[1])\nprint(flush=True)\nwhile True:\n"
    loop = start + indent(code, "    ")
    with subprocess.Popen(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", loop, top], stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout
            process.stdout.readline()
            yield
            assert process.poll() is None, "it has stopped by itself"
        finally:
            process.kill()


def open_handles() -> set[str]:
    """The file handles of this process."""
    return {each.name for each in Path("/proc/self/fd").iterdir()}


@contextmanager
def few_handles(more: int) -> Iterator[None]:
    """This process can open so many more files and no others."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # The limit is one of numbers, and the lowest free one is given: fill the gaps first.
    highest = max(map(int, open_handles()))
    fillers = [os.open("/", os.O_RDONLY)]
    while fillers[-1] < highest:
        fillers.append(os.dup(fillers[0]))
    resource.setrlimit(resource.RLIMIT_NOFILE, (fillers[-1] + 1 + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for each in fillers:
            os.close(each)
