"""Histories in which watch events come late, twice, in the wrong order or never, or lists too late.

In the manner of Sieve: what a controller believes is what it was told, and between it and the API
server is somebody who tells it otherwise (`kit.hearsay`). The same things happen each time
(`kit.plot`), first without faults. With any history the cluster ends as without, nothing is taken
from a gateway or a GatewaySync that lives, and writes do not become many.

Found by this, and mended: the report of a pod that was made anew was deleted by a controller that
had heard of the old one's end only; and what no watch told of was never seen. Seen to fail: without
the version in a deletion, without the look at the pod, and without lists anew.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

import pytest
from cluster import Cluster
from kit import Spaces, eventually
from kit.api import Api
from kit.controllers import Controllers, controllers
from kit.faults import LONG
from kit.hearsay import Hearsay, hearsay
from kit.histories import History, Past
from kit.ledger import Ledger
from kit.likeness import differences, likeness
from kit.local_controller import AnxiousController, LocalController
from kit.losses import Losses
from kit.plants import Repository
from kit.plot import Plot
from kit.reporters import Reporters
from kit.speaking import as_admin

from support.git_servers import GitDaemon

pytestmark = [
    pytest.mark.fault("history"),
    pytest.mark.fault(
        "api-server",
        "stale events",
        "repeated events",
        "reordered events",
        "no lost or doubled action",
    ),
]

OPTIONS: Final[dict[str, Any]] = {"allowed_protocols": "git,https", "leader_elect": False}
SETTLED: Final = 90.0
REST: Final = 1.2
MORE: Final = 3
"""How many times as many writes there may be as without faults."""

AS_IT_WAS: Final = History(name="as it was")
HISTORIES: Final = (
    History(name="pods late and doubled", late={"pods": 2.0}, uneven=0.2, repeats=0.1),
    History(
        name="all else late, disordered, cut and expired",
        late={"gatewaysyncs": 0.5, "configmaps": 1.5, "roles": 1.0},
        repeats=0.1,
        echoes=0.03,
        swaps=0.05,
        cuts=0.03,
        expires=0.3,
        bookmarks=False,
    ),
    History(
        name="killed, and back in time",
        past=Past.SAME,
        hold=0.7,
        dies_after_events=(60,),
        dies_before_writes=(90,),
    ),
)
LOST: Final = History(name="lost for good", drops=0.15)
LONGER: Final = (
    *(one.of(seed) for one in HISTORIES for seed in range(1, 6)),
    *(History.drawn(seed) for seed in range(1, 31)),
)


@dataclass(frozen=True)
class End:
    """How a run has ended."""

    likeness: dict[str, Any]
    way: Hearsay
    losses: Losses
    took: float


Live = Callable[..., End]


@pytest.fixture(scope="module")
def account(
    spaces: Spaces, definition: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Controllers]:
    """Who the controllers are."""
    assert definition
    with (
        spaces.new("histories") as space,
        controllers(space, tmp_path_factory.mktemp("account"), everywhere=True) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def live(  # noqa: PLR0913, PLR0917 - what a run needs
    cluster: Cluster,
    spaces: Spaces,
    api: Api,
    account: Controllers,
    git: GitDaemon,
    tmp_path_factory: pytest.TempPathFactory,
) -> Live:
    """A function that has the plot happen while a controller hears of it as a history has it."""

    def run(
        history: History,
        reference: End | None = None,
        kind: type[LocalController] = LocalController,
    ) -> End:
        began, folder = time.monotonic(), tmp_path_factory.mktemp("history")
        with ExitStack() as stack:
            space, leaving = (stack.enter_context(spaces.new(one)) for one in ("told", "leaving"))
            way = stack.enter_context(hearsay(cluster, folder, history))
            source = Repository.create(git, space.name)
            plot = Plot(space, leaving, api, source, history.seed, way.remember)
            losses = Losses(as_admin(cluster.kubeconfig))
            way.guard = losses.guard
            kubeconfig = way.kubeconfig(account.kubeconfig, folder)
            controller = account.begin(folder.name, kind, kubeconfig=kubeconfig, **OPTIONS)
            stack.callback(controller.kill)
            way.slay = lambda: again(controller)
            plot.begin()
            with Reporters(space).reporting():
                controller.ready()
                plot.happens()
                final = came_right(plot, reference, [controller.tail])
            comes_to_rest(way, controller)
        return End(final, way, losses, time.monotonic() - began)

    return run


@pytest.fixture(scope="module")
def reference(live: Live) -> End:
    """The run without faults."""
    end = live(AS_IT_WAS)
    assert end.losses.lost == []
    return end


def again(controller: LocalController) -> None:
    """Another life."""
    controller.kill()
    controller.start()


def came_right(plot: Plot, reference: End | None, tell: list[Callable[[], str]]) -> dict[str, Any]:
    """What there is, once it is as the contract says, and as in the run without faults."""
    named = {plot.repository.url: "URL"}
    named |= {plot.repository.head(one): one.upper() for one in ("main", "release")}

    def right() -> dict[str, Any]:
        wrong = plot.wrong()
        assert not wrong, "\n".join(wrong)
        found = likeness(plot.api, plot.space.name, named)
        differ = differences(found, reference.likeness) if reference else []
        assert not differ, "\n".join(differ)
        return found

    return eventually(right, what="all is as without faults", within=SETTLED, tell=tell)


def comes_to_rest(way: Hearsay, controller: LocalController) -> None:
    """Nothing is written any more, as soon as what is late has come."""
    way.quiet = True

    def rests() -> bool:
        before = len(way.writes)
        time.sleep(REST)
        assert len(way.writes) == before, way.writes[before:]
        return True

    eventually(rests, what="it writes nothing any more", within=20, tell=[controller.tail])
    assert "Traceback" not in controller.log.read_text()
    controller.stop()


def judge(end: End, reference: End, ledger: Ledger) -> None:
    """What must hold after each history."""
    done = ", ".join(f"{times} {what}" for what, times in sorted(end.way.done.items()))
    sys.stderr.write(f"\n{end.took:.1f} s, {len(end.way.writes)} writes; {done}\n")
    for what, times in end.way.done.items():
        ledger.did(f"controller: {what}", times=times)
    assert end.way.done
    ledger.checked("objects that are as without faults", of=len(end.likeness))
    assert not end.losses.lost, "\n".join(end.losses.lost)
    told_of_the_past = end.way.history.past is not Past.NONE
    assert told_of_the_past or not end.losses.misgiven, "\n".join(end.losses.misgiven)
    ledger.checked("writes that could take something from somebody", of=end.losses.judged)
    assert len(end.way.writes) <= MORE * len(reference.way.writes)


def named(history: History) -> str:
    """What the test is called."""
    return f"{history.name} {history.seed}" if history.seed else history.name


@pytest.mark.parametrize("history", HISTORIES + (LONGER if LONG else ()), ids=named)
def test_a_history(live: Live, reference: End, history: History, ledger: Ledger) -> None:
    judge(live(history, reference), reference, ledger)


@pytest.mark.parametrize("seed", range(1, 6) if LONG else range(1, 2))
def test_events_that_never_come(live: Live, reference: End, seed: int, ledger: Ledger) -> None:
    """No client can know; what lists anew now and then finds out."""
    judge(live(LOST.of(seed), reference, AnxiousController), reference, ledger)
