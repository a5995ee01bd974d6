"""What stands in a data directory and in a repository, and what is wrong with it."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_STATE: Final = ".stoker"
_GENERATION: Final = re.compile(r"^(\.stoker/manifest/\d+)-\d+$")
_HELD: Final = "stoker.lock"
"""Locked while a process is at work, and never taken away: that it is there means nothing."""
_LEFT_BEHIND: Final = (".lock", ".tmp", ".temp")
_LEFT_BY_GIT: Final = ("tmp_", ".tmp-", "incoming-")

Standing = Mapping[str, tuple[str, int, bytes]]
"""What stands at each path: its kind, its mode, and its contents or where it leads."""


def standing(folder: Path) -> Standing:
    """Everything below a folder; of Stoker's own state only the names.

    The manifest's files are numbered anew with each change, so their numbers depend on how often
    it was killed; how many there are does not.
    """
    found: dict[str, tuple[str, int, bytes]] = {}
    for path in sorted(folder.rglob("*")):
        name = _GENERATION.sub(r"\1-", str(path.relative_to(folder)))
        while name in found:
            name += "'"
        status = path.lstat()
        content = b""
        if stat.S_ISREG(status.st_mode) and not name.startswith(_STATE):
            content = path.read_bytes()
        elif stat.S_ISLNK(status.st_mode):
            content = os.fsencode(path.readlink())
        found[name] = (_kind(status.st_mode), stat.S_IMODE(status.st_mode), content)
    return found


def _kind(mode: int) -> str:
    return {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}.get(
        stat.S_IFMT(mode), "other"
    )


def differences(wanted: Standing, found: Standing) -> list[str]:
    """What is not as it would be without the kill."""
    told = [f"{name} is not there" for name in wanted.keys() - found.keys()]
    told += [f"{name} is too many" for name in found.keys() - wanted.keys()]
    for name in wanted.keys() & found.keys():
        (kind, mode, content), (other_kind, other_mode, other) = wanted[name], found[name]
        if kind != other_kind:
            told.append(f"{name} is a {other_kind} and not a {kind}")
        elif content != other:
            told.append(f"{name} holds {other[:40]!r} and not {content[:40]!r}")
        elif mode != other_mode:
            told.append(f"{name} has the mode {other_mode:o} and not {mode:o}")
    return sorted(told)


def left_in(repository: Path) -> list[str]:
    """What a killed git has left in a repository, and what git finds wrong with it."""
    names = [path for path in repository.rglob("*") if _is_left(path.name)]
    told = [f"{path.relative_to(repository)} is left in the repository" for path in names]
    checked = subprocess.run(  # noqa: S603 - a fixed command
        ["git", f"--git-dir={repository}", "fsck", "--connectivity-only", "--no-dangling"],  # noqa: S607 - git of the path, as Stoker has it
        capture_output=True,
        text=True,
        check=False,
    )
    if checked.returncode != 0:
        told.append(f"git fsck: {checked.stderr.strip()}")
    return told


def _is_left(name: str) -> bool:
    return name != _HELD and (name.endswith(_LEFT_BEHIND) or name.startswith(_LEFT_BY_GIT))
