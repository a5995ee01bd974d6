"""Trees: ids that are git's, look-ups, and differences that skip what is equal."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from attrs import frozen

from stoker.core.errors import PathError
from stoker.core.manifest import Digest, Mode, digest_of
from stoker.core.paths import ROOT, RelPath
from stoker.core.tree import EMPTY_TREE_ID, Blob, Leaf, Link, Node, Submodule, Tree, changes

ONE, TWO = Blob(digest_of(b"one")), Blob(digest_of(b"two"))


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603
        ["git", "-C", folder, *arguments],  # noqa: S607
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize("hash_name", ["sha1", "sha256"])
def test_ids_are_those_of_git(tmp_path: Path, hash_name: str) -> None:
    _git(tmp_path, "init", "-q", f"--object-format={hash_name}")
    contents = {"a/b c/x.json": b"x", "a/b.d": b"y", "a.txt": b"", "run.sh": b"#!", "größe/é": b"z"}
    for name, content in contents.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (tmp_path / "run.sh").chmod(0o755)
    (tmp_path / "link").symlink_to("a.txt")
    _git(tmp_path, "add", "-A")
    like = Digest("0" * (40 if hash_name == "sha1" else 64))
    files: dict[str, Leaf] = {
        name: Blob(digest_of(data, like), Mode.EXECUTABLE if name == "run.sh" else Mode.REGULAR)
        for name, data in contents.items()
    }
    files["link"] = Link(digest_of(b"a.txt", like))
    assert Tree.of(files).id == _git(tmp_path, "write-tree")


def test_the_empty_tree() -> None:
    assert Tree.of({}).id == EMPTY_TREE_ID


def test_a_submodule_is_part_of_the_id() -> None:
    assert Tree.of({"s": Submodule("1" * 40)}).id != Tree.of({"s": Link(digest_of(b""))}).id


def test_find() -> None:
    tree = Tree.of({"a/b": ONE, "c": Link(digest_of(b"x"))})
    assert tree.find(ROOT) is tree
    assert tree.find(RelPath("a/b")) == ONE
    found = tree.find(RelPath("a"))
    assert isinstance(found, Tree)
    assert dict(found.entries) == {"b": ONE}
    assert tree.find(RelPath("a/x")) is None
    assert tree.find(RelPath("a/b/c")) is None
    assert tree.find(RelPath("x/y")) is None


@pytest.mark.parametrize(
    ("files", "message", "where"),
    [
        ({"a": ONE, "a/b": ONE}, "the path is a file and a directory", "a/b"),
        ({"a": ONE, "./a": ONE}, "the path is there twice", "a"),
        ({"a/": ONE, "a/b": ONE}, "the path is a file and a directory", "a/b"),
        ({"./": ONE}, "the path of a file is the root", "./"),
        ({"../a": ONE}, "the path leaves its root by '..'", "../a"),
    ],
)
def test_impossible_trees_are_refused(files: dict[str, Leaf], message: str, where: str) -> None:
    with pytest.raises(PathError) as caught:
        Tree.of(files)
    assert (caught.value.message, caught.value.where) == (message, where)


@pytest.mark.parametrize(
    ("old", "new", "paths"),
    [
        ({"a": ONE}, {"a": ONE}, []),
        ({"a": ONE}, {"a": TWO}, ["a"]),
        ({"a": ONE}, {"a": Blob(ONE.id, Mode.EXECUTABLE)}, ["a"]),
        ({"a": ONE}, {"a": Link(ONE.id)}, ["a"]),
        ({"a": ONE}, {"b": ONE}, ["a", "b"]),
        ({"a": ONE}, {"a/b": ONE}, ["a", "a/b"]),
        ({"a/b": ONE, "a/c": ONE}, {"a": ONE}, ["a", "a/b", "a/c"]),
        ({"d/x": ONE, "e/y": ONE}, {"d/x": ONE, "e/y": TWO, "e/z": ONE}, ["e/y", "e/z"]),
        ({}, {"d/x": ONE}, ["d/x"]),
        ({"d/x": ONE}, {}, ["d/x"]),
    ],
)
def test_changes(old: dict[str, Leaf], new: dict[str, Leaf], paths: list[str]) -> None:
    found = list(changes(Tree.of(old), Tree.of(new)))
    assert found == paths
    assert all(type(path) is RelPath for path in found)


@frozen
class Sealed(Mapping[str, Node]):
    """The entries of a tree that nobody has a reason to open."""

    def __getitem__(self, name: str) -> Node:
        raise AssertionError(name)

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("opened")

    def __len__(self) -> int:
        raise AssertionError("opened")


def test_equal_trees_are_not_opened() -> None:
    sealed = Tree("1" * 40, Sealed())
    old = Tree("2" * 40, {"same": sealed, "x": ONE})
    new = Tree("3" * 40, {"same": sealed, "x": TWO})
    assert list(changes(old, new)) == ["x"]
    assert list(changes(sealed, Tree("1" * 40, Sealed()))) == []
    assert list(changes(None, None)) == []
