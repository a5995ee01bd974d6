"""Shards: never two who lead one, always somebody soon, and everybody the same number of them.

These are the histories that matter most, each drawn many times; `machines/test_shard_machine.py`
draws histories of every kind. `shard_world` looks at every event whether two lead one namespace.

Seen to fail: without the look that follows on taking a lease, without regard for rivals before, or
for one without shards that has just left; with a wish that looks like a renewal, one that is never
granted or granted by who has one more, a released lease that is kept for nobody, and a wait
without a limit.
"""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from property.machines.shard_world import World
from stoker.core.leadership import Terms

TERMS = (Terms(), Terms(duration=15, renew_deadline=14.9, retry=2), Terms(6, 5, 1))
terms = st.sampled_from(TERMS)
seeds = st.integers(0, 2**32)
counts = st.sampled_from([2, 3, 4, 8])
fractions = st.floats(0, 1)
often = settings(max_examples=20)


def world(seed: int, terms: Terms) -> World:
    return World(Random(seed), terms)  # noqa: S311 - the dice of a model


def fleet(seed: int, terms: Terms, replicas: int, count: int) -> World:
    """Replicas that started together a good while ago."""
    made = world(seed, terms)
    for _ in range(replicas):
        made.add(count, made.random.uniform(0.95, 1.05), after=made.random.uniform(0, 1))
    made.run((4 * count + 8) * terms.retry)
    made.settled(count)
    return made


def is_quiet(made: World) -> bool:
    """Whether for a while nobody begins to lead, or ceases to."""
    before = made.changes
    made.run(made.time + 10 * made.terms.retry)
    return made.changes == before


# --- Who has what ---


@often
@given(seeds, terms, st.integers(1, 6), counts)
def test_those_that_start_together_have_the_same_number_each_and_keep_it(
    seed: int, terms: Terms, replicas: int, count: int
) -> None:
    made = world(seed, terms)
    for _ in range(replicas):
        made.add(count, after=made.random.uniform(0, 1))
    made.run((count + 6) * terms.retry)
    made.settled(count)
    assert is_quiet(made)


@often
@given(seeds, terms)
def test_one_that_is_alone_has_all_of_many_shards_soon(seed: int, terms: Terms) -> None:
    made = world(seed, terms)
    made.add(32)
    made.run(7 * terms.retry)
    assert made.loads() == [32]


@often
@given(seeds, terms, st.integers(2, 4), counts)
def test_those_that_come_later_get_their_share_one_by_one(
    seed: int, terms: Terms, replicas: int, count: int
) -> None:
    made = fleet(seed, terms, 1, count)
    for _ in range(replicas - 1):
        made.add(count, after=made.random.uniform(0, 5))
    gaps = 0
    for _ in range(20 * (4 * count + 8)):
        made.run(made.time + terms.retry / 20)
        missing = count - len(made.led())
        assert missing < replicas
        gaps = gaps + 1 if missing else 0
        assert gaps <= 2 * 20  # two retry periods
    made.settled(count)
    assert is_quiet(made)


@often
@given(seeds, terms, st.integers(2, 3))
def test_a_share_that_is_handed_over_in_a_storm_is_led_by_one_at_a_time(
    seed: int, terms: Terms, replicas: int
) -> None:
    """An answer that is lost leaves whoever ceded without the knowledge that it has."""
    made = fleet(seed, terms, 1, 8)
    for _ in range(replicas - 1):
        made.add(8)
    made.run(made.time + terms.retry)
    made.stormy = True
    made.run(made.time + 12 * terms.retry)


# --- Who goes ---


@often
@given(seeds, terms, st.integers(2, 4), counts, fractions)
def test_the_shards_of_one_that_dies_are_taken_soon(
    seed: int, terms: Terms, replicas: int, count: int, moment: float
) -> None:
    made = fleet(seed, terms, replicas, count)
    made.run(made.time + moment * terms.retry)
    made.random.choice(made.alive()).dead = True
    made.run(made.time + (terms.duration + 6 * terms.retry) / 0.95)
    assert len(made.led()) == count, made.who()
    made.run(made.time + 4 * count * terms.retry)
    made.settled(count)


@often
@given(seeds, terms, st.integers(2, 4), counts, fractions)
def test_the_shards_of_one_that_leaves_do_not_wait_for_their_leases_to_end(
    seed: int, terms: Terms, replicas: int, count: int, moment: float
) -> None:
    made = fleet(seed, terms, replicas, count)
    made.run(made.time + moment * terms.retry)
    made.leave(made.random.choice(made.alive()), in_flight=False)
    made.run(made.time + 6 * terms.retry / 0.95)
    assert len(made.led()) == count, made.who()


@often
@given(seeds, terms, counts, fractions)
def test_one_that_dies_while_it_is_wished_for_is_followed_no_later(
    seed: int, terms: Terms, count: int, moment: float
) -> None:
    """A wish does not look like a renewal."""
    made = fleet(seed, terms, 1, count)
    made.add(count)
    made.run(made.time + moment * 3 * terms.retry)
    made.alive()[0].dead = True
    made.run(made.time + (terms.duration + 6 * terms.retry) / 0.95)
    assert made.loads() == [count]


@often
@given(seeds, terms, counts, st.floats(0, 40))
def test_one_that_is_cut_off_or_stopped_leads_nothing_that_others_lead(
    seed: int, terms: Terms, count: int, seconds: float
) -> None:
    made = fleet(seed, terms, 2, count)
    one = made.random.choice(made.alive())
    if made.random.random() < 0.5:
        one.stopped_until = made.time + seconds
    else:
        one.cut_until = made.time + seconds
    made.run(made.time + seconds + terms.duration + (6 + 4 * count) * terms.retry)
    made.settled(count)


# --- Another number of shards ---


@often
@given(seeds, terms, counts, counts, st.integers(1, 3))
def test_two_divisions_that_start_at_once_do_not_both_lead(
    seed: int, terms: Terms, one: int, other: int, replicas: int
) -> None:
    """No lease is in the way of both; the look after a lease was taken is."""
    made = world(seed, terms)
    for _ in range(replicas):
        made.add(one)
        made.add(other)
    made.run(20 * terms.retry + terms.duration)
    assert len({count for _, count in made.led()}) == 1


@often
@given(seeds, terms, counts, counts)
def test_while_one_division_leads_another_writes_nothing(
    seed: int, terms: Terms, one: int, other: int
) -> None:
    made = fleet(seed, terms, 2, one)
    if one == other:
        return
    late = made.add(other)
    made.run(made.time + 3 * terms.duration)
    assert not any(name.endswith(f"-of-{other}") for name in made.server.records)
    assert len(made.led()) == one
    for each in made.alive():
        if each is not late:
            made.leave(each, in_flight=False)
    made.run(made.time + 8 * terms.retry)
    assert made.loads() == [other]


@often
@given(seeds, terms, counts, counts, st.floats(0.9, 3))
def test_one_that_wakes_up_in_another_division_leads_nothing(
    seed: int, terms: Terms, one: int, other: int, times: float
) -> None:
    """Its leases are still in its name, for nobody wanted them."""
    made = fleet(seed, terms, 1, one)
    made.alive()[0].stopped_until = made.time + times * terms.duration
    made.add(other)
    made.run(made.time + 4 * terms.duration)
    assert len({count for _, count in made.led()}) == 1


@often
@given(seeds, terms, st.integers(1, 3), counts, fractions)
def test_from_no_shards_to_some_nobody_leads_beside_the_old_ones(
    seed: int, terms: Terms, singles: int, count: int, moment: float
) -> None:
    """As a rolling update has it, with all well: those without shards do not look for others."""
    made = world(seed, terms)
    old = [made.add_single() for _ in range(singles)]
    made.run((3 + moment) * terms.retry)
    made.add(count)
    made.add(count)
    made.run(made.time + (5 + moment) * terms.retry)
    assert made.led() == [(0, 1)]
    for single in old:
        made.leave_alone(single)
        made.run(made.time + made.random.uniform(0, 4 * terms.retry))
    made.run(made.time + (8 + count) * terms.retry + terms.duration)
    made.settled(count)
