"""Shards through the life of a fleet: whatever happens, nobody leads what another leads.

Replicas start, die, leave and are stopped for a while; packets are late or lost, the API server is
away; the number of shards is changed while all go on. At every event of the model it is looked who
leads what (`shard_world`). In the end all is well for long enough, and those that are of the last
number of shards lead all of them, each as many as the others but for one, and go on so.

Seen to fail: without the look that follows on taking a lease, with a renewal that counts as one
though its holder had not been certain, and with a wait that a renewal does not begin anew.
"""

from __future__ import annotations

from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from property.machines.shard_world import World
from stoker.core.leadership import Terms

TERMS = (Terms(), Terms(duration=15, renew_deadline=14.9, retry=2), Terms(6, 5, 1))
COUNTS = st.sampled_from([2, 3, 4, 6])
RATES = st.floats(0.95, 1.05)
MOST = 5
"""Replicas at a time."""


class ShardMachine(RuleBasedStateMachine):
    """A fleet of replicas, and their leases."""

    @initialize(seed=st.integers(0, 2**32), terms=st.sampled_from(TERMS), count=COUNTS)
    def begin(self, seed: int, terms: Terms, count: int) -> None:
        self.world = World(Random(seed), terms)  # noqa: S311 - the dice of a model
        self.count = count
        self.world.add(count)

    def pick(self, number: int) -> int:
        return number % len(self.world.alive())

    @precondition(lambda self: len(self.world.alive()) < MOST)
    @rule(rate=RATES, after=st.floats(0, 5))
    def start(self, rate: float, after: float) -> None:
        self.world.add(self.count, rate, after)

    @precondition(lambda self: len(self.world.alive()) > 1)
    @rule(number=st.integers(0, MOST))
    def die(self, number: int) -> None:
        self.world.alive()[self.pick(number)].dead = True

    @precondition(lambda self: len(self.world.alive()) > 1)
    @rule(number=st.integers(0, MOST))
    def leave(self, number: int) -> None:
        self.world.leave(self.world.alive()[self.pick(number)])

    @rule(number=st.integers(0, MOST), seconds=st.floats(0, 60))
    def stop(self, number: int, seconds: float) -> None:
        process = self.world.alive()[self.pick(number)]
        process.stopped_until = self.world.time + seconds

    @precondition(lambda self: len(self.world.alive()) < MOST)
    @rule(count=COUNTS, times=st.floats(0.9, 3))
    def sleep(self, count: int, times: float) -> None:
        """All are stopped for a while, and wake up in another division."""
        self.count = count
        seconds = times * self.world.terms.duration
        for one in self.world.alive():
            one.stopped_until = self.world.time + seconds
        self.world.add(count)
        self.world.run(self.world.time + seconds + 1)

    @rule(count=COUNTS, other=COUNTS)
    def begin_anew(self, count: int, other: int) -> None:
        """All leave, and two divisions start at once."""
        for one in self.world.alive():
            self.world.leave(one)
        self.count = count
        self.world.add(count)
        self.world.add(other)

    @rule(number=st.integers(0, MOST), seconds=st.floats(0, 60))
    def cut(self, number: int, seconds: float) -> None:
        """The API server is away for one of them."""
        process = self.world.alive()[self.pick(number)]
        process.cut_until = self.world.time + seconds

    @rule(count=COUNTS)
    def divide(self, count: int) -> None:
        """Into another number of shards, from the next start on."""
        self.count = count

    @rule(stormy=st.booleans())
    def turn(self, stormy: bool) -> None:  # noqa: FBT001 - what Hypothesis draws
        self.world.stormy = stormy

    @rule(seconds=st.floats(0, 40))
    def part(self, seconds: float) -> None:
        """The API server is away."""
        self.world.away_until = self.world.time + seconds

    @rule(seconds=st.floats(0, 1))
    def soon(self, seconds: float) -> None:
        self.world.run(self.world.time + seconds)

    @rule(seconds=st.floats(0, 40))
    def later(self, seconds: float) -> None:
        self.world.run(self.world.time + seconds)

    def teardown(self) -> None:
        world = self.world
        world.stormy, world.away_until = False, world.time
        for one in world.alive():
            if one.count != self.count:
                world.leave(one)
        world.add(self.count)
        # What is late has an end: threads, stopped processes, packets.
        terms = world.terms
        world.run(world.time + max(60.0, 5 * terms.duration))
        world.run(world.time + terms.duration + (6 + 4 * self.count) * terms.retry)
        world.settled(self.count)
        before = world.changes
        world.run(world.time + 10 * terms.retry)
        assert world.changes == before


ShardMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestShards = ShardMachine.TestCase
