"""Gateways that fail, each in its own way and all at once: what their GatewaySyncs say of them.

A commit arrives while each gateway fails. Whatever goes wrong, no row ever shows `Synced` at that
commit while it does; what the gateway refuses is rolled back, and what it does not answer is tried
again. When the gateways are well, all have the next commit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest
from kit import eventually
from kit.faults import LONG
from kit.ledger import Ledger
from kit.posts import Post, Posts
from kit.rows import Rows, rows

from stoker.testing.gateway import Fault, Hang, Reset, RestartInScan, ScanNeverEnds, Status
from support.scripted_server import ClosedPort
from support.standalone import VIEW, project

VIEW_FILE: Final = f"{VIEW}/view.json"
BROKEN: Final = json.dumps({"scope": "G", "version": 1, "files": ["absent.json"], "attributes": {}})
SCAN: Final = "POST /scan/*"


@dataclass(frozen=True)
class Failing:
    """How a gateway fails, and what is to be read of it."""

    faults: tuple[Fault, ...] = ()
    states: tuple[str, ...] = ("Error",)
    text: str = ""
    writes: bool = False
    """Whether the commit's files are there meanwhile."""
    closed: bool = False
    broken: bool = False


def always(on: str, action: Status | Hang | Reset | ScanNeverEnds) -> tuple[Fault, ...]:
    return (Fault(on, action, times=None),)


HANGS: Final = (
    # Its patience is twenty seconds; until then it waits, and that is no state to be called synced.
    Failing(always("*", Hang(seconds=300)), ("Error",), "no whole answer")
    if LONG
    else Failing(always("*", Hang(seconds=300)), ("Syncing", "Error"))
)
GATEWAYS: Final = {
    # Who has noticed that nobody is there writes the files, for when it starts; else a sync fails.
    "refuses": Failing(closed=True, states=("Error", "Syncing"), text="did not reach"),
    "401": Failing(always("*", Status(401)), text="API token"),
    "403": Failing(always("*", Status(403)), text="API token may not"),
    "500": Failing(always("*", Status(500)), text="status 500"),
    "hangs": HANGS,
    "scan-never-ends": Failing(always(SCAN, ScanNeverEnds()), ("Syncing",), writes=True),
    "resource-fails": Failing(broken=True, states=("RolledBack",), text="Main"),
    "restarts": Failing(
        (Fault(SCAN, RestartInScan(), times=1),), ("Syncing", "Synced"), writes=True
    ),
}
MORE: Final = {
    "resets": Failing(always("*", Reset()), ("Error",), "did not reach"),
    "scan-500": Failing(always(SCAN, Status(500)), ("Syncing", "Error", "RolledBack")),
    "scan-403": Failing(always(SCAN, Status(403)), ("Error", "RolledBack")),
    "scan-hangs": Failing(always(SCAN, Hang(seconds=300)), ("Syncing", "Error"), writes=True),
}
ALL: Final = {**GATEWAYS, **(MORE if LONG else {})}


@pytest.fixture(scope="module")
def stand(posts: Posts) -> dict[str, Post]:
    made = {name: posts.new(name) for name in ALL}
    for one in made.values():
        one.works.push(project())
        one.agent.start()
    for one in made.values():
        one.shows("Synced")
    return made


@pytest.fixture
def shown(posts: Posts) -> Iterator[Rows]:
    with rows(posts.space) as made:
        yield made


def fails(post: Post, how: Failing, closed: int) -> str:
    """Have it fail, and a commit arrive; the commit."""
    if how.closed:
        post.works.change(gateway={"port": closed})
        eventually(
            lambda: post.works.metadata()["gatewayPort"] == str(closed), what="the port is told"
        )
    post.gateway.script(*how.faults)
    files = {VIEW_FILE: '{"root": {"n": 1}}'}
    broken = {f"{VIEW}/resource.json": BROKEN} if how.broken else {}
    return str(post.works.push({**files, **broken}))


def told(post: Post, how: Failing) -> None:
    """Its row says what is wrong."""

    def is_told() -> bool:
        row = post.agent.row()
        assert row["syncStatus"] in how.states, row
        if how.closed and row["syncStatus"] == "Syncing":
            assert row["lastScanResult"] == "pending", row
        else:
            assert how.text in row.get("errorMessage", ""), row
        return True

    what = f"{post.agent.name} is told of: {how.text or how.states}"
    eventually(is_told, what=what, within=40, tell=[post.agent.tail])


def cured(post: Post, how: Failing) -> str:
    """Have it be well; another commit, which every agent takes at once."""
    post.gateway.clear_script()
    if how.closed:
        port = int(post.gateway.url.rpartition(":")[2])
        post.works.change(gateway={"port": port})
    if how.writes and not how.text:
        post.gateway.restart()
    sound = project()[f"{VIEW}/resource.json"]
    return str(post.works.push({VIEW_FILE: '{"root": {"n": 2}}', f"{VIEW}/resource.json": sound}))


@pytest.mark.fault(
    *("gateway", "refuses", "401", "403", "500", "hangs", "scan accepted but never finished"),
    *("scan finished but a resource failed to load", "restart in the middle"),
    *("typed outcome", "retry or rollback as the contract says", "never `Synced`"),
)
def test_no_gateway_that_fails_is_ever_shown_as_synced(
    stand: dict[str, Post], shown: Rows, ledger: Ledger
) -> None:
    with ClosedPort() as nowhere:
        closed = int(nowhere.rpartition(":")[2])
        commits = {name: fails(stand[name], how, closed) for name, how in ALL.items()}
        for name, how in ALL.items():
            told(stand[name], how)
            ledger.did(f"a commit arrives while the gateway fails: {name}")
        for name in ALL:
            if name != "restarts":
                never_synced(stand[name], shown, commits[name], ledger)
        stands_as_the_contract_says(stand, ledger)
        for post, how in ((stand[name], how) for name, how in ALL.items()):
            post.works.annotate()
            commits[post.works.name] = cured(post, how)
    after = {**project(), VIEW_FILE: '{"root": {"n": 2}}'}
    for name, post in stand.items():
        post.agent.will_say("Synced", commits[name], within=60)
        post.has(after)
    ledger.checked("gateways that are well have the next commit", of=len(stand))


def never_synced(post: Post, shown: Rows, commit: str, ledger: Ledger) -> None:
    wrong = shown.of(post.agent.name, commit).count("Synced")
    ledger.checked("rows that show `Synced` while the gateway fails", lost=wrong)


def stands_as_the_contract_says(stand: dict[str, Post], ledger: Ledger) -> None:
    """What was refused before anything was written, or rolled back, is as it was."""
    eventually(lambda: not stand["resource-fails"].differs(project()), what="it is rolled back")
    for name in ("401", "403", "500", "hangs", "resource-fails"):
        differing = stand[name].differs(project())
        ledger.checked("files of a gateway that did not take the commit", lost=len(differing))
    commit = {**project(), VIEW_FILE: '{"root": {"n": 1}}'}
    differing = min(stand["refuses"].differs(project()), stand["refuses"].differs(commit), key=len)
    ledger.checked("files of neither commit, where nobody was there", lost=len(differing))
    written = stand["scan-never-ends"].differs(commit)
    ledger.checked("files of a commit whose scans are owed", lost=len(written))
    stand["restarts"].agent.will_say("Synced")
    written = stand["restarts"].differs(commit)
    ledger.checked("files of a commit in whose scan the gateway restarted", lost=len(written))
