"""What one replica knows of the leases of all shards, and of those of other divisions.

Of each shard it is a standing (`core.leadership`) and a little more. A division into another number
of shards, or into none, is a rival: who leads in it leads namespaces of ours too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from attrs import evolve, field, frozen

from stoker.core.leadership import Record, Standing, Terms, valid_for

if TYPE_CHECKING:
    from collections.abc import Iterator

RESERVED: Final = 3
"""For how many retry periods a lease that was ceded is left to whom it was ceded to."""

ALONE: Final = ""
"""The key of the rival that has no shards."""


@frozen
class View:
    """What a look brought: the leases as they were at some time from `begun` to `at`."""

    begun: float
    at: float
    shards: Mapping[int, Record]
    rivals: Mapping[str, Record]
    """Those of other divisions, by whatever tells them apart; `ALONE`: the one without shards."""

    def answers(self, shard: Shard, now: float, retry: float) -> bool:
        """Whether this can be taken for the look of a shard, instead of another one."""
        return self.begun >= shard.asked and now - self.at < retry / 2


@frozen
class Shard:
    """One shard, as a replica knows it."""

    standing: Standing
    is_confirmed: bool = False
    """Whether no rival was seen since we took it; only then do we lead."""
    is_taking: bool = False
    """Whether a write is under way that makes it ours."""
    is_ceding: bool = False
    """Whether it is to be given away, or back."""
    not_taken_before: float = -math.inf
    absent_since: float = math.inf
    """Since when there is no lease."""
    looked: float = -math.inf
    """As of when it is known."""
    asked: float = -math.inf
    """When the last write was over: an older look tells nothing."""

    @property
    def record(self) -> Record | None:
        """What its lease says."""
        return self.standing.record

    @property
    def holder(self) -> str:
        """Who holds it by its record, whether that is still valid or not."""
        return self.record.holder if self.record else ""

    @property
    def wanted_by(self) -> str:
        """Who asked for it."""
        return self.record.wanted_by if self.record else ""

    def is_live(self, now: float) -> bool:
        """Whether somebody's record of it is valid."""
        return valid_for(self.standing, now) > 0

    def free_since(self) -> float:
        """Since when nobody has it, or when that will be so if nobody renews."""
        if self.record is None:
            return self.absent_since
        return self.standing.seen + (valid_for(self.standing, self.standing.seen))


@frozen
class Replica:
    """Everything that one replica knows."""

    identity: str
    terms: Terms
    shards: tuple[Shard, ...]
    rivals: Mapping[str, Standing] = field(factory=dict)
    seen: float = -math.inf
    """As of when the rivals are known."""
    no_wish_before: float = -math.inf

    @classmethod
    def of(cls, identity: str, terms: Terms, count: int) -> Replica:
        """One that knows nothing yet."""
        return cls(identity, terms, (Shard(Standing(identity, terms)),) * count)

    def with_(self, number: int, shard: Shard) -> Replica:
        """The same with another knowledge of one shard."""
        return evolve(self, shards=(*self.shards[:number], shard, *self.shards[number + 1 :]))

    def leads(self, number: int, now: float) -> bool:
        """Whether a write may be made in the name of the leader of a shard."""
        shard = self.shards[number]
        return shard.is_confirmed and not shard.is_ceding and shard.standing.leads(now)

    def has(self, shard: Shard) -> bool:
        """Whether we have it, or are about to."""
        return shard.is_taking or (shard.holder == self.identity and not shard.is_ceding)

    def is_free(self, shard: Shard, now: float) -> bool:
        """Whether nobody has it."""
        return not self.has(shard) and not shard.is_ceding and not shard.is_live(now)

    @property
    def load(self) -> int:
        """How many shards we have."""
        return sum(map(self.has, self.shards))

    def load_of(self, holder: str, now: float) -> int:
        """How many shards somebody else has, with those that are ceded to it."""
        if holder == self.identity:
            return self.load
        return sum(
            (shard.holder == holder and shard.is_live(now))
            or (shard.wanted_by == holder and self.is_reserved(shard, now))
            for shard in self.shards
        )

    def is_reserved(self, shard: Shard, now: float) -> bool:
        """Whether it was released for whom it says."""
        is_ceded = not shard.holder and bool(shard.wanted_by)
        return is_ceded and now - shard.standing.seen < RESERVED * self.terms.retry

    def live_rivals(self, now: float) -> Iterator[str]:
        """The rivals whose leases are valid."""
        return (key for key, one in self.rivals.items() if valid_for(one, now) > 0)
