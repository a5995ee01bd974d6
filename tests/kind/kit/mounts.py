"""Mounts on this machine for a test: a small disk, one without writes, a file that is pinned.

They are the ways in which a volume fails that no mode of a file can show to a process of root's, as
the agents of this machine are. All of them are gone with the `with`.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

WITHOUT_POWERS: Final = ("setpriv", "--bounding-set", "-all", "--inh-caps", "-all")
"""Root, to whom the modes of files apply as to anybody."""


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)  # noqa: S603, S607 - the tests' own words


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system in memory of this size at the folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        _unmount(folder)


def read_only(folder: Path, *, on: bool) -> None:
    """Have what is mounted there take no writes, or take them again."""
    _mount("-o", "remount,ro" if on else "remount,rw", str(folder))


@contextmanager
def pinned(file: Path) -> Iterator[None]:
    """A file that is a mount of its own and read-only, as one of a ConfigMap is in a pod."""
    _mount("--bind", str(file), str(file))
    try:
        _mount("-o", "remount,bind,ro", str(file))
        yield
    finally:
        _unmount(file)


def _unmount(place: Path) -> None:
    # Whoever works there still is no reason to leave it mounted.
    subprocess.run(["umount", "--lazy", str(place)], check=True)  # noqa: S603, S607 - as above
