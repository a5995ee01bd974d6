"""How a GatewaySync stands, for whoever has to know what is wrong, where, and what to do.

- `facts`: what is known of it at one moment
- `summary`: one line
- `statement`: its conditions in plain words
- `gateway`: how each of its gateways stands
- `steps`, `of_sync`, `of_gateways`, `ordering`: what to do next
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.core.exporting import exported

if TYPE_CHECKING:
    from stoker.core.standing.facts import AgentState, Facts, Happening, PodFacts
    from stoker.core.standing.gateway import GatewayStanding, gateways
    from stoker.core.standing.ordering import next_steps
    from stoker.core.standing.statement import Statement, Tone, statements
    from stoker.core.standing.steps import Step, StepKind
    from stoker.core.standing.summary import State, Summary, summarise
else:
    __getattr__ = exported(
        __name__,
        facts="AgentState Facts Happening PodFacts",
        gateway="GatewayStanding gateways",
        statement="Statement Tone statements",
        steps="Step StepKind",
        summary="State Summary summarise",
        ordering="next_steps",
    )

__all__ = [
    "AgentState",
    "Facts",
    "GatewayStanding",
    "Happening",
    "PodFacts",
    "State",
    "Statement",
    "Step",
    "StepKind",
    "Summary",
    "Tone",
    "gateways",
    "next_steps",
    "statements",
    "summarise",
]
