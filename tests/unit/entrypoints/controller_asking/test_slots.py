"""Threads: started when needed, few, ended when idle, and not harmed by what they run.

Seen to fail with a thread for each job, with threads that never end, and with a fault that ends
its thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from stoker.entrypoints.controller.asking.lanes import Lanes, Verdict
from stoker.entrypoints.controller.asking.slots import Job, Slots
from support.server_processes import eventually

NAME = "slot-of-a-test"


def threads() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == NAME]


@pytest.fixture
def complaints() -> list[Exception]:
    return []


@pytest.fixture
def slots(complaints: list[Exception]) -> Iterator[Slots]:
    lanes = Lanes[Job](slots=3, per_host=2)
    slots = Slots(NAME, lanes, lambda _, error: complaints.append(error), idle=0.2)
    yield slots
    slots.close()
    slots.join(time.monotonic() + 5)
    assert threads() == []


def test_few_threads_run_many_jobs_and_then_end(slots: Slots) -> None:
    done: list[int] = []
    most = 0

    def job(number: int) -> Verdict:
        nonlocal most
        most = max(most, len(threads()))
        done.append(number)
        return Verdict.ANSWERED

    assert threads() == []
    for number in range(200):
        slots.put(f"host{number % 10}", lambda number=number: job(number))  # type: ignore[misc]
    assert eventually(lambda: len(done) == 200)
    assert sorted(done) == list(range(200))
    assert 1 <= most <= 3
    assert eventually(lambda: threads() == [])
    slots.put("host", lambda: job(200))
    assert eventually(lambda: len(done) == 201)


def test_a_fault_ends_neither_its_thread_nor_its_lane(
    slots: Slots, complaints: list[Exception]
) -> None:
    done = threading.Event()

    def fault() -> Verdict:
        raise ValueError

    def job() -> Verdict:
        done.set()
        return Verdict.ANSWERED

    for _ in range(5):
        slots.put("host", fault)
    slots.put("host", job)
    assert done.wait(10)
    assert len(complaints) == 5


def test_a_thread_that_cannot_be_started_is_tried_again(
    slots: Slots, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel refuses threads at a limit; no real limit can be set for one test alone."""
    done = threading.Event()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    def job() -> Verdict:
        done.set()
        return Verdict.ANSWERED

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        slots.put("host", job)
    assert not done.is_set()
    slots.tidy()
    assert done.wait(10)


def test_nothing_begins_after_the_end(slots: Slots) -> None:
    held, done = threading.Event(), threading.Event()

    def hold() -> Verdict:
        held.wait(10)
        return Verdict.ANSWERED

    def job() -> Verdict:
        done.set()
        return Verdict.ANSWERED

    slots.put("host", hold)
    slots.put("host", job)
    slots.close()
    held.set()
    slots.join(time.monotonic() + 5)
    slots.put("host", job)
    assert not done.is_set()
