"""The fixture of these tests: servers on free ports of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Gauge

from integration.serving.running import Healthy, Serving, Settings, Verdicts
from stoker.entrypoints.controller.serving import Limits, Servers


@pytest.fixture
def serving() -> Iterator[Callable[..., Serving]]:
    """A function that starts servers; they stop at the end of the test."""
    with ExitStack() as stack:

        def start(limits: Limits | None = None, **settings: Any) -> Serving:
            given, health, reviewer = Settings(**settings), Healthy(), Verdicts()
            registry = CollectorRegistry()
            Gauge("stoker_answer", "The answer.", registry=registry).set(42)
            servers = Servers(given, health, registry, reviewer, limits or Limits())
            servers.start()
            stack.callback(servers.stop)
            return Serving(servers, given, health, reviewer)

        yield start
