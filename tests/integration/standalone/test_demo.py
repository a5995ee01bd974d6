"""`stoker demo`, as a visitor runs it."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import pytest

from support.command import STOKER, environment, stoker
from support.server_processes import children, end, eventually

SUMMARY = ("first sync", "change", "drift", "refused commit")
PATIENCE = 30.0


def summary_of(text: str) -> list[str]:
    """The lines below the last heading."""
    below = text.partition("What happened\n")[2]
    return [line.strip() for line in below.splitlines() if line.startswith("  ")]


def left_in(folder: Path) -> list[Path]:
    return list(folder.glob("stoker-demo-*"))


def processes_with(text: str) -> list[int]:
    """Processes that name `text`."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = file.read_bytes()
        except OSError:
            continue
        if text.encode() in command:
            found.append(int(file.parent.name))
    return found


def test_it_tells_its_story_and_leaves_nothing(tmp_path: Path) -> None:
    done = stoker("demo", env={"TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    summary = summary_of(done.stdout)
    assert len(summary) == len(SUMMARY)
    for line, begins in zip(summary, SUMMARY, strict=True):
        assert line.startswith(begins)
        assert line.endswith(" s")
    assert left_in(tmp_path) == []
    assert processes_with(str(tmp_path)) == []


@contextmanager
def kept(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[str]]]:
    """A demo that goes on, with what it has printed so far."""
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*STOKER, "demo", "--keep"],
        env=environment(TMPDIR=str(folder)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    lines: list[str] = []
    out = cast("IO[bytes]", process.stdout)
    reader = threading.Thread(target=lambda: lines.extend(line.decode() for line in out))
    reader.start()
    try:
        yield process, lines
    finally:
        end(process)
        reader.join()
        out.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_on_until_it_is_interrupted(tmp_path: Path, number: signal.Signals) -> None:
    with kept(tmp_path) as (process, _lines):
        assert eventually(lambda: any("Ctrl-C ends it" in line for line in _lines), PATIENCE)
        assert len(summary_of("".join(_lines))) >= len(SUMMARY)
        assert len(left_in(tmp_path)) == 1
        assert process.poll() is None
        process.send_signal(number)
        assert process.wait(10) == 0
        assert left_in(tmp_path) == []
        assert children(process.pid) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_early_end_leaves_nothing_either(tmp_path: Path, number: signal.Signals) -> None:
    with kept(tmp_path) as (process, lines):
        assert eventually(lambda: any("1. The first sync" in line for line in lines), PATIENCE)
        process.send_signal(number)
        process.wait(10)
        assert left_in(tmp_path) == []
        assert eventually(lambda: processes_with(str(tmp_path)) == [])
