"""The programs that are installed, from their first line to the process's end.

Most of them have threads that wait for the network, a disk or a gateway, and that nobody joins:
an order to exit does not wait for any of these. Python, as it takes itself apart, cannot stand a
thread that is at something just then; it aborts the process where one is in the middle of a line
of a log. So a process does not take itself apart: what was said is written out, and the kernel
ends all of it in one instant.

Each program imports what it needs when it runs: this module is all that they have in common.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from typing import Final, NoReturn

LAST_WORDS: Final = 1.0
"""Seconds for what was said to be taken by whoever reads it."""


def leave(code: int) -> NoReturn:
    """End the process with this exit code, whatever its threads are doing."""
    # A thread may hold a stream for as long as nobody reads what it writes there.
    last_words = threading.Thread(target=_write_out, daemon=True)
    last_words.start()
    last_words.join(LAST_WORDS)
    os._exit(code)


def _write_out() -> None:
    for stream in (sys.stdout, sys.stderr):
        # Where nobody listens any more, or the stream is closed, nothing is left to tell.
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()


def stoker() -> NoReturn:
    """The command line."""
    from stoker.entrypoints.cli import main  # noqa: PLC0415 - see above

    leave(main())


def plugin() -> NoReturn:
    """`kubectl stoker`."""
    from stoker.entrypoints.cli.plugin import main  # noqa: PLC0415 - see above

    leave(main())


def agent() -> NoReturn:
    """What stands beside a gateway."""
    from stoker.entrypoints.agent import main  # noqa: PLC0415 - see above

    leave(main())


def controller() -> NoReturn:
    """What tells agents what to do."""
    from stoker.entrypoints.controller import main  # noqa: PLC0415 - see above

    leave(main())


def webhook() -> NoReturn:
    """Admission, and the receiver of requests."""
    from stoker.entrypoints.webhook import main  # noqa: PLC0415 - see above

    leave(main())
