"""The experiment: kill a sync at a point, run it again, and compare with one that was never killed.

Every try starts from a copy of the same state: a data directory as an earlier sync left it and
others changed it, and the repository of that sync. It is synced to another commit and killed at a
point; half of the tries are killed a second time while they recover. Then it is synced again in
peace. What must hold then:

- the data directory is that of the sync that was never killed: names, contents, modes, links
- everything below `.stoker` bears the same names: no journal, no undo, no temporary file is left
- no stranger's file is lost
- the repository holds no lock and no temporary file, and git finds nothing wrong with it
- the sync says that it went well, and took no longer than another

The sync runs in a fork of this process, which has imported everything that a sync imports: that
saves most of the time of a try, and none of the calls that change files. `fresh` runs the real
command instead.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Final

from attrs import field, frozen

from crash.comparing import Standing, differences, left_in, standing
from crash.scenarios import PROFILE, Scenario
from crash.tracer import Kill, Launch, Scope, Trace, command, redirect, trace
from stoker.entrypoints.cli import main
from stoker.testing.repositories import Upstream

_MODULES: Final = "modules"


@frozen
class Point:
    """Where to kill: at a call of the sync, and perhaps at one of the recovery."""

    first: Kill
    second: Kill | None = None

    def __str__(self) -> str:
        """As a report names it."""
        texts = [f"{one.at}{'+' if one.after else ''}" for one in (self.first, self.second) if one]
        return ", then ".join(texts)


@frozen
class Try:
    """What came of one point; nothing in `lost` means that nothing was lost."""

    point: Point
    lost: tuple[str, ...]
    seconds: float
    """Of the sync that recovers."""
    last: tuple[str, ...]
    """The calls before the kill."""
    scratch: int = 0
    """Temporary folders of the killed processes, outside of data and repository."""


@frozen
class Summary:
    """What came of all points of a scenario."""

    scenario: str
    calls: int
    tries: tuple[Try, ...]
    undisturbed: float
    histogram: Mapping[str, int]

    @property
    def lost(self) -> tuple[Try, ...]:
        """The tries that did not recover."""
        return tuple(one for one in self.tries if one.lost)

    def slowest(self, share: float = 1.0) -> float:
        """The seconds in which this share of the tries has recovered."""
        ordered = sorted(one.seconds for one in self.tries)
        return ordered[max(0, round(share * len(ordered)) - 1)]


@frozen
class Place:
    """The folders of one try."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def repository(self) -> Path:
        return self.folder / "repository"

    @property
    def scratch(self) -> Path:
        return self.folder / "tmp"

    def copied_to(self, folder: Path) -> Place:
        """The same state somewhere else, with all times and modes."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Place(folder)


@frozen
class Experiment:
    """One scenario, ready to be tried; makes its folders below `folder`."""

    folder: Path
    scenario: Scenario
    fresh: bool = False
    start: Place = field(init=False)
    upstream: Upstream = field(init=False)

    @upstream.default
    def _make_upstream(self) -> Upstream:
        upstream = Upstream.create(self.folder / "upstream")
        # What the fallbacks of a fetch cost is not the question here.
        upstream.configure("uploadpack.allowAnySHA1InWant", "true")
        upstream.configure("uploadpack.allowFilter", "true")
        if self.scenario.before:
            upstream.tag("before", upstream.commit(self.scenario.before))
            gone = {*self.scenario.before} - {*self.scenario.after}
            upstream.tag("after", upstream.commit(self.scenario.after, delete=gone))
        else:
            upstream.tag("after", upstream.commit(self.scenario.after))
        return upstream

    @start.default
    def _make_start(self) -> Place:
        (self.folder / "profile.json").write_text(json.dumps(PROFILE))
        return Place(self.folder / "start")

    def prepare(self) -> None:
        """Bring the state about from which every try starts."""
        self.start.data.mkdir(parents=True)
        self.start.scratch.mkdir()
        for name, content in self.scenario.strangers.items():
            path = self.start.data / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if self.scenario.before:
            went = trace(self.sync(self.start, "before"))
            assert went.code == 0, self.said(self.start)
        self.scenario.meddle(self.start.data)

    def sync(self, place: Place, ref: str = "after") -> Launch:
        """A sync, to be run in a child."""
        arguments = [
            *("sync", "--repo", str(self.upstream.path), "--ref", ref),
            *("--profile", str(self.folder / "profile.json"), "--data", str(place.data)),
            *("--repo-dir", str(place.repository), "--gateway-name", "line-a"),
            *("--output", "json", "--quiet"),
        ]
        env = {
            "TMPDIR": str(place.scratch),
            "HOME": str(place.folder),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if self.fresh:
            argv = [sys.executable, "-m", "stoker", *arguments]
            return command(argv, env=env, output=_output(place))

        # Before it starts, so that none of this is one of its calls.
        _output(place).write_bytes(b"")

        def launch() -> int:
            os.environ.update(env)
            tempfile.tempdir = str(place.scratch)
            redirect(_output(place))
            # Those of this process may lead elsewhere than to the descriptors 1 and 2.
            sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
            code = main(arguments)
            sys.stdout.flush()
            sys.stderr.flush()
            (place.folder / _MODULES).write_text("\n".join(sys.modules))
            return code

        return launch

    def warm(self) -> None:
        """Import here what a sync imports, so that none of its forks has to."""
        if not self.fresh:
            place = self.start.copied_to(self.folder / "warm")
            trace(self.sync(place))
            for name in (place.folder / _MODULES).read_text().split():
                importlib.import_module(name)

    def said(self, place: Place) -> str:
        """What the last sync there had to say."""
        return _output(place).read_text(errors="replace")

    def undisturbed(self, scope: Scope) -> tuple[Trace, Place]:
        """The sync that is never killed, and what it leaves."""
        place = self.start.copied_to(self.folder / "undisturbed")
        went = trace(self.sync(place), scope)
        assert went.code == 0, self.said(place)
        return went, place

    def attempt(self, point: Point, wanted: Standing, scope: Scope) -> Try:
        """Kill, recover, compare."""
        place = self.start.copied_to(self.folder / "try")
        try:
            killed = trace(self.sync(place), scope, point.first)
            if point.second is not None:
                trace(self.sync(place), scope, point.second)
            began = time.perf_counter()
            went = trace(self.sync(place), Scope.CHANGES)
            seconds = time.perf_counter() - began
            lost = [*([] if went.code == 0 else [f"exit code {went.code}: {self.said(place)}"])]
            lost += differences(wanted, standing(place.data))
            lost += self._lost_strangers(place) + left_in(place.repository)
            return Try(point, tuple(lost), seconds, killed.last, len(list(place.scratch.iterdir())))
        finally:
            shutil.rmtree(place.folder)

    def _lost_strangers(self, place: Place) -> list[str]:
        return [
            f"the stranger {name} is lost"
            for name, content in self.scenario.strangers.items()
            if not (place.data / name).is_file() or (place.data / name).read_bytes() != content
        ]


def run(experiment: Experiment, points: int, seed: int, scope: Scope = Scope.CHANGES) -> Summary:
    """Try as many points as wanted, spread over the whole sync."""
    experiment.prepare()
    experiment.warm()
    whole, place = experiment.undisturbed(scope)
    wanted = standing(place.data)
    began = time.perf_counter()
    trace(experiment.sync(experiment.start.copied_to(experiment.folder / "timed")))
    undisturbed = time.perf_counter() - began
    tries = tuple(
        experiment.attempt(point, wanted, scope) for point in spread(points, whole.points, seed)
    )
    name = experiment.scenario.name
    return Summary(name, whole.points, tries, undisturbed, whole.histogram)


def spread(points: int, calls: int, seed: int) -> list[Point]:
    """So many points: one in each of as many equal parts of the run, all if there are enough."""
    random = Random(f"points {seed}")  # noqa: S311 - the same points every time
    chosen = []
    for number in range(points):
        low = number * calls // points
        high = max(low + 1, (number + 1) * calls // points)
        first = Kill(random.randrange(low, high) + 1, after=random.random() < 1 / 2)
        again = Kill(random.randint(1, calls), after=random.random() < 1 / 2)
        chosen.append(Point(first, again if number % 2 else None))
    return chosen


def _output(place: Place) -> Path:
    return place.folder / "output"
