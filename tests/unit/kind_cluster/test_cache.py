"""The cache: whole entries or none, made once, and older ones gone unless somebody uses them."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path

import pytest
from cluster import Problem, cache

OLD, NEW = "0" * 16, "1" * 16


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STOKER_CACHE", str(tmp_path))
    return tmp_path / "node"


def make(draft: Path) -> None:
    (draft / "it").write_text("made")


def test_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache.root() == tmp_path / "node"
    monkeypatch.delenv("STOKER_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache.root() == Path("/somewhere/stoker/node")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert cache.root() == Path("/home/me/.cache/stoker/node")


def test_key_is_of_all_parts_and_their_borders() -> None:
    keys = [cache.key(parts) for parts in (["ab", "c"], ["a", "bc"], ["abc"], ["c", "ab"])]
    assert len(set(keys)) == len(keys)
    assert cache.key(["a", b"b"]) == cache.key(["a", "b"])
    assert all(len(each) == 16 and int(each, 16) >= 0 for each in keys)


def test_entry_is_made_once() -> None:
    made = []

    def count(draft: Path) -> None:
        made.append(draft)
        make(draft)

    first = cache.entry("thing", NEW, count)
    assert (first / "it").read_text() == "made"
    assert cache.entry("thing", NEW, count) == first
    assert len(made) == 1


def test_failed_entry_leaves_nothing(root: Path) -> None:
    def fail(draft: Path) -> None:
        make(draft)
        raise Problem("no")

    with pytest.raises(Problem):
        cache.entry("thing", NEW, fail)
    assert [each.name for each in root.iterdir()] == ["thing.lock"]


def _die(tmp: str) -> None:
    os.environ["STOKER_CACHE"] = tmp

    def stop(draft: Path) -> None:
        make(draft)
        os._exit(1)

    cache.entry("thing", NEW, stop)


def test_killed_maker_leaves_no_entry_and_is_cleared_away(root: Path) -> None:
    worker = multiprocessing.get_context("spawn").Process(target=_die, args=(str(root.parent),))
    worker.start()
    worker.join()
    assert sorted(each.name[:7] for each in root.iterdir()) == [".thing-", "thing.l"]
    cache.entry("thing", NEW, make)
    assert sorted(each.name for each in root.iterdir()) == [f"thing-{NEW}", "thing.lock"]


def test_new_entry_takes_the_place_of_the_old_one_of_its_kind(root: Path) -> None:
    for kind in ("thing", "thing-else", "other"):
        cache.entry(kind, OLD, make)
    cache.entry("thing", NEW, make)
    there = sorted(each.name for each in root.iterdir() if each.is_dir())
    assert there == [f"other-{OLD}", f"thing-{NEW}", f"thing-else-{OLD}"]


def test_entry_that_is_held_stays() -> None:
    old = cache.entry("thing", OLD, make)
    handle = cache.hold(old)
    cache.entry("thing", NEW, make)
    assert (old / "it").exists()
    os.close(handle)
    cache.entry("thing", "2" * 16, make)
    assert not old.exists()


def _slowly(tmp: str) -> None:
    os.environ["STOKER_CACHE"] = tmp

    def make_slowly(draft: Path) -> None:
        with (draft.parent / "made").open("a") as file:
            file.write("x")
        time.sleep(0.3)
        make(draft)

    cache.entry("thing", NEW, make_slowly)


def test_two_at_once_make_one(root: Path) -> None:
    fresh = multiprocessing.get_context("spawn")
    workers = [fresh.Process(target=_slowly, args=(str(root.parent),)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (root / "made").read_text() == "x"


def test_no_place_for_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("STOKER_CACHE", str(tmp_path / "file"))
    with pytest.raises(Problem, match="STOKER_CACHE moves it"):
        cache.entry("thing", NEW, make)
