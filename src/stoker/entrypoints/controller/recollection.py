"""What the controller's loop keeps of one CR between two looks; all of it may be lost."""

from __future__ import annotations

from attrs import define, field

from stoker.core.reconcile import ExchangeToken, Memory, Question
from stoker.entrypoints.controller.acting import NameTaken


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
    taken: NameTaken | None = None
    """What the last look could not make, as somebody else has one of that name."""
