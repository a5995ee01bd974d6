"""Answers, and who is told them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeAlias, TypeVar

from attrs import field, frozen

from stoker.core.errors import Retryable, StokerError
from stoker.entrypoints.controller.asking.wishes import Covering, Prefixes

Key: TypeAlias = tuple[str, str]
"""Namespace and name of a CR."""

P = TypeVar("P", bound=Hashable)
Q = TypeVar("Q", bound=Hashable)
A = TypeVar("A")


@frozen
class Superseded(StokerError):
    """A question was given up for newer ones of the same CR."""

    @property
    def disposition(self) -> Retryable:
        """It may be asked again."""
        return Retryable()


@frozen(eq=False)
class Outcome(Generic[A]):
    """What came of a question, and what each CR gets of it: worked out once for each part."""

    whole: A | StokerError
    part: Callable[[A, Prefixes], A]
    _parts: dict[Prefixes, A] = field(factory=dict, repr=False)

    def for_(self, prefixes: Prefixes) -> A | StokerError:
        """What somebody gets who asked for this."""
        if isinstance(self.whole, StokerError):
            return self.whole
        if prefixes not in self._parts:
            self._parts[prefixes] = self.part(self.whole, prefixes)
        return self._parts[prefixes]


@frozen(eq=False)
class Answer(Generic[A]):
    """An outcome, when its question was begun, and what was asked for."""

    begun: float
    covering: Covering
    outcome: Outcome[A]


@frozen
class Tell(Generic[Q, A]):
    """Somebody is to be told."""

    key: Key
    question: Q
    prefixes: Prefixes
    outcome: Outcome[A]

    def told(self) -> A | StokerError:
        """What to say."""
        return self.outcome.for_(self.prefixes)


@frozen
class News(Generic[P, Q, A]):
    """What follows from what happened."""

    tells: tuple[Tell[Q, A], ...] = ()
    turn: tuple[P, ...] = ()
    """The places that want a turn."""
