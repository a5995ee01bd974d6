"""`RelPath`: what it takes, what it refuses, and its small algebra."""

from __future__ import annotations

import pytest

from stoker.core.errors import PathError
from stoker.core.paths import MAX_DEPTH, MAX_NAME_BYTES, ROOT, RelPath


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("a", "a"),
        ("./a/", "a"),
        ("a//b", "a/b"),
        ("a/", "a"),
        ("a/./b/.", "a/b"),
        (".", "."),
        ("./", "."),
        ("...", "..."),
        ("..a/b..", "..a/b.."),
        ("My Folder/x y.json", "My Folder/x y.json"),
        ("größe/日本", "größe/日本"),
        ("~", "~"),
        ("a\u2028b", "a\u2028b"),
        ("a\u00a0b", "a\u00a0b"),
        ("n" * MAX_NAME_BYTES, "n" * MAX_NAME_BYTES),
        ("é" * 127, "é" * 127),
        ("a/" * MAX_DEPTH, "/".join("a" * MAX_DEPTH)),
    ],
)
def test_legal_paths_are_normalised(text: str, normal: str) -> None:
    assert RelPath.parse(text) == normal
    assert RelPath(text) == normal
    assert type(RelPath(text)) is RelPath


@pytest.mark.parametrize(
    ("text", "message", "cure"),
    [
        ("", "the path is empty", "name a path, or '.' for the root"),
        ("/", "the path is absolute", "write it relative, without the leading '/'"),
        ("/etc/passwd", "the path is absolute", "write it relative, without the leading '/'"),
        ("..", "the path leaves its root by '..'", "write the path without '..'"),
        ("a/../b", "the path leaves its root by '..'", "write the path without '..'"),
        ("a/..", "the path leaves its root by '..'", "write the path without '..'"),
        ("a\\b", "the path contains a backslash", "separate names by '/'"),
        ("a\0b", "the path contains the control character U+0000", "remove it"),
        ("a\x1fb", "the path contains the control character U+001F", "remove it"),
        ("a\nb", "the path contains the control character U+000A", "remove it"),
        ("a\x7f", "the path contains the control character U+007F", "remove it"),
        ("a\x80", "the path contains the control character U+0080", "remove it"),
        ("a\x9fb", "the path contains the control character U+009F", "remove it"),
        ("a\udc80", "the path is not valid UTF-8", "rename the file"),
        ("\ud800", "the path is not valid UTF-8", "rename the file"),
        ("a/" + "n" * 256, "the path has a name of more than 255 bytes", "shorten it"),
        ("é" * 128, "the path has a name of more than 255 bytes", "shorten it"),
        ("a/" * 129, "the path is nested deeper than 128", "move it up"),
    ],
)
def test_others_are_refused_with_the_cure(text: str, message: str, cure: str) -> None:
    with pytest.raises(PathError) as caught:
        RelPath.parse(text)
    refusal = caught.value
    assert (refusal.message, refusal.where, refusal.cure) == (message, text, cure)


def test_a_refusal_carries_no_control_characters_into_a_log() -> None:
    with pytest.raises(PathError) as caught:
        RelPath("a\n\x1b[31mb")
    assert str(caught.value) == (
        r"'a\n\x1b[31mb': the path contains the control character U+000A (remove it)"
    )


def test_a_path_is_its_own_parse() -> None:
    path = RelPath("a/b")
    assert RelPath.parse(path) is path


@pytest.mark.parametrize(
    ("path", "names", "name", "parent", "ancestors"),
    [
        (".", (), "", ".", []),
        ("a", ("a",), "a", ".", []),
        ("a/b", ("a", "b"), "b", "a", ["a"]),
        ("a/b/c", ("a", "b", "c"), "c", "a/b", ["a/b", "a"]),
    ],
)
def test_parts(
    path: str, names: tuple[str, ...], name: str, parent: str, ancestors: list[str]
) -> None:
    parsed = RelPath(path)
    assert parsed.names == names
    assert parsed.name == name
    assert parsed.parent == parent
    assert type(parsed.parent) is RelPath
    assert list(parsed.ancestors()) == ancestors


@pytest.mark.parametrize(
    ("path", "directory", "within", "below"),
    [
        ("a", "a", True, False),
        ("a/b", "a", True, True),
        ("ab", "a", False, False),
        ("a", "a/b", False, False),
        ("a", ".", True, True),
        (".", ".", True, False),
        (".", "a", False, False),
    ],
)
def test_within_and_below(path: str, directory: str, *, within: bool, below: bool) -> None:
    assert RelPath(path).is_within(RelPath(directory)) is within
    assert RelPath(path).is_below(RelPath(directory)) is below


@pytest.mark.parametrize(
    ("path", "directory", "rest"),
    [("a/b/c", "a", "b/c"), ("a/b", "a/b", "."), ("a/b", ".", "a/b"), (".", ".", ".")],
)
def test_relative_to(path: str, directory: str, rest: str) -> None:
    assert RelPath(path).relative_to(RelPath(directory)) == rest


def test_relative_to_a_directory_that_does_not_hold_it() -> None:
    with pytest.raises(PathError, match="does not lie within 'b'"):
        RelPath("a").relative_to(RelPath("b"))


@pytest.mark.parametrize(
    ("base", "below", "joined"),
    [
        ("a", "b", "a/b"),
        ("a", "./b//c/", "a/b/c"),
        (".", "b", "b"),
        ("a", ".", "a"),
        (".", ".", "."),
    ],
)
def test_joining(base: str, below: str, joined: str) -> None:
    result = RelPath(base) / below
    assert result == joined
    assert type(result) is RelPath


@pytest.mark.parametrize("below", ["..", "/b", "", "a\\b"])
def test_joining_checks_what_it_joins(below: str) -> None:
    with pytest.raises(PathError):
        RelPath("a") / below


@pytest.mark.parametrize("name", ["b", "x y", "...", "é", "~", "[", "]", "-", "n" * 255])
def test_children(name: str) -> None:
    assert RelPath("a").child(name) == f"a/{name}"
    assert ROOT.child(name) == name
    assert type(ROOT.child(name)) is RelPath


@pytest.mark.parametrize("name", [".", "..", "", "a/b", "a/", "./a", "\\", "a\0", "n" * 256, "/"])
def test_a_child_is_one_name(name: str) -> None:
    with pytest.raises(PathError):
        RelPath("a").child(name)


def test_children_end_at_the_greatest_depth() -> None:
    deepest = RelPath("/".join("a" * (MAX_DEPTH - 1))).child("b")
    assert len(deepest.names) == MAX_DEPTH
    with pytest.raises(PathError, match="is nested deeper than 128"):
        deepest.child("c")


def test_joining_ends_at_the_greatest_depth() -> None:
    half = RelPath("/".join("a" * (MAX_DEPTH // 2)))
    assert len((half / half).names) == MAX_DEPTH
    with pytest.raises(PathError, match="is nested deeper than 128"):
        half / half / "b"


def test_its_representation_names_the_type() -> None:
    assert repr(RelPath("a/b")) == "RelPath('a/b')"
