"""Signals, heard at once and by a thread of their own.

Python runs a handler in its main thread, when that comes to it. A main thread that has just begun
to wait does not come to it before the wait is over: the signal would be lost for minutes. So each
signal is written to a socket, whatever the main thread does, and read from there.
"""

from __future__ import annotations

import signal
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType


@contextmanager
def heard(actions: Mapping[int, Callable[[], None]]) -> Iterator[None]:
    """Have each of these signals do what is said here; afterwards they do nothing."""
    reading, writing = socket.socketpair()
    writing.settimeout(0)
    before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    for number in actions:
        signal.signal(number, _only_wakes)

    def hear() -> None:
        while told := reading.recv(1):
            if action := actions.get(told[0]):
                action()

    hearing = threading.Thread(target=hear, name="signals", daemon=True)
    hearing.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        writing.close()
        hearing.join()
        reading.close()


def _only_wakes(_: int, __: FrameType | None) -> None:
    """Python writes the number to the socket only for signals that have a handler."""
