"""Some of the namespaces of a cluster: what a watch of all of them is to tell of.

A line of a stream is foreign when it names namespaces and none of ours. Every object says its own,
so a line about one of ours is never foreign, whatever else it names; a line that names none in the
form that the API server writes is not judged here, but read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import frozen

_MARK: Final = b'"namespace":"'


def _every(_: str) -> bool:
    return True


@frozen
class Part:
    """Those namespaces for which `has` is true; what it says may change."""

    has: Callable[[str], bool] = _every
    skips: Callable[[bytes], bool] = lambda _: False
    is_empty: Callable[[], bool] = lambda: False
    """Whether there are none, so that nothing need be listed."""

    @classmethod
    def where(cls, has: Callable[[str], bool], is_empty: Callable[[], bool]) -> Part:
        """Those for which this is true."""
        return cls(has, lambda line: is_foreign(line, has), is_empty)


WHOLE: Final = Part()
"""All of them."""


def is_foreign(line: bytes, has: Callable[[str], bool]) -> bool:
    """Whether a line tells of an object in none of our namespaces."""
    place = line.find(_MARK)
    if place < 0:
        return False
    while place >= 0:
        begin = place + len(_MARK)
        end = line.find(b'"', begin)
        if end < 0 or has(line[begin:end].decode(errors="replace")):
            return False
        place = line.find(_MARK, end)
    return True
