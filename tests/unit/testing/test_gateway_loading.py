"""What the fake gateway loads from a tree, and what only its log tells.

Seen failing: with the check of listed files left out, with a broken parent taken for a good one,
with `DROP` and `KEEP` the same, and with files taken for unchanged by their size alone.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from stoker.core.ignition import Dialect, ScanKind
from stoker.testing.gateway import Failed, Links, Loaded, Restamp, Settings, writing
from stoker.testing.gateway.disk import Disk
from stoker.testing.gateway.loaded import Reading
from stoker.testing.gateway.resources import Repair, Unreadable, repaired
from stoker.testing.gateway.tree import File, survey
from support.ignition_trees import (
    CORE,
    DATABASES,
    SCRIPTS,
    VIEWS,
    put,
    put_project,
    put_resource,
    put_signed,
)

PROJECTS, CONFIG = ScanKind.PROJECTS, ScanKind.CONFIG


def scan(
    data: Path, kind: ScanKind = PROJECTS, before: Loaded | None = None, **switches: Any
) -> Reading:
    settings = Settings().but(**switches)
    return Disk(data).read(kind, before or Loaded(), settings, 1_700_000_000_000)


def told(reading: Reading) -> str:
    return "\n".join(failure.message for failure in reading.failures)


def names(reading: Reading, project: str) -> list[str]:
    return [one.path.name for one in reading.loaded.projects[project].resources.values()]


def test_a_project_with_its_resources(tmp_path: Path) -> None:
    line = put_project(tmp_path, "line", title="Line 4", description="Packing", inheritable=True)
    put_resource(tmp_path, f"{line}/{VIEWS}/Main View/Left", {"view.json": {}}, enabled=False)
    put_resource(tmp_path, f"{line}/ignition/global-props", {"data.bin": b"\0\1"})
    reading = scan(tmp_path)
    assert not reading.failures
    project = reading.loaded.projects["line"]
    assert (project.title, project.description) == ("Line 4", "Packing")
    assert project.enabled
    assert project.inheritable
    assert names(reading, "line") == ["Main View/Left", ""]
    view, properties = project.resources.values()
    assert (view.enabled, properties.enabled) == (False, True)
    assert view.title == "com.inductiveautomation.perspective/views/Main View/Left"
    assert set(reading.loaded.files()) == {
        "projects/line/project.json",
        f"projects/line/{VIEWS}/Main View/Left/resource.json",
        f"projects/line/{VIEWS}/Main View/Left/view.json",
        "projects/line/ignition/global-props/resource.json",
        "projects/line/ignition/global-props/data.bin",
    }


def test_what_is_no_project_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path, "projects/readme.txt", "hello")
    put(tmp_path, "projects/.resources/ab", "cache")
    put_project(tmp_path, "line")
    put(tmp_path, "projects/line/notes.txt", "hello")
    put(tmp_path, "projects/line/ignition/readme.txt", "hello")
    reading = scan(tmp_path)
    assert list(reading.loaded.projects) == ["line"]
    assert not reading.failures


def test_an_empty_data_directory_is_no_error(tmp_path: Path) -> None:
    assert scan(tmp_path).loaded == Loaded()
    assert scan(tmp_path, CONFIG).loaded == Loaded()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "is not JSON"),
        ("[]", "does not hold a JSON object"),
        (b"\xff\xfe", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        (None, "it has no project.json"),
    ],
)
def test_a_broken_project_is_not_loaded(tmp_path: Path, content: Any, why: str) -> None:
    put(tmp_path, "projects/line/ignition/x", "")
    put_project(tmp_path, "fine")
    if content is not None:
        put(tmp_path, "projects/line/project.json", content)
    reading = scan(tmp_path)
    assert list(reading.loaded.projects) == ["fine"]
    assert "project 'line' could not be loaded" in told(reading)
    assert why in told(reading)


@pytest.mark.parametrize(
    ("parents", "loaded", "why"),
    [
        ({"child": "base", "base": ""}, ["base", "child"], ""),
        ({"child": "nobody"}, [], "its parent 'nobody' is not loaded"),
        ({"child": "child"}, [], "it is its own ancestor"),
        ({"a": "b", "b": "c", "c": "a", "d": ""}, ["d"], "it is its own ancestor"),
        ({"a": "b", "b": "a", "c": "a"}, [], "its parent 'a' is not loaded"),
    ],
)
def test_parents(tmp_path: Path, parents: dict[str, str], loaded: list[str], why: str) -> None:
    for name, parent in parents.items():
        put_project(tmp_path, name, parent=parent, inheritable=True)
    reading = scan(tmp_path)
    assert list(reading.loaded.projects) == loaded
    assert why in told(reading)
    assert bool(reading.failures) is bool(why)


def test_a_parent_has_to_be_inheritable(tmp_path: Path) -> None:
    put_project(tmp_path, "base")
    put_project(tmp_path, "child", parent="base")
    reading = scan(tmp_path)
    assert list(reading.loaded.projects) == ["base"]
    assert "its parent 'base' is not inheritable" in told(reading)


BROKEN_RESOURCES = {
    "a listed file is missing": ({"files": ["code.py", "more.py"]}, "lists 'more.py'"),
    "a listed file is missing below": ({"files": ["lib/code.py"]}, "lists 'lib/code.py'"),
    "no JSON": ("{", "resource.json is not JSON"),
    "no object": ("[]", "does not hold a JSON object"),
    "no list": ({"files": "code.py"}, "no list of files"),
    "no names": ({"files": [1]}, "no list of files"),
    "scope": ({"scope": 1}, "scope that is no text"),
    "version": ({"version": "1"}, "no number as version"),
    "listed JSON": ({"files": ["bad.json"]}, "bad.json is not JSON"),
}


@pytest.mark.parametrize("name", BROKEN_RESOURCES)
def test_a_broken_resource_spoils_nothing_else(tmp_path: Path, name: str) -> None:
    content, why = BROKEN_RESOURCES[name]
    line = put_project(tmp_path, "line")
    put_resource(tmp_path, f"{line}/{SCRIPTS}/good", {"code.py": "x = 1"})
    bad = put_resource(tmp_path, f"{line}/{SCRIPTS}/bad", {"code.py": "x = 1"})
    put(tmp_path, f"{bad}/bad.json", "{")
    put(tmp_path, f"{bad}/resource.json", content)
    reading = scan(tmp_path)
    assert names(reading, "line") == ["good"]
    (failure,) = reading.failures
    assert failure.resource is not None
    assert failure.resource.name == "bad"
    assert "resource ignition/script-python/bad could not be loaded" in failure.message
    assert why in failure.message


@pytest.mark.parametrize("failed", Failed)
def test_what_stays_loaded_when_it_breaks(tmp_path: Path, failed: Failed) -> None:
    line = put_project(tmp_path, "line")
    other = put_project(tmp_path, "other")
    script = put_resource(tmp_path, f"{line}/{SCRIPTS}/a", {"code.py": "x = 1"})
    put(tmp_path, f"{CORE}/config-mode.json", {"title": "Core"})
    put_resource(tmp_path, f"{DATABASES}/mes", {"config.json": {}})
    before = scan(tmp_path).loaded
    before = scan(tmp_path, CONFIG, before).loaded
    (tmp_path / script / "code.py").unlink()
    put(tmp_path, f"{other}/project.json", "{")
    put(tmp_path, f"{CORE}/config-mode.json", "{")
    after = scan(tmp_path, PROJECTS, before, failed=failed).loaded
    after = scan(tmp_path, CONFIG, after, failed=failed).loaded
    if failed is Failed.KEEP:
        assert after == before
    else:
        assert list(after.projects) == ["line"]
        assert not after.projects["line"].resources
        assert not after.collections


def test_what_was_removed_is_not_kept(tmp_path: Path) -> None:
    line = put_project(tmp_path, "line")
    put_project(tmp_path, "other")
    script = put_resource(tmp_path, f"{line}/{SCRIPTS}/a", {"code.py": "x = 1"})
    before = scan(tmp_path).loaded
    for name in ("code.py", "resource.json"):
        (tmp_path / script / name).unlink()
    (tmp_path / "projects/other/project.json").unlink()
    (tmp_path / "projects/other").rmdir()
    after = scan(tmp_path, before=before).loaded
    assert list(after.projects) == ["line"]
    assert not after.projects["line"].resources


def test_a_changed_file_is_seen_and_an_unchanged_one_is_not_read_again(tmp_path: Path) -> None:
    line = put_project(tmp_path, "line")
    for name in ("a", "b"):
        put_resource(tmp_path, f"{line}/{SCRIPTS}/{name}", {"code.py": "x = 1"})
        put_resource(tmp_path, f"{line}/{VIEWS}/{name}", {"parts/one.py": "1"})
    before = scan(tmp_path).loaded
    put(tmp_path, f"{line}/{SCRIPTS}/a/code.py.new", "x = 2").replace(
        tmp_path / line / SCRIPTS / "a/code.py"
    )
    put(tmp_path, f"{line}/{VIEWS}/b/parts/one.py", "12")
    after = scan(tmp_path, before=before).loaded
    changed = {path for path, digest in after.files().items() if before.files()[path] != digest}
    assert changed == {f"{line}/{SCRIPTS}/a/code.py", f"{line}/{VIEWS}/b/parts/one.py"}
    old, new = (loaded.projects["line"].resources for loaded in (before, after))
    same = [path for path in new if new[path] is old[path]]
    assert [(one.type, one.name) for one in same] == [("views", "a"), ("script-python", "b")]


def test_resources_of_a_quarantined_module(tmp_path: Path) -> None:
    line = put_project(tmp_path, "line")
    put_resource(tmp_path, f"{line}/{VIEWS}/a", {"view.json": {}})
    module = VIEWS.partition("/")[0]
    reading = scan(tmp_path, quarantined=(module,))
    assert not reading.loaded.projects["line"].resources
    assert "its module is quarantined" in told(reading)


def test_collections_lie_over_one_another(tmp_path: Path) -> None:
    for name in ("external", "core", "prod", "dev", "local"):
        put(tmp_path, f"config/resources/{name}/config-mode.json", {"title": name})
        put_resource(
            tmp_path,
            f"config/resources/{name}/ignition/database-connection/mes",
            {"config.json": {"from": name}},
            enabled=name != "prod",
        )
    put_resource(tmp_path, f"{DATABASES}/erp", {"config.json": {}})
    put_resource(tmp_path, f"{CORE}/ignition/system-properties", {"config.json": {}})
    loaded = scan(tmp_path, CONFIG, deployment_mode="prod").loaded
    assert list(loaded.collections) == ["external", "core", "prod", "local"]
    assert loaded.collections["prod"].title == "prod"
    assert loaded.names("ignition", "database-connection") == [
        {"name": "erp", "enabled": True, "modes": ["core"]},
        {"name": "mes", "enabled": True, "modes": ["external", "core", "prod", "local"]},
    ]
    assert loaded.names("ignition", "system-properties") == []


def test_which_collections_need_a_descriptor(tmp_path: Path) -> None:
    put_resource(tmp_path, f"{DATABASES}/mes", {"config.json": {}})
    put_resource(tmp_path, "config/resources/prod/ignition/x/y", {"config.json": {}})
    reading = scan(tmp_path, CONFIG, deployment_mode="prod")
    assert list(reading.loaded.collections) == ["core"]
    assert "collection 'prod' could not be loaded: it has no config-mode.json" in told(reading)


@pytest.mark.parametrize("links", Links)
def test_symbolic_links(tmp_path: Path, links: Links) -> None:
    line = put_project(tmp_path, "line")
    put(tmp_path, "elsewhere/code.py", "x = 1")
    script = put_resource(tmp_path, f"{line}/{SCRIPTS}/a", {"code.py": ""})
    (tmp_path / script / "code.py").unlink()
    (tmp_path / script / "code.py").symlink_to(tmp_path / "elsewhere/code.py")
    put_resource(tmp_path, "elsewhere/b", {"code.py": ""})
    (tmp_path / line / SCRIPTS / "b").symlink_to(tmp_path / "elsewhere/b")
    (tmp_path / line / SCRIPTS / "lost").symlink_to(tmp_path / "nowhere")
    reading = scan(tmp_path, links=links)
    if links is Links.FOLLOW:
        assert names(reading, "line") == ["a", "b"]
        assert "it leads nowhere" in told(reading)
    else:
        assert names(reading, "line") == []
        assert told(reading).count("symbolic link") == 3


def test_links_that_go_round_in_circles(tmp_path: Path) -> None:
    line = put_project(tmp_path, "line")
    (tmp_path / line / "round").symlink_to(tmp_path / line)
    reading = scan(tmp_path, links=Links.FOLLOW)
    assert list(reading.loaded.projects) == ["line"]
    assert reading.failures


def test_what_is_no_file(tmp_path: Path) -> None:
    line = put_project(tmp_path, "line")
    script = put_resource(tmp_path, f"{line}/{SCRIPTS}/a", {"code.py": ""})
    (tmp_path / script / "code.py").unlink()
    os.mkfifo(tmp_path / script / "code.py")
    assert "it is not a file" in told(scan(tmp_path))


def test_a_file_that_cannot_be_read_after_all(tmp_path: Path) -> None:
    line = put_project(tmp_path, "line")
    script = put_resource(tmp_path, f"{line}/{SCRIPTS}/a", {"code.py": ""})
    (tmp_path / script / "code.py").unlink()
    (tmp_path / script / "code.py").symlink_to("/proc/self/mem")
    assert "code.py cannot be read: " in told(scan(tmp_path, links=Links.FOLLOW))


@pytest.mark.parametrize("kind", ScanKind)
def test_a_file_where_a_folder_should_be(tmp_path: Path, kind: ScanKind) -> None:
    put(tmp_path, kind.value, "")
    assert f"{kind}: Not a directory" in told(scan(tmp_path, kind))


def test_folders_that_go_too_deep(tmp_path: Path) -> None:
    line = put_project(tmp_path, "line")
    put(tmp_path, line + "/d" * 70 + "/file", "")
    assert "the folders go too deep" in told(scan(tmp_path))


def test_a_file_without_the_right_to_read_it(tmp_path: Path) -> None:
    line = put_project(tmp_path, "line")
    script = put_resource(tmp_path, f"{line}/{SCRIPTS}/a", {"code.py": ""})
    (tmp_path / script / "code.py").chmod(0o200)
    reading = scan(tmp_path)
    assert not reading.fault
    assert "Permission denied" in told(reading)


def test_a_descriptor_without_the_right_to_read_it(tmp_path: Path) -> None:
    line = put_project(tmp_path, "line")
    (tmp_path / line / "project.json").chmod(0o200)
    assert "Permission denied" in told(scan(tmp_path))


@pytest.mark.parametrize("path", ["project.json", f"{SCRIPTS}/a/code.py", SCRIPTS])
def test_what_it_may_not_write_is_the_end_of_it(tmp_path: Path, path: str) -> None:
    line = put_project(tmp_path, "line")
    put_resource(tmp_path, f"{line}/{SCRIPTS}/a", {"code.py": ""})
    place = tmp_path / line / path
    place.chmod(0o555 if place.is_dir() else 0o444)
    try:
        assert scan(tmp_path).fault == f"it may not write {line}/{path}"
        assert not scan(tmp_path, unwritable_faults=False).fault
    finally:
        place.chmod(0o755)


@pytest.mark.parametrize(("gid", "mode", "fault"), [(None, 0o664, False), (1, 0o664, True)])
def test_files_of_another_owner(tmp_path: Path, gid: int | None, mode: int, *, fault: bool) -> None:
    """As root's files are to a gateway that runs as 2003."""
    put_project(tmp_path, "line")
    for place in tmp_path.rglob("*"):
        place.chmod(0o775 if place.is_dir() else mode)
    mine = os.getegid()
    reading = scan(tmp_path, uid=os.geteuid() + 1, gid=mine if gid is None else mine + gid)
    assert bool(reading.fault) is fault


def test_others_may_be_allowed_to_write(tmp_path: Path) -> None:
    put_project(tmp_path, "line")
    for place in tmp_path.rglob("*"):
        place.chmod(0o777)
    assert not scan(tmp_path, uid=os.geteuid() + 1, gid=os.getegid() + 1).fault


def test_the_cache_is_filled_and_not_loaded(tmp_path: Path) -> None:
    line = put_project(tmp_path, "line")
    put_resource(tmp_path, f"{line}/{SCRIPTS}/a", {"code.py": ""})
    put_resource(tmp_path, f"{DATABASES}/mes", {"config.json": {}})
    before = scan(tmp_path, CONFIG, scan(tmp_path).loaded).loaded
    for cache in ("projects/.resources", "config/resources/.resources"):
        assert len(list((tmp_path / cache).iterdir())) == 1
    assert scan(tmp_path, before=before).loaded == before
    assert not any(".resources" in path for path in before.files())


def test_the_cache_can_be_switched_off(tmp_path: Path) -> None:
    line = put_project(tmp_path, "line")
    put_resource(tmp_path, f"{line}/{SCRIPTS}/a", {"code.py": ""})
    scan(tmp_path, fills_cache=False)
    assert not (tmp_path / "projects/.resources").exists()


class TestSignatures:
    """Of resources that somebody else changed."""

    def make(self, data: Path, *, stale: bool) -> Path:
        line = put_project(data, "line")
        folder = put_signed(data, f"{line}/{SCRIPTS}/a", {"code.py": b"x = 1"})
        if stale:
            put(data, f"{folder}/code.py", "x = 2")
        return data / folder / "resource.json"

    def test_a_valid_one_is_left_alone(self, tmp_path: Path) -> None:
        document = self.make(tmp_path, stale=False)
        before = document.read_bytes()
        reading = scan(tmp_path)
        assert document.read_bytes() == before
        (resource,) = reading.loaded.resources()
        assert (resource.signature, resource.actor) == ("valid", "ada")

    def test_a_stale_one_is_restamped_once(self, tmp_path: Path) -> None:
        document = self.make(tmp_path, stale=True)
        before = scan(tmp_path).loaded
        stamps = json.loads(document.read_bytes())["attributes"]
        assert stamps["lastModification"] == {
            "actor": "external",
            "timestamp": "2023-11-14T22:13:20Z",
        }
        after = document.read_bytes()
        (resource,) = scan(tmp_path, before=before).loaded.resources()
        assert (resource.signature, resource.actor) == ("valid", "external")
        assert document.read_bytes() == after

    def test_a_skipped_one_keeps_the_old(self, tmp_path: Path) -> None:
        document = self.make(tmp_path, stale=False)
        before = scan(tmp_path).loaded
        put(tmp_path, "projects/line/ignition/script-python/a/code.py", "x = 22")
        stale = document.read_bytes()
        reading = scan(tmp_path, before=before, restamp=Restamp.SKIP)
        assert reading.loaded.files() == before.files()
        assert "resource ignition/script-python/a was skipped" in told(reading)
        assert document.read_bytes() == stale

    def test_an_ignored_one_is_loaded_as_it_is(self, tmp_path: Path) -> None:
        document = self.make(tmp_path, stale=True)
        stale = document.read_bytes()
        reading = scan(tmp_path, restamp=Restamp.IGNORE)
        (resource,) = reading.loaded.resources()
        assert resource.signature == "stale"
        assert not reading.failures
        assert document.read_bytes() == stale

    def test_one_that_cannot_be_signed_stays(self, tmp_path: Path) -> None:
        document = self.make(tmp_path, stale=True)
        put(tmp_path, str(document), {"scope": "?", **json.loads(document.read_bytes())})
        values = json.loads(document.read_bytes())
        values["scope"] = "?"
        document.write_text(json.dumps(values))
        stale = document.read_bytes()
        assert not scan(tmp_path).failures
        assert document.read_bytes() == stale

    def test_attributes_that_are_none(self, tmp_path: Path) -> None:
        document = self.make(tmp_path, stale=False)
        values = {**json.loads(document.read_bytes()), "attributes": []}
        document.write_text(json.dumps(values))
        (resource,) = scan(tmp_path).loaded.resources()
        assert (resource.signature, resource.actor, resource.enabled) == ("none", "", True)

    def test_what_somebody_changed_meanwhile_is_not_overwritten(self, tmp_path: Path) -> None:
        document = self.make(tmp_path, stale=True)
        before = document.read_bytes()
        path = document.relative_to(tmp_path).as_posix()
        repairs = (Repair(path, b"another", b"ours"), Repair("nowhere/at/all", b"", b"ours"))
        assert writing.repair(tmp_path, repairs) == 0
        assert document.read_bytes() == before

    def test_what_vanished_meanwhile_is_not_signed(self, tmp_path: Path) -> None:
        document = self.make(tmp_path, stale=True)
        folder = document.parent.relative_to(tmp_path).as_posix()
        found = survey(tmp_path, ("projects",), Settings()).root.at(folder)

        def read(file: File) -> bytes:
            raise Unreadable(file.path, "gone")

        assert found is not None
        assert repaired(found, read, "", Dialect.V83) is None
