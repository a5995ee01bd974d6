"""What belongs into our repository; everything else is removed, unread.

A list of what may stay is shorter than one of what may go wrong: locks that a killed git left,
halves of packs, hooks, attributes, alternates, grafts, replacements, commit graphs, bitmaps, other
people's refs and links to elsewhere all go by the same rule. What may stay is:

- `HEAD` and `config`, with our bytes or written anew: nothing in them is taken from the disk
- `objects/pack`: packs and their indexes, in pairs that fit each other; git is told to write no
  single objects
- `refs/stoker`: marks, one for each commit that was found whole; name and content are its id
- `shallow`: written anew from the marks, since no commit here has its parents
- `stoker.lock` and `stoker.packed`: our own notes

Damage inside a pack is not looked for here, which would mean to read all of it; that is done before
the first object is read.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stoker.adapters.git.durable import settle, write
from stoker.adapters.git.packs import is_complete

if TYPE_CHECKING:
    from collections.abc import Iterable

LOCK: Final = "stoker.lock"
"""The file that one process holds; a directory that has it is ours."""

MARKS: Final = "refs/stoker"
PACKS: Final = "objects/pack"
SHALLOW: Final = "shallow"
PACKED: Final = "stoker.packed"
"""How many bytes the packs had when all that is kept was packed last."""

NOT_OURS: Final = frozenset({"lost+found"})
"""What file systems put into the root of a volume; it is let alone."""

_HEAD: Final = b"ref: refs/heads/none\n"
_CONFIG: Final = b"""\
[core]
\trepositoryformatversion = 0
\tbare = true
\tlogAllRefUpdates = false
\tfsync = committed,reference
[pack]
\twriteReverseIndex = false
\twindow = 0
[repack]
\twriteBitmaps = false
\tupdateServerInfo = false
"""
"""Kept small on purpose: what git may do is said with every call, by its environment."""

_NUMBER: Final = re.compile(rb"[0-9]{1,18}\n")
_ID: Final = re.compile(r"[0-9a-f]{40}")
_PACK: Final = re.compile(r"(pack-[0-9a-f]{40})\.(?:pack|idx)")


def heal(root: Path) -> bool:
    """Remove what does not belong, and make what is missing; whether objects were lost by it."""
    _sweep_folders(root)
    for folder in (PACKS, MARKS):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name, content in (("config", _CONFIG), ("HEAD", _HEAD)):
        if _bytes_of(root / name) != content:
            write(root / name, content)
    return _sweep_packs(root)


def empty(root: Path) -> None:
    """Remove everything but the lock."""
    for entry in _scan(root):
        if entry.name not in {LOCK, *NOT_OURS}:
            _remove(entry)
    settle(root)


def sizes(root: Path) -> list[int]:
    """How many bytes each pack has."""
    files = _scan(root / PACKS)
    return [entry.stat().st_size for entry in files if entry.name.endswith(".pack")]


def packed(root: Path) -> int | None:
    """What `write_packed` said; None where nobody knows."""
    text = _bytes_of(root / PACKED)
    return int(text) if _NUMBER.fullmatch(text) else None


def write_packed(root: Path, size: int) -> None:
    """Remember how many bytes the packs have now, when nothing in them could go."""
    write(root / PACKED, b"%d\n" % size)


def marks(root: Path) -> set[str]:
    """The ids of the commits that are marked as whole."""
    return {entry.name for entry in _scan(root / MARKS) if _is_mark(entry)}


def mark(root: Path, commit: str) -> None:
    """Mark a commit; from now on git knows that it is here, and that its parents are not."""
    listed = shallow(root)
    if commit not in listed:
        write_shallow(root, {*listed, commit})
    write(root / MARKS / commit, f"{commit}\n".encode())


def unmark(root: Path, commits: Iterable[str]) -> None:
    """Take marks away."""
    for commit in commits:
        (root / MARKS / commit).unlink(missing_ok=True)
    settle(root / MARKS)


def shallow(root: Path) -> set[str]:
    """The commits whose parents are not here."""
    return {
        line for line in _bytes_of(root / SHALLOW).decode("ascii", "replace").split("\n") if line
    }


def write_shallow(root: Path, commits: Iterable[str]) -> None:
    """Say whose parents are not here; git takes no empty list."""
    text = "".join(f"{commit}\n" for commit in sorted(commits)).encode()
    if text == _bytes_of(root / SHALLOW):
        return
    if text:
        write(root / SHALLOW, text)
    else:
        (root / SHALLOW).unlink(missing_ok=True)


def _sweep_folders(root: Path) -> None:
    for entry in _scan(root):
        if entry.name in {"HEAD", "config", SHALLOW, LOCK, PACKED}:
            _remove_unless(entry, belongs=_is_file(entry))
        elif entry.name not in NOT_OURS:
            _remove_unless(entry, belongs=entry.name in {"objects", "refs"} and _is_folder(entry))
    for entry in _scan(root / "objects"):
        _remove_unless(entry, belongs=entry.name == "pack" and _is_folder(entry))
    for entry in _scan(root / "refs"):
        _remove_unless(entry, belongs=entry.name == "stoker" and _is_folder(entry))
    for entry in _scan(root / MARKS):
        _remove_unless(entry, belongs=_is_mark(entry))


def _sweep_packs(root: Path) -> bool:
    names = {entry.name for entry in _scan(root / PACKS) if _is_file(entry)}
    stems = {match[1] for name in names if (match := _PACK.fullmatch(name))}
    pairs = {stem for stem in stems if {f"{stem}.pack", f"{stem}.idx"} <= names}
    whole = {stem for stem in pairs if is_complete(root / PACKS, stem)}
    belonging = {f"{stem}.{end}" for stem in whole for end in ("pack", "idx")}
    for entry in _scan(root / PACKS):
        _remove_unless(entry, belongs=entry.name in belonging)
    return stems != whole


def _is_mark(entry: os.DirEntry[str]) -> bool:
    return (
        _ID.fullmatch(entry.name) is not None
        and _is_file(entry)
        and _bytes_of(entry) == f"{entry.name}\n".encode()
    )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def _is_file(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False)


def _remove_unless(entry: os.DirEntry[str], *, belongs: bool) -> bool:
    if not belongs:
        _remove(entry)
    return not belongs


def _remove(entry: os.DirEntry[str]) -> None:
    if _is_folder(entry):
        shutil.rmtree(entry.path)
    else:
        Path(entry.path).unlink(missing_ok=True)


def _scan(folder: os.PathLike[str]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _bytes_of(path: os.PathLike[str]) -> bytes:
    try:
        return Path(path).read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        return b""
