"""A client of a gateway whose pauses cost no time."""

from __future__ import annotations

import time
from typing import Any

from stoker.adapters.ignition import Gateway

TOKEN = "agent:planted-5ecret"


class HastyClock:
    """Time that passes by itself, and by being slept through without sleep."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def monotonic(self) -> float:
        return time.monotonic() + sum(self.pauses)


def gateway_at(url: str, clock: HastyClock | None = None, **more: Any) -> Gateway:
    """A client with a token, for the server at `url`."""
    clock = clock or HastyClock()
    settings: dict[str, Any] = {"timeout": 20.0, **more}
    token = settings.pop("token", lambda: TOKEN)
    return Gateway(url, token, sleep=clock.sleep, monotonic=clock.monotonic, **settings)
