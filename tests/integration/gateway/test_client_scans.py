"""Scans and locks, against a server that plays the gateway's part step by step.

Seen failing: with the wait for an idle gateway removed, a scan that was running already was taken
for ours; with the grace removed, one dropped connection ended a scan; with the locks asked for in
the order in which they are named, two who lock could wait for each other; with `release` asking for
a scan, half a change was shown to the gateway.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from stoker.core.errors import Retryable, ScanError
from stoker.core.ignition import ScanKind
from stoker.core.scan import Busy, Forbidden, ScanOutcome, Succeeded, TimedOut, Unreachable
from support.gateways import HastyClock, gateway_at
from support.scripted_server import RESET, Asked, ScriptedServer, Step, reply

PROJECTS, CONFIG = ScanKind.PROJECTS, ScanKind.CONFIG
PAGE = b"<html></html>"


def status(timestamp: int, *, active: bool = False) -> list[Step]:
    return reply(
        200,
        {"scanActive": active, "lastScanTimestamp": timestamp, "lastScanDuration": 7},
    )


def playing(*answers: Iterable[Step]) -> Callable[[Asked], Iterable[Step]]:
    """A script that gives these answers one after the other, and the last one for ever."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def told(server: ScriptedServer) -> list[str]:
    return [f"{one.method} {one.target.removeprefix('/data/api/v1/')}" for one in server.asked]


ASK, ORDER = "GET scan/projects", "POST scan/projects"
ACCEPTED = status(1, active=True)

STORIES: dict[str, tuple[list[Iterable[Step]], ScanOutcome, list[str]]] = {
    "at once": (
        [status(1), ACCEPTED, status(2)],
        Succeeded(2, 7),
        [ASK, ORDER, ASK],
    ),
    "after a while": (
        [status(1), reply(200), status(1, active=True), status(1), status(2)],
        Succeeded(2, 7),
        [ASK, ORDER, ASK, ASK, ASK],
    ),
    "an older scan runs": (
        [status(1, active=True), status(1, active=True), status(5), ACCEPTED, status(5), status(6)],
        Succeeded(6, 7),
        [ASK, ASK, ASK, ORDER, ASK, ASK],
    ),
    "an older scan runs for ever": ([status(1, active=True)], Busy(), []),
    "somebody has the lock": (
        [status(1), reply(423), status(1), reply(409), status(1), ACCEPTED, status(2)],
        Succeeded(2, 7),
        [ASK, ORDER, ASK, ORDER, ASK, ORDER, ASK],
    ),
    "too many questions": (
        [reply(429, retry_after="3"), status(1), ACCEPTED, status(2)],
        Succeeded(2, 7),
        [ASK, ASK, ORDER, ASK],
    ),
    "somebody has the lock for ever": ([status(1), *[reply(423), status(1)] * 400], Busy(), []),
    "longer than anybody waits": ([reply(429, retry_after="121")], Busy(121.0), [ASK]),
    "dropped connections": (
        [status(1), ACCEPTED, [RESET], reply(503, PAGE), reply(500, PAGE), status(2)],
        Succeeded(2, 7),
        [ASK, ORDER, ASK, ASK, ASK, ASK],
    ),
    "a restart that is soon over": (
        [status(1), ACCEPTED, [RESET], *[reply(503, PAGE)] * 5, status(0), status(9)],
        Succeeded(9, 7),
        [ASK, ORDER, *[ASK] * 8],
    ),
    "a restart": (
        [status(1), ACCEPTED, [RESET], reply(503, PAGE)],
        Unreachable("it is starting or stopping"),
        [],
    ),
    "the token is taken away": ([status(1), ACCEPTED, reply(403, PAGE)], Forbidden(), []),
    "never finished": ([status(1), ACCEPTED, status(1, active=True)], TimedOut(120.0), []),
    "the gateway forgets it": ([status(1), ACCEPTED, status(1)], TimedOut(120.0), []),
    "the clock was set back": ([status(9), ACCEPTED, status(3)], TimedOut(120.0), []),
}


@pytest.mark.parametrize("story", STORIES)
def test_how_scans_end(story: str) -> None:
    answers, outcome, requests = STORIES[story]
    clock = HastyClock()
    with ScriptedServer(playing(*answers)) as server:
        assert gateway_at(server.url, clock).scan(PROJECTS) == outcome
    if requests:
        assert told(server) == requests
    assert sum(clock.pauses) <= 120


def test_the_questions_come_quickly_at_first_and_seldom_later() -> None:
    clock = HastyClock()
    with ScriptedServer(playing(status(1), ACCEPTED, status(1))) as server:
        gateway_at(server.url, clock).scan(PROJECTS)
    assert clock.pauses[0] == pytest.approx(0.05)
    assert clock.pauses == sorted(clock.pauses)
    assert clock.pauses[-1] == pytest.approx(1.0)


def test_patience_is_as_long_as_was_asked_for() -> None:
    clock = HastyClock()
    with ScriptedServer(playing(status(1), ACCEPTED, status(1))) as server:
        assert gateway_at(server.url, clock).scan(CONFIG, patience=3) == TimedOut(3)
    assert 1.5 < sum(clock.pauses) < 3


def test_the_wait_that_a_gateway_asks_for_is_kept() -> None:
    clock = HastyClock()
    answers = [status(1), reply(429, retry_after="30"), status(1), ACCEPTED, status(2)]
    with ScriptedServer(playing(*answers)) as server:
        assert gateway_at(server.url, clock).scan(PROJECTS) == Succeeded(2, 7)
    assert clock.pauses[0] == 30


class Locks:
    """A gateway with locks; what it answers to each of them can be chosen."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def __call__(self, asked: Asked) -> Any:
        what, kind = asked.target.rsplit("/", 2)[1:]
        return self.answers.get(kind, reply(200, {})) if what == "scan-lock" else reply(200, {})


def test_locks_are_asked_for_in_one_order_with_their_times() -> None:
    with ScriptedServer(Locks()) as server:
        gateway_at(server.url).lock((CONFIG, PROJECTS), acquire=10, hold=59.5)
    assert told(server) == ["POST scan-lock/projects", "POST scan-lock/config"]
    for one in server.asked:
        assert json.loads(one.body) == {"acquireTimeout": 10, "holdTimeout": 60}
        assert one.headers["content-type"] == "application/json"


@pytest.mark.parametrize("answer", [reply(200, b""), reply(204), reply(201, {"id": 1})])
def test_a_lock_is_had_when_the_gateway_says_so(answer: list[Step]) -> None:
    with ScriptedServer(Locks(config=answer)) as server:
        gateway_at(server.url).lock([CONFIG])


def test_an_older_gateway_has_no_locks() -> None:
    with ScriptedServer(Locks(projects=reply(404, PAGE), config=reply(404, PAGE))) as server:
        gateway = gateway_at(server.url)
        gateway.lock(tuple(ScanKind))
        gateway.release(tuple(ScanKind), untouched=True)
    assert told(server) == ["POST scan-lock/projects", "POST scan-lock/config"]


def test_somebody_else_has_the_lock() -> None:
    with ScriptedServer(Locks(projects=reply(409, PAGE))) as server:
        with pytest.raises(ScanError) as caught:
            gateway_at(server.url).lock(tuple(ScanKind), acquire=1)
        assert told(server) == ["POST scan-lock/projects"]
    assert caught.value.disposition == Retryable()
    assert "scan lock of projects" in caught.value.message
    assert "lock is in the way" in caught.value.message


def test_half_of_the_locks_is_given_back() -> None:
    with ScriptedServer(Locks(config=reply(423, retry_after="9"))) as server:
        with pytest.raises(ScanError) as caught:
            gateway_at(server.url).lock(tuple(ScanKind))
        assert told(server) == [
            "POST scan-lock/projects",
            "POST scan-lock/config",
            "POST scan/projects",
        ]
    assert caught.value.disposition == Retryable(9)


def test_a_lock_may_take_as_long_as_it_was_given() -> None:
    """The time of one request comes on top of the time that the gateway is asked to wait."""
    late = [0.6, *reply(200, {})]
    with ScriptedServer(Locks(config=late)) as server:
        gateway_at(server.url, timeout=0.3).lock([CONFIG], acquire=1)
        with pytest.raises(ScanError):
            gateway_at(server.url, timeout=0.3).lock([CONFIG], acquire=0)


def test_locks_of_untouched_files_are_given_back_by_a_scan() -> None:
    with ScriptedServer(Locks()) as server:
        gateway = gateway_at(server.url)
        gateway.lock([PROJECTS])
        gateway.release(tuple(ScanKind), untouched=True)
        gateway.release(tuple(ScanKind), untouched=True)
    assert told(server) == ["POST scan-lock/projects", "POST scan/projects"]


def test_half_a_change_is_never_shown() -> None:
    with ScriptedServer(Locks()) as server:
        gateway = gateway_at(server.url)
        gateway.lock([PROJECTS])
        gateway.release([PROJECTS])
    assert told(server) == ["POST scan-lock/projects"]


def test_releasing_never_raises() -> None:
    with ScriptedServer(Locks()) as server:
        gateway = gateway_at(server.url)
        gateway.lock([PROJECTS])
    gateway.release([PROJECTS], untouched=True)
    gateway.release([PROJECTS])


def test_a_lock_that_is_still_held_is_not_asked_for_again() -> None:
    clock = HastyClock()
    with ScriptedServer(Locks()) as server:
        gateway = gateway_at(server.url, clock)
        gateway.lock([PROJECTS])
        gateway.release([PROJECTS])
        clock.sleep(20)
        gateway.lock([PROJECTS])
        assert len(server.asked) == 1
        clock.sleep(20)
        gateway.lock([PROJECTS])
    assert len(server.asked) == 2
    # Our own lock may be in the way for another twenty seconds.
    assert json.loads(server.asked[-1].body)["acquireTimeout"] in {19, 20}


def test_a_scan_ends_the_lock() -> None:
    answers = [reply(200, {}), status(1), ACCEPTED, status(2), reply(200, {})]
    with ScriptedServer(playing(*answers)) as server:
        gateway = gateway_at(server.url)
        gateway.lock([PROJECTS])
        assert gateway.scan(PROJECTS) == Succeeded(2, 7)
        gateway.release([PROJECTS], untouched=True)
        gateway.lock([PROJECTS])
    assert told(server)[-1] == "POST scan-lock/projects"
    assert len(server.asked) == 5
