"""Whoever watches a soak, and whoever looks at it in the end, sees what is wrong.

A station without an agent, on whose disk a test puts what an agent that errs would: no cluster.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from kit.agents import Agent
from kit.git_here import Source
from kit.soak import WISHES
from kit.soak_end import Fresh, fresh, problems
from kit.soak_faults import Processes
from kit.soak_outages import Outages
from kit.soak_pen import PROJECT, Pen
from kit.soak_plan import KINDS, plan
from kit.soak_stations import SWITCHES, Station
from kit.soak_watch import Watch
from kit.works import Works

from stoker.adapters.clock import utc_now
from stoker.core.ignition import ScanKind
from stoker.testing.gateway import FakeGateway, Settings
from stoker.testing.repositories import Upstream


class StillStation(Station):
    """A folder and a gateway; the CR calls it `Synced` at `commit`."""

    def __init__(self, folder: Path, pen: Pen) -> None:
        works = SimpleNamespace(space=SimpleNamespace(name="plant"))
        super().__init__(cast("Works", works), pen, "still-0", shares=True)
        self._folder = folder
        for one in (self.data, self.repo):
            one.mkdir()
        self.commit = ""
        self.synced = utc_now()
        self.gateway = FakeGateway(self.data, Settings(**SWITCHES))

    @property
    def data(self) -> Path:
        return self._folder / "data"

    @property
    def repo(self) -> Path:
        return self._folder / "repo"

    @property
    def agent(self) -> Agent:
        raise NotImplementedError

    def pids(self) -> list[int]:
        return []

    def loaded(self) -> Mapping[str, str]:
        return self.gateway.loaded.files()

    def gateway_tells(self) -> str:
        return ""

    def revive(self) -> None:
        """Nobody is dead."""

    def replace(self) -> None:
        """There is no pod."""

    def row(self) -> Mapping[str, Any]:
        synced = {"syncedCommit": self.commit, "lastSyncTime": self.synced.isoformat()}
        return {"syncStatus": "Synced", **synced}

    def write(self) -> None:
        """What an agent would: the files of the newest commit."""
        wanted = self.pen.last.on(self.name)
        for path in [one for one in self.files() if self.ours(one) and one not in wanted]:
            (self.data / path).unlink()
        for path, (content, mode) in wanted.items():
            (self.data / path).parent.mkdir(parents=True, exist_ok=True)
            (self.data / path).write_bytes(content)
            (self.data / path).chmod(mode)
        self.commit = self.pen.last.commit


@pytest.fixture
def station(tmp_path: Path) -> Iterator[StillStation]:
    """It has the second of two commits, and has loaded it."""
    upstream = Upstream.create(tmp_path / "upstream.git")
    pen = Pen(Source(upstream, f"file://{tmp_path}"), random.Random(1))  # noqa: S311 - no secret
    pen.begin()
    made = StillStation(tmp_path, pen)
    made.plant()
    with made.gateway:
        made.write()
        pen.write()
        made.write()
        scan(made)
        yield made


def scan(station: StillStation) -> None:
    """Have the gateway load what is on the disk."""
    before = len(station.gateway.reports)
    for kind in ScanKind:
        station.gateway.scan(kind)
    station.gateway.wait_for(lambda it: len(it.reports) >= before + len(ScanKind))


@pytest.fixture
def watch(station: StillStation) -> Watch:
    return Watch([station], [], random.Random(1))  # noqa: S311 - no secret


def view(station: StillStation) -> str:
    return next(
        path for path in station.files() if path.endswith("view.json") and station.ours(path)
    )


def an_older_file(station: StillStation) -> None:
    (station.data / view(station)).write_bytes(b'{"of": "nobody"}')


def a_file_too_few(station: StillStation) -> None:
    (station.data / view(station)).unlink()


def an_other_mode(station: StillStation) -> None:
    (station.data / view(station)).chmod(0o600)


def a_strangers_file_changed(station: StillStation) -> None:
    (station.data / "db/config.idb").write_bytes(b"")


def a_strangers_mode_changed(station: StillStation) -> None:
    (station.data / f"{PROJECT}/theirs.txt").chmod(0o644)


def a_strangers_file_lost(station: StillStation) -> None:
    (station.data / "projects/theirs/project.json").unlink()


def not_scanned(station: StillStation) -> None:
    station.pen.write()
    station.pen.write()
    station.write()


DAMAGES: list[Callable[[StillStation], None]] = [
    an_older_file,
    a_file_too_few,
    an_other_mode,
    a_strangers_file_changed,
    a_strangers_mode_changed,
    a_strangers_file_lost,
    not_scanned,
]


def test_what_is_right_is_not_complained_of(station: StillStation, watch: Watch) -> None:
    watch.look(station)
    station.pen.write()
    watch.look(station)
    assert (watch.wrong, watch.looks) == ([], 2)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: one.__name__)
def test_what_is_wrong_is_seen(
    station: StillStation, watch: Watch, damage: Callable[[StillStation], None]
) -> None:
    damage(station)
    watch.look(station)
    assert watch.wrong


@pytest.mark.parametrize(("seconds", "is_wrong"), [(3, False), (40, True)])
def test_a_row_about_the_pod_before_is_wrong_when_a_new_leader_should_have_seen_it(
    station: StillStation, watch: Watch, seconds: float, *, is_wrong: bool
) -> None:
    """Seen to fail where a row counted whatever pod it was about."""
    a_file_too_few(station)
    station.born = utc_now() - timedelta(seconds=seconds)
    station.synced = station.born - timedelta(seconds=1)
    watch.look(station)
    assert bool(watch.wrong) is is_wrong


def ended(station: StillStation, folder: Path) -> Fresh:
    """What must be there, and that it is."""
    wanted = fresh(station, folder, WISHES["tags"])
    (station.data / ".stoker").mkdir()
    for name in wanted.notes:
        (station.data / ".stoker" / name).touch()
    assert list(problems(station, wanted)) == []
    return wanted


def a_lock_left(station: StillStation) -> None:
    (station.repo / "shallow.lock").touch()


def a_draft_left(station: StillStation) -> None:
    (station.data / PROJECT / ".draft").touch()


def a_journal_left(station: StillStation) -> None:
    (station.data / ".stoker/journal").touch()


def test_in_the_end_a_first_sync_is_what_the_author_says_and_all_else_is_seen(
    station: StillStation, tmp_path: Path
) -> None:
    for _ in range(30):
        station.pen.write()
    station.write()
    scan(station)
    wanted = ended(station, tmp_path / "fresh")
    before: list[str] = []
    for damage in (*DAMAGES[:-1], a_lock_left, a_draft_left, a_journal_left):
        damage(station)
        found = list(problems(station, wanted))
        assert found != before, damage.__name__
        before = found


def test_a_plan_is_its_seeds_and_each_fault_is_somebodys() -> None:
    assert plan(7, 60, 1.0) == plan(7, 60, 1.0) != plan(8, 60, 1.0)
    assert {one.what for one in plan(7, 10, 1.0)} == {*KINDS}
    for kind in KINDS:
        assert hasattr(Processes, kind) != hasattr(Outages, kind)
