"""A forked child: what it must not inherit, how it ends, and how its end is seen.

The parent may have other threads; in the child there is only the one that forked. So the child
takes no lock that another thread may have held, says everything over its socket, and leaves by
`os._exit`. It gets

- a session of its own: a signal for the parent's group is the parent's affair, which decides how
  long work in progress may take;
- the parent's death as its own, by the kernel. The kernel takes the end of the *thread* that
  forked for that, so that thread must be one that lives as long as the work;
- the default for every signal, and none of the parent's open files: each is replaced by one of
  `/dev/null`, under its number, as objects that think they own it are still in memory;
- a name, and the first place among those whom the kernel may end when memory runs out.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import threading
import time
import traceback
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

NAME: Final = b"stoker-files"
_FIRST_TO_GO: Final = "500"
_GRACE: Final = 5.0
"""Seconds that a child has to end by itself, which takes it none."""

_SET_PDEATHSIG: Final = 1
_SET_NAME: Final = 15
_SET_CHILD_SUBREAPER: Final = 36


@define
class Child:
    """A forked process, and the socket to it."""

    pid: int
    socket: socket.socket
    _status: int | None = None
    _reaping: threading.Lock = field(factory=threading.Lock)

    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._reaped(os.WNOHANG) is None

    def end(self) -> int:
        """Have it end, as it has nothing to do; how it ended, as of `os.waitstatus_to_exitcode`."""
        # `close` would leave the socket open for who waits on it in another thread.
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        until = time.monotonic() + _GRACE
        while self.is_alive() and time.monotonic() < until:
            time.sleep(0.001)
        return self.kill()

    def kill(self) -> int:
        """End it at once, whatever it does."""
        if self.is_alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        status = self._reaped(0)
        self.socket.close()
        return 0 if status is None else status

    def _reaped(self, options: int) -> int | None:
        with self._reaping:
            if self._status is None:
                try:
                    pid, status = os.waitpid(self.pid, options)
                except ChildProcessError:
                    # Where nobody wants to hear of children, nobody does.
                    pid, status = self.pid, 0
                if pid:
                    self._status = os.waitstatus_to_exitcode(status)
            return self._status


def forked(work: Callable[[socket.socket], None], keep: Collection[int]) -> Child:
    """Fork a child that does `work` with its end of a socket; it keeps these open files alone."""
    ours, theirs = socket.socketpair()
    parent = os.getpid()
    with _threads_are_known():
        pid = os.fork()
    if pid == 0:
        _live(work, theirs, parent, {*keep, theirs.fileno()})
    theirs.close()
    return Child(pid, ours)


@contextmanager
def _threads_are_known() -> Iterator[None]:
    """Python warns of a fork beside threads, from 3.12 on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _live(
    work: Callable[[socket.socket], None], connection: socket.socket, parent: int, keep: set[int]
) -> NoReturn:
    code = 1
    try:
        _settle_in(parent, keep)
        work(connection)
        code = 0
    except Exception:  # noqa: BLE001 - nobody above may see it: all of that is the parent's
        # Python's own streams may be locked by a thread that is not here.
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _settle_in(parent: int, keep: set[int]) -> None:
    # What is here is the parent's, and lives until the end; to look through it would copy it.
    gc.freeze()
    os.setsid()
    _bind_to(parent)
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    _close_all_but({0, 1, 2, *keep})
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)


def _bind_to(parent: int) -> None:
    from ctypes import CDLL  # noqa: PLC0415 - only children need it

    libc = CDLL(None)
    libc.prctl(_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        # It ended in between.
        os._exit(1)
    libc.prctl(_SET_NAME, NAME, 0, 0, 0)
    # What git leaves behind comes to whoever started git, and is waited for there.
    libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _close_all_but(keep: set[int]) -> None:
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for open_file in list(Path("/proc/self/fd").iterdir()):
        number = int(open_file.name)
        if number not in keep and number != null:
            os.dup2(null, number, inheritable=False)


def reap_strays() -> None:
    """Wait for what children that were killed have left behind, and what has ended.

    It comes to process 1, which in a container is often this one. Others that this process has
    started wait for theirs themselves; those of a child are known by the mark they have from it.
    """
    if os.getpid() != 1:
        return
    ended = os.WEXITED | os.WNOHANG | os.WNOWAIT
    with suppress(ChildProcessError):
        while (found := os.waitid(os.P_ALL, 0, ended)) and _is_marked(found.si_pid):
            os.waitpid(found.si_pid, os.WNOHANG)


def _is_marked(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/oom_score_adj").read_text().strip() == _FIRST_TO_GO
    except OSError:
        return False
