"""Which CR is looked at next, step by step; the laws are in tests/property/test_queue_laws.py."""

from __future__ import annotations

import threading
import time

from stoker.entrypoints.controller.queue import (
    FIRST_RETRY,
    LAST_RETRY,
    MOST_REST,
    REST,
    Agenda,
    WorkQueue,
)

A, B, C = ("plant", "a"), ("plant", "b"), ("mill", "c")


def taken(agenda: Agenda, now: float) -> list[tuple[str, str]]:
    found = []
    while (key := agenda.take(now)) is not None:
        found.append(key)
    return found


class TestAgenda:
    """The rules, without clock and lock."""

    def test_the_longest_waiting_one_first(self) -> None:
        agenda = Agenda()
        for key, at in ((A, 3.0), (B, 1.0), (C, 2.0)):
            agenda.add(key, at)
        assert taken(agenda, 3.0) == [B, C, A]

    def test_nothing_before_its_time(self) -> None:
        agenda = Agenda()
        agenda.add(A, 5.0)
        assert agenda.take(4.9) is None
        assert agenda.wait(4.0) == 1.0
        assert agenda.take(5.0) == A
        assert agenda.wait(5.0) is None

    def test_twice_is_once_and_the_earlier_time_counts(self) -> None:
        agenda = Agenda()
        for at in (9.0, 2.0, 5.0):
            agenda.add(A, at)
        assert taken(agenda, 2.0) == [A]
        agenda.done(A)
        assert taken(agenda, 100.0) == []

    def test_what_is_added_meanwhile_comes_again_afterwards(self) -> None:
        agenda = Agenda()
        agenda.add(A, 0.0)
        assert taken(agenda, 0.0) == [A]
        agenda.add(A, 0.05)
        assert taken(agenda, 10.0) == []
        agenda.done(A)
        assert taken(agenda, 10.0) == [A]

    def test_a_key_rests_between_two_looks(self) -> None:
        agenda = Agenda()
        agenda.add(A, 0.0)
        agenda.take(0.0)
        agenda.done(A)
        agenda.add(A, 0.01)
        assert agenda.take(REST - 0.01) is None
        assert agenda.take(REST) == A

    def test_waits_after_failures_grow_and_end(self) -> None:
        agenda = Agenda()
        delays = [agenda.failed(A, 0.0) for _ in range(12)]
        assert delays[:3] == [FIRST_RETRY, 2 * FIRST_RETRY, 4 * FIRST_RETRY]
        assert delays[-1] == LAST_RETRY
        assert delays == sorted(delays)
        agenda.succeeded(A)
        assert agenda.failed(A, 0.0) == FIRST_RETRY

    def test_news_bring_a_failing_key_forward_but_not_at_once(self) -> None:
        agenda = Agenda()
        agenda.add(A, 0.0)
        agenda.take(0.0)
        for _ in range(8):
            agenda.failed(A, 0.0)
        agenda.done(A)
        agenda.add(A, 0.5)
        assert agenda.take(MOST_REST - 0.01) is None
        assert agenda.take(MOST_REST) == A

    def test_a_key_that_was_added_and_then_forgotten_still_comes(self) -> None:
        # A CR that was deleted and made anew in the same moment.
        agenda = Agenda()
        agenda.add(A, 0.0)
        agenda.take(0.0)
        agenda.add(A, 0.0)
        agenda.forget(A)
        agenda.done(A)
        assert agenda.take(0.0) == A


class TestWorkQueue:
    """The same for several threads."""

    def test_takes_wait_for_what_comes(self) -> None:
        queue = WorkQueue()
        threading.Timer(0.02, lambda: queue.add(A)).start()
        assert queue.take() == A

    def test_close_lets_everybody_go(self) -> None:
        queue = WorkQueue()
        got: list[object] = []
        waiting = [threading.Thread(target=lambda: got.append(queue.take())) for _ in range(3)]
        for thread in waiting:
            thread.start()
        queue.close()
        for thread in waiting:
            thread.join(5)
        assert got == [None, None, None]

    def test_a_halted_queue_keeps_what_is_added(self) -> None:
        queue = WorkQueue()
        queue.halt()
        queue.add(A)
        got: list[object] = []
        waiting = threading.Thread(target=lambda: got.append(queue.take()))
        waiting.start()
        time.sleep(0.05)
        assert got == []
        queue.resume()
        waiting.join(5)
        assert got == [A]

    def test_an_earlier_key_wakes_who_waits_for_a_later_one(self) -> None:
        queue = WorkQueue()
        queue.add(A, after=60)
        threading.Timer(0.02, lambda: queue.add(B)).start()
        assert queue.take() == B

    def test_backlog_counts_what_is_due_or_in_work(self) -> None:
        queue = WorkQueue()
        queue.add(A)
        queue.add(B)
        queue.add(C, after=60)
        assert queue.backlog == 2
        queue.take()
        assert queue.backlog == 2
        queue.done(A)
        assert queue.backlog == 1
