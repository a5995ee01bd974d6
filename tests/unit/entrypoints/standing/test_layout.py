"""Columns, cuts and ages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.entrypoints.cli.presenting.wording import Paint
from stoker.entrypoints.cli.standing.layout import (
    GAP,
    NARROWEST,
    Cell,
    Look,
    age,
    end_cut,
    middle_cut,
    plain,
    table,
    widths,
    wrapped,
)
from support.standing import NOW, ago

PLAIN_TEXT = st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=30)


@pytest.mark.parametrize(
    ("then", "shown"),
    [
        (ago(seconds=0), "0s"),
        (ago(seconds=119), "119s"),
        (ago(seconds=120), "2m"),
        (ago(minutes=119), "119m"),
        (ago(hours=2), "2h"),
        (ago(hours=47), "47h"),
        (ago(days=2), "2d"),
        (NOW + timedelta(minutes=5), "0s"),
        (None, "-"),
    ],
)
def test_ages(then: object, shown: str) -> None:
    assert age(NOW, then) == shown  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (99, "ignition-line-0"),
        (15, "ignition-line-0"),
        (9, "igni…ne-0"),
        (2, "i…"),
        (1, "…"),
        (0, ""),
    ],
)
def test_names_are_cut_in_their_middle(width: int, shown: str) -> None:
    assert middle_cut("ignition-line-0", width) == shown


@given(PLAIN_TEXT, st.integers(0, 40))
def test_cuts_fit_and_keep_the_ends(text: str, width: int) -> None:
    """Seen to fail with the mark counted as no character."""
    for cut in (middle_cut(text, width), end_cut(text, max(width, 1))):
        assert len(cut) <= max(width, 1)
        assert cut == text or "…" in cut or not cut
    kept = middle_cut(text, width)
    if "…" in kept and width > 3:
        head, _, tail = kept.partition("…")
        assert text.startswith(head)
        assert text.endswith(tail)


@given(st.lists(st.lists(PLAIN_TEXT, min_size=3, max_size=3), min_size=1), st.integers(0, 90))
def test_columns_share_the_room_that_there_is(rows: list[list[str]], room: int) -> None:
    wide = widths(rows, room)
    natural = widths(rows, None)
    assert all(each <= most for each, most in zip(wide, natural, strict=True))
    fits = sum(wide) + GAP * 2 <= room
    assert fits or all(each <= NARROWEST for each in wide)
    if sum(natural) + GAP * 2 <= room:
        assert wide == natural, "nobody gives way without need"


@given(
    st.lists(st.tuples(PLAIN_TEXT, PLAIN_TEXT, st.text(max_size=200).map(plain)), max_size=5),
    st.integers(40, 160),
)
def test_no_line_of_a_table_is_wider_than_the_terminal(
    rows: list[tuple[str, ...]], width: int
) -> None:
    """Seen to fail with the last column given all of the room."""
    cells = [[Cell(text) for text in row] for row in rows]
    lines = list(table(("NAME", "REF", "REASON"), cells, Look(width=width)))
    assert len(lines) == len(rows) + 1
    assert all(len(line) <= width for line in lines)


def test_a_file_gets_whole_lines() -> None:
    long = "x" * 500
    _, line = table(("A", "B"), [[Cell("a"), Cell(long)]], Look())
    assert line == f"a  {long}"
    assert list(wrapped(long, Look(), margin=4, first="1.")) == [f"1.  {long}"]


def test_colours_take_no_room() -> None:
    rows = [[Cell("a", Paint.RED), Cell("b", Paint.GREEN)], [Cell("long"), Cell("c")]]
    coloured = list(table(("X", "Y"), rows, Look(width=80, colour=True)))
    bare = [re.sub(r"\x1b\[[0-9]*m", "", line) for line in coloured]
    assert bare == list(table(("X", "Y"), rows, Look(width=80)))
    assert "\x1b[31ma\x1b[0m" in coloured[1]


def test_a_path_is_never_broken() -> None:
    path = "projects/line/com.inductiveautomation.perspective/views/Main/resource.json"
    lines = list(wrapped(f"see {path} at once", Look(width=40), margin=4, first="1."))
    assert lines == ["1.  see", f"    {path}", "    at once"]
    assert list(wrapped("", Look(width=40), margin=4, first="Ref")) == ["Ref"]


def test_text_from_outside_cannot_forge_a_line() -> None:
    assert plain("a\nb\x1b[31m\u202e") == "a b\\x1b[31m\\u202e"
