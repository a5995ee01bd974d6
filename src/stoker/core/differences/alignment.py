"""Which elements of two sequences stay: the longest run of partners that can be found cheaply.

Elements that occur exactly once on both sides are anchors, as far as they are in the same order
(patience). Between two anchors the shortest edit script is looked for (Myers), up to a number of
edits and steps: two texts that have little in common cost no more than that, and are then shown as
one removed and one added.

The answer does not depend on which side is called the old one: the sides are put into an order of
their own first.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

from attrs import define

from stoker.core.differences.limits import MAX_EDITS, MAX_STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Pair = tuple[int, int]


@define
class _Meter:
    steps: int = MAX_STEPS


def align(before: Sequence[str], after: Sequence[str]) -> list[Pair]:
    """Pairs of positions of equal elements, rising on both sides."""
    if (len(after), after) < (len(before), before):
        return [(there, here) for here, there in align(after, before)]
    head = common_prefix(before, after)
    tail = common_suffix(before, after, head)
    stop, end = len(before) - tail, len(after) - tail
    meter = _Meter()
    pairs = [(index, index) for index in range(head)]
    at, to = head, head
    for here, there in [*_anchors(before, after, head, stop, end), (stop, end)]:
        pairs += _between(before[at:here], after[to:there], at, to, meter)
        if here < stop:
            pairs.append((here, there))
        at, to = here + 1, there + 1
    pairs += [(stop + index, end + index) for index in range(tail)]
    return pairs


def common_prefix(before: Sequence[object], after: Sequence[object]) -> int:
    """How many elements at the beginning are the same."""
    shorter = min(len(before), len(after))
    return next((at for at in range(shorter) if before[at] != after[at]), shorter)


def common_suffix(before: Sequence[object], after: Sequence[object], head: int) -> int:
    """How many elements at the end are the same, apart from the first `head`."""
    shorter = min(len(before), len(after)) - head
    return next((at for at in range(shorter) if before[-1 - at] != after[-1 - at]), shorter)


def _anchors(
    before: Sequence[str], after: Sequence[str], head: int, stop: int, end: int
) -> list[Pair]:
    old, new = Counter(before[head:stop]), Counter(after[head:end])
    where = {after[at]: at for at in range(head, end) if new[after[at]] == 1}
    pairs = [
        (at, where[before[at]])
        for at in range(head, stop)
        if old[before[at]] == 1 and before[at] in where
    ]
    return longest_rising(pairs)


def longest_rising(pairs: Sequence[Pair]) -> list[Pair]:
    """The most of `pairs`, which rise on the left, that also rise on the right."""
    piles: list[int] = []
    tops: list[int] = []
    below: list[int] = []
    for index, (_, right) in enumerate(pairs):
        pile = bisect_left(piles, right)
        below.append(tops[pile - 1] if pile else -1)
        piles[pile : pile + 1] = [right]
        tops[pile : pile + 1] = [index]
    chosen = []
    index = tops[-1] if tops else -1
    while index >= 0:
        chosen.append(pairs[index])
        index = below[index]
    return chosen[::-1]


def _between(
    before: Sequence[str], after: Sequence[str], at: int, to: int, meter: _Meter
) -> Iterator[Pair]:
    head = common_prefix(before, after)
    tail = common_suffix(before, after, head)
    stop, end = len(before) - tail, len(after) - tail
    yield from ((at + index, to + index) for index in range(head))
    for here, there in _shortest(before[head:stop], after[head:end], meter):
        yield at + head + here, to + head + there
    yield from ((at + stop + index, to + end + index) for index in range(tail))


def _shortest(before: Sequence[str], after: Sequence[str], meter: _Meter) -> list[Pair]:
    """What stays in the shortest edit script, by furthest reaching paths; nothing if it is long."""
    if not before or not after:
        return []
    reach = {1: 0}
    trail: list[dict[int, int]] = []
    for edits in range(MAX_EDITS + 1):
        trail.append(dict(reach))
        for diagonal in range(-edits, edits + 1, 2):
            here = _start(reach, diagonal, edits)
            there = here - diagonal
            while here < len(before) and there < len(after) and before[here] == after[there]:
                here, there = here + 1, there + 1
                meter.steps -= 1
            reach[diagonal] = here
            if here >= len(before) and there >= len(after):
                return _traced(trail, here, there)
        meter.steps -= edits + 1
        if meter.steps < 0:
            break
    return []


def _start(reach: dict[int, int], diagonal: int, edits: int) -> int:
    """Where the path of `edits` edits enters a diagonal."""
    return reach[diagonal + 1] if _inserts(reach, diagonal, edits) else reach[diagonal - 1] + 1


def _inserts(reach: dict[int, int], diagonal: int, edits: int) -> bool:
    """Whether the path enters the diagonal by an insertion, else by a deletion."""
    if diagonal in (-edits, edits):
        return diagonal == -edits
    return reach[diagonal - 1] < reach[diagonal + 1]


def _traced(trail: list[dict[int, int]], here: int, there: int) -> list[Pair]:
    """The way back to the beginning; its diagonal steps are what stays."""
    pairs = []
    for edits in range(len(trail) - 1, -1, -1):
        reach, diagonal = trail[edits], here - there
        start = _start(reach, diagonal, edits)
        while here > start:
            here, there = here - 1, there - 1
            pairs.append((here, there))
        if _inserts(reach, diagonal, edits):
            there -= 1
        else:
            here -= 1
    return pairs[::-1]
