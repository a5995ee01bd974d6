"""What a replica knows after a move, as pure functions."""

from __future__ import annotations

from typing import Final

from attrs import evolve

from stoker.core import leadership
from stoker.core.leadership import Record, Standing
from stoker.core.sharding.moves import Cede, Move, Take
from stoker.core.sharding.replica import RESERVED, Replica, Shard, View

_WISHES: Final = 2
"""Retry periods from one wish to the next."""
_COLLIDED: Final = (1, 3)
"""Retry periods that who has more shards than its rival waits after they met, and who has fewer."""


def begun(replica: Replica, number: int, move: Move, now: float) -> Replica:
    """Before a move is made."""
    shard = replica.shards[number]
    match move:
        case Take():
            return replica.with_(number, evolve(shard, is_taking=True, is_confirmed=False))
        case Cede():
            return replica.with_(number, _ceding(shard, now + RESERVED * replica.terms.retry))
    return replica


def _ceding(shard: Shard, not_taken_before: float) -> Shard:
    return evolve(
        shard,
        standing=leadership.resigned(shard.standing),
        is_confirmed=False,
        is_ceding=True,
        not_taken_before=max(shard.not_taken_before, not_taken_before),
    )


def rested(replica: Replica, number: int) -> Replica:
    """After a rest."""
    shard = replica.shards[number]
    return replica.with_(number, evolve(shard, standing=leadership.rested(shard.standing)))


def looked(replica: Replica, number: int, view: View) -> Replica:
    """After a look, be it that of another shard."""
    replica = _saw(replica, view)
    shard = replica.shards[number]
    record = view.shards.get(number)
    shard = evolve(
        shard,
        standing=leadership.looked(shard.standing, record, view.at),
        absent_since=min(shard.absent_since, view.at) if record is None else float("inf"),
        looked=view.at,
    )
    if record is None or record.holder != replica.identity:
        shard = evolve(shard, is_confirmed=False, is_ceding=False)
    elif shard.standing.renewed is not None and not (shard.is_confirmed or shard.is_ceding):
        shard = _confirmed(replica, shard, view)
    return replica.with_(number, shard)


def _confirmed(replica: Replica, shard: Shard, view: View) -> Shard:
    """After the look that follows on taking it."""
    retry, renewed = replica.terms.retry, shard.standing.renewed
    if not any(replica.live_rivals(view.at)):
        due = view.at if renewed is None else renewed + retry
        return evolve(shard, is_confirmed=True, standing=evolve(shard.standing, not_before=due))
    is_larger = len(replica.shards) > max(map(_count_of, replica.live_rivals(view.at)))
    return _ceding(shard, view.at + retry * _COLLIDED[not is_larger])


def _count_of(rival: str) -> int:
    """How many shards a rival has; what cannot be told counts as more than we have."""
    count = rival.rpartition("-of-")[2]
    return int(count) if count.isdecimal() else 1


def _saw(replica: Replica, view: View) -> Replica:
    if view.at <= replica.seen:
        return replica
    rivals = {}
    for key, record in view.rivals.items():
        known = replica.rivals.get(key) or Standing("", replica.terms)
        rivals[key] = leadership.looked(known, record, view.at)
    return evolve(replica, rivals=rivals, seen=view.at)


def wrote(replica: Replica, number: int, record: Record, began: float, now: float) -> Replica:
    """After a lease was taken or renewed; `record` has its new version."""
    shard = replica.shards[number]
    # Only who was certain to lead when the answer came is certain that nobody led in between.
    is_confirmed = replica.leads(number, now)
    standing = leadership.wrote(shard.standing, record, began, now)
    if not is_confirmed:
        standing = evolve(standing, is_known=False, not_before=now)
    return replica.with_(
        number,
        evolve(shard, standing=standing, is_confirmed=is_confirmed, is_taking=False, asked=now),
    )


def wished(replica: Replica, number: int, record: Record, now: float) -> Replica:
    """After a wish was written; `record` has its new version."""
    shard = replica.shards[number]
    standing = leadership.looked(shard.standing, record, now)
    known = replica.with_(number, evolve(shard, standing=standing, asked=now))
    return evolve(known, no_wish_before=now + _WISHES * replica.terms.retry)


def ceded(replica: Replica, number: int, record: Record, now: float) -> Replica:
    """After it was released; `record` has its new version."""
    shard = replica.shards[number]
    standing = leadership.looked(shard.standing, record, now)
    return replica.with_(number, evolve(shard, standing=standing, is_ceding=False, asked=now))


def refused(replica: Replica, number: int, now: float) -> Replica:
    """After a write that came too late."""
    shard = replica.shards[number]
    standing = leadership.refused(shard.standing, now)
    return replica.with_(number, evolve(shard, standing=standing, is_taking=False, asked=now))


def failed(replica: Replica, number: int, now: float) -> Replica:
    """After a request of which it is not known what it did."""
    shard = replica.shards[number]
    standing = leadership.failed(shard.standing, now)
    return replica.with_(number, evolve(shard, standing=standing, is_taking=False, asked=now))
