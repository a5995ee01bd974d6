"""Places for slow bodies: bounded, given in turn, and taken from whoever has had one for long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from stoker.core.payload import CROWDED, TOO_SLOW
from stoker.entrypoints.webhook.receiver.bodies import Bodies, Room, Unread


async def stay(room: Room, seconds: float, patience: float = 5.0) -> str:
    try:
        async with asyncio.timeout(patience) as until, room.place(until):
            await asyncio.sleep(seconds)
    except TimeoutError:
        return "sent away"
    except Unread as unread:
        assert unread.reply is CROWDED
        return "crowded"
    return "done"


def test_nobody_has_to_go_while_there_is_room() -> None:
    async def two() -> list[str]:
        room = Room(2, 2, grace=0.01)
        return await asyncio.gather(*(stay(room, 0.1) for _ in range(2)))

    assert asyncio.run(two()) == ["done", "done"]


def test_who_came_first_goes_for_who_waits() -> None:
    async def three() -> list[str]:
        room = Room(2, 2, grace=0.05)
        slow = [asyncio.create_task(stay(room, 3)) for _ in range(2)]
        await asyncio.sleep(0.1)
        quick = await stay(room, 0)
        other = await stay(room, 0)
        slow[1].cancel()
        return [quick, other, await slow[0]]

    assert asyncio.run(three()) == ["done", "done", "sent away"]


def test_whoever_has_just_come_has_a_moment() -> None:
    async def one() -> float:
        room, clock = Room(1, 1, grace=0.2), asyncio.get_running_loop().time
        slow = asyncio.create_task(stay(room, 3))
        await asyncio.sleep(0)
        began = clock()
        assert await stay(room, 0) == "done"
        assert await slow == "sent away"
        return clock() - began

    assert 0.15 < asyncio.run(one()) < 1.0


def test_the_line_is_bounded() -> None:
    async def many() -> list[str]:
        room = Room(1, 2, grace=0.05)
        return await asyncio.gather(*(stay(room, 0.01) for _ in range(5)))

    told = asyncio.run(many())
    assert sorted(told) == ["crowded", "crowded", "done", "done", "done"]


def test_who_gives_up_waiting_leaves_the_place_to_others() -> None:
    async def impatient() -> list[str]:
        room = Room(1, 3, grace=10)
        first = asyncio.create_task(stay(room, 0.2))
        await asyncio.sleep(0)
        waiting = asyncio.create_task(stay(room, 0, patience=0.05))
        return [await waiting, await first, await stay(room, 0)]

    assert asyncio.run(impatient()) == ["sent away", "done", "done"]


def slowly(parts: int, pause: float, size: int = 1) -> Callable[[], Awaitable[dict[str, object]]]:
    left = iter(range(parts))

    async def receive() -> dict[str, object]:
        await asyncio.sleep(pause)
        last = next(left) == parts - 1
        return {"type": "http.request", "body": b"x" * size, "more_body": not last}

    return receive


@pytest.mark.parametrize(("parts", "pause", "size"), [(1, 0, 1), (8, 0.1, 3), (6, 0, 50_000)])
def test_a_body_that_comes_in_time_is_read_whole(parts: int, pause: float, size: int) -> None:
    body = asyncio.run(Bodies(5.0).read({}, slowly(parts, pause, size)))
    assert body == b"x" * (parts * size)


def test_one_that_does_not_is_too_slow() -> None:
    with pytest.raises(Unread) as caught:
        asyncio.run(Bodies(0.5).read({}, slowly(50, 0.1)))
    assert caught.value.reply is TOO_SLOW


def test_who_never_got_a_place_is_told_that_it_is_crowded() -> None:
    async def crowded() -> None:
        room = Room(1, 1, grace=10)
        first = asyncio.create_task(stay(room, 3))
        await asyncio.sleep(0)
        try:
            await Bodies(0.6, room=room).read({}, slowly(50, 0.1))
        finally:
            first.cancel()

    with pytest.raises(Unread) as caught:
        asyncio.run(crowded())
    assert caught.value.reply is CROWDED


def test_who_leaves_is_not_answered() -> None:
    async def gone() -> dict[str, object]:
        return {"type": "http.disconnect"}

    with pytest.raises(Unread) as caught:
        asyncio.run(Bodies(5.0).read({}, gone))
    assert caught.value.reply is None
