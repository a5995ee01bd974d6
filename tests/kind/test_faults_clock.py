"""A clock that jumps, and an API server that is away for an hour, for an agent and its controller.

Both run by a clock of the test's (`kit.clocks`); what counts seconds is not moved, as on a machine
whose clock is set. Requests are counted: to the API server by the ways that both take to it, and to
the git server. A storm would be many of them, a stall a commit that does not arrive.

An hour away is one by that clock: the ways fall silent, the clock goes an hour ahead, the ways are
open again. In the long form it is an hour of everybody's.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from cluster import Cluster
from kit import Space, passages
from kit.breaking import Way, way_to
from kit.clocks import Clock, clock
from kit.controllers import Controllers
from kit.faults import LONG
from kit.git_here import GitHere
from kit.ledger import Ledger
from kit.local_controller import LocalController
from kit.posts import Post, Posts

from support.standalone import VIEW, project

VIEW_FILE: Final = f"{VIEW}/view.json"
HOUR: Final = 3600.0
AWAY: Final = float(os.environ.get("STOKER_HOUR_SECONDS", "5"))
WINDOW: Final = 3.0
STORM: Final = 40
"""Requests within the window: at rest there are the lease, the regular look, and what is told."""
PROMPT: Final = 30.0
JUMPS: Final = {"ahead": 2 * HOUR, "back": -HOUR / 2, **({"right again": 0.0} if LONG else {})}


@dataclass
class Stand:
    """An agent and its controller, who share a clock."""

    post: Post
    controller: LocalController
    way: Way
    clock: Clock
    git: GitHere
    number: int = 0

    def asked(self) -> int:
        """How often both have asked anybody anything."""
        told = self.controller.metric("stoker_controller_api_requests_total")
        agent = len(self.post.passage.requests)
        return int(told) + agent + len(self.git.server.seen)

    def push(self, ledger: Ledger) -> None:
        """A commit arrives in time."""
        self.number += 1
        files = {VIEW_FILE: f'{{"root": {{"n": {self.number}}}}}'}
        began = time.monotonic()
        commit = str(self.post.works.push(files))
        self.post.shows("Synced", within=PROMPT)
        self.post.agent.will_say("Synced", commit, within=PROMPT)
        self.post.works.is_ready_at(commit, within=PROMPT)
        late = int(time.monotonic() - began > PROMPT)
        ledger.checked("commits that do not arrive within half a minute", lost=late)

    def is_alive(self, ledger: Ledger) -> None:
        well = self.post.agent.probe("/healthz") == 200
        well = well and self.controller.probe("/healthz").status == 200
        ledger.checked("probes that would end agent or controller", lost=int(not well), of=2)


@pytest.fixture
def stand(
    space: Space,
    cluster: Cluster,
    git_here: GitHere,
    local_controllers: Controllers,
    tmp_path: Path,
) -> Iterator[Stand]:
    own = clock(tmp_path)
    with ExitStack() as stack:
        way = stack.enter_context(way_to(cluster.kubeconfig, tmp_path))
        controller = local_controllers.begin(kubeconfig=way.kubeconfig)
        controller.kill()
        controller.before = own.words
        controller.start().ready()
        posts = Posts(space, git_here, controller, tmp_path / "posts", stack)
        post = posts.new("clock")
        post.agent.before = own.words
        post.begin(project())
        post.shows("Synced")
        yield Stand(post, controller, way, own, git_here)


@pytest.mark.fault("clock", "jumps back", "jumps forward", "no storm", "no stall")
@pytest.mark.fault("api-server", "one hour away", "no lost or doubled action")
def test_a_clock_that_jumps_and_an_hour_without_an_api_server(stand: Stand, ledger: Ledger) -> None:
    for where, seconds in JUMPS.items():
        before = stand.asked()
        stand.clock.jump(seconds)
        time.sleep(WINDOW)
        asked = stand.asked() - before
        ledger.did(f"the clock of agent and controller jumps: {where}")
        assert asked <= STORM, f"{asked} requests within {WINDOW:.0f} s"
        ledger.checked("jumps that are answered by a storm of requests", of=asked and 1)
        stand.is_alive(ledger)
        stand.push(ledger)
    an_hour_passes(stand, ledger)
    assert "Traceback" not in stand.controller.log.read_text()


def an_hour_passes(stand: Stand, ledger: Ledger) -> None:
    """Without an API server, for both."""
    post = stand.post
    before: dict[str, Any] = post.tree()
    audits = len(post.agent.audits())
    post.passage.become(passages.SILENT)
    stand.way.does = stand.way.silent
    post.works.source.commit({VIEW_FILE: '{"root": {"while": "away"}}'})
    began = time.monotonic()
    if AWAY < HOUR:
        stand.clock.jump(3 * HOUR)
    while time.monotonic() - began < AWAY:
        time.sleep(min(AWAY / 3, 10))
        stand.is_alive(ledger)
    ledger.did("the API server is silent for an hour" + (" of the clock" if AWAY < HOUR else ""))
    ledger.checked("files of the gateway", lost=len(post.differs(before)), of=len(before))
    stand.way.does = stand.way.passing
    post.passage.become(passages.PASSING)
    stand.push(ledger)
    done = [one["commit"] for one in post.agent.audits()[audits:] if one["result"] == "synced"]
    doubled = len(done) - len(set(done))
    ledger.checked("commits that were synced twice", lost=doubled, of=len(done))
