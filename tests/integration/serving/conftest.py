"""The fixture of these tests: servers on free ports of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Gauge

from integration.serving.running import Healthy, Serving, Settings, Verdicts
from stoker.entrypoints.serving import About, Limits, Servers


@pytest.fixture
def serving() -> Iterator[Callable[..., Serving]]:
    """A function that starts servers; they stop at the end of the test."""
    with ExitStack() as stack:

        def start(limits: Limits | None = None, look: float = 10.0, **settings: Any) -> Serving:
            given, health, reviewer = Settings(**settings), Healthy(), Verdicts()
            registry = CollectorRegistry()
            Gauge("stoker_answer", "The answer.", registry=registry).set(42)
            about = About(given, health, registry, reviewer, limits)
            servers = Servers(about.listeners, chores=about.chores, every=look)
            servers.start()
            stack.callback(servers.stop)
            return Serving(servers, given, health, reviewer)

        yield start
