"""`Memory`: what outlasts the doers of files, as they work in a process that ends."""

from __future__ import annotations

from attrs import evolve, frozen

from stoker.adapters.fs.glance import Glance
from stoker.core.agent import Assignment


@frozen
class Seen:
    """What the last close look at the files found."""

    count: int
    """How many differ from what was applied."""
    folders: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Where it looked."""
    glance: Glance | None = None
    """How everything looked before; None where that is no use."""


@frozen
class Memory:
    """What is known of the files beside the disk."""

    unwatched: bool = True
    """Nobody can say what others did to the files since they were last looked at as a whole."""
    assignment: Assignment | None = None
    """What the files were last planned for, at `commit`."""
    commit: str = ""
    seen: Seen | None = None

    def uncertain(self) -> Memory:
        """What is still known when nobody can say what has become of the files."""
        return evolve(self.changed(), unwatched=True)

    def changed(self) -> Memory:
        """What is still known when files are changed, or compared with something else."""
        seen = self.seen
        return evolve(self, seen=None if seen is None else evolve(seen, glance=None))
