"""One agent's life in a process of its own, measured: the part of `bench_sync` that runs in it.

It syncs a first commit, then commits that change some files, then nothing, and checks for drift;
each with its wall time, the CPU time of this process and that of its children.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import define, field

from stoker.adapters.clock import utc_now
from stoker.adapters.git.credentials import Access
from stoker.core.agent import Assignment, Identity, assign
from stoker.core.agent import effects as ef
from stoker.core.agent import events as ev
from stoker.core.pods import Pod, PodAnnotations
from stoker.core.profile import Metadata, ResolvedProfile
from stoker.core.spec import SourceMapping
from stoker.entrypoints.engine.doers import Doers
from stoker.entrypoints.engine.here import opened
from stoker.entrypoints.engine.site import Site

PROFILE = ResolvedProfile(
    name="default",
    mappings=(
        SourceMapping(source="projects", destination="projects"),
        SourceMapping(source="config", destination="config"),
    ),
)


@define
class Lap:
    """What one piece of work took; seconds, and MiB at its end."""

    what: str
    wall: float = 0.0
    cpu: float = 0.0
    children: float = 0.0
    peak: float = 0.0
    stages: dict[str, float] = field(factory=dict)


class Measured(Doers):
    """Doers that note the CPU time of each question."""

    def answer(self, question: ef.Question) -> ev.Event:
        began = time.process_time()
        event = super().answer(question)
        name = type(question).__name__.lower()
        STAGES[name] = STAGES.get(name, 0.0) + time.process_time() - began
        return event


STAGES: dict[str, float] = {}


@contextmanager
def lap(what: str) -> Iterator[Lap]:
    """Measure what happens within."""
    STAGES.clear()
    measured = Lap(what)
    began, own, others = time.perf_counter(), time.process_time(), _children()
    yield measured
    measured.wall = time.perf_counter() - began
    measured.cpu = time.process_time() - own
    measured.children = _children() - others
    measured.peak = _peak()
    measured.stages = dict(STAGES)


def _peak() -> float:
    # `getrusage` counts what the process that started this one had, too.
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1024


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(url: str, where: str, *commits: str) -> None:
    base = Path(where)
    (base / "data").mkdir(parents=True)
    site = Site(
        identity=Identity(namespace="", pod_name="bench-0", has_gateway=False),
        data=base / "data",
        repository=base / "repository.git",
        scratch=base / "scratch",
        access=Access(protocols=("git",)),
    )
    laps = []
    with opened(site, utc_now) as opened_doers:
        doers = Measured(opened_doers.place)

        def sync(commit: str) -> None:
            """What the machine asks for in a round, in the life of an agent that goes on."""
            assignment = assigned(url, commit)
            fetched = doers.answer(ef.Fetch(1, assignment))
            planned = doers.answer(ef.Plan(2, assignment, commit))
            if not isinstance(fetched, ev.Fetched) or not isinstance(planned, ev.Planned):
                sys.exit(f"the sync failed: {fetched} {planned}")
            if not planned.summary.size:
                doers.obey(ef.Adopt(commit, "main"))
                return
            applied = doers.answer(ef.Apply(3, commit, "main"))
            if not isinstance(applied, ev.Applied):
                sys.exit(f"the sync failed: {applied}")
            doers.obey(ef.Release())

        doers.answer(ef.Recover(0))
        *changes, same = commits
        for number, commit in enumerate(changes):
            with lap("first" if number == 0 else f"commit {number}") as measured:
                sync(commit)
            laps.append(measured)
        with lap("unchanged") as measured:
            sync(same)
        laps.append(measured)
        with lap("drift check") as measured:
            answer = doers.answer(ef.CheckDrift(1))
        laps.append(measured)
        if not isinstance(answer, ev.DriftChecked) or answer.count:
            sys.exit(f"the drift check found something: {answer}")
    json.dump([vars_of(each) for each in laps], sys.stdout)


def assigned(url: str, commit: str) -> Assignment:
    """What the gateway of the benchmark is to be."""
    metadata = Metadata(commit=commit, ref="main", git_url=url, profiles={"default": PROFILE})
    pod = Pod(name="bench-0", labels={}, annotations=PodAnnotations.read({}))
    assignment = assign(metadata, pod)
    assert assignment is not None
    return assignment


def vars_of(measured: Lap) -> dict[str, object]:
    return {
        "what": measured.what,
        "wall": measured.wall,
        "cpu": measured.cpu,
        "children": measured.children,
        "peak": measured.peak,
        "stages": measured.stages,
        "pid": os.getpid(),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
