"""A lease that is lost in the middle of a reconcile, and a crowd of which one is broken.

The reconcile is held up by a git server that says nothing. Meanwhile somebody else takes the lease,
and is never heard of again: what comes of the reconcile is not written by who leads no more, and
somebody leads again in time.

In the crowd every GatewaySync has gateways whose agents report. How long it takes until a report is
shown is measured without the broken one and with it, in the same run: its git server hangs, and its
agents write what is no report, as fast as they can.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import pytest
from cluster import Cluster
from kit import Space, eventually
from kit.controllers import Controllers
from kit.crowds import Crowd, crowd, talking
from kit.doors import Does
from kit.faults import LONG
from kit.fleets import SERVICE_ACCOUNTS
from kit.git_here import GitHere
from kit.ledger import Ledger
from kit.listening import SilentServer
from kit.local_controller import LocalController
from kit.plants import Repository, account, gateway_pod, gateway_sync, report_of
from kit.works import Works, works

from stoker.adapters.kube.client import Client
from stoker.adapters.kube.errors import ApiFailed
from stoker.adapters.kube.resources import CONFIG_MAPS, GATEWAY_SYNCS, LEASES, PODS
from stoker.core import names
from support.git_servers import GitDaemon
from support.standalone import project

LEASE: Final = {"lease_duration": "6s", "renew_deadline": "5s", "retry_period": "0.5s"}
TIMES: Final = 5 if LONG else 1
CRS: Final = 1000 if LONG else 24
EACH: Final = 10 if LONG else 2
SAMPLES: Final = 60 if LONG else 10
PATIENCE: Final = 600.0
IN_TIME: Final = 30.0


@pytest.fixture
def site(space: Space, git_here: GitHere) -> Iterator[Works]:
    made = works(space, "site", git_here, "nowhere:none", "nowhere:none")
    made.source.commit(project())
    yield made
    git_here.door.does = Does.OPEN


def leads(controller: LocalController) -> bool:
    return controller.metric("stoker_controller_leader") == 1


def is_asked(git: GitHere, before: int) -> bool:
    return git.door.taken > before


def is_told(site: Works, commit: str) -> bool:
    return site.metadata()["commit"] == commit


def steal(site: Works) -> None:
    """Take the lease of whoever has it, as another that believes it has run out."""
    now = datetime.now(UTC).isoformat(timespec="microseconds")  # noqa: TID251 - a lease's time
    taken = {"holderIdentity": "thief", "renewTime": now, "acquireTime": now}
    leases = [one for page in site.admin.pages(LEASES, site.space.name) for one in page.items]
    for one in leases:
        site.admin.merge(LEASES, site.space.name, one["metadata"]["name"], {"spec": taken})


@pytest.mark.fault("controller", "lease lost in the middle of a reconcile", "every write is fenced")
@pytest.mark.fault("controller", "a new leader converges within 30 s", "two leaders for a moment")
def test_a_lease_that_is_lost_in_the_middle_of_a_reconcile(
    site: Works, git_here: GitHere, local_controllers: Controllers, ledger: Ledger
) -> None:
    controller = local_controllers.start(**LEASE)
    site.says("RefResolved", "True", text=site.source.head())
    for number in range(TIMES):
        eventually(lambda: leads(controller), what="it leads", within=IN_TIME)
        old = site.source.head()
        git_here.door.does = Does.SILENT
        new = site.source.commit({"projects/line/more.json": f'{{"n": {number}}}'})
        taken = git_here.door.taken
        site.look()
        eventually(partial(is_asked, git_here, taken), what="it asks for the ref")
        steal(site)
        eventually(lambda: not leads(controller), what="it hears of that", within=10)
        began, written = time.monotonic(), controller.writes()
        git_here.door.does = Does.OPEN
        time.sleep(2)
        late = 0 if leads(controller) else controller.writes() - written
        ledger.did("the lease is taken while the leader waits for an answer about a ref")
        ledger.checked("writes of who leads no more", lost=late)
        assert leads(controller) or site.metadata()["commit"] == old
        eventually(partial(is_told, site, new), what="a leader tells", within=IN_TIME)
        took = time.monotonic() - began
        ledger.checked("commits that are not told within 30 s", lost=int(took > IN_TIME))


# --- The crowd ---


class Reports:
    """The agents of a crowd, all played by the test."""

    def __init__(self, everybody: Crowd, commit: str) -> None:
        self.crowd = everybody
        self.commit = commit
        self.uids: dict[str, str] = {}
        self.seq = 0

    def settle(self, url: str) -> None:
        """Make all of it, and wait until each agent can report."""
        names_ = [f"site-{number}" for number in range(CRS)]
        self.crowd.create(SERVICE_ACCOUNTS, [account()])
        pods = [gateway_pod(f"{cr}-gw-{n}", cr) for cr in names_ for n in range(EACH)]
        made = self.crowd.create(PODS, pods)
        self.uids = {one["metadata"]["name"]: one["metadata"]["uid"] for one in made}
        polling = {"interval": "300s"}
        self.crowd.create(
            GATEWAY_SYNCS, [gateway_sync(one, url, polling=polling) for one in names_]
        )
        eventually(self.can_report, what="every agent can report", within=PATIENCE)

    def can_report(self) -> bool:
        there = self.crowd.listed(CONFIG_MAPS, labels="stoker.io/cr-name")
        wanted = {names.status_config_map(pod.rpartition("-gw-")[0], pod) for pod in self.uids}
        assert not (missing := wanted - there.keys()), f"{len(missing)} have no ConfigMap"
        return True

    def latency(self, number: int) -> float:
        """Seconds from a report until its CR shows it."""
        cr = f"site-{number % CRS}"
        pod = f"{cr}-gw-{number % EACH}"
        self.seq += 1
        said = report_of(pod, self.uids[pod], self.commit, seq=self.seq, filesChanged=self.seq)
        change = {"data": {names.STATUS_KEY: json.dumps(said)}}
        began = time.monotonic()
        self._write(names.status_config_map(cr, pod), change)
        while not self._shows(cr, pod):
            assert time.monotonic() - began < IN_TIME, f"{pod} is not shown"
            time.sleep(0.02)
        return time.monotonic() - began

    def _write(self, name: str, change: dict[str, Any]) -> None:
        self.crowd.client.merge(CONFIG_MAPS, self.crowd.namespace, name, change)

    def _shows(self, cr: str, pod: str) -> bool:
        found = self.crowd.client.get(GATEWAY_SYNCS, self.crowd.namespace, cr)
        rows = found.get("status", {}).get("discoveredGateways", [])
        return any(one["podName"] == pod and one.get("filesChanged") == self.seq for one in rows)

    def latencies(self) -> list[float]:
        return [self.latency(number * 7) for number in range(SAMPLES)]


@contextmanager
def broken(reports: Reports, server: SilentServer) -> Iterator[None]:
    """One more, that is as bad as one can be."""
    everybody = reports.crowd
    everybody.create(PODS, [gateway_pod(f"broken-gw-{n}", "broken") for n in range(EACH)])
    everybody.create(GATEWAY_SYNCS, [gateway_sync("broken", server.url("nothing.git"))])
    maps = [names.status_config_map("broken", f"broken-gw-{n}") for n in range(EACH)]
    eventually(lambda: {*maps} <= {*everybody.listed(CONFIG_MAPS)}, what="it has its ConfigMaps")
    over = threading.Event()

    def babble() -> None:
        number = 0
        while not over.wait(0.05):
            number += 1
            text = json.dumps({"seq": number, "errorMessage": "x" * 200_000, "drift": []})
            # Who babbles does not mind.
            with suppress(ApiFailed):
                change = {"data": {names.STATUS_KEY: text if number % 2 else text[:-9]}}
                everybody.client.merge(
                    CONFIG_MAPS, everybody.namespace, maps[number % EACH], change
                )

    thread = threading.Thread(target=babble)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.fixture
def client(cluster: Cluster) -> Iterator[Client]:
    with talking(cluster) as made:
        yield made


@pytest.mark.fault("crowd", "one of them broken", "the others' latency is unharmed")
def test_reports_are_shown_as_fast_beside_one_that_is_broken(
    space: Space,
    client: Client,
    git: GitDaemon,
    local_controllers: Controllers,
    ledger: Ledger,
) -> None:
    repository = Repository.create(git, space.name)
    commit = str(repository.commit())
    local_controllers.start(leader_elect=False, allowed_protocols="git,https")
    with crowd(client, space.name) as everybody, SilentServer() as server:
        reports = Reports(everybody, commit)
        reports.settle(repository.url)
        reports.latencies()  # the first ones are of those that have just been made
        alone = reports.latencies()
        with broken(reports, server):
            time.sleep(1)
            beside = reports.latencies()
    without, with_it = statistics.median(alone), statistics.median(beside)
    print(f"{without * 1000:.0f} ms without, {with_it * 1000:.0f} ms with it")  # noqa: T201 - a figure
    ledger.did(f"one broken GatewaySync among {CRS} with {CRS * EACH} pods")
    assert with_it < 2 * without + 0.5
    ledger.checked("reports that take twice as long, in the median", of=SAMPLES)
