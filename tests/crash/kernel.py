"""ptrace(2), prctl(2) and waitpid(2) as far as the tracer needs them, through the C library.

The kernel itself says what a stopped call is (`PTRACE_GET_SYSCALL_INFO`, Linux 5.3), in one form
for all architectures, so no registers are read.
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Final

from attrs import frozen

_SEIZE: Final = 0x4206
_INTERRUPT: Final = 0x4207
_CONTINUE: Final = 7
_TO_NEXT_CALL: Final = 24
_ASK: Final = 0x420E
_MASK_OF_OPTIONS: Final = (
    0x01  # tell a stop at a call from a signal
    | 0x02 | 0x04 | 0x08  # follow fork, vfork and clone
    | 0x10  # tell of exec
    | 0x80  # stop where the filter says so
    | 0x100000  # nobody outlives the tracer
)  # fmt: skip

_ANY_KIND_OF_CHILD: Final = 0x40000000
_OF_THIS_THREAD: Final = 0x20000000
_NO_NEW_PRIVILEGES: Final = 38
_SET_SECCOMP: Final = 22
_WITH_FILTER: Final = 2
_MARK: Final = 0x53746F6B

_ENTRY, _EXIT, _FILTERED = 1, 2, 3
_SIZE: Final = 88
_ARGUMENTS: Final = struct.Struct("=7Q")
_FIRST_UNION: Final = 24

_C: Final = ctypes.CDLL(None, use_errno=True)
_C.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_C.ptrace.restype = ctypes.c_long
_C.prctl.argtypes = [ctypes.c_int] + [ctypes.c_void_p] * 4


@frozen
class Stopped:
    """A call at which a thread stands still: before it, or after it."""

    entering: bool
    number: int = -1
    arguments: tuple[int, ...] = ()


def seize(pid: int) -> None:
    """Trace a child, and all that it will start."""
    _ptrace(_SEIZE, pid, 0, _MASK_OF_OPTIONS)
    _ptrace(_INTERRUPT, pid)


def go_on(pid: int, *, to_next_call: bool, signal: int = 0) -> None:
    """Let a stopped thread run, to its next call or to where the filter stops it."""
    _ptrace(_TO_NEXT_CALL if to_next_call else _CONTINUE, pid, 0, signal)


def call_of(pid: int) -> Stopped | None:
    """The call at which a thread stands; None if it stands somewhere else."""
    buffer = ctypes.create_string_buffer(_SIZE)
    _ptrace(_ASK, pid, _SIZE, ctypes.addressof(buffer))
    if buffer.raw[0] in {_ENTRY, _FILTERED}:
        number, *arguments = _ARGUMENTS.unpack_from(buffer.raw, _FIRST_UNION)
        return Stopped(entering=True, number=number, arguments=tuple(arguments))
    return Stopped(entering=False) if buffer.raw[0] == _EXIT else None


def wait() -> tuple[int, int] | None:
    """The next thread that stopped or ended, with its status; None when there is no more."""
    try:
        return os.waitpid(-1, _ANY_KIND_OF_CHILD | _OF_THIS_THREAD)
    except ChildProcessError:
        return None


def install(program: bytes) -> None:
    """Have this process and its children stopped where a filter says so."""
    code = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    whole = ctypes.create_string_buffer(head, len(head))
    for what in ((_NO_NEW_PRIVILEGES, 1, 0), (_SET_SECCOMP, _WITH_FILTER, ctypes.addressof(whole))):
        if _C.prctl(*what, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), f"prctl: {os.strerror(ctypes.get_errno())}")


def mark() -> None:
    """Make a call that means nothing to the kernel, and to the tracer: from here on, count."""
    _C.prctl(_MARK, 0, 0, 0, 0)


def is_mark(call: Stopped) -> bool:
    """Whether this is that call."""
    return call.arguments[:1] == (_MARK,)


def _ptrace(request: int, pid: int, address: int = 0, data: int = 0) -> None:
    if _C.ptrace(request, pid, address, data) == -1:
        number = ctypes.get_errno()
        if number == 3:
            raise ProcessLookupError(number, os.strerror(number))
        raise PermissionError(
            number,
            f"ptrace: {os.strerror(number)}; the kernel must be Linux 5.3 or later, and let "
            "a process trace its children (capability SYS_PTRACE, kernel.yama.ptrace_scope < 2)",
        )
