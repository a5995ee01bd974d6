"""The agent beside a gateway, as a step machine without any input or output of its own.

- `assignment`: what this gateway is to be
- `state`, `events`, `effects`, `facts`: what the machine knows, hears and does
- `machine`: `step`, and which answer each phase waits for
- `hearing`, `preparing`, `judging`, `resting`, `timing`, `stopping`: the transitions
- `moving`, `reporting`: what the transitions share
"""

from __future__ import annotations

from stoker.core.agent.assignment import Assignment, assign
from stoker.core.agent.machine import step
from stoker.core.agent.state import Identity, State, initial

__all__ = ["Assignment", "Identity", "State", "assign", "initial", "step"]
