"""Disks that get in an agent's way, and repositories that are damaged while it runs.

Each scene has an agent of its own; all start together. What is wrong is read from the row of the
GatewaySync. Nobody does anything to an agent: what was wrong is put right, and it goes on alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from cluster import Cluster
from kit import eventually
from kit.control_plane import only_where
from kit.faults import LONG
from kit.ledger import Ledger
from kit.mounts import WITHOUT_POWERS, pinned, read_only, small_disk
from kit.posts import Post, Posts
from kit.works import profiles

from support.standalone import VIEW, project

VIEW_FILE: Final = f"{VIEW}/view.json"
CHANGED: Final = '{"root": {"changed": true}}'
PLACE: Final = "projects/line/place"
ROOM: Final = "3m"
STRANGER: Final = b"somebody else's"


SPECS: Final[Mapping[str, Mapping[str, Any]]] = {
    **{name: {} for name in ("full", "pinned", "denied", "repository")},
    # An agent that starts there tries again after half a minute, whatever else comes.
    **({"frozen": {}} if LONG else {}),
    # What is mirrored is Stoker's to clear away, so nothing is in its way there.
    "places": {"sync": profiles(prune="owned", syncPeriod=5)},
}


@pytest.fixture(scope="module")
def stand(posts: Posts, cluster: Cluster) -> Iterator[dict[str, Post]]:
    only_where(cluster.mode == "node", "file systems are mounted on this machine")
    with ExitStack() as stack:

        def disk(folder: Path) -> None:
            stack.enter_context(small_disk(folder / "data", ROOM))

        made = {
            name: posts.new(name, prepare=disk if name in ("full", "frozen") else None, **spec)
            for name, spec in SPECS.items()
        }
        made["denied"].agent.before = WITHOUT_POWERS
        # A gateway is ended by a file that it may not write; here that is the agent's affair alone.
        made["denied"].gateway.change(unwritable_faults=False)
        for one in made.values():
            one.works.push(project())
            one.agent.start()
        for one in made.values():
            one.agent.will_say("Synced", one.works.source.head(), within=60)
        yield made
        # Nothing may be at work in a file system that is taken away.
        for one in made.values():
            one.agent.kill()
            one.agent.stack.close()


# --- The disk ---


def is_refused(post: Post, text: str, files: Mapping[str, Any], ledger: Ledger) -> None:
    """A commit does not go in, the row says where, and nothing has changed."""
    before = post.tree()
    old = post.works.source.head()
    commit = str(post.works.push(files))
    row = post.shows("Error", text)
    assert row["syncedCommit"] == old != commit
    assert "next try at" in row["errorMessage"]
    assert post.agent.probe("/healthz") == 200
    ledger.checked("rows that do not name the path")
    ledger.checked("files that were there", lost=len(post.differs(before)), of=len(before))


def goes_in(post: Post, files: Mapping[str, Any], ledger: Ledger, **how: Any) -> None:
    """After the cure the next commit does."""
    commit = str(post.works.push(files, **how))
    post.agent.will_say("Synced", commit)
    gone = how.get("delete", ())
    kept = {path: text for path, text in files.items() if path not in gone}
    eventually(
        lambda: all((post.data / path).read_bytes() == _raw(text) for path, text in kept.items()),
        what="the files are those of the commit",
    )
    eventually(post.is_clean, what="nothing is left over")
    ledger.checked("commits after the cure that do not go in")


def _raw(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


@pytest.mark.fault("disk", "disk full", "error names the path", "what was there stays")
@pytest.mark.fault("disk", "next sync after the cure converges")
def test_a_disk_that_is_full(stand: dict[str, Post], ledger: Ledger) -> None:
    post, large = stand["full"], "projects/line/large.bin"
    noise = random.Random(1).randbytes(5 << 20)  # noqa: S311 - what does not compress
    is_refused(post, "data volume", {large: noise, VIEW_FILE: CHANGED}, ledger)
    ledger.did("a commit is larger than the gateway's disk")
    goes_in(post, {VIEW_FILE: CHANGED}, ledger, delete=[large])


@pytest.mark.fault("disk", "read-only file", "permission denied", "error names the path")
@pytest.mark.fault("disk", "what was there stays", "next sync after the cure converges")
def test_what_cannot_be_written(stand: dict[str, Post], ledger: Ledger) -> None:
    if LONG:
        a_disk_is_read_only(stand["frozen"], ledger)
    post = stand["pinned"]
    with pinned(post.data / VIEW_FILE):
        is_refused(post, VIEW_FILE, {VIEW_FILE: CHANGED}, ledger)
    ledger.did("a file is mounted read-only")
    goes_in(post, {VIEW_FILE: '{"root": {"n": 2}}'}, ledger)
    denied = stand["denied"]
    folder = denied.data / VIEW
    folder.chmod(0o555)
    try:
        is_refused(denied, VIEW, {VIEW_FILE: CHANGED}, ledger)
    finally:
        folder.chmod(0o755)
    ledger.did("a folder may not be written by the agent")
    goes_in(denied, {VIEW_FILE: '{"root": {"n": 2}}'}, ledger)


def a_disk_is_read_only(frozen: Post, ledger: Ledger) -> None:
    frozen.agent.kill()  # a file system that somebody writes to stays as it is
    read_only(frozen.data, on=True)
    frozen.agent.start()
    try:
        is_refused(frozen, "", {VIEW_FILE: CHANGED}, ledger)
    finally:
        read_only(frozen.data, on=False)
    ledger.did("the gateway's disk is read-only")
    goes_in(frozen, {VIEW_FILE: '{"root": {}}'}, ledger)


@pytest.mark.fault("disk", "a directory where a file should be", "error names the path")
@pytest.mark.fault("disk", "a file where a directory should be", "what was there stays")
@pytest.mark.fault("disk", "next sync after the cure converges")
def test_something_else_in_the_place(stand: dict[str, Post], ledger: Ledger) -> None:
    post = stand["places"]
    folder = post.data / PLACE
    folder.mkdir()
    (folder / "kept.txt").write_bytes(STRANGER)
    is_refused(post, PLACE, {PLACE: "a file"}, ledger)
    ledger.did("a directory stands where a file should be")
    assert (folder / "kept.txt").read_bytes() == STRANGER
    (folder / "kept.txt").unlink()
    folder.rmdir()
    goes_in(post, {PLACE: "another file"}, ledger)
    goes_in(post, {}, ledger, delete=[PLACE])
    folder.write_bytes(STRANGER)
    is_refused(post, PLACE, {f"{PLACE}/inside.txt": "a file"}, ledger)
    ledger.did("a file stands where a directory should be")
    assert folder.read_bytes() == STRANGER
    folder.unlink()
    goes_in(post, {f"{PLACE}/inside.txt": "another file"}, ledger)


# --- The repository ---


def locks(repository: Path, *names: str) -> Callable[[], None]:
    def leave() -> None:
        for name in names:
            (repository / name).write_bytes(b"")

    return leave


def corrupt(repository: Path) -> None:
    """Every object of it, as a disk that has lost its mind would leave them."""
    for path in (repository / "objects").rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            path.write_bytes(b"\0" * path.stat().st_size)


def halve(repository: Path) -> None:
    """What a fetch that was broken off leaves, and a pack that is half there."""
    packs = repository / "objects" / "pack"
    packs.mkdir(parents=True, exist_ok=True)
    (packs / "tmp_pack_broken").write_bytes(b"PACK\0\0\0\2")
    for path in packs.glob("*.pack"):
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (repository / "shallow").write_text("0" * 40 + "\n")


@pytest.mark.fault("repository", "leftover `shallow.lock`", "`index.lock`", "half a fetch")
@pytest.mark.fault("repository", "corrupt object database", "never a manual step")
@pytest.mark.fault("repository", "detected and healed (fetch anew)")
def test_a_repository_that_is_damaged_while_the_agent_runs(
    stand: dict[str, Post], ledger: Ledger
) -> None:
    post = stand["repository"]
    there = post.repository
    damages: dict[str, Callable[[], None]] = {
        "`shallow.lock` is left": locks(there, "shallow.lock"),
        "`index.lock` is left": locks(there, "index.lock"),
        "other locks are left": locks(there, "HEAD.lock", "config.lock", "packed-refs.lock"),
        "every object is corrupt": lambda: corrupt(there),
        "half a fetch is left": lambda: halve(there),
    }
    for turn in range(5 if LONG else 1):
        for number, (what, damage) in enumerate(damages.items()):
            damage()
            ledger.did(what)
            goes_in(post, {VIEW_FILE: f'{{"root": {{"n": {turn * 10 + number}}}}}'}, ledger)
    assert not post.agent.complaints()
