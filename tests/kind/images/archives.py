"""Archives of images that are kept between runs, below `STOKER_CACHE/images`.

An archive `NAME-KEY.tar` is written to another name first and renamed when it is whole, so there
are no half ones, whenever a build is killed. One lock for each name: two runs at once build once. A
new archive takes the place of the older ones of its name; one that was used within ten minutes
stays, since somebody may be loading it.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cluster.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_IN_USE: Final = 600.0
"""Seconds."""


def root() -> Path:
    """The folder of the archives, which is made if it is not there."""
    named = os.environ.get("STOKER_CACHE")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = (Path(named) if named else cache / "stoker").absolute() / "images"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(f"no cache at {folder}: {error.strerror}; STOKER_CACHE moves it") from None
    return folder


def kept(name: str, key: str, make: Callable[[Path], None]) -> Path:
    """The archive of this name and key; `make` writes it to the path that it is given."""
    place = root() / f"{name}-{key}.tar"
    if not place.exists():
        with _locked(root() / f"{name}.lock"):
            if not place.exists():
                _make(name, place, make)
                _remove_older(name, place)
    os.utime(place)
    return place


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A folder for the build of this name; what a killed one has left goes with the next."""
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=root()) as folder:
        yield Path(folder)


def all_of(names: Iterable[str]) -> list[Path]:
    """The archives of these names that are there."""
    return [path for name in names for path in sorted(root().iterdir()) if _is_of(name, path)]


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _make(name: str, place: Path, make: Callable[[Path], None]) -> None:
    for leftover in place.parent.glob(f".{name}-*"):  # of a build that was killed
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    draft = place.with_name(f".{place.name}")
    try:
        make(draft)
        draft.rename(place)
    finally:
        draft.unlink(missing_ok=True)


def _remove_older(name: str, place: Path) -> None:
    for other in all_of([name]):
        if other != place and time.time() - other.stat().st_mtime > _IN_USE:
            other.unlink()


def _is_of(name: str, path: Path) -> bool:
    return re.fullmatch(re.escape(name) + r"-[0-9a-f]{16}\.tar", path.name) is not None
