"""What the controller's loop keeps of one CR between two looks; all of it may be lost."""

from __future__ import annotations

from typing import Final

from attrs import define, field

from stoker.core.reconcile import ExchangeToken, Memory, Question
from stoker.entrypoints.controller.acting import NameTaken

IN_A_ROW: Final = 60.0
"""Seconds between two looks after which they have nothing to do with each other."""
MOST_ROUNDS: Final = 12
"""Looks in a row that each found something to write, before the CR is given a rest."""


@define
class Recollection:
    """What the loop keeps of one CR between two looks."""

    memory: Memory = field(factory=Memory)
    asked: Question | None = None
    """What is being asked."""
    asked_at: float = 0.0
    exchanging: ExchangeToken | None = None
    looked_for_token: float | None = None
    given: object = None
    """What others had said of the CR by the last look."""
    rounds: int = 0
    """How many looks in a row found something to write, though nobody had said anything new."""
    looked: float = 0.0
    """When the last of them was."""
    taken: NameTaken | None = None
    """What the last look could not make, as somebody else has one of that name."""

    def look(self, given: object, now: float) -> None:
        """A look begins, at which others say this of the CR."""
        if given != self.given or now - self.looked > IN_A_ROW:
            self.given, self.rounds = given, 0
        self.looked = now

    def looked_over(self, wrote: bool) -> bool:  # noqa: FBT001 - what came of it
        """The look is over; whether the CR has not come to rest for too many of them."""
        self.rounds = self.rounds + 1 if wrote else 0
        return self.rounds > MOST_ROUNDS
