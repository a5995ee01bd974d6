"""The quickstart, word for word, from an empty cluster to three gateways in step, and back.

Every command is one of `docs/quickstart.md`, run as it stands there, and what the page shows is
what they print. Between its sections the test looks at what the page promises.

Broken on purpose, and seen to fail: a ClusterRole that helm keeps, a controller that looks every
minute alone (the receiver's requests lead to nothing), another output on the page.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any, Final

import pytest
from cluster import Cluster
from kit import Pod, eventually, loading
from kit.fresh import cluster_of_its_own
from kit.git_here import git_here
from kit.inventory import everything
from kit.readers import NAME, PROJECT, VIEW, Reader
from kit.senders import github_push

from stoker.core import names

PUSHES: Final = 5
GOAL: Final = 2.0
"""Seconds of the product's own, so `make kind` runs this file alone, and no test beside it."""
SLOW: Final = 4.0
"""Seconds of a scan while the chart is upgraded."""
TRIGGER: Final = (
    "stoker",
    "trigger",
    f"plant/{NAME}",
    "--ref=main",
    "--secret-file=webhook-secret",
)
KEPT: Final = {PROJECT, f"{VIEW}/view.json"}
SECOND: Final = '{"title": "Packing, second shift", "enabled": true}\n'
THIRD: Final = SECOND.replace("second", "third")


@pytest.fixture
def reader(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Reader]:
    def of_the_run() -> Cluster:
        found: Cluster = request.getfixturevalue("cluster")
        return found

    with (
        cluster_of_its_own(of_the_run) as cluster,
        git_here(cluster, tmp_path_factory.mktemp("git")) as git,
    ):
        images = loading.in_cluster(cluster, "stoker"), loading.in_cluster(cluster, "gateway")
        made = Reader.new(cluster, git, tmp_path_factory.mktemp("reader"), images)
        yield made
        made.close()


def test_a_reader_of_the_quickstart_gets_there_and_back(reader: Reader) -> None:
    with reader.telling():
        the_page_is_done(reader)


def the_page_is_done(reader: Reader) -> None:
    page, before, began = reader.walkthrough, everything(reader.kubectl), time.monotonic()
    page.does("")
    page.does("0. The image")
    page.does("1. Install Stoker")
    page.does("2. Secrets")
    page.does("3. What the gateways follow")
    page.does("4. The gateways")
    say(f"from `helm install` to Ready: {time.monotonic() - began:.1f} s")

    page.does("5. Push")
    all_hold(reader, SECOND)
    good = a_push_is_scanned_by_all_at_once(reader)

    reader.gateways[1].change(tokens=[{"name": "another", "secret": "key"}])
    page.does("When something breaks")
    one_is_known_to_be_broken(reader)
    reader.gateways[1].change(tokens=[{}])
    page.does("Roll back")
    all_hold(reader, good)

    with pushed_meanwhile(reader):
        page.does("Upgrade")
    page.does("Uninstall")
    assert page.is_done()
    assert everything(reader.kubectl) == before


def all_hold(reader: Reader, content: str, within: float = 20.0) -> None:
    for gateway in reader.gateways:
        what = f"{gateway.pod.name} has loaded {content}"
        eventually(lambda one=gateway: one.holds(PROJECT, content), what=what, within=within)  # type: ignore[misc]


def a_push_is_scanned_by_all_at_once(reader: Reader) -> str:
    """From the request of the Git server to the scan of the last gateway; what was pushed last."""
    took: list[float] = []
    sender, content = reader.sender(), ""
    for number in range(PUSHES):
        commit, content = reader.pushed(f"Packing, push {number}")
        began = time.time()
        assert sender.send("plant", NAME, github_push("refs/heads/main", commit)).status == 202
        all_hold(reader, content)
        took.append(max(scanned(one, began) for one in reader.gateways) - began)
    say(f"from webhook to the third scan: {', '.join(f'{one:.2f}' for one in took)} s")
    assert statistics.median(took) < GOAL, took
    return content


def scanned(gateway: Any, began: float) -> float:
    asked = [one for one in gateway.received() if one["endpoint"] == "POST /scan/projects"]
    return float(min(at for at in (one["received_ms"] / 1000 for one in asked) if at >= began))


def one_is_known_to_be_broken(reader: Reader) -> None:
    first, broken, last = reader.gateways
    assert first.holds(PROJECT, THIRD)
    assert last.holds(PROJECT, THIRD)
    assert not broken.holds(PROJECT, THIRD)
    status: Any = reader.status()
    assert [one["syncStatus"] for one in status["discoveredGateways"]] == [
        "Synced",
        "Error",
        "Synced",
    ]
    conditions = {one["type"]: one for one in status["conditions"]}
    assert conditions["Ready"]["status"] == conditions["AllGatewaysSynced"]["status"] == "False"
    assert conditions["RefResolved"]["status"] == conditions["SidecarInjected"]["status"] == "True"
    assert "line-a-1: " in conditions["Ready"]["message"]


@contextmanager
def pushed_meanwhile(reader: Reader) -> Iterator[None]:
    """Two pushes during the `with`: one whose sync is under way, and one that comes in between."""
    agents = [agent_of(pod) for pod in reader.pods]
    for gateway in reader.gateways:
        gateway.change(scan_seconds=SLOW)
    reader.pushed("Packing, before the upgrade")
    reader.runs(*TRIGGER)
    with ThreadPoolExecutor() as beside:
        pushing = beside.submit(push_in_between, reader)
        watching, over = Event(), Event()
        losses = beside.submit(lost_files, reader, watching, over)
        assert watching.wait(10)
        try:
            yield
        finally:
            over.set()
        commit, content = pushing.result()
        all_hold(reader, content)
        assert losses.result() == []
    assert [agent_of(pod) for pod in reader.pods] == agents, "no agent was started anew"

    def is_ready() -> bool:
        status: Any = reader.status()
        ready = {one["type"]: one["status"] for one in status["conditions"]}["Ready"]
        return (status["lastSyncCommit"], ready) == (commit, "True")

    eventually(is_ready, what=f"{NAME} is ready at {commit}")


def push_in_between(reader: Reader) -> tuple[str, str]:
    time.sleep(SLOW / 2)
    made = reader.pushed("Packing, during the upgrade")
    reader.runs(*TRIGGER)
    return made


def lost_files(reader: Reader, watching: Event, over: Event) -> list[str]:
    """The gateways that were seen without a file that nobody has deleted."""
    lost = []
    while not over.is_set():
        for gateway in reader.gateways:
            if KEPT - gateway.files().keys():
                lost.append(gateway.pod.name)  # noqa: PERF401 - while it goes on
        watching.set()
        over.wait(0.3)
    return lost


def agent_of(pod: Pod) -> tuple[str, int]:
    state = pod.container(names.AGENT_CONTAINER)
    return state["containerID"], state["restartCount"]


def say(line: str) -> None:
    print(line)  # noqa: T201 - a figure
