"""Long work without the search for garbage.

A plan for 100,000 files makes a million small values that all live until it is done. Python's
collector looks through every one of them again and again and finds nothing: that was a third of
the time. None of them refer back to their holders, so counting references frees them.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def calm() -> Iterator[None]:
    """Within it nobody searches for cycles; after it, as before."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
