"""Whose turn it is in a soak: each victim suffers one fault at a time."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from kit.soak_plan import Stroke

Victim = TypeVar("Victim")


class Missed(Exception):
    """There was nobody to strike."""


@dataclass(frozen=True)
class Turns:
    """A lock for each victim."""

    locks: defaultdict[object, threading.Lock] = field(
        default_factory=lambda: defaultdict(threading.Lock)
    )

    @contextmanager
    def one_of(self, victims: Sequence[Victim], stroke: Stroke) -> Iterator[Victim]:
        """The one that is meant, which suffers nothing else during the `with`."""
        if not victims:
            raise Missed
        chosen = victims[stroke.whom % len(victims)]
        with self.of(id(chosen)):
            yield chosen

    @contextmanager
    def of(self, what: object) -> Iterator[None]:
        """That suffers nothing else during the `with`."""
        with self.locks[what]:
            yield
