"""A glance: what makes it differ, and what it does not look at."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stoker.adapters.fs import glance as looking
from stoker.adapters.fs.glance import Glance, first_glance, looks_the_same
from stoker.adapters.fs.handles import DataDirectory


@pytest.fixture
def data(tmp_path: Path) -> Iterator[DataDirectory]:
    (tmp_path / "top/sub/cache").mkdir(parents=True)
    for name in ("top/a", "top/sub/b", "top/sub/cache/c", "single", "beside"):
        (tmp_path / name).write_text("one")
    with DataDirectory(tmp_path) as data:
        yield data


def _is_closed(path: str) -> bool:
    return path == "top/sub/cache"


@pytest.fixture
def before(data: DataDirectory, monkeypatch: pytest.MonkeyPatch) -> Glance:
    monkeypatch.setattr(looking, "TICK_NS", 20_000_000)
    time.sleep(0.05)
    taken = first_glance(data, ["top"], ["single"], _is_closed)
    assert taken is not None
    return taken


CHANGES: dict[str, Callable[[Path], object]] = {
    "other content": lambda root: (root / "top/a").write_text("two"),
    "content in place": lambda root: _in_place(root / "top/sub/b"),
    "the same, with its old time": lambda root: _in_place(root / "top/a", keep_time=True),
    "another time": lambda root: os.utime(root / "top/a", ns=(1, 1)),
    "another mode": lambda root: (root / "top/sub/b").chmod(0o755),
    "a new file": lambda root: (root / "top/sub/new").write_text("new"),
    "a new folder": lambda root: (root / "top/new").mkdir(),
    "a file in a new folder": lambda root: _filled(root / "top/new"),
    "a file that is gone": lambda root: (root / "top/a").unlink(),
    "another name": lambda root: (root / "top/a").rename(root / "top/z"),
    "a file for another": lambda root: _replaced(root / "top/a"),
    "a link for a file": lambda root: _linked(root / "top/a"),
    "a link for a folder": lambda root: _linked(root / "top/sub"),
    "a link for the top": lambda root: _linked(root / "top"),
    "a folder for a file": lambda root: _folder_for(root / "top/a"),
    "the top is gone": lambda root: (root / "top").rename(root / "elsewhere"),
    "a single file": lambda root: (root / "single").write_text("two"),
    "the closed folder is gone": lambda root: (root / "top/sub/cache").rename(root / "x"),
}  # fmt: skip

NOTHING: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "somebody reads": lambda root: (root / "top/a").read_text(),
    "somebody lists": lambda root: list(root.rglob("*")),
    "a file beside": lambda root: (root / "beside").write_text("two"),
    "a new file beside": lambda root: (root / "beside2").write_text("two"),
    "in the closed folder": lambda root: (root / "top/sub/cache/c").write_text("two"),
    "new in the closed folder": lambda root: (root / "top/sub/cache/d").write_text("two"),
}


def _in_place(path: Path, *, keep_time: bool = False) -> None:
    status = path.stat()
    with path.open("r+") as file:
        file.write("uno")
    if keep_time:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _filled(folder: Path) -> None:
    folder.mkdir()
    (folder / "x").write_text("x")


def _folder_for(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _replaced(path: Path) -> None:
    status = path.stat()
    other = path.with_name("other")
    other.write_text("uno")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.rename(path)


def _linked(path: Path) -> None:
    away = path.with_name("away")
    path.rename(away)
    path.symlink_to(away.name)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen(data: DataDirectory, before: Glance, change: str) -> None:
    """Broken by leaving out `ctime`, folders, and what is above; the rest is there twice."""
    CHANGES[change](data.path)
    assert not looks_the_same(data, before)


@pytest.mark.parametrize("change", NOTHING)
def test_what_does_not_matter_is_not_seen(data: DataDirectory, before: Glance, change: str) -> None:
    NOTHING[change](data.path)
    assert looks_the_same(data, before)


@pytest.mark.parametrize("change", ["top/a", "top/sub/new", "single"])
def test_what_is_too_fresh_is_good_for_nothing(
    data: DataDirectory, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Broken by a glance that takes files alone for what may be too fresh."""
    monkeypatch.setattr(looking, "TICK_NS", 20_000_000)
    time.sleep(0.05)
    assert first_glance(data, ["top"], ["single"]) is not None
    (data.path / change).unlink(missing_ok=True)
    if change != "top/a":
        (data.path / change).write_text("fresh")
    assert first_glance(data, ["top"], ["single"]) is None


def test_a_folder_that_grows_while_it_is_listed_is_too_fresh(
    data: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "TICK_NS", 20_000_000)
    time.sleep(0.05)

    def growing(path: str) -> bool:
        (data.path / path / "late").write_text("late")
        return False

    assert first_glance(data, ["top"], is_closed=growing) is None


def test_odd_names(data: DataDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any name that a file can have."""
    monkeypatch.setattr(looking, "TICK_NS", 20_000_000)
    root = os.fsencode(data.path / "top")
    for name in (b"\xff\xfe", b"new\nline", b"-dash", "日本".encode()):
        with open(root + b"/" + name, "w"):  # noqa: PTH123 - a name that no Path has
            pass
    time.sleep(0.05)
    taken = first_glance(data, ["top"])
    assert taken is not None
    assert looks_the_same(data, taken)
    os.unlink(root + b"/\xff\xfe")  # noqa: PTH108 - as above
    assert not looks_the_same(data, taken)


def test_a_link_above_the_top(data: DataDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are the same, and a close look does not go there any more."""
    monkeypatch.setattr(looking, "TICK_NS", 20_000_000)
    time.sleep(0.05)
    taken = first_glance(data, ["top/sub"])
    assert taken is not None
    _linked(data.path / "top")
    assert not looks_the_same(data, taken)


def test_a_top_that_is_missing_and_comes(
    data: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "TICK_NS", 20_000_000)
    time.sleep(0.05)
    taken = first_glance(data, ["later/on"])
    assert taken is not None
    assert looks_the_same(data, taken)
    (data.path / "later/on").mkdir(parents=True)
    assert not looks_the_same(data, taken)
