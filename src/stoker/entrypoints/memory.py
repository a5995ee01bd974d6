"""What a process that runs for months does to stay small.

The C library gives each thread a heap of its own, and threads that read large answers by turns
leave holes in all of them: an eighth of the memory of a controller with a thousand GatewaySyncs.
"""

from __future__ import annotations

import gc
from contextlib import suppress
from ctypes import CDLL
from typing import Final

_LIBC: Final = CDLL(None)
_ARENA_MAX: Final = -8
_MMAP_THRESHOLD: Final = -3
_LARGE: Final = 128 << 10


def settle_down() -> None:
    """Say that what is loaded now stays, and give back what was only needed to load it.

    A collector that never looks at these objects again is quick, and does not have them copied in
    a child. Of Python's threads one runs at a time, so one heap is enough for all; and what is
    large goes back to the system when it is freed, instead of leaving a hole.
    """
    gc.collect()
    gc.freeze()
    # Another C library may know nothing of this, nor need it.
    with suppress(AttributeError):
        _LIBC.mallopt(_ARENA_MAX, 1)
        _LIBC.mallopt(_MMAP_THRESHOLD, _LARGE)
    give_back()


def give_back() -> None:
    """Give memory back to the system that nothing uses any more.

    A collection empties the lists of free tuples, which would hold whole pages otherwise.
    """
    gc.collect()
    with suppress(AttributeError):
        _LIBC.malloc_trim(0)
