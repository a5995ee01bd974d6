"""An agent that is told late, twice, in the wrong order or of the past what it has to sync.

Between it and the API server is somebody (`kit.hearsay`) who lets it hear of its metadata as a
history has it, and kills it at chosen events and writes. The controller hears of everything as it
is. In the end the gateway's files and what the agent says of them are those of a run without
faults, and no older report was ever taken after a newer one.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from cluster import Cluster
from kit import Space
from kit.faults import LONG
from kit.git_here import GitHere
from kit.hearsay import Hearsay, hearsay
from kit.histories import History, Past
from kit.ledger import Ledger
from kit.local_agents import LocalAgent, local_agents
from kit.local_controller import LocalController
from kit.works import Works, profiles, works

from stoker.adapters.kube.errors import NotFound
from stoker.adapters.kube.resources import CONFIG_MAPS
from stoker.testing.gateway import Settings
from support.standalone import VIEW, project

if TYPE_CHECKING:
    from kit.overhearing import Asked

SETTLED: Final = 60.0
PAUSE: Final = 0.8
AS_IT_WAS: Final = History(name="as it was")
HISTORIES: Final = (
    History(
        name="all of it",
        late={"configmaps": 0.5},
        uneven=0.5,
        repeats=0.4,
        echoes=0.2,
        swaps=0.2,
        cuts=0.2,
        expires=0.3,
        bookmarks=False,
        past=Past.SAME,
        hold=1.0,
        dies_after_events=(6,),
        dies_after_writes=(3,),
        dies_before_writes=(7,),
    ),
)
LONGER: Final = (
    *(HISTORIES[0].of(seed) for seed in range(1, 11)),
    History(name="late", late={"configmaps": 3.0}),
    History(name="cut and expired", cuts=0.6, expires=0.5),
)


@dataclass
class Reports:
    """The numbers of the reports that the API server has taken, in that order."""

    taken: list[int] = field(default_factory=list)

    def guard(self, asked: Asked) -> Callable[[int], None]:
        """That of a `Hearsay`."""
        number = None
        with suppress(ValueError, KeyError, TypeError):
            number = int(json.loads(json.loads(asked.body)["data"]["status"])["seq"])

        def answered(status: int) -> None:
            if number is not None and status == 200:
                self.taken.append(number)

        return answered


@dataclass(frozen=True)
class End:
    """How a run has ended."""

    files: dict[str, str]
    said: dict[str, Any]
    way: Hearsay
    reports: Reports


@pytest.fixture(scope="module")
def live(
    cluster: Cluster,
    shared_space: Space,
    shared_controller: LocalController,
    git_here: GitHere,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[History], End]:
    """A function that has the same things happen to an agent that hears as a history has it."""
    shared_controller.ready()
    numbers = count()

    def run(history: History) -> End:
        folder = tmp_path_factory.mktemp("history")
        site = works(shared_space, f"site-{next(numbers)}", git_here, "none", "none")
        site.push(project())
        with (
            hearsay(cluster, folder, history) as way,
            local_agents(site, way, folder / "agents") as agents,
        ):
            reports = Reports()
            way.guard = reports.guard
            agent = agents.prepare(f"{site.name}-gw", gateway=Settings())
            way.slay = partial(again, agent)
            agent.start()
            agent.will_say("Synced", site.source.head())
            for step in story(site, agent, way, history.seed):
                step()
            way.quiet = True
            said = agent.will_say("Synced", site.source.head(), within=SETTLED)
            site.is_ready_at(site.source.head())
            assert agent.complaints() == ""
            return End(files(agent.lodging.data), plain(said), way, reports)

    return run


@pytest.fixture(scope="module")
def reference(live: Callable[[History], End]) -> End:
    return live(AS_IT_WAS)


def again(agent: LocalAgent) -> None:
    """Another life."""
    agent.kill()
    agent.start()


def story(
    site: Works, agent: LocalAgent, way: Hearsay, seed: int
) -> Iterator[Callable[[], object]]:
    """What happens, with pauses of chance between."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    space, admin = site.space.name, site.admin

    def gone(name: str) -> None:
        with suppress(NotFound):
            admin.delete(CONFIG_MAPS, space, name)

    steps: list[Callable[[], object]] = [
        lambda: site.push({f"{VIEW}/view.json": '{"v": 2}', "projects/line/gone.json": "{}"}),
        lambda: site.change(sync=profiles(syncPeriod=5)),
        lambda: site.change(paused=True),
        lambda: site.push({f"{VIEW}/view.json": '{"v": 3}'}),
        lambda: site.change(paused=False),
        lambda: gone(f"stoker-metadata-{site.name}"),
        lambda: gone(f"stoker-status-{site.name}-{agent.name}"),
        lambda: site.source.commit({f"{VIEW}/view.json": '{"other": 1}'}, branch="release"),
        lambda: site.change(git={"ref": "release"}),
        lambda: site.change(git={"ref": "main"}),
        lambda: site.push({"projects/line/new.json": "{}"}, delete=["projects/line/gone.json"]),
        lambda: gone(f"stoker-status-{site.name}-{agent.name}"),
        lambda: site.push({f"{VIEW}/view.json": '{"v": 4}'}),
    ]
    for step in steps:
        yield step
        way.remember()
        time.sleep(chance.random() * PAUSE)


def files(data: Path) -> dict[str, str]:
    """What the agent has put there; what it was in between, the gateway remembers by itself."""
    return {
        str(path.relative_to(data)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((data / "projects").rglob("*"))
        if path.is_file() and ".resources" not in path.parts
    }


def plain(said: dict[str, Any]) -> dict[str, Any]:
    """What a report says that is the same in each run."""
    kept = ("syncStatus", "syncedCommit", "syncedRef", "errorMessage", "profile", "driftedFiles")
    return {name: said[name] for name in kept if name in said}


@pytest.mark.fault("history")
@pytest.mark.parametrize(
    "history",
    HISTORIES + (LONGER if LONG else ()),
    ids=lambda one: f"{one.name} {one.seed}",
)
def test_an_agent_ends_as_without_faults(
    live: Callable[[History], End], reference: End, history: History, ledger: Ledger
) -> None:
    end = live(history)
    sys.stderr.write(f"\n{len(end.way.writes)} writes; {dict(end.way.done)}\n")
    for what, times in end.way.done.items():
        ledger.did(f"agent: {what}", times=times)
    assert len(end.files) == len(reference.files) >= 3
    differ = [name for name, digest in reference.files.items() if end.files.get(name) != digest]
    ledger.checked("files of the gateway", lost=len(differ), of=len(reference.files))
    assert end.said == reference.said
    taken = end.reports.taken
    ledger.checked("reports in their order", lost=int(taken != sorted(taken)), of=len(taken))
    assert len(end.way.writes) <= 4 * len(reference.way.writes) + 20
