"""Lines, line ends, and files that are no text."""

from __future__ import annotations

import struct

import pytest

from stoker.core.differences import (
    BinaryChange,
    LineChanges,
    Reformatted,
    SameContent,
    Shape,
    TextChanges,
    compare_contents,
)
from stoker.core.differences.alignment import align
from stoker.core.differences.binaries import shape_of
from stoker.core.differences.limits import MAX_EDITS, MAX_LINE, MAX_LINES
from stoker.core.differences.texts import compare_texts
from stoker.core.paths import RelPath
from support.plant import png

CODE = RelPath("projects/p/ignition/script-python/a/code.py")
JSON = RelPath("projects/p/com.x/y/z/config.json")


def shown(changes: LineChanges) -> list[list[str]]:
    return [[line.sign + line.text for line in hunk.lines] for hunk in changes.hunks]


def test_changes_are_shown_with_their_surroundings() -> None:
    old = [f"line {number}" for number in range(1, 31)]
    new = [*old[:4], "new", *old[5:25], *old[26:]]
    changes = compare_texts("\n".join(old) + "\n", "\n".join(new) + "\n")
    first, second = shown(changes)
    assert first == [" line 2", " line 3", " line 4", "-line 5", "+new"] + [
        f" line {number}" for number in (6, 7, 8)
    ]
    assert "-line 26" in second
    assert (changes.added, changes.removed, changes.cut) == (1, 2, 0)
    assert [(hunk.before, hunk.after) for hunk in changes.hunks] == [(2, 2), (23, 23)]
    assert changes.shown == len(first) + len(second)


def test_near_changes_are_one_hunk() -> None:
    old = [f"line {number}" for number in range(12)]
    new = [*old[:2], "x", *old[3:9], "y", *old[10:]]
    assert len(compare_texts("\n".join(old), "\n".join(new)).hunks) == 1


def test_much_is_cut_and_counted() -> None:
    changes = compare_texts("", "line\n" * (MAX_LINES + 7))
    assert changes.shown == MAX_LINES
    assert changes.cut == 7
    assert changes.added == MAX_LINES + 7
    (hunk,) = compare_texts("a", "b" * 1000).hunks
    assert all(len(line.text) <= MAX_LINE for line in hunk.lines)
    many = "\n".join(f"{number}" for number in range(MAX_LINES * 20))
    changed = many.replace("9\n", "nine\n")
    cut = compare_texts(many, changed)
    assert cut.shown <= MAX_LINES
    assert cut.cut > 0


@pytest.mark.parametrize(
    ("before", "after", "endings"),
    [
        ("a\r\nb\r\n", "a\nb\n", "CRLF to LF"),
        ("a\nb\n", "a\r\nb\r\n", "LF to CRLF"),
        ("a\nb\r\n", "a\r\nb\r\n", "mixed line endings to CRLF"),
        ("a", "a\n", "line break at the end added"),
        ("a\n", "a", "line break at the end removed"),
    ],
)
def test_line_ends_alone_are_said(before: str, after: str, endings: str) -> None:
    changes = compare_texts(before, after)
    assert changes == LineChanges(endings=endings)


def test_line_ends_beside_other_changes() -> None:
    changes = compare_texts("a\r\nb\r\n", "a\nc\n")
    assert shown(changes) == [[" a", "-b", "+c"]]
    assert changes.endings == "CRLF to LF"
    assert not compare_texts("", "a\r\n").endings
    assert not compare_texts("", "a").endings


def test_moved_and_repeated_lines_are_aligned_by_what_is_unique() -> None:
    old = ["{", "a", "}", "{", "b", "}"]
    new = ["{", "a", "}", "{", "n", "}", "{", "b", "}"]
    pairs = align(old, new)
    assert len(pairs) == len(old)
    assert (1, 1) in pairs
    assert (4, 7) in pairs
    assert align(["a", "b", "a"], ["b", "a", "a"])
    assert align([], ["a"]) == []


def test_two_texts_without_anything_in_common_are_given_up_soon() -> None:
    """Repeated lines have no anchors; the search for the shortest script has its limits."""
    old = [f"{number % 7}" for number in range(3 * MAX_EDITS)]
    new = [f"{number % 5 + 10}" for number in range(3 * MAX_EDITS)]
    assert align(old, new) == []
    period = [f"{number % 2}" for number in range(4000)]
    other = [f"{number % 3}" for number in range(4000)]
    assert len(align(period, other)) < len(period)


def test_many_unlike_stretches_are_given_up_together() -> None:
    """One meter for all of them. Seen to fail with a meter for each."""
    old, new = list("pqpqp"), list("sqpqps")
    assert len(align(old, new)) == 4
    before = [line for at in range(60) for line in (f"anchor {at}", *["a", "b"] * 150)]
    after = [line for at in range(60) for line in (f"anchor {at}", *["c", "d"] * 150)]
    found = align([*before, "last", *old], [*after, "last", *new])
    assert len(found) == 61


def test_binary_files_are_told_by_kind_and_size() -> None:
    detail = compare_contents(RelPath("a/thumbnail.png"), png(16, 8), png(32, 32, 100))
    assert detail == BinaryChange(Shape("PNG image", 64, 16, 8), Shape("PNG image", 124, 32, 32))
    assert isinstance(compare_contents(CODE, b"\xff\xfe", b"text"), BinaryChange)
    assert isinstance(compare_contents(CODE, b"text", b"\0"), BinaryChange)


_SEGMENT = b"\xff\xe0" + struct.pack(">H", 4) + b"ab"


@pytest.mark.parametrize(
    ("content", "shape"),
    [
        (b"GIF89a" + struct.pack("<HH", 3, 4), ("GIF image", 3, 4)),
        (b"GIF8", ("GIF image", 0, 0)),
        (b"\x89PNG\r\n\x1a\n", ("PNG image", 0, 0)),
        (
            b"\xff\xd8" + _SEGMENT + b"\xff\xc0\0\x11\x08" + struct.pack(">HH", 5, 6),
            ("JPEG image", 6, 5),
        ),
        (b"\xff\xd8\xff\xe0\0\x04", ("JPEG image", 0, 0)),
        (b"\xff\xd8\xff\xe0\0\x02abcdefgh", ("JPEG image", 0, 0)),
        (b"\xff\xd8" + b"\xff\xe0\0\x02" * 2000, ("JPEG image", 0, 0)),
        (b"RIFF\0\0\0\0WEBP", ("WebP image", 0, 0)),
        (b"\x1f\x8b\x08", ("compressed data", 0, 0)),
        (b"\xde\xad", ("binary", 0, 0)),
        (b"", ("binary", 0, 0)),
    ],
)
def test_shapes(content: bytes, shape: tuple[str, int, int]) -> None:
    found = shape_of(content)
    assert (found.kind, found.width, found.height) == shape
    assert found.size == len(content)


def test_formatting_alone_is_said() -> None:
    assert compare_contents(JSON, b'{"a":1,"b":2}', b'{\n  "b": 2,\n  "a": 1\n}') == Reformatted()
    assert compare_contents(JSON, b'{"a":"\\u00e9"}', '{"a":"é"}'.encode()) == Reformatted()
    assert compare_contents(JSON, b"\xef\xbb\xbf{}", b"{}") == Reformatted()
    assert compare_contents(JSON, b"{}", b"{}") == SameContent()
    assert isinstance(compare_contents(CODE, b"{}", b"{ }"), TextChanges)
