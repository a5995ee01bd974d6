"""How far a sync has come, for people who wait."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from attrs import frozen


class Stage(StrEnum):
    """What a sync spends its time with."""

    FETCH = "fetch"
    PLAN = "plan"
    APPLY = "apply"
    SCAN = "scan"


@frozen
class Step:
    """A sign of life: `done` of `total`, where there is something to count."""

    stage: Stage
    text: str = ""
    done: int = 0
    total: int = 0


Progress = Callable[[Step], None]


def nobody_waits(_: Step) -> None:
    """For who wants to know nothing."""
