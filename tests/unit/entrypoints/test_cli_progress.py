"""Signs of life: a bar on a terminal, few lines elsewhere, nothing for machines."""

from __future__ import annotations

import io

import pytest
from attrs import define

from stoker.entrypoints.cli.progress import Lines, describe, progress_on, share_of
from stoker.entrypoints.engine.progress import Stage, Step, nobody_waits


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@define
class Clock:
    """A clock that stands still until it is told."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("step", "words", "share"),
    [
        (Step(Stage.FETCH), "Fetching the commit", None),
        (
            Step(Stage.FETCH, "Receiving objects:  45% (9/20)\r"),
            "Fetching the commit: Receiving objects: 45% (9/20)",
            45,
        ),
        (
            Step(Stage.FETCH, "remote: 999% \x1b[2J"),
            "Fetching the commit: remote: 999% \\x1b[2J",
            100,
        ),
        (Step(Stage.APPLY, done=1234, total=14000), "Writing files: 1,234 of 14,000", 8),
        (Step(Stage.APPLY, done=5, total=4), "Writing files: 5 of 4", 100),
        (Step(Stage.SCAN, "projects"), "Waiting for the gateway's scan: projects", None),
        (Step(Stage.PLAN, "  "), "Planning", None),
    ],
)
def test_a_step_in_words_and_in_percent(step: Step, words: str, share: int | None) -> None:
    assert describe(step) == words
    assert share_of(step) == share


def test_lines_come_with_each_stage_and_once_a_second() -> None:
    stream, clock = io.StringIO(), Clock()
    lines = Lines(stream, clock)
    for now, step in [
        (0.0, Step(Stage.FETCH)),
        (0.5, Step(Stage.FETCH, "10%")),
        (1.0, Step(Stage.FETCH, "20%")),
        (1.5, Step(Stage.FETCH, "30%")),
        (1.6, Step(Stage.PLAN)),
        (1.7, Step(Stage.APPLY, done=1, total=3)),
        (1.8, Step(Stage.APPLY, done=2, total=3)),
        (2.8, Step(Stage.APPLY, done=3, total=3)),
    ]:
        clock.now = now
        lines.tell(step)
    assert stream.getvalue().splitlines() == [
        "Fetching the commit",
        "Fetching the commit: 20%",
        "Planning",
        "Writing files: 1 of 3",
        "Writing files: 3 of 3",
    ]


def test_a_stream_that_is_gone_does_not_stop_the_work() -> None:
    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    lines = Lines(Gone(), Clock())
    lines.tell(Step(Stage.FETCH))
    lines.tell(Step(Stage.PLAN))


@pytest.mark.parametrize(
    ("stream", "quiet", "as_json", "term", "expected"),
    [
        (io.StringIO(), False, False, "xterm", "lines"),
        (io.StringIO(), True, False, "xterm", "nothing"),
        (io.StringIO(), False, True, "xterm", "nothing"),
        (Terminal(), False, False, "xterm", "bar"),
        (Terminal(), False, True, "xterm", "bar"),
        (Terminal(), True, False, "xterm", "nothing"),
        (Terminal(), False, False, "dumb", "lines"),
    ],
)
def test_who_gets_to_see_what(
    *, stream: io.StringIO, quiet: bool, as_json: bool, term: str, expected: str
) -> None:
    with progress_on(stream, quiet=quiet, as_json=as_json, environ={"TERM": term}) as progress:
        is_nothing = progress is nobody_waits
        progress(Step(Stage.APPLY, done=1, total=2))
        progress(Step(Stage.APPLY, done=2, total=2))
        progress(Step(Stage.SCAN, "projects"))
    shown = stream.getvalue()
    assert is_nothing == (expected == "nothing") == (shown == "")
    assert ("\x1b[" in shown) == (expected == "bar")
    if expected == "lines":
        assert shown.splitlines() == [
            "Writing files: 1 of 2",
            "Waiting for the gateway's scan: projects",
        ]


def test_the_bar_takes_no_markup_from_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    stream = Terminal()
    with progress_on(stream, quiet=False, as_json=False, environ={"TERM": "xterm"}) as progress:
        progress(Step(Stage.FETCH, "[bold]remote[/nonsense] :smile:"))
    assert "[bold]remote[/nonsense] :smile:" in stream.getvalue()


def test_no_color_means_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    with progress_on(stream, quiet=False, as_json=False, environ={"TERM": "xterm"}) as progress:
        progress(Step(Stage.APPLY, done=1, total=2))
    assert "\x1b[3" not in stream.getvalue()
