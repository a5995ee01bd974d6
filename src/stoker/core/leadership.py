"""Who leads: the decisions of leader election over a lease, as pure functions.

A lease is a record that says who holds it and for how long after each renewal. The times in it are
for people. What counts is when *we* saw it change, on our own monotonic clock: a record that stays
the same for as long as it is valid has been given up by its holder.

Writes name the version that they replace, so of two at once one is refused. That alone does not
keep two from leading: a holder that was paused, or cut off, goes on believing in its lease. So a
holder believes in it only for `Terms.trusted` seconds, counted from when it *began* the last
renewal that it knows to have succeeded. Whoever waits has seen that renewal later than it was
begun, and waits for the whole duration. With the margin of a tenth between the two nobody's trust
outlasts the wait of another, as long as clocks differ in speed by less than 11 %.

A write is not always a renewal: on the lease of a shard another replica may write that it wants it
(`core.sharding`). Such a record says which version its last renewal made, so who waits does not
wait any longer for it.

An answer that is lost costs trust and nothing else: the next look shows the record in our own name,
and it is renewed.

Each holder's identity has to be its own, that of one run of one process.
"""

from __future__ import annotations

import math
from typing import Final, TypeAlias

from attrs import evolve, frozen

from stoker.core.errors import DecodeError

MARGIN: Final = 0.1
"""Which share of a lease's duration its holder does not rely on."""
LONGEST: Final = 3600.0
"""Seconds that a lease can be valid for; what a record says beyond it is not believed."""

_AGAIN: Final = 0.25


@frozen
class Terms:
    """How long a lease is valid, when its holder gives up renewing it, and how often one tries."""

    duration: float = 15.0
    renew_deadline: float = 10.0
    retry: float = 2.0

    def __attrs_post_init__(self) -> None:
        if not 0 < self.retry < self.renew_deadline < self.duration <= LONGEST:
            raise DecodeError(
                f"a lease of {self.duration:g} s cannot be renewed every {self.retry:g} s with a"
                f" deadline of {self.renew_deadline:g} s",
                cure="choose a retry period below the renew deadline, that below the duration of"
                f" the lease, and that below {LONGEST:g} s",
            )

    @property
    def seconds(self) -> int:
        """The duration as a record has it."""
        return math.ceil(self.duration)

    @property
    def trusted(self) -> float:
        """How long after the beginning of a renewal its holder believes in it."""
        return min(self.renew_deadline, self.duration * (1 - MARGIN))


@frozen
class Record:
    """What the lease says, and which version of it; a released lease has no holder."""

    holder: str
    duration: float
    transitions: int
    version: str
    renewal: str = ""
    """The version that the last renewal made, where something else was written since."""
    wanted_by: str = ""
    """Who asks the holder for it."""

    def is_renewed(self, before: Record) -> bool:
        """Whether anything was said by a holder since `before`."""
        return self._said != before._said

    @property
    def _said(self) -> tuple[str, float, int, str]:
        return self.holder, self.duration, self.transitions, self.renewal or self.version


@frozen
class Standing:
    """What an elector knows."""

    identity: str
    terms: Terms
    record: Record | None = None
    """What was last seen; None: no lease."""
    seen: float = -math.inf
    """When it was first seen so; counted from then, it is valid."""
    is_known: bool = False
    """Whether the record can be relied upon for a write. Otherwise it is looked at first."""
    renewed: float | None = None
    """When the last renewal was begun that is known to have succeeded; None: not leading."""
    not_before: float = -math.inf
    """When to try again."""

    def leads(self, now: float) -> bool:
        """Whether a write may be made in the name of the leader."""
        return self.renewed is not None and 0 <= now - self.renewed < self.terms.trusted

    def patience(self, now: float) -> float:
        """How long a request may take at most, so that losing the lease is noticed in time."""
        half = self.terms.renew_deadline / 2
        if self.renewed is None or not self.leads(now):
            return half
        left = self.renewed + self.terms.trusted - now
        return min(half, max(left, self.terms.retry * _AGAIN))


# --- Moves ---


@frozen
class Rest:
    """Do nothing for so many seconds."""

    seconds: float


@frozen
class Look:
    """Read the lease."""


@frozen
class Write:
    """Make the lease say this: a new one where `version` is empty, else that version only."""

    record: Record


Move: TypeAlias = Rest | Look | Write


def move(standing: Standing, now: float) -> Move:
    """What to do next."""
    if now < standing.not_before:
        return Rest(standing.not_before - now)
    if not standing.is_known:
        return Look()
    record, terms = standing.record, standing.terms
    if record is None:
        return Write(Record(standing.identity, terms.seconds, 0, ""))
    if record.holder == standing.identity:
        return Write(evolve(record, duration=terms.seconds))
    if (left := valid_for(standing, now)) > 0:
        return Rest(min(left, terms.retry))
    transitions = record.transitions + 1
    return Write(Record(standing.identity, terms.seconds, transitions, record.version))


def valid_for(standing: Standing, now: float) -> float:
    """For how long what the lease says is valid: not at all where it has no holder."""
    record = standing.record
    if record is None or not record.holder:
        return 0.0
    duration = record.duration if record.duration > 0 else standing.terms.duration
    return standing.seen + min(duration, LONGEST) - now


# --- What came of it ---


def rested(standing: Standing) -> Standing:
    """After a rest: a lease of somebody else has to be looked at again."""
    if standing.record is not None and standing.record.holder == standing.identity:
        return standing
    return evolve(standing, is_known=False)


def looked(standing: Standing, record: Record | None, now: float) -> Standing:
    """After the lease was read; `now` is when the answer was there."""
    before = standing.record
    is_same = record is not None and before is not None and not record.is_renewed(before)
    seen = standing.seen if is_same else now
    looked_at = evolve(standing, record=record, seen=seen, is_known=True)
    if record is None or record.holder != standing.identity:
        return evolve(looked_at, renewed=None)
    return looked_at


def wrote(standing: Standing, record: Record, begun: float, now: float) -> Standing:
    """After a write succeeded that was `begun` then; `record` has its new version."""
    return evolve(
        standing,
        record=record,
        seen=now,
        is_known=True,
        renewed=begun,
        not_before=max(now, begun + standing.terms.retry),
    )


def refused(standing: Standing, now: float) -> Standing:
    """After a write that came too late: somebody else wrote, or we did and never heard of it."""
    return _again(standing, now, standing.terms.retry * _AGAIN)


def failed(standing: Standing, now: float) -> Standing:
    """After a request of which it is not known what it did."""
    return _again(standing, now, standing.terms.retry)


def _again(standing: Standing, now: float, pause: float) -> Standing:
    return evolve(standing, is_known=False, not_before=now + pause)


def released(record: Record) -> Record:
    """What a holder writes that leaves; before it does, it must not lead any more."""
    return evolve(record, holder="", duration=1)


def resigned(standing: Standing) -> Standing:
    """Without the lead, whatever the lease says."""
    return evolve(standing, renewed=None)
