"""Everything goes wrong for a while, and then all is as if nothing had.

Four GatewaySyncs in three namespaces, their gateways and agents on this machine and in pods, two
controllers, a git server over HTTPS. While commits are pushed, a plan of faults strikes
(`kit.soak_plan`); what must hold all the time is watched (`kit.soak_watch`); afterwards each
gateway has the last commit and nothing else was touched (`kit.soak_end`).

`STOKER_SOAK_SECONDS` makes it last longer (1800 where all faults are tried at length),
`STOKER_SOAK_SEED` repeats a plan, `STOKER_SOAK_SHARDS` has the controllers share the namespaces.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
from cluster import Cluster
from kit import Spaces, controllers, eventually
from kit.control_plane import ControlPlane
from kit.faults import LONG
from kit.git_here import GitHere
from kit.ledger import Ledger
from kit.local_controller import LocalController
from kit.soak import WISHES, Images, Soak, soaking
from kit.soak_end import Fresh, fresh, of_the_resource, problems
from kit.soak_faults import Processes, Trouble
from kit.soak_outages import Outages
from kit.soak_plan import KINDS, plan
from kit.soak_pods import PodStation
from kit.soak_turns import Turns
from kit.soak_watch import Watch

SECONDS: Final = float(os.environ.get("STOKER_SOAK_SECONDS", "1800" if LONG else "32"))
SEED: Final = int(os.environ.get("STOKER_SOAK_SEED", "0")) or time.time_ns() % (1 << 32)
SHARDS: Final = int(os.environ.get("STOKER_SOAK_SHARDS", "1"))
IS_SHORT: Final = SECONDS < 120
EACH: Final = 2 if IS_SHORT else 3
"""Gateways of each GatewaySync."""
PUSHES: Final = 4.0
"""Seconds from one commit of a repository to the next."""
STROKES: Final = 1.0 if IS_SHORT else 2.5
"""Seconds from one fault to the next."""
SETTLED: Final = 60.0 if IS_SHORT else 180.0
"""Seconds in which all has to come right. When it has been short, somebody pushes once more then,
as it is no use to wait for the end of every pause that faults have caused."""
# In a short soak a lease has to be lost now and then, too.
LEASE: Final[dict[str, Any]] = (
    {"lease_duration": "6s", "renew_deadline": "4s", "retry_period": "1s"} if IS_SHORT else {}
)
LEAST: Final = 0.8
"""The share of the kinds of faults that have to have found a victim."""


@pytest.fixture
def soak(  # noqa: PLR0913, PLR0917 - all that takes part
    cluster: Cluster,
    spaces: Spaces,
    git_here: GitHere,
    definition: dict[str, Any],
    product: str,
    gateway_image: str,
    tmp_path: Path,
) -> Iterator[Soak]:
    assert definition
    images = Images(product, gateway_image)
    with soaking(cluster, spaces, git_here, images, tmp_path / "soak", SEED, EACH) as made:
        yield made


@pytest.fixture
def pair(soak: Soak, spaces: Spaces, tmp_path: Path) -> Iterator[list[LocalController]]:
    """Two controllers of all namespaces, which begin when the soak is there."""
    assert soak.works
    values = {"replicaCount": 2, "sharding": {"shards": SHARDS}}
    own = tmp_path / "controllers"
    with (
        spaces.new("soak-controllers") as space,
        controllers.controllers(space, own, everywhere=True, values=values) as made,
    ):
        for name in ("first", "second"):
            made.begin(name, **LEASE)
        yield [one.ready(within=60) for one in made.there]


@pytest.mark.fault("soak")
def test_soak(
    soak: Soak,
    pair: list[LocalController],
    control_plane: ControlPlane,
    ledger: Ledger,
    tmp_path: Path,
) -> None:
    began(soak)
    trouble, watch = struck(soak, pair, control_plane)
    if IS_SHORT:
        soak.last_push()
    took = comes_right(soak, fresh_ones(soak, tmp_path / "fresh"))
    say(f"all was right after {took:.1f} s")
    assert [*soak.failures, *trouble.failures, *watch.wrong] == []
    assert len(trouble.done) >= LEAST * len(KINDS), trouble.missed
    ends_well(soak, pair, tmp_path)
    enter(ledger, soak, trouble, watch)


def struck(
    soak: Soak, pair: list[LocalController], control_plane: ControlPlane
) -> tuple[Trouble, Watch]:
    """Follow the plan of this seed to its end."""
    strokes = plan(SEED, SECONDS, STROKES)
    told = "\n".join(map(str, strokes)) if IS_SHORT else f"{len(strokes)} strokes"
    say(f"STOKER_SOAK_SEED={SEED} STOKER_SOAK_SECONDS={SECONDS:.0f}\n{told}")
    turns = Turns()
    outages = Outages(soak.cluster, control_plane, soak.git, soak.passages, soak.stations, turns)
    trouble = Trouble([Processes(soak.stations, pair, turns), outages])
    watch = Watch(soak.stations, pair, soak.chance)
    soak.run(trouble, watch, strokes, PUSHES)
    say(f"{soak.commits} commits, {watch.looks} looks, {watch.probes} probes")
    say(f"done {dict(trouble.done)}, missed {dict(trouble.missed)}")
    # Also where it does not come right, which is what the test would fail with.
    say(f"wrong: {[*trouble.failures, *watch.wrong][:20]}")
    return trouble, watch


def enter(ledger: Ledger, soak: Soak, trouble: Trouble, watch: Watch) -> None:
    """What was done, and what came of it."""
    for what, times in trouble.done.items():
        ledger.did(KINDS[what].about, times=times)
    ledger.did("Commits pushed meanwhile", times=soak.commits)
    gateways = len(soak.stations)
    ledger.checked(
        "a gateway called Synced has that commit or a later one, and loaded it", of=watch.looks
    )
    ledger.checked("in the end each file is that of a first sync of the last commit", of=gateways)
    ledger.checked("files of strangers, byte for byte and mode for mode", of=gateways)
    ledger.checked("no lock, draft or process is left", of=gateways)
    ledger.checked("liveness probes that are answered well", of=watch.probes)


def say(text: str) -> None:
    sys.stderr.write(f"\n{text}\n")
    sys.stderr.flush()


def began(soak: Soak) -> None:
    """Each gateway has the first commit, and strangers' files."""
    for station in soak.stations:
        station.agent.will_say("Synced", station.pen.last.commit, within=90)
        if isinstance(station, PodStation):
            station.pod.ready()
            station.settled()


def fresh_ones(soak: Soak, folder: Path) -> dict[str, Fresh]:
    """What the last commit makes of each gateway."""
    with ThreadPoolExecutor(2) as both:
        made = both.map(
            lambda one: fresh(one, folder / one.name, WISHES[one.works.name]), soak.stations
        )
        return dict(zip([one.name for one in soak.stations], made, strict=True))


def comes_right(soak: Soak, wanted: dict[str, Fresh]) -> float:
    """Wait until nothing is wrong any more; how long that took."""
    start = time.monotonic()

    def right() -> bool:
        found = list(wrong(soak, wanted))
        assert not found, "\n".join(found)
        return True

    eventually(right, what="all is as it must be", within=SETTLED, tell=[soak.tails])
    return time.monotonic() - start


def wrong(soak: Soak, wanted: dict[str, Fresh]) -> Iterator[str]:
    for works, pen in zip(soak.works, soak.pens, strict=True):
        gateways = {one.name for one in soak.stations if one.works is works}
        yield from of_the_resource(works, pen.last.commit, gateways)
    for station in soak.stations:
        yield from (f"{station.name}: {one}" for one in problems(station, wanted[station.name]))


def ends_well(soak: Soak, pair: list[LocalController], folder: Path) -> None:
    """Whoever is told to end ends well, has complained of nothing, and leaves no process."""
    eventually(lambda: not processes(soak.git.door.host), what="no git is left", within=10)
    assert [one.local.stop() for one in soak.local] == [0] * len(soak.local)
    assert [one.stop() for one in pair] == [0, 0]
    eventually(lambda: not processes(str(folder)), what="no process is left", within=5)
    for one in soak.local:
        assert "Traceback" not in one.local.complaints()
    for each in pair:
        assert "Traceback" not in each.log.read_text()
    assert list(soak.ended_by_probes()) == []


def processes(word: str) -> list[str]:
    """All others that have this word in their command."""
    found = []
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            if process.name.isdigit() and int(process.name) != os.getpid():
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found += [f"{process.name} {command}"] if word in command else []
    return found
