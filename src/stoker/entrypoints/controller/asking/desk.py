"""Groups with hands: takes turns in slots, and tells everybody from one thread.

What an `Errand` does may block; it is done in a slot, without any lock. Whatever goes wrong there
becomes an answer. One thread tells: so calls come one after the other, in the order in which
answers came, never from within `ask`, and never while a lock is held here.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from functools import partial
from math import inf, nextafter
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from attrs import frozen

from stoker.core.errors import Retryable, StokerError
from stoker.entrypoints.controller.asking.answers import A, News, Q
from stoker.entrypoints.controller.asking.groups import Groups
from stoker.entrypoints.controller.asking.lanes import Verdict
from stoker.entrypoints.controller.asking.wishes import Want

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from stoker.entrypoints.controller.asking.answers import Key, Tell
    from stoker.entrypoints.controller.asking.slots import Slots
    from stoker.entrypoints.controller.asking.wishes import Prefixes

_BUSY: Final = 1.0
_QUIET: Final = 60.0
"""Seconds between two looks at what can be dropped: while there are answers, and while not."""


class Placed(Protocol):
    """A place that can be asked for."""

    @property
    def lane(self) -> str:
        """The host that it takes a slot of."""
        ...

    def __hash__(self) -> int: ...


class Proven(Protocol):
    """What a place has shown that it knows."""

    @property
    def identity(self) -> Hashable:
        """Equal for those who may share an answer, and for no others."""
        ...


P = TypeVar("P", bound=Placed)
C = TypeVar("C", bound=Proven)
P_contra = TypeVar("P_contra", bound=Placed, contravariant=True)


class Errand(Protocol[P_contra, C, A]):
    """How to ask."""

    def prove(self, place: P_contra) -> C:
        """Read what is needed; raises `StokerError`."""
        ...

    def carry(
        self, place: P_contra, proof: C, prefixes: Prefixes
    ) -> tuple[A | StokerError, Verdict]:
        """Ask, and say what it says of the host."""
        ...

    def part(self, whole: A, prefixes: Prefixes) -> A:
        """What somebody gets who asked for these prefixes."""
        ...


@frozen
class Unexpected(StokerError):
    """A fault of Stoker's own."""

    @property
    def disposition(self) -> Retryable:
        """Other circumstances may not show the fault."""
        return Retryable()


class Desk(Generic[P, Q, A, C]):
    """Where to ask, and from where answers come."""

    def __init__(
        self,
        slots: Slots,
        errand: Errand[P, C, A],
        tell: Callable[[Key, Q, A | StokerError], None],
        complain: Callable[[str, Exception], None],
    ) -> None:
        """Nothing runs before somebody asks."""
        self._slots = slots
        self._errand = errand
        self._tell = tell
        self._complain = complain
        self._groups = Groups[P, Q, A](errand.part)
        self._changed = threading.Condition()
        self._outbox: deque[Tell[Q, A]] = deque()
        self._teller: threading.Thread | None = None
        self._over = False
        self._last = -inf

    def ask(
        self, place: P, key: Key, question: Q, prefixes: Prefixes = (), max_age: float = 0.0
    ) -> None:
        """Have the CR told an answer that is not older than that; returns at once."""
        # Neither less than nothing nor NaN may make a wish that nothing meets.
        age = max_age if max_age > 0 else 0.0
        with self._changed:
            if not self._over:
                want = Want(prefixes, self._now(), age)
                self._publish(self._groups.ask(place, key, question, want))

    def say(self, tell: Tell[Q, A]) -> None:
        """Tell something that needs no asking."""
        with self._changed:
            if not self._over:
                self._publish(News[P, Q, A]((tell,)))

    def forget(self, key: Key) -> None:
        """Tell the CR nothing any more; what is being told at this moment cannot be held back."""
        with self._changed:
            self._groups.forget(key)
            if any(one.key == key for one in self._outbox):
                self._outbox = deque(one for one in self._outbox if one.key != key)

    @property
    def size(self) -> tuple[int, int, int, int]:
        """How many places, circles, CRs, and CRs with open questions are remembered."""
        with self._changed:
            return self._groups.size

    def close(self) -> None:
        """Ask and tell nothing any more."""
        with self._changed:
            self._over = True
            self._outbox.clear()
            self._changed.notify_all()
        self._slots.close()

    def join(self, until: float) -> None:
        """Wait for what is under way, at most until then."""
        self._slots.join(until)
        teller = self._teller
        if teller is not None and teller is not threading.current_thread():
            teller.join(max(0.0, until - time.monotonic()))

    def _now(self) -> float:
        """A time that no earlier call gave."""
        self._last = max(time.monotonic(), nextafter(self._last, inf))
        return self._last

    def _publish(self, news: News[P, Q, A]) -> None:
        """Under the lock: have told what is to be told, and run what wants a turn."""
        self._outbox.extend(news.tells)
        for place in news.turn:
            self._slots.put(place.lane, partial(self._turn, place))
        if self._teller is None:
            self._teller = threading.Thread(target=self._tell_all, name="asker", daemon=True)
            self._teller.start()
        elif news.tells:
            self._changed.notify_all()

    def _turn(self, place: P) -> Verdict:
        with self._changed:
            if not self._groups.begin(place, self._now()):
                return Verdict.NOTHING
        try:
            proof = self._errand.prove(place)
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            failure = self._expected(error)
            with self._changed:
                self._publish(self._groups.failed(place, failure))
            return Verdict.NOTHING
        with self._changed:
            news, prefixes = self._groups.identified(place, proof.identity, self._now())
            self._publish(news)
        if prefixes is None:
            return Verdict.NOTHING
        outcome, verdict = self._carried(place, proof, prefixes)
        with self._changed:
            self._publish(self._groups.answered(proof.identity, outcome))
        return verdict

    def _carried(self, place: P, proof: C, prefixes: Prefixes) -> tuple[A | StokerError, Verdict]:
        try:
            return self._errand.carry(place, proof, prefixes)
        except Exception as error:  # noqa: BLE001 - as above
            return self._expected(error), Verdict.NOTHING

    def _expected(self, error: Exception) -> StokerError:
        if isinstance(error, StokerError):
            return error
        self._complain("ask", error)
        # Its own words are not repeated to users: nobody knows what is in them.
        return Unexpected(f"unexpected {type(error).__name__}", cure="please report this")

    def _tell_all(self) -> None:
        looked, pause = time.monotonic(), _BUSY
        while not self._over:
            if self._tell_next(max(0.0, looked + pause - time.monotonic())):
                pause = _BUSY
            if time.monotonic() - looked >= pause:
                with self._changed:
                    pause = _BUSY if self._groups.tidy(self._now()) else _QUIET
                self._slots.tidy()
                looked = time.monotonic()

    def _tell_next(self, patience: float) -> bool:
        """Tell one answer, unless none comes in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._outbox or self._over, patience)
            if self._over or not self._outbox:
                return False
            tell = self._outbox.popleft()
        told: A | StokerError
        try:
            told = tell.told()
        except Exception as error:  # noqa: BLE001 - as above
            told = self._expected(error)
        try:
            self._tell(tell.key, tell.question, told)
        except Exception as error:  # noqa: BLE001 - one hearer's fault is not the others'
            self._complain("tell an answer", error)
        return True
