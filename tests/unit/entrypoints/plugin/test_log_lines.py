"""Lines of several logs: in order, none lost, and fit for people."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.entrypoints.cli.plugin.log_lines import (
    LONG_AGO,
    Line,
    Speech,
    Wish,
    line_of,
    merged,
    stamp_of,
)

NOW = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)
COMMIT = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"
SPEECH = Speech(NOW, ("line-a-0", "b"))
AUDIT = {
    "logger": "audit", "time": "2026-01-31T02:59:00+00:00", "message": "sync", "gateway": "a",
    "cr": "line-a", "ref": "main", "commit": COMMIT, "author": "Ada <a@example.com>", "added": 2,
    "modified": 1, "deleted": 0, "scan": "projects=ok", "durationSeconds": 0.8,
    "result": "synced", "profile": "default",
}  # fmt: skip


def said(text: str | dict[str, object], time: str = "2026-01-31T02:59:00.5Z") -> Line:
    return line_of("line-a-0", time, text if isinstance(text, str) else json.dumps(text))


# --- Order ---

stamps = st.tuples(st.integers(0, 5), st.integers(0, 3))


@st.composite
def logs(draw: st.DrawFn) -> list[list[Line]]:
    """Logs whose clocks may go back."""
    found = []
    for number in range(draw(st.integers(0, 4))):
        times = draw(st.lists(stamps, max_size=8))
        found.append(
            [
                Line(f"p{number}", "", (NOW + timedelta(seconds=second), rest), f"{number}.{index}")
                for index, (second, rest) in enumerate(times)
            ]
        )
    return found


@given(logs())
def test_nothing_is_lost_and_each_log_keeps_its_order(told: list[list[Line]]) -> None:
    """Seen to fail with a sort by time over all lines, by a clock that went back."""
    together = list(merged(told))
    assert sorted(line.text for line in together) == sorted(
        line.text for log in told for line in log
    )
    for log in told:
        assert [line for line in together if line.pod == (log[0].pod if log else "")] == log


@given(logs())
def test_logs_whose_clocks_go_on_come_in_the_order_of_time(told: list[list[Line]]) -> None:
    ordered = [sorted(log, key=lambda line: line.stamp) for log in told]
    together = list(merged(ordered))
    assert all(one.stamp <= other.stamp for one, other in pairwise(together))


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("2026-01-31T02:00:00.5Z", "2026-01-31T02:00:00.51Z"),
        ("2026-01-31T02:00:00Z", "2026-01-31T02:00:00.000000001Z"),
        ("2026-01-31T02:00:00.000000999Z", "2026-01-31T02:00:00.000001Z"),
        ("2026-01-31T03:00:00.1+02:00", "2026-01-31T02:00:00Z"),
    ],
)
def test_times_are_compared_to_the_nanosecond_and_in_any_zone(earlier: str, later: str) -> None:
    assert stamp_of(earlier) < stamp_of(later)


@pytest.mark.parametrize(
    "time", ["", "yesterday", "2026-13-31T02:00:00Z", "0001-01-01T00:00:00+23:00"]
)
def test_what_is_no_time_was_long_ago(time: str) -> None:
    assert stamp_of(time) == LONG_AGO


def test_which_lines_are_wanted() -> None:
    lines = [said("a"), said(AUDIT), said("b"), said(AUDIT | {"result": "error"})]
    assert Wish().of(lines) == lines
    assert Wish(tail=0).of(lines) == []
    assert Wish(tail=2).of(lines) == lines[2:]
    assert Wish(tail=9).of(lines) == lines
    assert Wish(audit=True).of(lines) == [lines[1], lines[3]]
    assert Wish(audit=True, tail=1).of(lines) == [lines[3]]


# --- For people ---


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (
            {"logger": "agent", "time": "x", "message": "the gateway is Synced",
             "status": "Synced", "commit": COMMIT, "error": ""},
            "the gateway is Synced  commit=6113728",
        ),
        (
            {"logger": "agent", "message": "failed to report", "level": "error", "error": "no way"},
            'ERROR failed to report  error="no way"',
        ),
        (
            {"message": "files changed", "paths": ["a", "b", "c", "d", "e"], "n": 2, "x": None},
            'files changed  paths=["a", "b", "c", … 2 more] n=2',
        ),
        (
            AUDIT,
            ("sync of 6113728 (main): synced, 2 added, 1 modified, 0 deleted in 0.8 s;"
            " scan: projects=ok; by Ada <a@example.com>"),
        ),
        (
            {"logger": "audit", "message": "sync", "ref": COMMIT, "commit": COMMIT},
            "sync of 6113728: ?, 0 added, 0 modified, 0 deleted",
        ),
        ({"logger": "audit", "ref": "main"}, "sync of no commit (main): ?, 0 added"),
        ("Traceback (most recent call last):", "Traceback (most recent call last):"),
        ('{"half":', '{"half":'),
        ("[1, 2]", "[1, 2]"),
        ("{}", ""),
        ("\x1b[31mred\u202e", "\\x1b[31mred\\u202e"),
        ({"message": "a\nb\x1b", "k\n": "v\nw"}, 'a\\nb\\x1b  k\\n="v\\nw"'),
        ({"message": "m", "traceback": "one\n two"}, "m\n    one\n     two"),
    ],
)  # fmt: skip
def test_lines_for_people(told: str | dict[str, object], shown: str) -> None:
    line = SPEECH.worded(said(told))
    assert line.startswith(f"02:59:00 line-a-0 | {shown}")
    assert line.endswith("\n")


def test_other_pods_and_other_days() -> None:
    line = line_of("b", "2026-01-29T01:00:00Z", "old")
    assert SPEECH.worded(line) == "01-29 01:00:00 b        | old\n"
    assert Speech(NOW, ()).worded(line) == "01-29 01:00:00 b | old\n"


@pytest.mark.parametrize(
    ("told", "paint"),
    [
        ({"message": "m", "level": "error"}, "\x1b[31mERROR m"),
        ({"message": "m", "level": "warning"}, "\x1b[33mWARNING m"),
        (AUDIT, "\x1b[1msync of"),
        (AUDIT | {"result": "rolledBack"}, "\x1b[31msync of"),
        ({"message": "m"}, "| m"),
    ],
)
def test_colours(told: dict[str, object], paint: str) -> None:
    shown = Speech(NOW, ("line-a-0",), colour=True).worded(said(told))
    assert paint in shown
    assert "\x1b[36mline-a-0\x1b[0m" in shown


@given(st.text())
def test_no_line_forges_another_or_colours_a_terminal(text: str) -> None:
    """Seen to fail with a message shown as it is."""
    for told in (text, json.dumps({"message": text, text: text})):
        shown = SPEECH.worded(said(told))
        assert shown.count("\n") == 1
        assert all(char.isprintable() or char in "\n\t" for char in shown)
