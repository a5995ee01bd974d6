"""What is kept of images between runs."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from cluster.problems import Problem
from images import archives

ONE, TWO = "0" * 16, "1" * 16


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STOKER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache/images"


def _kept(name: str, key: str, text: str = "image") -> Path:
    return archives.kept(name, key, lambda path: (path.write_text(text), None)[1])


def test_it_is_made_once(root: Path) -> None:
    place = _kept("stoker", ONE, "first")
    assert _kept("stoker", ONE, "second") == place
    assert place == root / f"stoker-{ONE}.tar"
    assert place.read_text() == "first"


def test_a_build_that_fails_leaves_nothing(root: Path) -> None:
    def make(path: Path) -> None:
        path.write_text("half")
        raise Problem("no network")

    with pytest.raises(Problem, match="no network"):
        archives.kept("stoker", ONE, make)
    assert list(root.glob("**/*.tar")) == []
    assert _kept("stoker", ONE).read_text() == "image"


def test_what_a_killed_build_left_is_not_taken_and_goes(root: Path) -> None:
    root.mkdir(parents=True)
    for key in (ONE, TWO):
        (root / f".stoker-{key}.tar").write_text("half")
    (root / ".stoker-abcd/context").mkdir(parents=True)
    (root / ".git-abcd").mkdir()
    assert _kept("stoker", ONE).read_text() == "image"
    assert [path.name for path in root.glob("*.tar")] == [f"stoker-{ONE}.tar"]
    assert [path.name for path in root.glob(".*")] == [".git-abcd"], "others may be building"


def test_a_new_one_takes_the_place_of_those_that_nobody_uses(root: Path) -> None:
    old, used, other = _kept("stoker", ONE), _kept("stoker", TWO), _kept("gateway", ONE)
    long_ago = time.time() - 700
    for path in (old, other):
        os.utime(path, (long_ago, long_ago))
    new = _kept("stoker", "2" * 16)
    assert set(root.glob("*.tar")) == {used, other, new}


def test_use_counts_and_not_only_making() -> None:
    old = _kept("stoker", ONE)
    os.utime(old, (0, 0))
    _kept("stoker", ONE)
    _kept("stoker", TWO)
    assert old.exists()


def test_two_at_once_build_once() -> None:
    made: list[Path] = []
    ready = threading.Barrier(2)

    def make(path: Path) -> None:
        made.append(path)
        time.sleep(0.1)
        path.write_text("image")

    def build() -> None:
        ready.wait()
        archives.kept("stoker", ONE, make)

    threads = [threading.Thread(target=build) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_an_image_can_need_another_while_it_is_made() -> None:
    def make(path: Path) -> None:
        _kept("base", ONE)
        path.write_text("image")

    archives.kept("stoker", ONE, make)
    assert [path.name for path in archives.all_of(["base", "stoker"])] == [
        f"base-{ONE}.tar",
        f"stoker-{ONE}.tar",
    ]


def test_a_cache_that_cannot_be_made_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("STOKER_CACHE", str(tmp_path / "file"))
    with pytest.raises(Problem, match="STOKER_CACHE moves it"):
        archives.root()
