"""Designers that have the gateway open."""

from __future__ import annotations

import hashlib
from typing import Final

from attrs import frozen

DORMANT: Final = 3600.0
"""Silence, in seconds, of a Designer that everybody takes for asleep."""


@frozen
class Designer:
    """One session. A dormant one is still listed, with the time of its last message long ago."""

    user: str = "designer"
    project: str = "line"
    silent_for: float = 0.0
    """Seconds since its last message; stays what it is while time passes."""
    address: str = "127.0.0.1"
    uptime: int = 600_000

    @property
    def session(self) -> str:
        """The id of its session."""
        return hashlib.sha256(f"{self.user}@{self.project}".encode()).hexdigest()[:8]

    def as_json(self, now_ms: int) -> dict[str, object]:
        """As `/designers` lists it."""
        return {
            "id": self.session,
            "user": self.user,
            "project": self.project,
            "address": self.address,
            "timezone": "UTC",
            "uptime": self.uptime,
            "lastcomm": now_ms - round(self.silent_for * 1000),
            "timeout": 60_000,
            "memory": 268_435_456,
        }


def listing(
    designers: tuple[Designer, ...], now_ms: int, limit: int, offset: int
) -> dict[str, object]:
    """A page of the list, with the metadata that say how much more there is."""
    page = designers[offset : offset + limit]
    return {
        "items": [designer.as_json(now_ms) for designer in page],
        "metadata": {
            "total": len(designers),
            "matching": len(designers),
            "limit": limit,
            "offset": offset,
        },
    }
