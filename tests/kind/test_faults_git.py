"""Git servers that lose what they had, and those that fail a controller.

A history that is rewritten, with the old commit gone from the server; a commit that is not there; a
ref that is deleted. And all that a server can do to the controller when it polls: what the agents
are told stays, the condition says why, and no git process outlives its deadline.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Final

import pytest
from kit import Space, eventually
from kit.controllers import Controllers
from kit.doors import Does
from kit.git_here import GitHere
from kit.git_processes import asking
from kit.ledger import Ledger
from kit.posts import Post, Posts
from kit.works import Works, works

from support.git_faults import Fault, Hang, Refuse
from support.standalone import VIEW, project

VIEW_FILE: Final = f"{VIEW}/view.json"
DEADLINE: Final = 3.0
"""Seconds that the controller gives a git process here."""


def rewritten(site: Works, files: dict[str, str]) -> str:
    """Another history with this, and nothing of the one before; its commit."""
    upstream = site.source.upstream
    commit = str(upstream.commit(files, "Begin anew", branch="anew"))
    upstream.git("update-ref", "refs/heads/main", commit)
    upstream.delete_ref("refs/heads/anew")
    upstream.git("reflog", "expire", "--expire=now", "--all")
    upstream.git("gc", "--quiet", "--prune=now")
    return commit


def is_gone(site: Works, commit: str) -> bool:
    kinds = site.source.upstream.git("cat-file", "--batch-check", stdin=f"{commit}\n".encode())
    return b"missing" in kinds


@pytest.fixture(scope="module")
def post(posts: Posts) -> Post:
    made = posts.new("lost")
    made.begin(project())
    return made


@pytest.mark.fault("git-server", "rewritten history", "the gateway keeps its files")
@pytest.mark.fault("git-server", "status says why", "backoff")
def test_a_history_that_is_rewritten(post: Post, ledger: Ledger) -> None:
    site, old = post.works, post.works.source.head()
    files = project('{"root": {"history": "another"}}')
    commit = rewritten(site, files)
    assert is_gone(site, old)
    site.resolve()
    post.agent.will_say("Synced", commit)
    post.has(files)
    ledger.did("the history of a branch is rewritten, and the old commit is gone")
    ledger.checked("gateways that do not have the new one")
    # An agent that has to fetch a commit which is not there any more, and has nothing yet.
    late = site.source.upstream.commit({VIEW_FILE: '{"root": {"late": 1}}'})
    post.agent.annotate(ref_override=str(late))
    post.agent.will_say("Synced", str(late))
    post.agent.annotate(ref_override="1" * 40)
    before = post.tree()
    row = post.shows("Error", "1111111")
    assert row["syncedCommit"] == late
    assert "next try at" in row["errorMessage"]
    ledger.did("an agent is to fetch a commit that the server does not have")
    ledger.checked("files of the gateway", lost=len(post.differs(before)), of=len(before))
    post.agent.annotate(ref_override=None)
    site.resolve()
    post.agent.will_say("Synced", site.source.head())


@pytest.mark.fault("git-server", "deleted ref", "the gateway keeps its files", "status says why")
def test_a_ref_that_is_deleted(post: Post, ledger: Ledger) -> None:
    site, old, before = post.works, post.works.source.head(), post.tree()
    site.source.upstream.delete_ref("refs/heads/main")
    site.look()
    told = site.says("RefResolved", "False", "RefResolutionFailed", text="main")
    assert "next" in told["message"] or "try" in told["message"], told
    site.says("Ready", "False")
    assert site.metadata()["commit"] == old, "the agents are told what they were told"
    ledger.did("the ref is deleted")
    ledger.checked("files of the gateway", lost=len(post.differs(before)), of=len(before))
    site.source.upstream.branch("main", old)
    commit = str(site.push({VIEW_FILE: '{"root": {"ref": "again"}}'}))
    post.agent.will_say("Synced", commit)
    ledger.checked("gateways that do not go on when it is there again")


# --- The controller ---


@pytest.fixture
def impatient(space: Space, git_here: GitHere, local_controllers: Controllers) -> Iterator[Works]:
    local_controllers.start(git_deadline=f"{DEADLINE:.0f}s", leader_elect=False)
    made = works(space, "site", git_here, "nowhere:none", "nowhere:none")
    made.push(project())
    made.says("RefResolved", "True")
    yield made
    git_here.door.does = Does.OPEN


FAULTS: Final[dict[str, tuple[Fault | Does, str]]] = {
    "answers with 500": (Refuse(500), "500"),
    "asks for patience (429, Retry-After)": (Refuse(429, {"Retry-After": "120"}), "429"),
    "breaks connections off": (Does.SHUT, ""),
    "says nothing": (Hang(), ""),
    "cannot be reached": (Does.SILENT, ""),
}


@pytest.mark.fault("git-server", "hangs", "500s", "resets mid-pack", "status says why")
@pytest.mark.fault("git-server", "rate limit (429 with Retry-After)", "process group killed")
@pytest.mark.fault("git-server", "deadline on every git process", "backoff")
def test_a_server_that_fails_the_controller(
    impatient: Works, git_here: GitHere, ledger: Ledger
) -> None:
    commit = impatient.source.head()
    for what, (fault, text) in FAULTS.items():
        with git_here.failing(fault):
            began = time.monotonic()
            impatient.look()
            told = impatient.says("RefResolved", "False", "RefResolutionFailed", text=text)
            took = time.monotonic() - began
            eventually(partial(nobody_asks, impatient.source.url), what="git has ended", within=5)
        assert impatient.metadata()["commit"] == commit
        assert git_here.server.token
        assert git_here.server.token not in told["message"]
        ledger.did(f"the controller's git server {what}")
        ledger.checked("what the agents are told")
        ledger.checked("git processes that outlive their deadline", lost=int(took > 5 * DEADLINE))
        impatient.look()
        impatient.says("RefResolved", "True", text=commit)


def nobody_asks(url: str) -> bool:
    assert not (there := asking(url)), there
    return True
