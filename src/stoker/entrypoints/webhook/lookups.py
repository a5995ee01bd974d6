"""Slow questions by key, in a few threads: of each key one at a time, and never an old answer.

Who asks while a question about the same key is on its way shares the next one with all others who
do: the one that is on its way may have been answered, over there, before what they ask about came
to be. So a hundred who ask at once are two questions.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Lookups(Generic[T]):
    """Questions, answered by `work` in threads of its own, `places` of them at a time."""

    def __init__(self, work: Callable[[str], T], places: int, name: str) -> None:
        """No thread is begun before it is needed."""
        self._work = work
        self._pool = ThreadPoolExecutor(places, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._next: dict[str, Future[T]] = {}
        """Questions that have not been put yet, so that whoever comes may join."""
        self._last: dict[str, Future[T]] = {}

    def ask(self, key: str) -> Future[T]:
        """The answer to a question that is put from now on; not to be cancelled, it is shared."""
        with self._lock:
            if (joined := self._next.get(key)) is not None:
                return joined
            before, turn = self._last.get(key), Future[T]()
            self._next[key] = self._last[key] = turn
        if before is None:
            self._enter(key, turn)
        else:
            before.add_done_callback(lambda _: self._enter(key, turn))
        return turn

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _enter(self, key: str, turn: Future[T]) -> None:
        try:
            self._pool.submit(self._put, key, turn)
        except RuntimeError as error:  # it was closed
            self._over(key, turn)
            turn.set_exception(error)

    def _put(self, key: str, turn: Future[T]) -> None:
        with self._lock:
            self._next.pop(key, None)
        try:
            answer = self._work(key)
        except Exception as error:  # noqa: BLE001 - for whoever asked
            self._over(key, turn)
            turn.set_exception(error)
        else:
            self._over(key, turn)
            turn.set_result(answer)

    def _over(self, key: str, turn: Future[T]) -> None:
        with self._lock:
            if self._next.get(key) is turn:
                del self._next[key]
            if self._last.get(key) is turn:
                del self._last[key]
