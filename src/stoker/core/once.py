"""A pure function of one value, worked out once for each object that it is asked about.

A spec is looked at again and again while it stays the same object, and is too large, and of the
wrong kinds, to be a key by its content. What was worked out is kept for as long as the object is.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, TypeVar
from weakref import ref

if TYPE_CHECKING:
    from collections.abc import Callable

_Given = TypeVar("_Given")
_Found = TypeVar("_Found")


def once(function: Callable[[_Given], _Found]) -> Callable[[_Given], _Found]:
    """The same function with a memory; what it is given must never change."""
    known: dict[int, tuple[ref[_Given], _Found]] = {}

    @wraps(function)
    def remembering(given: _Given) -> _Found:
        place = id(given)
        remembered = known.get(place)
        if remembered is not None and remembered[0]() is given:
            return remembered[1]
        found = function(given)

        def forget(_: ref[_Given]) -> None:
            # The place is nobody else's before this is over.
            known.pop(place, None)

        known[place] = ref(given, forget), found
        return found

    return remembering
