"""A flood of refusals is a few lines, and every kind of them is told once at least."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from stoker.adapters.logs import structured as logs
from stoker.core.payload import Origin
from stoker.entrypoints.webhook.receiver.telling import Telling, shown

KEY = ("plant", "site")


def at(number: int) -> Origin:
    return Origin(f"192.0.2.{number}", f"192.0.2.{number}")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.configure(stream=stream)
    yield stream
    logs.configure()


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_the_first_is_told_at_once_and_the_others_as_a_number(log: io.StringIO) -> None:
    async def flood() -> None:
        telling = Telling(quiet=0.05)
        for number in range(5):
            telling.refused(401, at(number), KEY, "wrong secret")
        await asyncio.sleep(0.08)
        telling.refused(401, at(9), KEY, "wrong secret")
        await asyncio.sleep(0.1)
        telling.refused(401, at(7), KEY, "wrong secret")

    asyncio.run(flood())
    told = lines(log)
    assert [line["message"] for line in told] == [
        "a request was refused",
        "more requests were refused",
        "more requests were refused",
        "a request was refused",
    ]
    first, more, last, again = told
    assert (first["status"], first["reason"], first["path"]) == (401, "wrong secret", "plant/site")
    assert (more["number"], more["last_address"]) == (4, "192.0.2.4")
    assert (last["number"], last["last_address"]) == (1, "192.0.2.9")
    assert again["address"] == "192.0.2.7"


def test_kinds_are_bounded(log: io.StringIO) -> None:
    async def flood() -> None:
        telling = Telling()
        for number in range(500):
            telling.refused(400, at(1), KEY, f"reason {number}")

    asyncio.run(flood())
    assert len(lines(log)) == 51


def test_what_somebody_sent_forges_no_line() -> None:
    assert shown("a\nb\x1b[31m\u202e") == "a?b?[31m?"
    assert len(shown("x" * 999)) == 80
