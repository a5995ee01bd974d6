"""How a process ends, whatever its threads are doing."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from stoker.entrypoints import programs

ROOT = Path(__file__).parents[3]

TALKING = """
import sys, threading, time
from stoker.entrypoints.programs import leave

said = 0

def talk():
    global said
    while True:
        print("x" * 200, file=sys.{stream}, flush=True)
        said += 1

threading.Thread(target=talk, daemon=True).start()
before = 0
while not said or said != before:
    before = said
    time.sleep(0.2)
leave(3)
"""


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_process_leaves_while_a_thread_is_in_the_middle_of_a_line(stream: str) -> None:
    """The pipe is full, as nobody reads it: with `sys.exit`, Python waits for ever or aborts."""
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", TALKING.format(stream=stream)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={},  # streams with buffers, whatever the tests are run with
    ) as process:
        assert process.wait(20.0) == 3
        said = process.communicate()
    assert "Fatal" not in said[1]
    assert len("".join(said)) > 60_000


def test_what_was_said_is_told_before() -> None:
    code = (
        "import sys; from stoker.entrypoints.programs import leave;"
        " sys.stdout.write('half a line'); leave(0)"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20.0, check=False
    )
    assert (done.returncode, done.stdout) == (0, "half a line")


@pytest.mark.parametrize("closing", ["sys.stdout.close()", "sys.stdout = None", "os.close(1)"])
def test_nobody_who_listens_is_no_failure(closing: str) -> None:
    code = (
        "import os, sys; from stoker.entrypoints.programs import leave;"
        f" sys.stdout.write('more'); {closing}; leave(0)"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20.0, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_program_leaves_by_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    installed = project["project"]["scripts"]
    assert len(installed) == 5
    for place in installed.values():
        module, _, name = place.partition(":")
        assert module == programs.__name__
        assert "leave" in getattr(programs, name).__code__.co_names
