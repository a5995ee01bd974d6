"""An agent that is killed at its system calls, and at any instant, and killed again.

It is the agent of a GatewaySync on the real API server, with a git server over HTTPS and a gateway
beside it. While it is away there is another commit; it starts, and is killed at one of the calls
with which it, its child or git changes a file (`kit.traced`), or after some time, whatever it does
then. Every second try kills the next life as well. Then an agent runs in peace, and everything
must be as if nobody had been killed. tests/crash does the same to `stoker sync` at every call.

The commits are those of tests/crash: files come, go, change, become folders; strangers lie between.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from kit import eventually
from kit.faults import LONG
from kit.ledger import Ledger
from kit.posts import Post, Posts
from kit.traced import points_of, traced

from crash.scenarios import PROFILE, SCENARIOS
from stoker.adapters.kube.errors import NotFound

TRIES: Final = int(os.environ.get("STOKER_KILLS", "200" if LONG else "3"))
SEED: Final = int(os.environ.get("STOKER_CHAOS_SEED", "0")) or 10
SCENE: Final = SCENARIOS["update"]
SOUND: Final = {
    "site/config/ignition/database-connection/MES/resource.json": json.dumps(
        {"scope": "A", "version": 1, "files": ["config.json"], "attributes": {}}
    ).encode()
}
"""What a gateway wants beside them."""
SIDES: Final[tuple[Mapping[str, Any], ...]] = (
    {**SCENE.before, **SOUND},
    {**SCENE.after, **SOUND},
)
AT_ANY_INSTANT: Final = 3
"""One try of so many is by the clock, so that it also dies while it waits for others."""
_MOST: Final = 4.0


@dataclass
class Experiment:
    """A post between two commits, and what its tree is at each."""

    post: Post
    folder: Path
    calls: int = 0
    lives: int = 0

    def commit(self, files: Mapping[str, Any], others: Mapping[str, Any]) -> str:
        gone = {*others} - {*files}
        return str(self.post.works.push(files, delete=gone))

    def in_peace(self, commit: str) -> None:
        """A life that nobody disturbs."""
        agent = self.post.agent
        agent.before = ()
        # The last life may have told as much, and have died before it had tidied up.
        seq = self.told()
        agent.start()

        def has_told() -> bool:
            assert (told := agent.says("Synced", commit))["seq"] > seq, told
            return True

        what = f"an agent that nobody kills has {commit}"
        eventually(has_told, what=what, within=90, tell=[agent.tail])

    def told(self) -> int:
        """The number of the last report; 0 as long as there is no place for one."""
        try:
            return int(self.post.agent.report().get("seq", 0))
        except NotFound:
            return 0

    def rest(self) -> None:
        """The end of that life, which nothing waits for either."""
        self.post.agent.kill()

    def counted(self, commit: str) -> int:
        """How many calls a whole life makes that syncs this."""
        told = self.folder / "whole"
        self.post.agent.before = traced(told)
        self.post.agent.start().will_say("Synced", commit, within=60)
        _, agent, *_ = self.post.agent.pids
        os.kill(agent, signal.SIGTERM)
        points = points_of(told)
        self.post.agent.kill()
        return points

    def life(self, commit: str, chance: random.Random, *, by_the_clock: bool) -> None:
        """A life that is ended by force, at one of its calls or at some instant."""
        self.lives += 1
        agent = self.post.agent
        if by_the_clock:
            agent.before = ()
            agent.start()
            time.sleep(chance.uniform(0.1, _MOST))
        else:
            at, after = chance.randint(1, self.calls), chance.random() < 0.5
            told = self.folder / f"life-{self.lives}"
            agent.before = traced(told, at, after=after)
            agent.start()
            eventually(lambda: self.is_over(commit), what="it is killed, or done", within=60)
        agent.kill()

    def is_over(self, commit: str) -> bool:
        process = self.post.agent.process
        if process is not None and process.poll() is not None:
            return True
        return bool(self.post.agent.says("Synced", commit))


@pytest.fixture(scope="module")
def experiment(posts: Posts, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    profile = {**PROFILE, "syncPeriod": 5}
    post = posts.new("killed", sync={"profiles": {"default": profile}})
    for name, content in SCENE.strangers.items():
        path = post.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return Experiment(post, tmp_path_factory.mktemp("killed"))


@pytest.mark.fault(
    *("agent-killed", "SIGKILL of the agent at every point of a sync"),
    *("each system call boundary", "repeated", "the next run converges to the same tree"),
    *("no temporary or lock file is left", "no file of others is lost"),
)
def test_whenever_it_is_killed_the_next_life_comes_to_the_same_end(
    experiment: Experiment, ledger: Ledger
) -> None:
    trees: list[dict[str, bytes]] = []
    for number, files in enumerate(SIDES):
        commit = experiment.commit(files, SIDES[1 - number])
        if number:
            experiment.calls = experiment.counted(commit)
        experiment.in_peace(commit)
        trees.append(experiment.post.tree())
        experiment.rest()
    assert experiment.calls > 100, "what is counted are the calls of a whole sync"
    for number in range(TRIES):
        side = number % 2
        commit = experiment.commit(SIDES[side], SIDES[1 - side])
        chance = random.Random(SEED + number)  # noqa: S311 - no secret
        by_the_clock = number % AT_ANY_INSTANT == AT_ANY_INSTANT - 1
        for _ in range(1 + (number // 2) % 2):
            experiment.life(commit, chance, by_the_clock=by_the_clock)
            how = "at some instant" if by_the_clock else "at a system call that changes a file"
            ledger.did(f"SIGKILL of the agent and its children {how}")
        experiment.in_peace(commit)
        all_is_well(experiment.post, trees[side], ledger)
        experiment.rest()


def all_is_well(post: Post, wanted: dict[str, bytes], ledger: Ledger) -> None:
    eventually(lambda: post.is_at(wanted), what="the tree is the same", within=10)
    ledger.checked("trees that differ from that of an agent that was not killed", of=1)
    eventually(post.is_clean, what="nothing is left over", within=10)
    ledger.checked("locks, temporary files and journals left over")
    for name, content in SCENE.strangers.items():
        path = post.data / name
        lost = not path.is_file() or path.read_bytes() != content
        ledger.checked("files of others", lost=int(lost))
