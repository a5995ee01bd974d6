"""An instance that ends when some other process does.

A fixture brings its cluster down at the end; a test run that is killed cannot. So a process of its
own waits for the end of the one that was named, and then brings the instance down. It is started
before anything else of the instance is, and waits without spending any time.
"""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cluster import host

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster.state import Place, Watched


def start(place: Place, watched: Watched) -> None:
    """Start the process that waits."""
    program = str(Path(__file__).parent)
    words = [host.KEEPER, str(place.folder), str(watched.pid), watched.began]
    host.detached([sys.executable, program, *words], Path(os.devnull))


def end(place: Place) -> None:
    """Nobody need wait any more; the process that waits may call this too."""
    host.kill_keeper(place)


def wait(watched: Watched, then: Callable[[], None]) -> None:
    """Wait for the end of a process, then act."""
    try:
        handle = os.pidfd_open(watched.pid)
    except ProcessLookupError:
        then()
        return
    try:
        if watched.lives:  # else the number has gone to another process meanwhile
            select.select([handle], [], [])
    finally:
        os.close(handle)
    then()
