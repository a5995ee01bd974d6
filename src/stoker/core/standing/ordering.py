"""What to do next, the step to begin with first.

What is on its way by itself is no problem: a healthy plant has no steps, and so has one that has
just been told of a new commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.core.standing.of_gateways import of_gateways
from stoker.core.standing.of_sync import of_sync

if TYPE_CHECKING:
    from stoker.core.standing.facts import Facts
    from stoker.core.standing.steps import Step


def next_steps(facts: Facts) -> tuple[Step, ...]:
    """Everything that is known to be wrong."""
    return tuple(sorted((*of_sync(facts), *of_gateways(facts)), key=lambda step: step.rank))
