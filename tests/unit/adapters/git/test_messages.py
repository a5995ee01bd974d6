"""Lines out of what git says, whatever the pieces in which it comes.

Seen to fail with the bounds on lines left out, and with lines ended by newlines alone.
"""

from __future__ import annotations

import tracemalloc

import pytest

from stoker.adapters.git.messages import LONGEST, MOST_LINES, Messages

SAID = (
    b"remote: Counting objects:  50% (1/2)\rremote: Counting objects: 100% (2/2), done.\n"
    b"Receiving objects:   3% (1/30), 1.00 KiB | 2.00 KiB/s\r\n"
    b"\n\rwarning: something\r\nfatal: the end"
)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_lines_do_not_depend_on_the_pieces(size: int) -> None:
    told: list[str] = []
    messages = Messages(told.append)
    for start in range(0, len(SAID), size):
        messages.feed(SAID[start : start + size])
    assert messages.text() == "warning: something\nfatal: the end\n"
    assert told == [
        "remote: Counting objects:  50% (1/2)",
        "remote: Counting objects: 100% (2/2), done.",
        "Receiving objects:   3% (1/30), 1.00 KiB | 2.00 KiB/s",
    ]


def test_nobody_has_to_watch() -> None:
    messages = Messages()
    messages.feed(SAID)
    assert "fatal" in messages.text()


def test_a_line_without_end_is_cut_and_takes_no_memory() -> None:
    messages = Messages()
    tracemalloc.start()
    try:
        for _ in range(100):
            messages.feed(b"x" * 20_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(messages.text()) <= LONGEST + 1
    assert peak < 500_000


def test_the_last_lines_are_kept() -> None:
    messages = Messages()
    for number in range(10 * MOST_LINES):
        messages.feed(b"%d\n" % number)
    assert messages.text().split() == [str(9 * MOST_LINES + n) for n in range(MOST_LINES)]


def test_control_characters_reach_nobody() -> None:
    told: list[str] = []
    messages = Messages(told.append)
    messages.feed(b"remote: Counting objects: 1\x1b[31m\n\x1b[2Jerror: \xff\x07red\n")
    assert told == ["remote: Counting objects: 1[31m"]
    assert messages.text() == "[2Jerror: \ufffdred\n"
