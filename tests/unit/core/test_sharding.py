"""Single decisions about shards; the laws are in tests/property/test_sharding_laws.py."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from attrs import evolve

from stoker.core import leadership
from stoker.core.leadership import Record, Terms
from stoker.core.sharding import lease_name, outcomes, shard_of
from stoker.core.sharding.division import place_of, preference
from stoker.core.sharding.moves import Cede, Look, Rest, Take, Wish, Write, move
from stoker.core.sharding.replica import ALONE, Replica, View

TERMS = Terms()
ME, OTHER, THIRD = "me", "other", "third"
HELD = Record(OTHER, 15, 3, "7")
MINE = Record(ME, 15, 4, "8")
NEW = Replica.of(ME, TERMS, 4)


def seeing(replica: Replica, at: float, *records: Record | None, **rivals: Record) -> Replica:
    """After one look of all its electors."""
    shards = {number: record for number, record in enumerate(records) if record is not None}
    view = View(at, at, shards, {ALONE if key == "alone" else key: rivals[key] for key in rivals})
    for number in range(len(replica.shards)):
        replica = outcomes.looked(replica, number, view)
    return replica


def leading(replica: Replica, number: int, began: float, now: float) -> Replica:
    """After a lease was taken, and looked at again."""
    held = evolve(MINE, version=f"{number}")
    replica = outcomes.begun(replica, number, Take(held), began)
    replica = outcomes.wrote(replica, number, held, began, now)
    return outcomes.looked(replica, number, View(now, now, {number: held}, {}))


# --- The division ---


def test_the_shard_is_the_hash_of_the_name() -> None:
    digest = hashlib.sha256(b"plant").digest()
    assert shard_of("plant", 64) == int.from_bytes(digest[:8], "big") % 64
    assert [shard_of("plant", count) for count in (1, 2, 3, 4)] == [0, 1, 1, 1]


def test_namespaces_are_spread_evenly() -> None:
    spread = Counter(shard_of(f"site-{number}", 4) for number in range(4000))
    assert all(900 < count < 1100 for count in spread.values())


@pytest.mark.parametrize(
    ("lease", "place"),
    [
        ("stoker-0-of-2", (0, 2)),
        ("stoker-63-of-64", (63, 64)),
        ("stoker", None),
        ("stoker-webhook", None),
        ("stoker-a-of-2", None),
        ("stoker-1-of", None),
        ("stoker-1-of-2-of-3", None),
        ("other-0-of-2", None),
        ("stoker-webhook-0-of-2", None),
        ("stoker-٣-of-4", None),
    ],
)
def test_a_lease_tells_by_its_name_whose_it_is(lease: str, place: tuple[int, int] | None) -> None:
    assert place_of(lease, "stoker") == place
    if place is not None:
        assert lease_name("stoker", *place) == lease


# --- Taking ---


def test_everything_is_looked_at_first() -> None:
    assert [move(NEW, number, 100.0) for number in range(4)] == [Look()] * 4


def test_of_what_nobody_has_the_preferred_one_is_taken_first() -> None:
    seen = seeing(NEW, 100.0)
    first = min(range(4), key=lambda number: preference(ME, number))
    assert move(seen, first, 100.0) == Take(Record(ME, 15, 0, ""))
    others = [move(seen, number, 100.0) for number in range(4) if number != first]
    assert others == [Rest(0.5)] * 3


def test_the_more_one_has_the_longer_others_may_take_it_before() -> None:
    seen = leading(seeing(NEW, 100.0), 0, 100.0, 100.1)
    free = min(range(1, 4), key=lambda number: preference(ME, number))
    rest = move(seen, free, 100.1)
    assert isinstance(rest, Rest)
    assert rest.seconds == pytest.approx(1.9)
    again = seeing(seen, 102.0, evolve(MINE, version="0"))
    assert isinstance(move(again, free, 102.0), Take)


def test_who_has_taken_one_does_not_lead_before_it_has_looked_again() -> None:
    seen = seeing(NEW, 100.0)
    taking = outcomes.begun(seen, 0, Take(MINE), 100.0)
    assert taking.load == 1
    taken = outcomes.wrote(taking, 0, MINE, 100.0, 100.1)
    assert not taken.leads(0, 100.1)
    assert move(taken, 0, 100.1) == Look()
    assert not View(100.0, 100.05, {}, {}).answers(taken.shards[0], 100.1, 2.0)
    view = View(100.1, 100.2, {0: MINE}, {})
    assert view.answers(taken.shards[0], 100.2, 2.0)
    confirmed = outcomes.looked(taken, 0, view)
    assert confirmed.leads(0, 100.2)
    assert isinstance(move(confirmed, 0, 101.9), Rest)
    assert move(confirmed, 0, 102.0) == Write(MINE)
    assert not confirmed.leads(0, 110.0)


def test_who_meets_a_rival_then_gives_it_back() -> None:
    taken = outcomes.begun(seeing(NEW, 100.0), 0, Take(MINE), 100.0)
    taken = outcomes.wrote(taken, 0, MINE, 100.0, 100.1)
    rivals = {"stoker-0-of-2": HELD}
    met = outcomes.looked(taken, 0, View(100.1, 100.2, {0: MINE}, rivals))
    assert not met.leads(0, 100.2)
    assert move(met, 0, 100.2) == Cede(Record("", 1, 4, "8"))
    back = outcomes.ceded(met, 0, Record("", 1, 4, "9"), 100.3)
    assert isinstance(move(back, 0, 101.0), Rest)


def test_nothing_is_taken_while_a_rival_lives() -> None:
    seen = seeing(NEW, 100.0, **{"stoker-0-of-2": HELD})
    assert all(isinstance(move(seen, number, 114.9), Rest) for number in range(4))
    assert any(isinstance(move(seen, number, 115.6), Take) for number in range(4))


def test_one_without_shards_is_waited_for_a_little_after_it_released() -> None:
    seen = seeing(NEW, 100.0, alone=HELD)
    assert all(isinstance(move(seen, number, 115.1), Rest) for number in range(4))
    seen = seeing(seen, 116.0, alone=Record("", 1, 3, "8"))
    assert all(isinstance(move(seen, number, 119.9), Rest) for number in range(4))
    assert any(isinstance(move(seen, number, 120.5), Take) for number in range(4))


def test_a_lease_of_ours_that_was_not_certain_for_a_while_is_taken_anew() -> None:
    """Seen to fail when such a renewal counted as any other."""
    led = leading(seeing(NEW, 100.0), 0, 100.0, 100.1)
    assert isinstance(move(led, 0, 111.0), Take)
    late = outcomes.wrote(led, 0, evolve(MINE, version="9"), 109.9, 110.1)
    assert not late.leads(0, 110.1)
    assert move(late, 0, 110.1) == Look()


def test_one_that_was_not_certain_for_a_while_is_given_back_where_a_rival_lives() -> None:
    led = leading(seeing(NEW, 100.0), 0, 100.0, 100.1)
    view = View(110.9, 111.0, {0: evolve(MINE, version="0")}, {"x-0-of-2": HELD})
    assert move(outcomes.looked(led, 0, view), 0, 111.0) == Cede(Record("", 1, 4, "0"))


# --- Balance ---


def two_for_other(wish: str = "") -> Replica:
    held = [evolve(HELD, version=str(number), wanted_by=wish) for number in range(4)]
    return seeing(NEW, 100.0, *held)


def test_who_has_two_less_wishes_for_one() -> None:
    wishes = [move(two_for_other(), number, 100.0) for number in range(4)]
    (wish,) = [one for one in wishes if isinstance(one, Wish)]
    assert wish.record == evolve(HELD, version=wish.record.version, wanted_by=ME,
                                 renewal=wish.record.version)  # fmt: skip
    assert [type(one) for one in wishes].count(Rest) == 3


def test_a_wish_is_no_renewal() -> None:
    """Seen to fail when the version told of it."""
    seen = two_for_other()
    wished = evolve(HELD, version="20", renewal="2", wanted_by=ME)
    known = outcomes.wished(seen, 2, wished, 103.0)
    assert known.shards[2].standing.seen == 100.0
    assert isinstance(move(known, 2, 103.0), Rest)
    again = outcomes.looked(known, 2, View(104.0, 104.1, {2: wished}, {}))
    assert again.shards[2].standing.seen == 100.0
    renewed = outcomes.looked(again, 2, View(105.0, 105.1, {2: evolve(HELD, version="21")}, {}))
    assert renewed.shards[2].standing.seen == 105.1


def test_one_wish_at_a_time_and_none_for_what_is_as_even_as_can_be() -> None:
    assert not any(isinstance(move(two_for_other(ME), one, 100.0), Wish) for one in range(4))
    open_ = seeing(NEW, 100.0, evolve(HELD, wanted_by=ME), HELD, HELD, HELD)
    assert not any(isinstance(move(open_, one, 100.0), Wish) for one in range(4))
    seen = leading(seeing(NEW, 100.0), 0, 100.0, 100.1)
    ours = evolve(MINE, version="0")
    even = seeing(seen, 101.0, ours, HELD, HELD, evolve(HELD, holder=THIRD))
    assert not any(isinstance(move(even, number, 101.0), Wish) for number in range(1, 4))
    uneven = seeing(seen, 101.0, ours, HELD, HELD, HELD)
    assert any(isinstance(move(uneven, number, 101.0), Wish) for number in range(1, 4))


def holding(count: int, wisher_has: int) -> Replica:
    replica = seeing(NEW, 100.0)
    for number in range(count):
        replica = leading(replica, number, 100.0, 100.1)
    wished = evolve(MINE, version="9", renewal="0", wanted_by=OTHER)
    view = {0: wished} | {number: evolve(MINE, version=f"{number}") for number in range(1, count)}
    view |= dict.fromkeys(range(count, count + wisher_has), HELD)
    for number in range(4):
        replica = outcomes.looked(replica, number, View(101.9, 102.0, view, {}))
    return replica


def test_a_wish_is_granted_by_who_has_two_more_and_struck_out_by_others() -> None:
    asked = holding(2, 0)
    ceding = move(asked, 0, 102.1)
    assert ceding == Cede(Record("", 1, 4, "9", wanted_by=OTHER))
    assert move(holding(2, 1), 0, 102.1) == Write(evolve(MINE, version="9"))
    assert move(holding(1, 0), 0, 102.1) == Write(evolve(MINE, version="9"))
    assert asked.load_of(ME, 102.1) == asked.load == 2
    ceded = outcomes.begun(asked, 0, ceding, 102.1)
    assert not ceded.leads(0, 102.1)
    assert (ceded.leads(1, 102.1), ceded.load) == (True, 1)


def test_what_was_ceded_is_left_to_whom_it_is_meant_for() -> None:
    asked = holding(2, 0)
    ceding = move(asked, 0, 102.1)
    released = Record("", 1, 4, "10", wanted_by=OTHER)
    ceded = outcomes.ceded(outcomes.begun(asked, 0, ceding, 102.1), 0, released, 102.2)
    assert ceded.load_of(OTHER, 102.2) == 1
    assert ceded.shards[0].not_taken_before == pytest.approx(108.1)
    heir = seeing(Replica.of(OTHER, TERMS, 4), 102.3, released, MINE, HELD, HELD)
    assert isinstance(move(heir, 0, 102.3), Take)
    third = seeing(Replica.of(THIRD, TERMS, 4), 102.3, released, MINE, HELD, HELD)
    assert isinstance(move(third, 0, 106.2), Rest)
    assert isinstance(move(third, 0, 106.4), Take)


def test_answers_that_are_lost_and_conflicts_are_looked_into() -> None:
    taking = outcomes.begun(seeing(NEW, 100.0), 0, Take(MINE), 100.0)
    for after in (outcomes.failed(taking, 0, 101.0), outcomes.refused(taking, 0, 101.0)):
        assert after.load == 0
        assert isinstance(move(after, 0, 101.1), Rest)
        assert move(after, 0, 103.0) == Look()
        assert not after.leads(0, 101.0)


def test_a_rest_costs_no_look_at_what_is_ours() -> None:
    led = leading(seeing(NEW, 100.0), 0, 100.0, 100.1)
    assert move(outcomes.rested(led, 0), 0, 102.0) == Write(evolve(MINE, version="0"))
    assert move(outcomes.rested(two_for_other(), 0), 0, 102.0) == Look()


def test_a_lease_that_ran_out_is_valid_for_nothing() -> None:
    standing = leadership.looked(NEW.shards[0].standing, HELD, 100.0)
    assert leadership.valid_for(standing, 114.0) == 1.0
    assert leadership.valid_for(standing, 116.0) < 0
