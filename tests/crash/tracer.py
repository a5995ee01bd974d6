"""Runs something, counts its system calls, and kills it at exactly one of them.

What runs is a child of this process with all of its threads and children. At each call that counts
the thread that makes it stands still, before the call has been made; that is point number n. The
whole tree is killed there with SIGKILL: the call never happens. Or it is let through to its end and
the tree is killed then: it has happened, and nobody has heard of it.

Two scopes: `CHANGES` stops only at calls that change a file system (a filter in the kernel lets all
others run at full speed; writes to pipes and sockets do not count), `EVERY` at every call.

One thread's calls come in the same order each time. Where several processes run at once their order
may differ from run to run; so a point means a place in this run, and a report shows its last calls.

Only calls of this thread's children are seen, so a process may do other things in other threads,
but it must not have other children of this thread while it traces.
"""

from __future__ import annotations

import os
import signal
import stat
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Final, NoReturn

from attrs import frozen

from crash import kernel, syscalls

_SYSTEM_CALL: Final = signal.SIGTRAP | 0x80
_STOP_EVENT: Final = 128
_FILTER_EVENT: Final = 7
_KEPT: Final = 12
_LONGEST_PATH: Final = 4096
_WORD: Final = 8


class Scope(Enum):
    """Which calls are points."""

    CHANGES = "changes"
    EVERY = "every"


@frozen
class Kill:
    """Kill at the call of this number, which counts from 1: before it happens, or after."""

    at: int
    after: bool = False


@frozen
class Trace:
    """What happened: how many points there were, and what they were."""

    points: int
    histogram: Mapping[str, int]
    last: tuple[str, ...]
    killed: bool
    code: int | None
    """The exit code; negative for a signal, as in `subprocess`."""
    seconds: float


Launch = Callable[[], object]


def command(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    output: Path | None = None,
) -> Launch:
    """Something to run: a program with its arguments; what it says goes to a file, or nowhere."""
    if output is not None:
        output.write_bytes(b"")

    def launch() -> NoReturn:
        redirect(output)
        if cwd is not None:
            os.chdir(cwd)
        os.execvpe(argv[0], list(argv), {**os.environ, **(env or {})})  # noqa: S606 - no shell wanted

    return launch


def redirect(output: Path | None) -> None:
    """Have this process say everything into a file, which exists; it reads nothing."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    target = nowhere if output is None else os.open(output, os.O_WRONLY | os.O_APPEND)
    os.dup2(nowhere, 0)
    os.dup2(target, 1)
    os.dup2(target, 2)


def trace(launch: Launch, scope: Scope = Scope.CHANGES, kill: Kill | None = None) -> Trace:
    """Run `launch` in a child to its end, or to the point where it is to be killed."""
    began = time.perf_counter()
    run = _Run(scope, kill)
    run.start(launch)
    run.follow()
    return Trace(
        points=run.points,
        histogram=dict(run.histogram.most_common()),
        last=tuple(run.last),
        killed=run.killed,
        code=run.code,
        seconds=time.perf_counter() - began,
    )


class _Run:
    """One tree of processes from its start to its end."""

    def __init__(self, scope: Scope, kill: Kill | None) -> None:
        self.points = 0
        self.histogram: Counter[str] = Counter()
        self.last: deque[str] = deque(maxlen=_KEPT)
        self.killed = False
        self.code: int | None = None
        self._every = scope is Scope.EVERY
        self._kill = kill
        self._first = 0
        self._alive: set[int] = set()
        self._doomed = 0
        # What a child does before it is what shall run is nobody's business.
        self._begun = not self._every
        self._names = syscalls.names()

    def start(self, launch: Launch) -> None:
        # The child waits for one byte, until it is traced.
        ready, go = os.pipe()
        self._first = os.fork()
        if self._first == 0:
            _become(launch, ready, go, filtered=not self._every)
        os.close(ready)
        self._alive.add(self._first)
        try:
            kernel.seize(self._first)
            os.write(go, b"!")
        except BaseException:
            os.kill(self._first, signal.SIGKILL)
            os.waitpid(self._first, 0)
            raise
        finally:
            os.close(go)

    def follow(self) -> None:
        while (heard := kernel.wait()) is not None:
            pid, status = heard
            if os.WIFSTOPPED(status):
                self._alive.add(pid)
                # Who is killed while it stands still is gone a moment later.
                with suppress(ProcessLookupError):
                    self._stopped(pid, os.WSTOPSIG(status), status >> 16)
            else:
                self._alive.discard(pid)
                if pid == self._first:
                    self.code = os.waitstatus_to_exitcode(status)

    def _stopped(self, pid: int, stop: int, event: int) -> None:
        if self.killed:
            os.kill(pid, signal.SIGKILL)
        elif stop == _SYSTEM_CALL or event == _FILTER_EVENT:
            self._at_call(pid)
        elif event:
            kernel.go_on(pid, to_next_call=self._every)
        else:
            kernel.go_on(pid, to_next_call=self._every, signal=stop)

    def _at_call(self, pid: int) -> None:
        call = kernel.call_of(pid)
        if call is not None and call.entering:
            if not self._counts(pid, call):
                kernel.go_on(pid, to_next_call=self._every)
                return
            self._count(pid, call)
            if self._kill == Kill(self.points):
                self._kill_all(pid)
                return
            if self._kill == Kill(self.points, after=True):
                self._doomed = pid
            kernel.go_on(pid, to_next_call=self._every or self._doomed == pid)
        elif pid == self._doomed:
            self._kill_all(pid)
        else:
            kernel.go_on(pid, to_next_call=self._every)

    def _counts(self, pid: int, call: kernel.Stopped) -> bool:
        if not self._begun:
            self._begun = kernel.is_mark(call)
            return False
        if self._every:
            return True
        name = self._names.get(call.number, "")
        if name in syscalls.WRITES_TO:
            return _is_file(pid, call.arguments[syscalls.WRITES_TO[name]])
        if name == "openat2":
            flags = int.from_bytes(_memory(pid, call.arguments[2], _WORD), "little")
            return bool(flags & syscalls.OPENS_FOR_WRITING)
        return True

    def _count(self, pid: int, call: kernel.Stopped) -> None:
        self.points += 1
        name = self._names.get(call.number, f"call {call.number}")
        self.histogram[name] += 1
        # To look at arguments takes longer than the call: only those near the end are told.
        if self._kill is not None and self._kill.at - self.points < _KEPT:
            self.last.append(f"{self.points} [{pid}] {name}{_shown(pid, name, call.arguments)}")

    def _kill_all(self, last: int) -> None:
        """Kill the tree, and the one that stands at the point last: nobody goes on without it."""
        self.killed = True
        for pid in (*(self._alive - {last}), last):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _become(launch: Launch, ready: int, go: int, *, filtered: bool) -> NoReturn:
    """In the child: be what shall run. Nothing of the parent's may run here afterwards."""
    code = 125
    try:
        os.close(go)
        os.read(ready, 1)
        os.close(ready)
        if filtered:
            kernel.install(syscalls.stopping_at_changes())
        kernel.mark()
        result = launch()
        code = result if isinstance(result, int) else 0
    except BaseException as error:  # noqa: BLE001 - it ends here, whatever it is
        with suppress(OSError):
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


def _is_file(pid: int, descriptor: int) -> bool:
    try:
        return stat.S_ISREG(Path(f"/proc/{pid}/fd/{descriptor & 0xFFFFFFFF}").stat().st_mode)
    except OSError:
        return False


def _memory(pid: int, address: int, size: int) -> bytes:
    try:
        with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
            memory.seek(address)
            return memory.read(size) or b""
    except (OSError, ValueError, OverflowError):
        return b""


def _shown(pid: int, name: str, arguments: tuple[int, ...]) -> str:
    paths = syscalls.PATHS_AT.get(name)
    if paths is not None:
        return "(" + ", ".join(_text(pid, arguments[at]) for at in paths) + ")"
    at = syscalls.WRITES_TO.get(name, 0)
    with suppress(OSError):
        return f"({Path(f'/proc/{pid}/fd/{arguments[at] & 0xFFFFFFFF}').readlink()})"
    return ""


def _text(pid: int, address: int) -> str:
    # A page at a time: the next one may not be there.
    text = _memory(pid, address, _LONGEST_PATH - address % _LONGEST_PATH)
    if b"\0" not in text:
        text += _memory(pid, address + len(text), _LONGEST_PATH)
    return repr(text.partition(b"\0")[0].decode(errors="replace"))
