"""The gateway's own log, which `/logs` serves."""

from __future__ import annotations

from collections import deque
from typing import Final

from attrs import define, field, frozen

_KEPT: Final = 10_000


@frozen
class LogLine:
    """One line; the timestamp is in milliseconds of the calendar."""

    timestamp: int
    level: str
    logger: str
    message: str

    def as_json(self) -> dict[str, object]:
        """As `/logs` lists it."""
        return {
            "timestamp": self.timestamp,
            "level": self.level,
            "logger": self.logger,
            "message": self.message,
        }


@define
class Log:
    """The last lines."""

    lines: deque[LogLine] = field(factory=lambda: deque(maxlen=_KEPT))

    def add(self, timestamp: int, level: str, logger: str, message: str) -> None:
        """One line more."""
        self.lines.append(LogLine(timestamp, level, logger, message))

    def since(self, timestamp: int) -> tuple[LogLine, ...]:
        """The lines from `timestamp` on."""
        return tuple(line for line in self.lines if line.timestamp >= timestamp)
