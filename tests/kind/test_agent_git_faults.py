"""Git servers that are away, slow, or lying, and what that means for a gateway: nothing.

Its files stay, its agent stays alive and says what is wrong and what to do; as soon as the server
works again and something new is wanted, it goes on. Where a fault would hit the controller too, the
agent is told of the commit by its pod's `ref-override`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count

import pytest
from kit import eventually
from kit.doors import Does
from kit.ledger import Ledger
from kit.works import Injected, Works

from support.git_faults import Fault
from support.git_servers import BreakOff, Flood, Hang, Refuse, Swap, Trickle
from support.standalone import VIEW, project

MORE = f"{VIEW}/view.json"
_numbers = count(1)


@pytest.fixture(scope="module")
def works(new_works: Callable[..., Works]) -> Works:
    made = new_works("site")
    made.push(project())
    return made


@pytest.fixture(scope="module")
def agent(works: Works) -> Injected:
    made = works.start("gw-0").ready()
    made.will_say("Synced", works.source.head())
    return made


def commit(works: Works) -> tuple[str, str]:
    """A commit that nobody is told of, and the content that it brings."""
    text = f'{{"root": {{"n": {next(_numbers)}}}}}'
    return works.source.commit({MORE: text}), text


def is_well(agent: Injected) -> None:
    assert agent.probe("/healthz") == 200
    assert agent.restarts == 0
    assert agent.gateway.projects() == ["line"]


FAULTS: dict[str, tuple[Fault | Does, str]] = {
    "refuses every request": (Refuse(500), "500"),
    "asks for patience": (Refuse(429, {"Retry-After": "120"}), "429"),
    "does not let us in": (Refuse(403), "403"),
    "breaks every connection off": (Does.SHUT, ""),
    "floods": (Flood(), ""),
}


@pytest.mark.fault("git-server", "500s", "rate limit (429 with Retry-After)", "resets mid-pack")
@pytest.mark.fault("git-server", "the gateway keeps its files", "status says why", "backoff")
@pytest.mark.parametrize("what", FAULTS)
def test_a_server_that_fails(works: Works, agent: Injected, what: str, ledger: Ledger) -> None:
    fault, text = FAULTS[what]
    before = agent.files()
    wanted, content = commit(works)
    with works.git.failing(fault):
        agent.annotate(ref_override=wanted)
        report = agent.will_say("Error", text=text, within=60)
        assert report["syncedCommit"] != wanted
        assert works.git.door.host.partition(":")[0] in report["errorMessage"]
        assert "next try at" in report["errorMessage"]
        assert works.git.server.token not in report["errorMessage"]
        assert agent.files() == before
        is_well(agent)
        assert agent.ask(8082, "/readyz").text
        ledger.did(f"the agent's git server {what}")
        ledger.checked("files of the gateway", of=len(before))
    # Something new resets the wait.
    agent.annotate(ref_override=None)
    works.resolve()
    agent.will_say("Synced", wanted)
    eventually(lambda: agent.holds(MORE, content), what="the gateway has it")


@pytest.mark.fault("git-server", "resets mid-pack", "backoff", "the gateway keeps its files")
def test_a_pack_that_breaks_off_is_fetched_again(
    works: Works, agent: Injected, ledger: Ledger
) -> None:
    before = agent.files()
    with works.git.failing(BreakOff(after=200)):
        wanted, content = commit(works)
        works.resolve()
        agent.will_say("Error")
        assert agent.files() == before
        is_well(agent)
    agent.will_say("Synced", wanted, within=45)
    assert agent.holds(MORE, content), "it has tried again by itself, after half a minute"
    ledger.did("the agent's git server breaks packs off")
    ledger.checked("files of the gateway", of=len(before))


@pytest.mark.fault("git-server", "wrong object", "the gateway keeps its files")
def test_a_server_that_gives_another_commit(works: Works, agent: Injected, ledger: Ledger) -> None:
    before, old = agent.files(), works.source.head()
    wanted, _ = commit(works)
    with works.git.failing(Swap(wanted, old)):
        works.resolve()
        report = agent.will_say("Error")
        assert report["syncedCommit"] == old
        assert agent.files() == before
        is_well(agent)
    newer, content = commit(works)
    began = time.monotonic()
    works.resolve()
    agent.will_say("Synced", newer)
    assert time.monotonic() - began < 25, "a new commit resets the wait"
    assert agent.holds(MORE, content)
    ledger.did("the agent's git server gives another commit than the one that it is asked for")
    ledger.checked("files of the gateway", of=len(before))


def test_a_server_that_trickles_holds_up_nothing_else(works: Works, agent: Injected) -> None:
    wanted, content = commit(works)
    with works.git.failing(Trickle(pause=0.2, size=40)):
        works.resolve()
        agent.will_say("Syncing")
        is_well(agent)
        assert agent.ask(8083, "/metrics").status == 200
    agent.will_say("Synced", wanted, within=60)
    assert agent.holds(MORE, content)


@pytest.mark.fault("git-server", "hangs", "the gateway keeps its files")
def test_a_server_that_says_nothing_is_given_up_when_another_commit_comes(
    works: Works, agent: Injected, ledger: Ledger
) -> None:
    wanted, _ = commit(works)
    with works.git.failing(Hang()):
        agent.annotate(ref_override=wanted)
        agent.will_say("Syncing")
        time.sleep(5)
        is_well(agent)
    newer, content = commit(works)
    agent.annotate(ref_override=None)
    works.resolve()
    works.git.door.reset()
    agent.will_say("Synced", newer, within=60)
    assert agent.holds(MORE, content)
    ledger.did("the agent's git server says nothing")
    ledger.checked("commits that do not arrive when it speaks again")
