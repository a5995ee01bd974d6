"""The end of a child that nobody asked for, in words."""

from __future__ import annotations

import signal
from typing import ClassVar

from attrs import frozen

from stoker.core.errors import Disposition, Retryable, StokerError


@frozen
class Lost(StokerError):
    """The process that worked on the files is gone, and with it what it was about to say."""

    reason: ClassVar[str] = "FileWorkLost"

    @property
    def disposition(self) -> Disposition:
        """Another one may come further: when more memory is free, or a smaller commit comes."""
        return Retryable()


def lost(code: int) -> Lost:
    """The error for a child that ended with `code`, as of `os.waitstatus_to_exitcode`."""
    if code == -signal.SIGKILL:
        return Lost(
            "the work on files was ended by the system (SIGKILL)",
            cure="if the agent's memory limit was hit, raise limits.memory in spec.agent.resources",
        )
    how = f"by {_name(-code)}" if code < 0 else f"with status {code}"
    return Lost(f"the work on files ended unexpectedly, {how}", cure="please report this")


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
