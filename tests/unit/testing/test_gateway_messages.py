"""Requests as the fake gateway reads them, and its clocks."""

from __future__ import annotations

import threading

import pytest

from stoker.testing.gateway import ManualClock, ScaledClock
from stoker.testing.gateway.messages import Request, page_response


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object(body: bytes) -> None:
    assert Request(method="POST", path="/", body=body).document() == {}


def test_parameters() -> None:
    request = Request(method="GET", path="/", query="a=1&b=x%20y&a=2&c=-1")
    assert request.parameter("b") == "x y"
    assert request.parameter("z") == ""
    assert [request.number(name, 7) for name in "abcz"] == [1, 7, 7, 7]


def test_endpoints() -> None:
    assert Request(method="GET", path="/data/api/v1/logs").endpoint() == "GET /logs"
    assert Request(method="GET", path="/StatusPing").endpoint() == "GET /StatusPing"


def test_pages_for_people() -> None:
    assert b"<h1>404 Not Found</h1>" in page_response(404).body
    assert b"<h1>499 Status</h1>" in page_response(499).body


def test_a_scaled_clock() -> None:
    clock = ScaledClock(100.0)
    assert clock.sleep_for(50.0) == 0.5
    assert clock.sleep_for(-1.0) == 0.0
    before = clock.now()
    threading.Event().wait(0.01)
    assert clock.now() - before >= 0.9
    assert clock.epoch_ms() > 1_700_000_000_000


def test_a_manual_clock_stands_until_it_is_moved() -> None:
    clock = ManualClock(1000)
    woken: list[float] = []
    clock.subscribe(lambda: woken.append(clock.now()))
    assert (clock.now(), clock.epoch_ms(), clock.sleep_for(1.0)) == (0.0, 1000, None)
    assert clock.sleep_for(0.0) == 0.0
    clock.advance(2.5)
    assert (clock.now(), clock.epoch_ms(), woken) == (2.5, 3500, [2.5])
    clock.jump(-3000)
    assert (clock.now(), clock.epoch_ms()) == (2.5, 500)
