"""What it costs to bring files to a disk so that a crash is harmless.

A first sync of 14,000 files, against `cp -a` and `rsync -a` of the same files, and a commit that
changes 10 of 100,000 files (in ten folders): processor time of everything that is done to the disk
and to the manifest, from the journal to the end. The directory is the first argument, or a new one
where temporary files go.
"""

from __future__ import annotations

import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from attrs import astuple, frozen

from stoker.adapters.fs.execute import carry_out, settle
from stoker.adapters.fs.handles import DataDirectory
from stoker.adapters.fs.store import Head, Store
from stoker.core.journal import begin, commit
from stoker.core.manifest import Digest, Entry, Manifest, Mode, Stamp, digest_of
from stoker.core.paths import RelPath
from stoker.core.planning import Create, Plan, Replace

FIRST, MANY, CHANGED = 14_000, 100_000, 10


@frozen
class Cost:
    """What something took."""

    wall: float
    user: float
    system: float

    @property
    def processor(self) -> float:
        """In the program and, for it, in the kernel."""
        return self.user + self.system


def measured(work: Callable[[], object], who: int = resource.RUSAGE_SELF) -> Cost:
    """Do it and say what it took."""
    before, start = resource.getrusage(who), time.perf_counter()
    work()
    after, end = resource.getrusage(who), time.perf_counter()
    return Cost(end - start, after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime)


def generated(number: int, seed: int = 7) -> dict[RelPath, bytes]:
    """Files in the shape of a gateway's: three of a resource in each folder, 1 to 4 KiB."""
    rng = random.Random(seed)  # noqa: S311 - a benchmark's data
    files: dict[RelPath, bytes] = {}
    areas = [
        "/".join(f"Area {rng.randint(0, 3)}" for _ in range(rng.randint(1, 6))) for _ in range(40)
    ]
    for resource_number in range(number // 3 + 1):
        area = rng.choice(areas)
        project = f"projects/Line {rng.randint(0, 9)}/com.inductiveautomation.perspective/views"
        for name in ("resource.json", "view.json", "thumbnail.png"):
            path = RelPath(f"{project}/{area}/{resource_number}/{name}")
            files[path] = rng.randbytes(rng.randint(500, 3_500))
    return dict(list(files.items())[:number])


def first_sync(root: Path, files: dict[RelPath, bytes]) -> dict[str, Cost]:
    """Everything is new."""
    entries = {path: Entry(digest_of(data), Mode.REGULAR) for path, data in files.items()}
    made = Plan(ops=tuple(Create(path, entry) for path, entry in sorted(entries.items())))
    costs: dict[str, Cost] = {}
    with DataDirectory(root) as data:
        store = Store(data)
        store.lock()
        journal = begin(made, Manifest())
        head = Head("first", "refs/heads/main", "first")
        receipts: dict[RelPath, Stamp] = {}
        costs["begin"] = measured(lambda: store.begin(journal, Head(), head))
        costs["carry out"] = measured(
            lambda: receipts.update(carry_out(data, store, made, lambda op: files[op.path]))
        )
        known = commit(Manifest(), made, receipts)
        costs["manifest"] = measured(lambda: store.update(known.entries, known, head))
        costs["drop"] = measured(store.drop)
        store.unlock()
    return costs


def few_of_many(root: Path) -> dict[str, Cost]:
    """Ten files of many differ."""
    files = generated(MANY)
    chosen = random.Random(3).sample(sorted(files), CHANGED)  # noqa: S311 - as above
    entries = {path: Entry(Digest(f"{n:040x}"), Mode.REGULAR) for n, path in enumerate(files)}
    for path in chosen:
        place = root / path
        place.parent.mkdir(parents=True)
        place.write_bytes(files[path])
        entries[path] = Entry(digest_of(files[path]), Mode.REGULAR)
    stamps = {path: Stamp(1000, 1_700_000_000_000_000_000 + n, n) for n, path in enumerate(files)}
    for path in chosen:
        status = (root / path).stat()
        stamps[path] = Stamp(status.st_size, status.st_mtime_ns, status.st_ino)
    new = {path: files[path] + b"!" for path in chosen}
    ops = tuple(
        Replace(path, Entry(digest_of(new[path]), Mode.REGULAR), entries[path])
        for path in sorted(new)
    )
    made, head = Plan(ops=ops), Head("next", "refs/heads/main", "next")
    costs: dict[str, Cost] = {}
    with DataDirectory(root) as data:
        store = Store(data)
        whole = Manifest(entries, stamps)
        costs["(write all of the manifest)"] = measured(
            lambda: store.update(entries, whole, Head("first"))
        )
        costs["(read it, raw)"] = measured(lambda: sum(map(len, store.rows())))

        def one() -> None:
            applied = store.covering(new)
            journal = begin(made, applied)
            store.begin(journal, store.head(), head)
            receipts = carry_out(data, store, made, lambda op: new[op.path])
            store.update(new, commit(applied, made, receipts), head)
            store.drop()

        costs["10 of 100,000, all of it"] = measured(one)
        costs["settle, nothing to do"] = measured(lambda: settle(data, store))
    return costs


def show(name: str, cost: Cost, files: int = 0) -> None:
    """One line of the table."""
    each = f"{cost.processor / files * 1e6:7.1f} µs of processor a file" if files else ""
    print(
        f"{name:28} {cost.wall * 1000:9.1f} ms wall {cost.user * 1000:9.1f} user"
        f" {cost.system * 1000:9.1f} system  {each}"
    )


def main() -> None:
    """Print the table."""
    base = Path(tempfile.mkdtemp(dir=sys.argv[1] if len(sys.argv) > 1 else None))
    try:
        files = generated(FIRST)
        source = base / "source"
        for path, data in files.items():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_bytes(data)
        for program in (["cp", "-a"], ["rsync", "-a"]):
            target = base / program[0]
            command = [*program, f"{source}/", str(target)]
            copied = measured(
                lambda command=command: subprocess.run(command, check=True),  # type: ignore[misc] # noqa: S603
                resource.RUSAGE_CHILDREN,
            )
            show(" ".join(program), copied, FIRST)
        ours = base / "ours"
        ours.mkdir()
        costs = first_sync(ours, files)
        for name, cost in costs.items():
            show(f"first sync: {name}", cost, FIRST)
        every = Cost(*map(sum, zip(*map(astuple, costs.values()), strict=True)))
        show("first sync", every, FIRST)
        many = base / "many"
        many.mkdir()
        for name, cost in few_of_many(many).items():
            show(name, cost)
    finally:
        shutil.rmtree(base)


if __name__ == "__main__":
    main()
