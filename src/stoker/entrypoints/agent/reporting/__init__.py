"""What an agent tells through the API server: its status, its changes, and events of its CR.

- `outbox`: what is to be written when, as a value
- `diary`: which events are worth telling, as a value
- `sheets`: the ConfigMaps that the controller made for the agent
- `events`: the events
- `writer`: the thread that writes
"""

from __future__ import annotations

from stoker.entrypoints.agent.reporting.writer import Reporter

__all__ = ["Reporter"]
