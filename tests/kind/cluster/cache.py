"""Things that take long to make, kept between runs and outside the repository.

An entry is a folder `KIND-KEY` below `STOKER_CACHE/node`; its key is a hash of everything that it
is made from. It is made in a folder with a temporary name and renamed when it is whole, so that
there are no half entries, whenever the maker was killed. One lock for each kind: two runs at once
make an entry once. A new entry takes the place of the older ones of its kind, except those that a
running node still holds (`hold`): its restart loop starts programs from there.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


def root() -> Path:
    """The folder of all entries; it need not be there yet."""
    named = os.environ.get("STOKER_CACHE")
    if named:
        return Path(named).absolute() / "node"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "stoker" / "node"


def key(parts: Iterable[str | bytes]) -> str:
    """Sixteen hex digits that stand for these parts, in this order."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:16]


def files_of(folder: Path) -> list[str | bytes]:
    """Names and contents of a folder's files, as parts of a key."""
    parts: list[str | bytes] = []
    for file in sorted(folder.iterdir()):
        parts += [file.name, file.read_bytes()]
    return parts


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def entry(kind: str, made_from: str, make: Callable[[Path], None]) -> Path:
    """The folder for this kind and key, made when it is not there."""
    place = root() / f"{kind}-{made_from}"
    if place.is_dir():
        return place
    try:
        root().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(f"no cache at {root()}: {error.strerror}; STOKER_CACHE moves it") from None
    with _locked(root() / f"{kind}.lock"):
        if not place.is_dir():
            _make(kind, place, make)
    return place


def _make(kind: str, place: Path, make: Callable[[Path], None]) -> None:
    for leftover in root().glob(f".{kind}-*"):  # of a run that was killed: nobody else has the lock
        shutil.rmtree(leftover, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{kind}-", dir=root()))
    draft.chmod(0o755)
    try:
        make(draft)
        draft.rename(place)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    _remove_older(kind, place)


def _remove_older(kind: str, place: Path) -> None:
    pattern = re.compile(re.escape(kind) + r"-[0-9a-f]{16}")
    for other in root().iterdir():
        if other == place or not pattern.fullmatch(other.name):
            continue
        held = os.open(other, os.O_RDONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(other, ignore_errors=True)
        except BlockingIOError:
            pass  # a running node starts its daemons from there
        finally:
            os.close(held)


def hold(place: Path) -> int:
    """Keep an entry from being removed for as long as this process lives."""
    handle = os.open(place, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_SH)
    return handle
