"""The folder of an instance, its record, and who may have it."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest
from cluster import Problem, opening, state


def test_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    place = state.make(tmp_path / "root", "one")
    assert place.read() is None
    record = state.Record("node", "one", "boot", "10.1.2", "10.3.4", state.Watched(7, "8"))
    place.write(record)
    assert place.read() == record
    place.write(state.Record("kind", "one", "boot"))
    assert place.read() == state.Record("kind", "one", "boot")
    assert [each.name for each in place.folder.iterdir()] == ["instance.json"]


def test_folder_is_nobody_elses_to_read(tmp_path: Path) -> None:
    place = state.make(tmp_path / "root", "one")
    for folder in (place.folder, place.folder.parent):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_name_is_taken_once(tmp_path: Path) -> None:
    state.make(tmp_path, "one")
    with pytest.raises(Problem, match="one is there already"):
        state.make(tmp_path, "one")


def test_lock_is_of_this_instance_and_not_of_the_next_of_its_name(tmp_path: Path) -> None:
    place = state.make(tmp_path, "one")
    waiting = threading.Event()
    seen: list[str] = []

    def second() -> None:
        waiting.set()
        try:
            with place.locked():
                seen.append("locked")
        except state.Gone:
            seen.append("gone")

    with place.locked():
        other = threading.Thread(target=second)
        other.start()
        waiting.wait()
        time.sleep(0.1)
        place.folder.rename(tmp_path / "removed")
        state.make(tmp_path, "one")
    other.join()
    assert seen == ["gone"]
    with place.locked():
        pass
    place.folder.rmdir()
    with pytest.raises(state.Gone, match="there is no instance one"), place.locked():
        pass


@pytest.mark.parametrize("hidden", ["/run/state", "/var/lib/x", "/var/log", "/var/run/x"])
def test_places_that_a_node_hides(hidden: str) -> None:
    with pytest.raises(Problem, match="the node hides"):
        state.check_root(Path(hidden))


def test_place_that_is_too_deep_for_sockets() -> None:
    with pytest.raises(Problem, match="too long for sockets"):
        state.check_root(Path("/tmp") / ("x" * 70))  # noqa: S108 - a name, nothing is made


def test_place_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path("/tmp") / tmp_path.name  # noqa: S108 - short, and not made
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    monkeypatch.setattr(state, "_LONGEST", 500)
    with pytest.raises(Problem, match="belongs to somebody else"):
        state.check_root(tmp_path)
    assert state.check_root(folder) == folder.resolve()


def test_process_is_known_by_number_and_beginning() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:  # noqa: S607 - as the PATH has it
        watched = state.Watched.of(process.pid)

        def lives() -> bool:
            return watched.lives

        assert lives()
        assert not state.Watched(process.pid, str(int(watched.began) - 1)).lives
        process.kill()
        process.wait()
    assert not lives()
    with pytest.raises(Problem, match="there is no process"):
        state.Watched.of(process.pid)


def test_command_is_about_the_only_instance_or_a_named_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    root = tmp_path
    monkeypatch.setattr(state, "_LONGEST", 500)
    with pytest.raises(Problem, match="there is: none"):
        opening.find(root, None)
    first = state.make(root, "first")
    assert opening.find(root, None) == first
    second = state.make(root, "second")
    assert opening.find(root, "second") == second
    with pytest.raises(Problem, match="first, second; choose with --name"):
        opening.find(root, None)
    with pytest.raises(Problem, match="no instance third"):
        opening.find(root, "third")


def test_kubeconfig_says_which_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "_LONGEST", 500)
    places = [state.make(tmp_path, name) for name in ("first", "second")]
    for place in places:
        place.write(state.Record("node", place.name, "boot"))
        place.kubeconfig.touch()
    monkeypatch.setenv("KUBECONFIG", str(places[1].kubeconfig))
    assert opening.find(tmp_path, None) == places[1]
    foreign = tmp_path / "foreign"
    foreign.touch()
    monkeypatch.setenv("KUBECONFIG", str(foreign))
    assert opening.find(tmp_path, None) is None
