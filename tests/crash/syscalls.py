"""The system calls that change a file system, and the filter that stops at no others.

The filter is a program of the kernel's own small machine (classic BPF, as in seccomp(2)): it looks
at the number of a call, and for an `open` at its flags, and says `trace` or `allow`. It is
inherited by all children, so a whole tree runs at full speed but for the calls that count.
"""

from __future__ import annotations

import os
import platform
import struct
from collections.abc import Mapping
from typing import Final

_X86_64: Final = {
    "write": 1, "open": 2, "pwrite64": 18, "writev": 20, "sendfile": 40, "fsync": 74,
    "fdatasync": 75, "truncate": 76, "ftruncate": 77, "rename": 82, "mkdir": 83, "rmdir": 84,
    "creat": 85, "link": 86, "unlink": 87, "symlink": 88, "chmod": 90, "fchmod": 91, "chown": 92,
    "fchown": 93, "lchown": 94, "utime": 132, "mknod": 133, "sync": 162, "setxattr": 188,
    "lsetxattr": 189, "fsetxattr": 190, "utimes": 235, "openat": 257, "mkdirat": 258,
    "mknodat": 259, "fchownat": 260, "futimesat": 261, "unlinkat": 263, "renameat": 264,
    "linkat": 265, "symlinkat": 266, "fchmodat": 268, "splice": 275, "sync_file_range": 277,
    "utimensat": 280, "fallocate": 285, "pwritev": 296, "syncfs": 306, "renameat2": 316,
    "copy_file_range": 326, "pwritev2": 328, "openat2": 437, "fchmodat2": 452,
}  # fmt: skip
_AARCH64: Final = {
    "setxattr": 5, "lsetxattr": 6, "fsetxattr": 7, "mknodat": 33, "mkdirat": 34, "unlinkat": 35,
    "symlinkat": 36, "linkat": 37, "renameat": 38, "truncate": 45, "ftruncate": 46,
    "fallocate": 47, "fchmod": 52, "fchmodat": 53, "fchownat": 54, "fchown": 55, "openat": 56,
    "write": 64, "writev": 66, "pwrite64": 68, "pwritev": 70, "sendfile": 71, "splice": 76,
    "sync": 81, "fsync": 82, "fdatasync": 83, "sync_file_range": 84, "utimensat": 88,
    "syncfs": 267, "renameat2": 276, "copy_file_range": 285, "pwritev2": 287, "openat2": 437,
    "fchmodat2": 452,
}  # fmt: skip

_ARCHITECTURES: Final[Mapping[str, tuple[int, Mapping[str, int]]]] = {
    "x86_64": (0xC000003E, _X86_64),
    "aarch64": (0xC00000B7, _AARCH64),
}

_FLAGS_AT: Final = {"open": 1, "openat": 2}
"""Which argument holds the flags; `openat2` keeps them where no filter can look."""
WRITES_TO: Final = {
    "write": 0, "pwrite64": 0, "writev": 0, "pwritev": 0, "pwritev2": 0, "sendfile": 0,
    "splice": 2, "copy_file_range": 2,
}  # fmt: skip
"""Which argument holds the descriptor that is written to: it may be a pipe, which is no file."""
PATHS_AT: Final = {
    "open": (0,), "creat": (0,), "rename": (0, 1), "mkdir": (0,), "rmdir": (0,), "link": (0, 1),
    "unlink": (0,), "symlink": (0, 1), "chmod": (0,), "truncate": (0,), "openat": (1,),
    "openat2": (1,), "mkdirat": (1,), "unlinkat": (1,), "renameat": (1, 3), "renameat2": (1, 3),
    "linkat": (1, 3), "symlinkat": (0, 2), "fchmodat": (1,), "fchmodat2": (1,), "utimensat": (1,),
}  # fmt: skip
"""Which arguments are addresses of paths."""
OPENS_FOR_WRITING: Final = os.O_CREAT | os.O_TRUNC | getattr(os, "O_TMPFILE", 0) & ~os.O_DIRECTORY

_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_IF_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_IF_ANY_BIT: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_ALLOW: Final = 0x7FFF0000
_TRACE: Final = 0x7FF00000
_NUMBER_AT: Final = 0
_ARCHITECTURE_AT: Final = 4
_ARGUMENTS_AT: Final = 16
_ARGUMENT_SIZE: Final = 8


def here() -> tuple[int, Mapping[str, int]]:
    """The number of this machine's architecture, and those of its calls."""
    found = _ARCHITECTURES.get(platform.machine())
    if found is None:
        message = f"the numbers of the system calls of {platform.machine()} are not known"
        raise NotImplementedError(message)
    return found


def names() -> Mapping[int, str]:
    """The names of the calls that change a file system, by their numbers."""
    return {number: name for name, number in here()[1].items()}


def stopping_at_changes() -> bytes:
    """The filter that stops at calls that change a file system."""
    architecture, numbers = here()
    program = [
        _step(_LOAD, _ARCHITECTURE_AT),
        # Another architecture's numbers mean other calls; nobody here makes any.
        _step(_IF_EQUAL, architecture, 1, 0),
        _step(_RETURN, _ALLOW),
        _step(_LOAD, _NUMBER_AT),
    ]
    for name, number in numbers.items():
        if name in _FLAGS_AT:
            flags = _ARGUMENTS_AT + _ARGUMENT_SIZE * _FLAGS_AT[name]
            program += [
                _step(_IF_EQUAL, number, 0, 4),
                _step(_LOAD, flags),
                _step(_IF_ANY_BIT, OPENS_FOR_WRITING, 0, 1),
                _step(_RETURN, _TRACE),
                _step(_RETURN, _ALLOW),
            ]
        else:
            program += [_step(_IF_EQUAL, number, 0, 1), _step(_RETURN, _TRACE)]
    return b"".join((*program, _step(_RETURN, _ALLOW)))


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
