"""What the probes say: of threads that ended, a loop that stands, and what is merely wrong."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import define, evolve

from property.strategies.reports import NOW, a_report
from stoker.entrypoints.agent.health import STANDSTILL, Health
from stoker.entrypoints.pages import Request
from stoker.entrypoints.telling import Teller


@define
class APart:
    """A part of the agent, as it is put."""

    alive: bool = True
    trouble: str = ""


@define
class ALoop:
    """A loop that is as late as it is put."""

    waits: float = 0.0

    def lag(self) -> float:
        return self.waits


@define
class Scene:
    """An agent to be asked."""

    log: Teller
    loop: ALoop
    watch: APart

    def ask(self, path: str, method: str = "GET") -> tuple[int, str]:
        health = Health(self.log, self.loop, {"the metadata": self.watch})
        page = health.answer(Request(method, path, "10.0.0.1"))
        return page.status.value, page.text

    def tell(self, **fields: Any) -> None:
        self.log.last = evolve(a_report(), **fields)


@pytest.fixture
def scene() -> Scene:
    return Scene(Teller(lambda: NOW), ALoop(), APart())


def test_the_startup_gate_is_that_of_the_machine(scene: Scene) -> None:
    for path in ("/startupz", "/readyz"):
        assert scene.ask(path) == (503, "the files are not complete yet")
    scene.log.open_gate()
    for path in ("/startupz", "/readyz"):
        assert scene.ask(path) == (200, "ok")


def test_what_is_wrong_is_told_and_stops_no_gateway(scene: Scene) -> None:
    """A pod is ready only if its sidecar is."""
    scene.log.open_gate()
    scene.tell(error_message="the git server is away")
    scene.watch.trouble = "the API server is away"
    for path in ("/healthz", "/readyz"):
        assert scene.ask(path) == (200, "the git server is away; the API server is away")


def test_why_a_gateway_does_not_start_is_told(scene: Scene) -> None:
    scene.watch.trouble = "there is no ConfigMap"
    assert scene.ask("/startupz") == (503, "there is no ConfigMap")
    assert scene.ask("/healthz") == (200, "there is no ConfigMap")


def test_a_thread_that_ended_is_bad_health(scene: Scene) -> None:
    scene.watch.alive = False
    assert scene.ask("/healthz") == (503, "the thread for the metadata has ended")


def test_a_loop_that_stands_is_bad_health(scene: Scene) -> None:
    scene.loop.waits = STANDSTILL
    assert scene.ask("/healthz")[0] == 200
    scene.loop.waits = STANDSTILL + 1
    assert scene.ask("/healthz") == (503, "the agent has stopped thinking")


def test_other_pages_and_methods_are_refused(scene: Scene) -> None:
    assert scene.ask("/status")[0] == 404
    assert scene.ask("/healthz", "POST")[0] == 405
    assert scene.ask("/healthz", "HEAD")[0] == 200
