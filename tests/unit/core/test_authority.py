"""What the laws of certificates do not come by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from stoker.core import authority as au
from stoker.core.authority import (
    MISSING,
    UNREAD,
    Certificate,
    Configuration,
    Entry,
    Held,
    Look,
    Standing,
    Terms,
    View,
)
from stoker.core.errors import DecodeError

NOW = datetime(2026, 1, 31, tzinfo=UTC)
DAY = timedelta(days=1)
TERMS = Terms(names=frozenset({"a"}), life=DAY, authority_life=10 * DAY)
SERVING = Certificate("leaf", "root", NOW - DAY, NOW + DAY, frozenset({"a"}))
GOOD = Configuration((Entry(("root",)),))


@pytest.mark.parametrize(
    "wrong",
    [
        {"names": frozenset()},
        {"life": timedelta()},
        {"authority_life": timedelta(seconds=179)},
    ],
)
def test_terms_that_are_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(DecodeError) as caught:
        evolve(TERMS, **wrong)
    assert caught.value.cure


def test_who_has_seen_nothing_looks_and_believes_no_answer() -> None:
    standing = Standing(TERMS, ("m",), 0.0)
    assert au.move(standing, NOW, 0.0) == Look()
    assert au.wrote(standing, Held(), NOW, 1.0) is standing
    assert au.published(standing, "m", GOOD, NOW, 1.0) is standing


@pytest.mark.parametrize(
    ("first", "second", "clock", "told"),
    [
        (GOOD, GOOD, 0.5, ("m trusts our authority since a moment ago",)),
        (GOOD, GOOD, 2.0, ()),
        (GOOD, Configuration(()), 2.0, ("v has no webhook of ours",)),
        (GOOD, Configuration((Entry(),)), 2.0, ("v does not trust our authority yet",)),
        (GOOD, MISSING, 2.0, ("v is not there",)),
        (GOOD, MISSING, 100.0, ()),
        (GOOD, UNREAD, 100.0, ("v could not be read",)),
        (MISSING, MISSING, 100.0, ("m is not there", "v is not there")),
    ],
)
def test_why_the_api_server_does_not_trust_us(
    first: au.Configured, second: au.Configured, clock: float, told: tuple[str, ...]
) -> None:
    view = View({"m": first, "v": second})
    standing = au.looked(Standing(TERMS, ("m", "v"), 0.0), view, NOW, 0.0)
    assert au.concerns(standing, clock) == ("there is no certificate yet",)
    served = au.served(standing, SERVING, 0.0)
    concerns = au.concerns(served, clock)
    assert concerns[: len(told)] == told
    assert bool(concerns) == bool(told)


@pytest.mark.parametrize(("second", "moves"), [(UNREAD, False), (GOOD, False), (MISSING, True)])
def test_what_could_not_be_read_is_as_it_was(second: au.Configured, *, moves: bool) -> None:
    """By a clock that is ahead all is old: no reason to serve what nobody is known to trust."""
    authority = au.Authority("root", NOW - DAY, NOW + DAY, has_key=True)
    view = View({"v": GOOD}, Held((authority,), SERVING))
    standing = au.looked(Standing(TERMS, ("v",), 0.0), view, NOW, 0.0)
    standing = au.served(standing, SERVING, 0.0)
    later = NOW + 3 * DAY
    made = au.Authority("new", later, later + 9 * DAY, has_key=True)
    leaf = evolve(SERVING, identity="new leaf", issuer="new", not_after=later + DAY)
    seen = View({"v": second}, Held((made, authority), leaf))
    standing = au.looked(standing, seen, later, 5.0)
    assert isinstance(au.move(standing, later, 5.0), au.Serve) == moves


def test_what_was_trusted_once_is_no_concern_any_more() -> None:
    """Every replica is in the same boat: to call none of them would help nobody."""
    view = View({"m": GOOD, "v": GOOD})
    standing = au.looked(Standing(TERMS, ("m", "v"), 0.0), view, NOW, 0.0)
    standing = au.served(standing, SERVING, 0.0)
    for lost in (MISSING, UNREAD, Configuration(()), Configuration((Entry(("other",)),))):
        worse = au.looked(standing, View({"m": GOOD, "v": lost}), NOW, 5.0)
        assert au.concerns(worse, 6.0) == ()


def test_without_configurations_there_is_nothing_to_wait_for() -> None:
    standing = au.looked(Standing(TERMS, (), 0.0), View({}), NOW, 0.0)
    assert au.concerns(au.served(standing, SERVING, 0.0), 0.0) == ()


def test_a_server_that_asks_to_be_left_alone_is() -> None:
    standing = Standing(TERMS, ("m",), 0.0)
    assert au.failed(standing, au.LOOKING, 0.0, 0.0, 30.0).waits[au.LOOKING].until == 30.0
    assert au.failed(standing, au.LOOKING, 0.0, 1.0, 1e9).waits[au.LOOKING].until == 600.0
    for _ in range(20):
        standing = au.failed(standing, au.LOOKING, 0.0, 1.0)
    assert standing.waits[au.LOOKING].until == 60.0
