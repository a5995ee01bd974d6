"""What it costs to look at a data directory, beside the same look by `find` and `git status`.

Trees of 14,000 and of 100,000 small files, in the shape of a large repository: resources of three
files each, in views that are nested a few folders deep. CPU seconds, user and system together, the
best of three, and the ratio of each to `find`, which is what a noisy machine leaves comparable.
Memory is what the drift check allocates in Python at its peak.

    python tests/bench/bench_observe.py [files …]
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from stoker.adapters.fs.drift import Drift, check_drift
from stoker.adapters.fs.handles import DataDirectory
from stoker.adapters.fs.observe import Observer
from stoker.adapters.fs.store import Head, Store
from stoker.core.manifest import Manifest, Stamp
from stoker.core.paths import RelPath

SIZES = (14_000, 100_000)
MIRRORED = (RelPath("projects"),)


def make_tree(top: Path, files: int, seed: int = 7) -> None:
    """That many small files below `projects`."""
    rng = random.Random(seed)  # noqa: S311 - a benchmark's data
    views = "com.inductiveautomation.perspective/views"
    for number in range(0, files, 3):
        depth = rng.randint(0, 3)
        area = "/".join(f"Area {rng.randint(0, 4)}" for _ in range(depth))
        folder = top / f"projects/Line {rng.randint(0, 19)}/{views}" / area / f"View {number}"
        folder.mkdir(parents=True)
        for name in ("resource.json", "view.json", "thumbnail.png")[: files - number]:
            (folder / name).write_bytes(rng.randbytes(rng.randint(100, 900)))


def stamps_of(top: Path, paths: list[RelPath]) -> dict[RelPath, Stamp]:
    """How the files look."""
    found = {}
    for path in paths:
        status = (top / path).lstat()
        found[path] = Stamp(status.st_size, status.st_mtime_ns, status.st_ino)
    return found


def spent() -> float:
    """CPU seconds of this process and of its children, so far."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def cpu(work: Callable[[], object], times: int = 3) -> float:
    """The CPU seconds of the cheapest of a few runs."""
    needed = []
    for _ in range(times):
        start = spent()
        work()
        needed.append(spent() - start)
    return min(needed)


def peak(work: Callable[[], object]) -> float:
    """What Python allocates at most, in MiB."""
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / (1 << 20)


def run(*command: str, at: Path) -> None:
    """One command, its output thrown away."""
    subprocess.run(command, cwd=at, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def checkout(top: Path) -> None:
    """Make the tree a checkout without changes."""
    for command in (
        "init -q", "config gc.auto 0", "config maintenance.auto false",
        "config user.name bench", "config user.email bench@localhost",
        "add --all projects", "commit -q -m all", "status --porcelain -- projects",
    ):  # fmt: skip
        run("git", *command.split(), at=top)


def measure(top: Path, files: int) -> None:
    """Print the table for one tree."""
    make_tree(top, files)
    checkout(top)
    with DataDirectory(top) as data:
        observer = Observer(data, lambda *_: None)

        def below(applied: Manifest, also: list[RelPath]) -> Manifest:
            seen = observer.below(MIRRORED, also, applied, skip=lambda _: False)
            return Manifest(seen.entries)  # type: ignore[arg-type]  # there are only files

        entries = below(Manifest(), []).entries
        paths = sorted(entries)
        applied = Manifest(entries, stamps_of(top, paths))
        store = Store(data)
        store.lock()
        store.update(paths, applied, Head())

        def drift() -> Drift:
            return check_drift(data, store.rows(), lambda *_: None, MIRRORED, lambda _: False)

        assert drift() == Drift()
        rows: dict[str, Callable[[], object]] = {
            "find -printf": lambda: run("find", "projects", "-printf", "%s %T@ %p", at=top),
            "git status": lambda: run("git", "status", "--porcelain", "--", "projects", at=top),
            "below, by stat": lambda: below(applied, paths),
            "at, by stat": lambda: observer.at(paths, applied),
            "below, by content": lambda: below(Manifest(), paths),
            "drift check": drift,
            "  reading its rows": lambda: sum(map(len, store.rows())),
        }
        needed = {name: cpu(work) for name, work in rows.items()}
        for name, seconds in needed.items():
            ratio = seconds / needed["find -printf"]
            print(f"{files:>8,}  {name:20} {seconds:7.3f} s of CPU  {ratio:6.2f} x find")
        print(f"{files:>8,}  drift check          {peak(drift):7.1f} MiB")
        store.unlock()


def main() -> None:
    """Measure the sizes that are asked for."""
    for files in map(int, sys.argv[1:]) if len(sys.argv) > 1 else SIZES:
        with tempfile.TemporaryDirectory() as top:
            measure(Path(top), files)


if __name__ == "__main__":
    main()
