"""One git process: a list of arguments, an environment made from nothing, and an end in any case.

A call has two limits: a deadline, and how long git may show no sign of life (git writes a line of
progress at least each second as long as something moves). Git starts other processes, `ssh` or
`git-remote-https` among them, and one that hangs keeps its connection. So a call is a session of
its own, whose whole process group is ended and waited for when the call ends, however it ends. The
first process is left unreaped until then, because its number is that of the group. If this
process is killed, the kernel ends git too, and git's children find their pipes closed.

What a server can make git print or remember is bounded: output, messages, and memory by a limit
of the kernel's, so that git fails and not the container.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from shutil import which
from typing import IO, Final

from attrs import define, field, frozen

from stoker.adapters.git.errors import GitError, GitTimeout, ProgramMissing, TooMuch
from stoker.adapters.git.messages import Messages
from stoker.adapters.git.settings import Setting, environment, search_path
from stoker.core.refs import DEFAULT_PROTOCOLS

DEADLINE: Final = 300.0
STALL: Final = 60.0
MEMORY: Final = 512 << 20
"""How much memory of its own (bytes) each git process may have."""
MOST_OUTPUT: Final = 32 << 20

_NOWHERE: Final = Path("/dev/null")
_GRACE: Final = 2.0
"""Seconds that git has to take away its lock files once it is told to end."""
_TICK: Final = 0.2
_CHUNK: Final = 1 << 17
"""Twice what a pipe holds: one read takes all that is in it."""


def never() -> bool:
    """Somebody always waits for the answer."""
    return False


def _nothing() -> None:
    return


@frozen(kw_only=True)
class Call:
    """What git is to do, with what, and for how long."""

    arguments: tuple[str, ...]
    """What stands behind `git`; text from outside only behind `--end-of-options` or `--`."""
    git_dir: Path | None = None
    home: Path = _NOWHERE
    """What git takes for its user's home; there is nothing in it."""
    settings: tuple[Setting, ...] = ()
    extra: Mapping[str, str] = field(factory=dict)
    """More environment."""
    protocols: tuple[str, ...] = DEFAULT_PROTOCOLS
    handles: tuple[int, ...] = ()
    """Open files that git and its children inherit, under the same numbers."""
    given: bytes = b""
    """What git reads from its standard input."""
    deadline: float = DEADLINE
    stall: float = STALL
    memory: int = MEMORY
    most_output: int = MOST_OUTPUT
    largest: int | None = None
    """How large (bytes) a file may become that git writes; None: as large as it likes."""
    is_over: Callable[[], bool] = never
    """Whether nobody waits for the answer any more; asked several times a second."""
    look: Callable[[], None] = _nothing
    """Raises what git is to be ended for; called as often."""


@frozen
class Finished:
    """How a git process ended by itself: its status, what it printed, and what it said."""

    status: int
    output: bytes
    told: str


def run(call: Call, on_progress: Callable[[str], None] | None = None) -> Finished:
    """Run git; raises `GitTimeout`, `TooMuch`, `ProgramMissing`, and nothing about its status."""
    running = _Running(call, _start(call), Messages(on_progress))
    try:
        running.watch()
    finally:
        status = running.end()
    return Finished(status, bytes(running.output), running.messages.text())


def _start(call: Call) -> subprocess.Popen[bytes]:
    git = which("git", path=search_path())
    if git is None:
        raise ProgramMissing(
            "git is not installed", where="git", cure="install Debian's package git"
        )
    place = () if call.git_dir is None else (f"--git-dir={call.git_dir}",)
    arguments = (*_launcher(call.memory, call.largest), git, *place, *call.arguments)
    try:
        # A file in memory and not a pipe, which a thread would have to feed.
        with _given(call.given) as given:
            return subprocess.Popen(  # noqa: S603 - a list of arguments, never a shell
                arguments,
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd="/",
                env=environment(call.home, call.settings, call.extra, call.protocols),
                pass_fds=call.handles,
                start_new_session=True,
            )
    except (OSError, ValueError) as error:
        # A NUL in an argument is a ValueError.
        raise GitError(f"git cannot be started: {error}", where="git") from error


def _given(text: bytes) -> IO[bytes]:
    file = os.fdopen(os.memfd_create("stdin", os.MFD_CLOEXEC), "w+b")
    file.write(text)
    file.seek(0)
    return file


def _launcher(memory: int, largest: int | None) -> tuple[str, ...]:
    """The programs that set limits and then become git; of those that this machine has.

    To set them between fork and exec would run Python there, which may deadlock beside threads.
    The kernel ends git when the thread that started it ends, which waits for it, or is killed.
    """
    prlimit, setpriv = _programs(search_path())
    files = () if largest is None else (f"--fsize={largest}",)
    limits = () if prlimit is None else (prlimit, f"--data={memory}", *files, "--core=0", "--")
    bound = () if setpriv is None else (setpriv, "--pdeathsig", "KILL", "--")
    # The bond first: who is killed before it is made leaves git behind.
    return (*bound, *limits)


@cache
def _programs(path: str) -> tuple[str | None, str | None]:
    return which("prlimit", path=path), which("setpriv", path=path)


@define
class _Running:
    """A git process on its way; `end` has to be called in any case."""

    call: Call
    process: subprocess.Popen[bytes]
    messages: Messages
    output: bytearray = field(factory=bytearray)
    started: float = field(factory=time.monotonic)
    heard: float = field(factory=time.monotonic)

    def watch(self) -> None:
        """Read what git says until it has ended."""
        with selectors.DefaultSelector() as selector:
            for pipe in self._pipes:
                selector.register(pipe, selectors.EVENT_READ)
            while selector.get_map() and not self._has_ended():
                self._read(selector, self._patience())
            while not self._has_ended():
                time.sleep(min(self._patience(), 0.002))
            # What was written last may still be in the pipes; whoever else holds them is ended.
            self._read(selector, 0)

    def end(self) -> int:
        """End the whole group, wait for it, and say how git ended."""
        try:
            if not self._has_ended():
                self._signal(signal.SIGTERM)
                self._wait_for_leader()
            self._signal(signal.SIGKILL)
        finally:
            status = self.process.wait()
            for pipe in self._pipes:
                pipe.close()
            _reap(self.process.pid)
        return status

    @property
    def _pipes(self) -> list[IO[bytes]]:
        return [pipe for pipe in (self.process.stdout, self.process.stderr) if pipe is not None]

    def _read(self, selector: selectors.BaseSelector, patience: float) -> None:
        for key, _ in selector.select(patience):
            data = os.read(key.fd, _CHUNK)
            if not data:
                selector.unregister(key.fileobj)
                continue
            self.heard = time.monotonic()
            if key.fileobj is self.process.stdout:
                self._keep(data)
            else:
                self.messages.feed(data)

    def _keep(self, data: bytes) -> None:
        self.output += data
        if len(self.output) > self.call.most_output:
            raise TooMuch(
                f"git printed more than {self.call.most_output} bytes",
                cure="let the server advertise fewer refs",
            )

    def _patience(self) -> float:
        """How long may be waited now; raises when that is over."""
        now = time.monotonic()
        call = self.call
        call.look()
        if call.is_over():
            raise GitError("git was ended, because nobody waits for it any more", where="git")
        if now - self.started >= call.deadline:
            raise _timeout("deadline", call.deadline, f"git did not end within {call.deadline:g} s")
        if now - self.heard >= call.stall:
            raise _timeout("stall", call.stall, f"nothing moved for {call.stall:g} s")
        until = min(self.started + call.deadline, self.heard + call.stall)
        return min(max(until - now, 0.0), _TICK)

    def _has_ended(self) -> bool:
        looked = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.process.pid, looked) is not None

    def _wait_for_leader(self) -> None:
        until = time.monotonic() + _GRACE
        while not self._has_ended() and time.monotonic() < until:
            time.sleep(0.01)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)


def _reap(group: int) -> None:
    """Wait until nothing of a killed group runs any more.

    Children of git's become those of process 1. That may be this one: then nobody else reaps them.
    """
    until = time.monotonic() + _GRACE
    while True:
        is_over = not _runs(group) or time.monotonic() > until
        with suppress(ChildProcessError):
            while os.waitpid(-group, os.WNOHANG)[0]:
                pass
        if is_over:
            return
        time.sleep(0.002)


def _runs(group: int) -> bool:
    """Whether a process of the group still runs; one that only waits to be reaped does not."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return any(_is_alive_in(group, one) for one in Path("/proc").iterdir() if one.name.isdigit())


def _is_alive_in(group: int, process: Path) -> bool:
    try:
        status = (process / "stat").read_text(errors="replace")
    except OSError:
        return False
    # The name of the program stands in brackets and may hold anything.
    state, _, its_group, *_ = status.rpartition(")")[2].split()
    return int(its_group) == group and state not in "ZX"


def _timeout(limit: str, seconds: float, message: str) -> GitTimeout:
    cure = "see whether the git server answers; a slow one needs a longer limit"
    return GitTimeout(message, cure=cure, limit=limit, seconds=seconds)
