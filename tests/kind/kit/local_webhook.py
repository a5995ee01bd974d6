"""A process of `stoker-webhook` on the tests' machine."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import ClassVar

from kit import hasty
from kit.local_process import LocalProcess


@dataclass
class LocalWebhook(LocalProcess):
    """A process that serves admission or the receiver, running or not."""

    program: ClassVar[str] = "stoker-webhook"
    port: int = 0
    """Where it serves that."""
    hasty: bool = False
    """Whether its authorities come and go within seconds; see `kit.hasty`."""

    @property
    def command(self) -> tuple[str, ...]:
        """What is run, before its arguments."""
        # -P: the modules beside that file are none of the program's.
        return (sys.executable, "-P", hasty.__file__) if self.hasty else super().command
