"""What is worked out once for each object."""

from __future__ import annotations

import gc

from attrs import frozen

from stoker.core.once import once


@frozen
class Thing:
    """Something that cannot be a key."""

    parts: list[int]


def test_it_is_worked_out_once_for_each_object_and_for_as_long_as_that_is() -> None:
    asked: list[int] = []

    @once
    def total(thing: Thing) -> int:
        asked.append(len(thing.parts))
        return sum(thing.parts)

    one, same = Thing([1, 2]), Thing([1, 2])
    assert [total(one), total(one), total(same)] == [3, 3, 3]
    assert asked == [2, 2]
    for number in range(100):  # each may live where the last one did
        assert total(Thing([number])) == number
        gc.collect()
    assert len(asked) == 102
    assert total(one) == 3
    assert len(asked) == 102
