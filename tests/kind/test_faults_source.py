"""Sources that vanish from a repository, and Designers that save while a sync applies it.

Each scene has an agent of its own; all start together. What is wrong is read from the row of the
GatewaySync, and so is how to consent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import pytest
from kit import eventually
from kit.faults import LONG
from kit.ledger import Ledger
from kit.posts import Post, Posts
from kit.works import MAPPINGS, profiles

from stoker.testing.gateway import DesignerSaves, When
from support.standalone import VIEW, project

VIEW_FILE: Final = f"{VIEW}/view.json"
CHANGED: Final = '{"root": {"changed": true}}'
CONSENT: Final = {
    **dict.fromkeys(("emptied", "shrunk"), "to consent, set pruneLimitPercent to 100"),
    "moved": "the mapping is required",
}


def many(count: int) -> dict[str, str]:
    """Files of a project, of which a gateway needs to know nothing."""
    return {f"projects/line/notes/{number}.txt": f"note {number}" for number in range(count)}


def wished(**more: Any) -> dict[str, Any]:
    """A change of the profile."""
    return {"sync": {"profiles": {"default": more}}}


def mapped(source: str, **more: Any) -> dict[str, Any]:
    return profiles(mappings=[{**MAPPINGS[0], "source": source, **more}], syncPeriod=5)


SPECS: Final[Mapping[str, Mapping[str, Any]]] = {
    "designer": {},
    "emptied": {},
    "moved": {"sync": mapped("projects", required=True)},
    "typo": {},
    "shrunk": {},
}


@pytest.fixture(scope="module")
def stand(posts: Posts) -> dict[str, Post]:
    made = {name: posts.new(name, **spec) for name, spec in SPECS.items()}
    for name, one in made.items():
        more = many(40) if name in ("emptied", "shrunk") else {}
        one.works.push({**project(), **more})
        one.agent.start()
    for one in made.values():
        one.agent.will_say("Synced", one.works.source.head(), within=60)
    return made


# --- Sources ---


def is_stopped(post: Post, text: str, before: dict[str, bytes], ledger: Ledger) -> None:
    """Nothing was deleted, and the row says what can be done about it."""
    row = post.shows("Error", text)
    post.works.says("Ready", "False")
    ledger.checked("rows that do not say how to consent", lost=int(text not in row["errorMessage"]))
    ledger.checked("files that stay", lost=len(post.differs(before)), of=len(before))


@pytest.mark.fault("source", "source directory emptied", "source directory moved")
@pytest.mark.fault("source", "90 % of files gone", "consent works")
@pytest.mark.fault("source", "prune limit or empty-source rule stops it")
@pytest.mark.fault("source", "condition says how to consent")
def test_a_source_that_vanishes(stand: dict[str, Post], ledger: Ledger) -> None:
    names = ("emptied", "moved", "shrunk")
    before = {name: stand[name].tree() for name in names}
    notes, site = many(40), project()
    # Without a file there is no directory in a commit; a source that is missing is another case.
    stand["emptied"].works.push({"projects/.gitkeep": ""}, delete=[*notes, *site])
    moved = {f"elsewhere/{path}": text for path, text in site.items()}
    stand["moved"].works.push(moved, delete=[*site])
    stand["shrunk"].works.push({}, delete=[*notes])
    ledger.did("all files of the source are deleted")
    ledger.did("the source is moved to another directory")
    ledger.did("nine files of ten are deleted")
    for name in names:
        is_stopped(stand[name], CONSENT[name], before[name], ledger)
    for name in ("emptied", "shrunk"):
        stand[name].works.change(**wished(pruneLimitPercent=100))
    stand["moved"].works.change(sync=mapped("elsewhere/projects", required=True))
    after = {"emptied": {}, "moved": site, "shrunk": site}
    for name in names:
        stand[name].shows("Synced")
        wanted = after[name]
        eventually(partial(stand[name].is_at, wanted), what=f"{name} is as was consented to")
        ledger.checked("sources that are consented to, or put right, and do not go in")


@pytest.mark.fault("source", "a glob typo", "prune limit or empty-source rule stops it")
def test_a_glob_that_matches_too_much(stand: dict[str, Post], ledger: Ledger) -> None:
    """What is excluded is nobody's to delete, however much it is; what is not goes on."""
    post = stand["typo"]
    before = post.tree()
    post.works.change(**wished(excludePatterns=["**/*.json", "**/line/**"]))
    commit = str(post.works.push({VIEW_FILE: CHANGED, "projects/other/new.txt": "new"}))
    post.agent.will_say("Synced", commit)
    ledger.did("a glob that excludes all that is there")
    lost = [path for path, raw in before.items() if post.tree().get(path) != raw]
    ledger.checked("files that stay", lost=len(lost), of=len(before))
    post.works.change(**wished(excludePatterns=None))
    wanted = {**project(CHANGED), "projects/other/new.txt": "new"}
    eventually(partial(post.is_at, wanted), what="all of the commit is there", within=40)
    ledger.checked("globs that are put right, and do not go in")


# --- Designers ---


@pytest.mark.fault("designer", "saves a file while a sync applies it", "drift", "plan again")
@pytest.mark.fault("designer", "bytes are never silently lost", "pre-image kept")
def test_a_designer_saves_while_a_sync_applies(stand: dict[str, Post], ledger: Ledger) -> None:
    """Between the plan and the apply, and in the scan; what the commit is not about stays."""
    post = stand["designer"]
    before = len(post.agent.log())
    hers, there = b'{"root": {"by": "ada"}}', f"{VIEW}/notes.txt"
    for number, at in enumerate((When.LOCK, When.SCAN) * (10 if LONG else 1)):
        files = {f"projects/line/more/{n}.txt": f"{number} {n}" for n in range(50)}
        saved = b"saved %d" % number
        post.gateway.script(DesignerSaves(there, saved, at=at))
        commit = str(post.works.push(files))
        post.agent.will_say("Synced", commit)
        ledger.did("a Designer saves a file that the commit is not about")
        ledger.checked("its bytes", lost=int((post.data / there).read_bytes() != saved))
    # A file that the commit is about: what she saved is seen before it is replaced.
    post.gateway.script(DesignerSaves(VIEW_FILE, hers, at=When.LOCK))
    commit = str(post.works.push({VIEW_FILE: CHANGED}))
    post.agent.will_say("Synced", commit, within=60)
    ledger.did("a Designer saves a file that the commit changes")
    told = [one for one in post.agent.log()[before:] if one["message"] == "drift"]
    ledger.checked("drift that is told before it is replaced", lost=int(not told))
    is_given_back(post, ledger)


def is_given_back(post: Post, ledger: Ledger) -> None:
    """What she saved before a commit that the gateway refuses is there again afterwards."""
    hers = b'{"root": {"by": "eve"}}'
    (post.data / VIEW_FILE).write_bytes(hers)
    broken = json.dumps({"scope": "G", "version": 1, "files": ["absent.json"], "attributes": {}})
    post.works.push({VIEW_FILE: '{"root": {"n": 3}}', f"{VIEW}/resource.json": broken})
    post.shows("RolledBack")
    ledger.did("a commit replaces what a Designer saved, and the gateway refuses it")
    found = (post.data / VIEW_FILE).read_bytes()
    ledger.checked("pre-images that are given back", lost=int(found != hers))
