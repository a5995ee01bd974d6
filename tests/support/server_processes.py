"""Programs that run as servers for a test: found, started, waited for, ended."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

import pytest

PATIENCE = 10.0
"""Seconds that a server has to start."""


def program(name: str, package: str) -> str:
    """Where a program is; fails with the name of Debian's package for it."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin:/usr/lib/git-core"
    found = shutil.which(name, path=path)
    if found is None:
        pytest.fail(f"{name} is missing; on Debian: apt-get install {package}")
    return found


QUIET = {
    "PATH": os.environ.get("PATH", os.defpath),
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "LC_ALL": "C",
}


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return cast("int", listener.getsockname()[1])


def start(*command: str | Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - no shell, and the tests' own words
        command,
        env=QUIET,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and everything that it started, and wait for it."""
    for one in (*children(process.pid), process.pid):
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    process.wait()
    if process.stderr is not None:
        process.stderr.close()


def children(pid: int) -> list[int]:
    """All processes below `pid`."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
    except FileNotFoundError:
        return []
    found: list[int] = []
    for task in tasks:
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in map(int, (task / "children").read_text().split()):
                found += (child, *children(child))
    return found


def wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.01)
    complaint = cast("IO[bytes]", process.stderr)
    os.set_blocking(complaint.fileno(), False)
    told = (complaint.read() or b"").decode(errors="replace")
    end(process)
    pytest.fail(f"no server at port {port}: {told}")


def eventually(what: Callable[[], bool], patience: float = PATIENCE) -> bool:
    """Whether `what` becomes true in time."""
    until = time.monotonic() + patience
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True
