"""Pinned programs: one place for each version, and a cache entry for each set of sources."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from cluster import Problem, programs
from cluster.running import Steps


def silent(_: str) -> None:
    """Say nothing."""


@pytest.mark.parametrize(
    "program", programs.ALL + programs.OF_TESTS, ids=lambda program: program.name
)
def test_sources_are_pinned(program: programs.Program) -> None:
    assert (program.folder / "go.mod").is_file()
    if program.module:
        assert re.fullmatch(r"v\d+\.\d+\.\d+", program.version)
        hashed = (program.folder / "go.sum").read_text()
        assert f"{program.module} {program.version} h1:" in hashed


def test_parts_of_kubernetes_fit_together() -> None:
    text = (programs.KUBERNETES.folder / "go.mod").read_text()
    parts = set(re.findall(r"k8s\.io/\S+ => k8s\.io/\S+ (v\S+)", text))
    assert parts == {programs.KUBERNETES.version.replace("v1.", "v0.", 1)}


def test_version_is_stamped_in() -> None:
    flags = programs.KUBERNETES.ldflags()
    version = programs.KUBERNETES.version
    assert f"-X k8s.io/component-base/version.gitVersion={version}" in flags
    assert f"gitMinor={version.split('.')[1]} " in flags
    assert "{" not in flags


def test_node_is_without_what_single_tests_use() -> None:
    assert not set(programs.ALL) & set(programs.OF_TESTS)


@pytest.mark.parametrize("program", programs.OF_TESTS, ids=lambda program: program.name)
def test_programs_of_tests_are_whole(program: programs.Program) -> None:
    """Packages are the module's, and go.mod names them as tools: so they are pinned with it."""
    text = (program.folder / "go.mod").read_text()
    for package in program.packages:
        assert package.startswith(f"{program.module}/")
        assert re.search(rf"^(?:tool)?\s+{re.escape(package)}$", text, re.MULTILINE)


def test_version_that_is_not_required_is_a_problem() -> None:
    with pytest.raises(Problem, match="does not require"):
        _ = programs.Program("pause", module="example.org/absent").version


def copy_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copied = tmp_path / "sources" / "pause"
    shutil.copytree(programs.PAUSE.folder, copied)
    monkeypatch.setattr(programs, "SOURCES", tmp_path / "sources")
    monkeypatch.setenv("STOKER_CACHE", str(tmp_path / "cache"))
    return copied


def test_key_changes_with_sources_and_flags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy_sources(tmp_path, monkeypatch)
    before = programs.key(programs.PAUSE)
    assert programs.key(programs.PAUSE) == before
    assert programs.key(programs.Program("pause", links=("again",))) != before
    assert programs.key(programs.Program("pause", tags=("small",))) != before
    assert programs.key(programs.Program("pause", packages=("./more",))) != before
    with (folder / "main.go").open("a") as file:
        file.write("// changed\n")
    assert programs.key(programs.PAUSE) != before


def test_program_is_built_and_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_sources(tmp_path, monkeypatch)
    said: list[str] = []
    program = programs.Program("pause", links=("rest",), slow="a second")
    folder = programs.built(program, Steps(said.append))
    assert sorted(each.name for each in folder.iterdir()) == ["pause", "rest"]
    assert (folder / "rest").resolve() == folder / "pause"
    assert said[0] == "building pause from source: a second, the first time only"
    assert said[1].endswith(" s  built pause")
    programs.built(program, Steps(said.append))
    assert len(said) == 2


def test_program_of_several_packages_and_tags_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy_sources(tmp_path, monkeypatch)
    main = (folder / "main.go").read_text()
    (folder / "main.go").write_text(f"//go:build wanted\n\n{main}")
    program = programs.Program("pause", packages=(".", "cmd/test2json"), tags=("wanted",))
    made = programs.built(program, Steps(silent))
    assert sorted(each.name for each in made.iterdir()) == ["pause", "test2json"]


def test_go_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_sources(tmp_path, monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem, match="there is no Go"):
        programs.built(programs.PAUSE, Steps(silent))


def test_compiler_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copy_sources(tmp_path, monkeypatch)
    (folder / "main.go").write_text("package main\n\nfunc main() { nothing() }\n")
    with pytest.raises(Problem, match="undefined: nothing"):
        programs.built(programs.PAUSE, Steps(silent))
