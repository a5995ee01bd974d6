"""`stoker render` of real repositories: the listing, a folder, one file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.command import commit_of, git, stoker

PROFILE = """\
mappings:
  - {source: projects, destination: projects, template: true}
  - source: config
    destination: config/resources/core
    patches: [{file: "**/name.json", set: {name: "{{ .GatewayName }}"}}]
vars: {site: north}
"""
FILES: Mapping[str, str | bytes] = {
    "projects/plant/project.json": '{"title": "{{ .Vars.site }}"}',
    "projects/plant/a view/view.json": "{}",
    "config/name.json": '{"name": ""}',
    "config/image.bin": b"\x00\xff" * 3,
    "README.md": "not mapped",
}


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    """A folder with a repository, a profile and the user's cache."""
    commit_of(tmp_path / "repo", FILES)
    (tmp_path / "profile.yaml").write_text(PROFILE)
    return tmp_path


def render(plant: Path, *options: str, ref: str = "main", **env: str) -> tuple[int, str, str]:
    done = stoker(
        *("render", "--repo", "repo", "--ref", ref, "--profile", "profile.yaml", "--quiet"),
        *options,
        cwd=plant,
        env={"XDG_CACHE_HOME": str(plant / "cache"), **env},
    )
    return done.returncode, done.stdout, done.stderr


def test_the_listing(plant: Path) -> None:
    code, out, err = render(plant)
    assert (code, err) == (0, "")
    assert [line.split("  ")[2].strip() for line in out.splitlines()[:-1]] == [
        "config/resources/core/image.bin",
        "config/resources/core/name.json",
        "projects/plant/a view/view.json",
        "projects/plant/project.json",
    ]
    assert out.splitlines()[-1].startswith("4 files, ")


def test_the_listing_as_json(plant: Path) -> None:
    code, out, err = render(plant, "--output", "json", "--gateway-name", "line-4")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert document["commit"] == git("rev-parse", "HEAD", cwd=plant / "repo")
    assert document["ref"] == "main"
    assert document["files"][1] == {
        "path": "config/resources/core/name.json",
        "size": 18,
        "mode": "0644",
        "source": "config/name.json",
        "treatment": "1 patch",
    }


def test_a_folder_of_files(plant: Path) -> None:
    code, out, _ = render(plant, "--to", "out", "--var", "site=south", "--gateway-name", "line-4")
    assert (code, out) == (0, "4 files written to out\n")
    written = {
        str(path.relative_to(plant / "out")): path.read_bytes()
        for path in (plant / "out").rglob("*")
        if path.is_file()
    }
    assert written == {
        "projects/plant/project.json": b'{"title": "south"}',
        "projects/plant/a view/view.json": b"{}",
        "config/resources/core/name.json": b'{"name": "line-4"}',
        "config/resources/core/image.bin": b"\x00\xff" * 3,
    }
    code, _, err = render(plant, "--to", "out")
    assert code == 2
    assert err == "stoker: error: out: is not empty (name an empty folder, or a new one)\n"


def test_one_file(plant: Path) -> None:
    path = "projects/plant/project.json"
    assert render(plant, "--path", path) == (0, '{"title": "north"}', "")
    code, out, err = render(plant, "--path", "projects/plant/projects.json")
    assert (code, out) == (1, "")
    assert err == (
        "stoker: error: projects/plant/projects.json: no file of the commit is mapped to this "
        'path (did you mean "projects/plant/project.json"?)\n'
    )


def test_an_older_commit_by_its_id(plant: Path) -> None:
    first = git("rev-parse", "HEAD", cwd=plant / "repo")
    commit_of(plant / "repo", {"projects/plant/project.json": "new"})
    assert render(plant, "--path", "projects/plant/project.json") == (0, "new", "")
    assert render(plant, "--path", "projects/plant/project.json", ref=first)[1] == (
        '{"title": "north"}'
    )


def test_everything_that_cannot_be_rendered_is_told_and_nothing_written(plant: Path) -> None:
    commit_of(
        plant / "repo",
        {"projects/a": "{{ .Vars.none }}", "projects/b": "{{ if }}", "projects/c": b"\x00"},
    )
    code, out, err = render(plant, "--to", "out")
    assert (code, out) == (1, "")
    (line,) = err.splitlines()
    assert all(name in line for name in ("projects/a", "projects/b", "projects/c"))
    assert not (plant / "out").exists()
    document = json.loads(render(plant, "--output", "json")[1])
    assert document["error"]["kind"] == "RenderFailed"


def test_a_ref_that_is_not_there(plant: Path) -> None:
    code, out, err = render(plant, ref="nope")
    assert (code, out) == (1, "")
    (line,) = err.splitlines()
    assert "nope" in line
    assert line.endswith(")")


def test_a_folder_that_is_no_repository(plant: Path) -> None:
    (plant / "plain").mkdir()
    code, out, err = render(plant, "--repo", "plain")
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1


def test_the_repository_is_kept_in_the_cache_and_nowhere_else(plant: Path) -> None:
    render(plant)
    assert sorted(path.name for path in plant.iterdir()) == ["cache", "profile.yaml", "repo"]
    kept = sorted((plant / "cache" / "stoker").iterdir())
    render(plant, ref=git("rev-parse", "HEAD", cwd=plant / "repo"))
    assert sorted((plant / "cache" / "stoker").iterdir()) == kept


def test_progress_in_plain_lines(plant: Path) -> None:
    done = stoker(
        *("render", "--repo", "repo", "--ref", "main", "--profile", "profile.yaml"),
        cwd=plant,
        env={"XDG_CACHE_HOME": str(plant / "cache")},
    )
    assert done.stderr.startswith("Fetching the commit")
    assert "\x1b" not in done.stderr
