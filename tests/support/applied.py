"""Whole syncs on a real directory, as the engine makes them, without git and without a gateway."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from stoker.adapters.fs.execute import carry_out, roll_back, settle
from stoker.adapters.fs.handles import DataDirectory
from stoker.adapters.fs.store import Head, Store
from stoker.core.errors import StokerError
from stoker.core.journal import begin, commit
from stoker.core.manifest import (
    Entry,
    Foreign,
    ForeignKind,
    Manifest,
    Mode,
    Observed,
    digest_of,
)
from stoker.core.paths import RelPath
from stoker.core.planning import Create, Plan, Policy, Replace, plan
from stoker.core.spec import PruneMode

File = tuple[bytes, Mode]
Files = Mapping[RelPath, File]

OWNED: Final = Policy(prune=PruneMode.OWNED, prune_limit_percent=100)


def files(**contents: str) -> dict[RelPath, File]:
    """Files by name; `a__b` is `a/b`."""
    return {
        RelPath(name.replace("__", "/")): (text.encode(), Mode.REGULAR)
        for name, text in contents.items()
    }


def entry_of(file: File) -> Entry:
    """The entry of a file."""
    return Entry(digest_of(file[0]), file[1])


def manifest_of_files(wanted: Files) -> Manifest:
    """What is desired."""
    return Manifest({path: entry_of(file) for path, file in wanted.items()})


def lay(root: Path, wanted: Files) -> None:
    """Put files there, as anybody else would."""
    for path, (data, mode) in wanted.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        place.chmod(mode)


def tree(root: Path) -> dict[RelPath, File]:
    """Every file that is not Stoker's own."""
    return {
        RelPath(str(place.relative_to(root))): (
            place.read_bytes(),
            Mode.EXECUTABLE if place.stat().st_mode & stat.S_IXUSR else Mode.REGULAR,
        )
        for place in sorted(root.rglob("*"))
        if place.is_file() and not place.is_symlink() and not _is_own(root, place)
    }


def _is_own(root: Path, place: Path) -> bool:
    return ".stoker" in place.relative_to(root).parts


def leftovers(root: Path) -> list[str]:
    """What of Stoker's own is there that is not there at rest."""
    own = root / ".stoker"
    found = [str(each.relative_to(root)) for each in root.rglob(".stoker-*")]
    rest = {"lock", "head", "manifest", "rescued"}
    return found + sorted({each.name for each in own.iterdir()} - rest if own.exists() else ())


def observe(root: Path) -> Observed:
    """Everything that is there."""
    seen: dict[RelPath, Entry | Foreign] = {
        path: entry_of(file) for path, file in tree(root).items()
    }
    for place in root.rglob("*"):
        if place.is_dir() and not place.is_symlink() and not _is_own(root, place):
            seen[RelPath(str(place.relative_to(root)))] = Foreign(ForeignKind.DIRECTORY)
    return Observed(seen)


def contents_of(wanted: Files) -> Callable[[Create | Replace], bytes]:
    """What git would say."""
    return lambda op: wanted[op.path][0]


@contextmanager
def opened(
    root: Path, tell: Callable[[StokerError], None] | None = None
) -> Iterator[tuple[DataDirectory, Store]]:
    """The data directory and its store, locked."""
    with DataDirectory(root) as data:
        store = Store(data) if tell is None else Store(data, tell)
        store.lock()
        try:
            yield data, store
        finally:
            store.unlock()


def sync(root: Path, wanted: Files, name: str = "one", policy: Policy = OWNED) -> Plan:
    """One whole sync to these files; `name` is the commit's."""
    with opened(root) as (data, store):
        settle(data, store)
        made = apply(data, store, wanted, name, policy)
        store.drop()
        return made


def apply(
    data: DataDirectory, store: Store, wanted: Files, name: str = "one", policy: Policy = OWNED
) -> Plan:
    """A sync up to the scan."""
    desired = manifest_of_files(wanted)
    applied = store.everything()
    made = plan(desired, applied, observe(data.path), policy)
    carry(data, store, made, wanted, name)
    return made


def carry(data: DataDirectory, store: Store, made: Plan, wanted: Files, name: str = "one") -> None:
    """Carry out a plan, and write the manifest."""
    applied = store.everything()
    journal = begin(made, applied)
    after = Head(name, f"refs/heads/{name}", name)
    store.begin(journal, store.head(), after)
    receipts = carry_out(data, store, made, contents_of(wanted))
    known = commit(applied, made, receipts)
    store.update({*applied.entries, *known.entries}, known, after)


def undo(root: Path) -> Head:
    """Put back what the apply that is under way has changed."""
    with opened(root) as (data, store):
        return roll_back(data, store)
