"""What a replica does next for one shard, as a pure function.

**Who takes what.** A lease that nobody has may be taken after a wait that grows with what one has:
so replicas that start together get one each, and a dead one's shards go to who has least. Each has
an order of its own in which it would have them, so that they seldom want the same one.

**Balance.** Who sees another with at least two shards more than itself writes its wish onto one of
that one's leases. The holder finds it when its renewal is refused, and cedes the lease if it is of
the same opinion about who has how many: it stops leading, and then releases the lease for whom it
is meant. Any renewal strikes the wish out. Each move of a shard makes the loads more even, and
where they differ by one at most nobody wishes anything.

**Rivals.** Nothing is taken while a rival is seen to lead. Two that take leases of two divisions at
once do not see each other then, for no lease is in the way of both. So whoever has taken one looks
again before it leads, and one of the two looks, at the least, shows the other's lease; who finds
one gives its own back. To have led continuously counts as having looked. A rival without shards
never looks for us; so as to see it take over from another of its kind, it is waited for a little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import evolve, frozen

from stoker.core.leadership import Look, Record, Rest, Write, released, valid_for
from stoker.core.sharding.division import preference
from stoker.core.sharding.replica import ALONE, Replica, Shard

__all__ = ["Cede", "Look", "Move", "Rest", "Take", "Wish", "Write", "move"]

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_PATIENCE: Final = 4
"""For how many retry periods one leaves a lease to others, however many one has."""
SETTLING: Final = 2
"""For how many retry periods it is seen whether another takes over a lease without shards."""

_GIVING_WAY: Final = 2
_SOON: Final = 0.25
_UNEVEN: Final = 2


@frozen
class Take:
    """Make the lease ours, by this record."""

    record: Record


@frozen
class Wish:
    """Write onto another's lease that we want it; this is no renewal."""

    record: Record


@frozen
class Cede:
    """Lead it no more, and after that release it by this record."""

    record: Record


Move: TypeAlias = Rest | Look | Write | Take | Wish | Cede


def move(replica: Replica, number: int, now: float) -> Move:
    """What to do next for a shard."""
    shard = replica.shards[number]
    standing, record = shard.standing, shard.record
    if now < standing.not_before:
        return Rest(standing.not_before - now)
    if not standing.is_known:
        return Look()
    if record is not None and record.holder == replica.identity:
        return _of_ours(replica, number, record, now)
    if record is not None and (left := valid_for(standing, now)) > 0:
        return _of_another(replica, number, record, now, left)
    return _of_nobody(replica, number, record, now)


def _of_another(replica: Replica, number: int, record: Record, now: float, left: float) -> Move:
    if number == _wanted(replica, now):
        renewal = record.renewal or record.version
        return Wish(evolve(record, renewal=renewal, wanted_by=replica.identity))
    return Rest(min(left, _until_look(replica, replica.shards[number], now)))


def _of_nobody(replica: Replica, number: int, record: Record | None, now: float) -> Move:
    if (wait := _wait(replica, number, now)) > 0:
        return Rest(min(wait, _until_look(replica, replica.shards[number], now)))
    if record is None:
        return Take(Record(replica.identity, replica.terms.seconds, 0, ""))
    return Take(evolve(_ours(replica, record), transitions=record.transitions + 1))


def _of_ours(replica: Replica, number: int, record: Record, now: float) -> Move:
    shard = replica.shards[number]
    if shard.is_ceding:
        return Cede(released(_plain(record)))
    if not replica.leads(number, now):
        # Nobody has taken it, but a rival may have begun while it was not certain to be ours.
        if any(replica.live_rivals(now)):
            return Cede(released(_plain(record)))
        return Take(_ours(replica, record))
    wish = record.wanted_by
    if wish and replica.load - replica.load_of(wish, now) >= _UNEVEN:
        return Cede(evolve(released(_plain(record)), wanted_by=wish))
    return Write(_ours(replica, record))


def _ours(replica: Replica, record: Record) -> Record:
    return evolve(_plain(record), holder=replica.identity, duration=replica.terms.seconds)


def _plain(record: Record) -> Record:
    """Without a wish."""
    return evolve(record, renewal="", wanted_by="")


def _until_look(replica: Replica, shard: Shard, now: float) -> float:
    """How long to rest; all shards that were seen by one look are looked at by one again."""
    retry = replica.terms.retry
    is_due_soon = shard.wanted_by == replica.identity
    due = shard.looked + (retry / 2 if is_due_soon else retry)
    return min(retry, max(due - now, retry * _SOON))


# --- Taking ---


def _wait(replica: Replica, number: int, now: float) -> float:
    """How long a lease that nobody has is left to others."""
    shard = replica.shards[number]
    due = max(shard.free_since() + _delay(replica, number, now), shard.not_taken_before)
    return max(due, *_obstacles(replica, now), now) - now


def _delay(replica: Replica, number: int, now: float) -> float:
    shard, retry = replica.shards[number], replica.terms.retry
    if shard.wanted_by == replica.identity and not shard.holder:
        return 0.0
    delay = retry * min(replica.load, MOST_PATIENCE)
    if replica.is_reserved(shard, now):
        delay += retry * _GIVING_WAY
    free = (each for each, one in enumerate(replica.shards) if replica.is_free(one, now))
    is_first = number == min(free, key=lambda one: preference(replica.identity, one))
    return delay if is_first else delay + retry * _SOON


def _obstacles(replica: Replica, now: float) -> Iterator[float]:
    """Until when rivals keep us from taking anything."""
    for key, rival in replica.rivals.items():
        left = valid_for(rival, now)
        if key == ALONE:
            end = rival.seen + max(0.0, valid_for(rival, rival.seen))
            yield end + SETTLING * replica.terms.retry
        elif left > 0:
            yield now + left
    yield now


# --- Wishing ---


def _wanted(replica: Replica, now: float) -> int | None:
    """The shard to ask for; None: there is nothing to wish for, or a wish is open."""
    if now < replica.no_wish_before or any(replica.live_rivals(now)):
        return None
    mine, loads = replica.load, dict[str, int]()
    for shard in replica.shards:
        if replica.has(shard) or shard.is_ceding:
            continue
        is_stale = now - shard.looked > 2 * replica.terms.retry
        if is_stale or not shard.is_live(now) or shard.wanted_by == replica.identity:
            return None
        loads[shard.holder] = loads.get(shard.holder, 0) + 1
    candidates = [
        number
        for number, shard in enumerate(replica.shards)
        if loads.get(shard.holder, 0) - mine >= _UNEVEN and not shard.wanted_by
    ]
    order = [(preference(replica.identity, number), number) for number in candidates]
    return min(order)[1] if order else None
