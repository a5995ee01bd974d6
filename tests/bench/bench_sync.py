"""Whole syncs, against `git clone` and `rsync -a --delete` of the same files in the same run.

`python tests/bench/bench_sync.py [SIZE …]`: sizes S, M, L and XL, as `stoker.testing.repositories`
grows them. Everything happens in one new folder that is removed at the end: a file system that
has just deleted many files is slow to make new ones, and would blame whoever comes next. A
`git daemon` on this machine serves the repository; the CPU time of git is that of the client alone.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stoker.testing.repositories import Site, Upstream
from support.git_servers import GitDaemon

CHANGES = (10, 10, 100, 1000)
WORKER = Path(__file__).with_name("sync_worker.py")


def main(sizes: Sequence[str]) -> None:
    base = Path(tempfile.mkdtemp(prefix="stoker-bench-"))
    try:
        for size in sizes:
            measure(size, base / size)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def measure(size: str, base: Path) -> None:
    upstream = Upstream.create(base / "upstream.git")
    site = Site.of(size)
    commits = [site.commit(upstream)]
    changes = [count for count in CHANGES if count * 2 <= site.size.files]
    for revision, count in enumerate(changes, 1):
        commits.append(site.change(upstream, count, revision=revision))
    commits.append(upstream.commit({"README.md": "nothing that is mapped"}))
    upstream.configure("uploadpack.allowAnySHA1InWant", "true")
    upstream.git("repack", "-adq")
    # A sync makes durable what it wrote, and must not wait for what was written before it.
    os.sync()
    with GitDaemon(upstream.git_dir.parent) as daemon:
        compare(size, base, daemon.url(upstream.git_dir.name), commits, changes)


def compare(
    size: str, base: Path, url: str, commits: Sequence[str], changes: Sequence[int]
) -> None:
    """The same commits synced by us, and the first of them cloned and copied by others."""
    command = (sys.executable, str(WORKER), url, str(base / "agent"), *commits)
    done = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own worker
    laps: list[dict[str, Any]] = json.loads(done.stdout)
    clone = timed("git", "clone", "--quiet", url, str(base / "clone"))
    (base / "copy").mkdir()
    copy = ("rsync", "-a", "--delete", "--exclude=.git", f"{base}/clone/", f"{base}/copy/")
    first, again = timed(*copy), timed(*copy)
    show(size, changes, laps, (clone, first, again))


def timed(*command: str) -> tuple[float, float]:
    """Wall time and CPU time of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(command, check=True)  # noqa: S603 - git and rsync, on our own folders
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def show(
    size: str,
    changes: Sequence[int],
    laps: Sequence[dict[str, Any]],
    others: Sequence[tuple[float, float]],
) -> None:
    (clone, clone_cpu), (copy, copy_cpu), (again, again_cpu) = others
    names = ["first sync", *(f"{count} files changed" for count in changes)]
    names += ["nothing mapped changed", "drift check"]
    print(f"{size}: wall, CPU of this process, of git, peak memory; ratio")
    for name, lap in zip(names, laps, strict=True):
        against = clone + copy if name == "first sync" else again
        print(
            f"  {name:24}{lap['wall']:8.3f} s{lap['cpu']:8.3f} s{lap['children']:8.3f} s"
            f"{lap['peak']:7.0f} MiB{lap['wall'] / against:9.2f}"
        )
    print(f"  {'git clone':24}{clone:8.3f} s{clone_cpu:8.3f} s")
    print(f"  {'rsync, first':24}{copy:8.3f} s{copy_cpu:8.3f} s")
    print(f"  {'rsync, nothing changed':24}{again:8.3f} s{again_cpu:8.3f} s")


if __name__ == "__main__":
    main(sys.argv[1:] or ("S", "M", "L"))
