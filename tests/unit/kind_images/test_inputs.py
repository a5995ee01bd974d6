"""The hash that names an image: everything that is built from counts, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from cluster.problems import Problem
from images import catalogue
from images.inputs import ROOT, Inputs


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "src/deep").mkdir(parents=True)
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "src/one.py").write_text("1\n")
    (tmp_path / "src/deep/two.py").write_text("2\n")
    return tmp_path


def _key(tree: Path, *more: str) -> str:
    return Inputs.read(["Dockerfile", "src"], tree).key(*more)


def test_the_same_files_have_the_same_key(tree: Path) -> None:
    first = _key(tree)
    (tree / "src/one.py").touch()
    (tree / "src/__pycache__").mkdir()
    (tree / "src/__pycache__/one.cpython-311.pyc").write_bytes(b"x")
    (tree / "elsewhere.txt").write_text("not named")
    assert _key(tree) == first
    assert len(first) == 16


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: (tree / "src/one.py").write_text("2\n"),
        lambda tree: (tree / "src/one.py").rename(tree / "src/three.py"),
        lambda tree: (tree / "src/one.py").chmod(0o755),
        lambda tree: (tree / "src/new.json").write_text(""),
        lambda tree: (tree / "src/deep/two.py").unlink(),
        lambda tree: (tree / "Dockerfile").write_text("FROM base\n"),
    ],
)
def test_every_change_has_another_key(tree: Path, change: object) -> None:
    first = _key(tree)
    assert callable(change)
    change(tree)
    assert _key(tree) != first


def test_what_is_told_besides_counts_and_does_not_run_together(tree: Path) -> None:
    keys = {_key(tree), _key(tree, "a"), _key(tree, "b"), _key(tree, "ab"), _key(tree, "a", "b")}
    assert len(keys) == 5


def test_the_folder_of_a_build_holds_what_was_hashed(tree: Path, tmp_path: Path) -> None:
    (tree / "src/one.py").chmod(0o700)
    (tree / "src/deep/two.py").chmod(0o600)
    inputs = Inputs.read(["Dockerfile", "src"], tree)
    (tree / "src/one.py").write_text("changed since")
    out = tmp_path / "out"
    inputs.write(out)
    assert (out / "src/one.py").read_text() == "1\n"
    modes = {path.name: path.stat().st_mode & 0o777 for path in out.rglob("*")}
    assert modes == {
        "Dockerfile": 0o644,
        "one.py": 0o755,
        "two.py": 0o644,
        "src": 0o755,
        "deep": 0o755,
    }


def test_a_file_that_is_missing_is_named(tree: Path) -> None:
    with pytest.raises(Problem, match=r"absent\.txt is not there"):
        Inputs.read(["absent.txt"], tree)


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_every_recipe_has_its_files(name: str) -> None:
    recipe = catalogue.recipe(name)
    assert recipe.dockerfile in Inputs.read(recipe.paths, ROOT).files


def test_all_that_the_dockerfile_copies_is_in_the_build() -> None:
    files = Inputs.read(catalogue.recipe("stoker").paths, ROOT).files
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert any(f"{one}/".startswith(f"{source}/") for one in files), source
