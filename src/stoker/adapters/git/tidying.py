"""How the repository stays small over thousands of fetches.

Each fetch adds a pack, small where little has changed. Small packs are merged when they have become
many; git does it so that each byte is written a few times in all. That keeps everything, though,
also what no mark reaches any more. So when the packs have outgrown what was left when everything
was packed last, all that the marks reach is packed into one, and the rest goes. Stored bytes are
copied as they are, nothing is compressed again.

Git puts the new pack in place before it removes an old one, so a kill at any instant leaves a
repository that has everything, perhaps twice, and rubbish that healing removes.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from stoker.adapters.git.process import Call, run

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from stoker.adapters.git.growth import Room

MOST_PACKS: Final = 30
"""Each costs an open file, a map of its index, and a look for every object that is asked for."""

_OUTGROWN: Final = 1.5
"""How large all packs may become, in terms of what they were when everything was packed last."""
_FLOOR: Final = 8 << 20
"""What they may grow by in any case (bytes)."""
_DEADLINE: Final = 900.0


class Work(Enum):
    """What there is to do."""

    NOTHING = auto()
    MERGE = auto()
    PACK = auto()


def due(sizes: Collection[int], packed: int) -> Work:
    """What packs of these sizes call for; they had `packed` bytes with nothing in vain."""
    if sum(sizes) > max(packed + _FLOOR, _OUTGROWN * packed):
        return Work.PACK
    return Work.MERGE if len(sizes) > MOST_PACKS else Work.NOTHING


def carry_out(work: Work, root: Path, room: Room) -> None:
    """Let git do it; raises what git's words mean, and `RepositoryTooLarge`."""
    how = ("--geometric=2", "-d") if work is Work.MERGE else ("-a", "-d")
    arguments = ("repack", "--quiet", "--no-write-bitmap-index", *how)
    finished = run(
        Call(
            arguments=arguments,
            git_dir=root,
            deadline=_DEADLINE,
            stall=_DEADLINE,
            largest=room.left(),
            look=room.look,
        )
    )
    if finished.status != 0:
        # As in `remote`: only failures pay for knowing all that git can say.
        from stoker.adapters.git.complaints import Complaint  # noqa: PLC0415 - see above
        from stoker.adapters.git.diagnosis import diagnose  # noqa: PLC0415 - see above

        raise room.explained(diagnose(Complaint(finished.told, where=str(root))))
