"""Questions that several ask at once.

Broken on purpose, and seen to fail: who comes while a question is on its way joins that one; a
question that failed is kept; what waits is forgotten when the one before it fails.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from concurrent.futures import wait as wait_for

import pytest

from stoker.entrypoints.webhook.lookups import Lookups

PATIENCE = 10


class Library:
    """Answers with how often it was asked about a key, when it is let."""

    def __init__(self, places: int = 4) -> None:
        self.asked: list[str] = []
        self.going, self.most = 0, 0
        self.lock = threading.Lock()
        self.let = threading.Semaphore(0)
        self.begun = threading.Semaphore(0)
        self.broken = False
        self.lookups: Lookups[int] = Lookups(self.look, places, "library")

    def look(self, key: str) -> int:
        with self.lock:
            self.asked.append(key)
            count = self.asked.count(key)
            self.going += 1
            self.most = max(self.most, self.going)
        self.begun.release()
        assert self.let.acquire(timeout=PATIENCE)
        with self.lock:
            self.going -= 1
        if self.broken:
            raise ValueError(key)
        return count

    def wait_until_begun(self) -> None:
        assert self.begun.acquire(timeout=PATIENCE)

    def let_go(self, count: int) -> None:
        self.let.release(count)


def answers(futures: list[Future[int]]) -> list[int]:
    return [future.result(PATIENCE) for future in futures]


def test_one_who_asks_alone_is_answered_alone() -> None:
    library = Library()
    library.let_go(2)
    assert library.lookups.ask("a").result(PATIENCE) == 1
    assert library.lookups.ask("a").result(PATIENCE) == 2


def test_who_comes_while_one_is_on_its_way_shares_the_next() -> None:
    library = Library()
    first = library.lookups.ask("a")
    library.wait_until_begun()
    others = [library.lookups.ask("a") for _ in range(100)]
    assert not first.done()
    library.let_go(2)
    assert first.result(PATIENCE) == 1
    assert answers(others) == [2] * 100
    assert library.asked == ["a", "a"]
    assert library.most == 1


def test_others_do_not_wait_for_one_that_hangs() -> None:
    library = Library()
    hanging = library.lookups.ask("a")
    library.wait_until_begun()
    behind = [library.lookups.ask("a") for _ in range(10)]
    other = library.lookups.ask("b")
    library.wait_until_begun()
    library.let_go(3)
    wait_for([hanging, other, *behind], PATIENCE)
    assert other.result() == 1
    assert library.most == 2


def test_only_so_many_go_on_at_a_time() -> None:
    library = Library(places=2)
    futures = [library.lookups.ask(str(number)) for number in range(20)]
    library.let_go(20)
    assert answers(futures) == [1] * 20
    assert library.most <= 2


def test_an_error_is_everybodys_and_is_not_kept() -> None:
    library = Library()
    library.broken = True
    first = library.lookups.ask("a")
    library.wait_until_begun()
    second, third = library.lookups.ask("a"), library.lookups.ask("a")
    library.let_go(1)
    with pytest.raises(ValueError, match="a"):
        first.result(PATIENCE)
    library.wait_until_begun()
    library.broken = False
    library.let_go(1)
    assert answers([second, third]) == [2, 2]
    library.let_go(1)
    assert library.lookups.ask("a").result(PATIENCE) == 3


@pytest.mark.parametrize("broken", [False, True])
def test_nothing_is_kept_of_what_is_over(broken: bool) -> None:  # noqa: FBT001 - a table
    library = Library()
    library.broken = broken
    library.let_go(1000)
    wait_for([library.lookups.ask(str(number)) for number in range(100)], PATIENCE)
    assert vars(library.lookups)["_next"] == vars(library.lookups)["_last"] == {}


def test_after_the_end_nobody_waits_for_ever() -> None:
    library = Library()
    library.lookups.close()
    with pytest.raises(RuntimeError):
        library.lookups.ask("a").result(PATIENCE)
