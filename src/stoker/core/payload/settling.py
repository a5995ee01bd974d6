"""What several requests to one CR come to: one answer each, and at most one write.

Requests are taken in their total order, each judged as if those before it had been written, so it
makes no difference whether they come one by one or all at once, nor in which order they are told.
What a CR was last asked for may have been written by another replica, later than a request that is
still on its way: then the later one stays. A time that lies in the future is a wrong clock's and
proves nothing; and a look (a push) renews the time without asking for another ref, so a ref that
stood there when the request came is no later request either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from stoker.core.errors import InvalidDocument, RefError
from stoker.core.payload.answer import (
    Accepted,
    AlreadySet,
    Decision,
    Followed,
    Superseded,
    TriggerResolve,
    answer,
)
from stoker.core.payload.requests import Ignored, RefRequest
from stoker.core.refs import (
    Look,
    RefName,
    Request,
    RequestedRef,
    SemverRange,
    read_request,
    write_request,
)

if TYPE_CHECKING:
    from stoker.core.spec import GatewaySyncSpec

_TICK: Final = timedelta(microseconds=1)
"""What makes a time another one in an annotation."""


@frozen
class Standing:
    """What a CR follows, as far as its spec can be read, and what it was last asked for."""

    spec: Followed | None
    last: Request | None

    @property
    def requested(self) -> RefName | None:
        """The ref that it was asked for."""
        return self.last.ref if isinstance(self.last, RequestedRef) else None


@frozen
class Order:
    """A request as it came in."""

    request: RefRequest | Ignored
    at: datetime
    before: RefName | None = None
    """Which ref the CR had been asked for when this came."""

    @property
    def rank(self) -> tuple[datetime, str, str]:
        """Its place among others."""
        ref = "" if isinstance(self.request, Ignored) else self.request.ref
        return (self.at, ref, self.request.source)


@frozen
class Settlement:
    """What each request comes to, in the order in which they were given, and what to write."""

    decisions: tuple[Decision, ...]
    annotations: Mapping[str, str]
    """Nothing where there is nothing to write."""


def standing(
    spec: GatewaySyncSpec | InvalidDocument, annotations: Mapping[str, object]
) -> Standing:
    """What a CR with this spec and these annotations stands at."""
    return Standing(_followed(spec), read_request(annotations).request)


def settle(stands: Standing, orders: Sequence[Order], now: datetime) -> Settlement:
    """Judge all of `orders`; `now` is when that is done, hence after they came in."""
    decisions: dict[int, Decision] = {}
    requested = stands.requested
    written: Request | None = None
    for place, order in sorted(enumerate(orders), key=lambda pair: pair[1].rank):
        decision = answer(order.request, stands.spec, requested)
        match decision:
            case Accepted(ref=ref) if _is_late(order, stands.last, now):
                decision = Superseded(ref)
            case Accepted(ref=ref, source=source):
                requested, written = ref, RequestedRef(ref, order.at, source)
            case AlreadySet() | TriggerResolve():
                by = order.request.source
                seen = Look(order.at, by)
                written = seen if written is None else evolve(written, at=order.at, by=by)
        decisions[place] = decision
    annotations = {} if written is None else write_request(_later(written, stands.last, now))
    return Settlement(tuple(decisions[place] for place in range(len(orders))), annotations)


def _is_late(order: Order, last: Request | None, now: datetime) -> bool:
    """Whether a later request for a ref was written since this one came."""
    return (
        isinstance(last, RequestedRef)
        and order.before != last.ref
        and order.rank < last.rank
        and last.at <= now
    )


def _later(written: Request, last: Request | None, now: datetime) -> Request:
    """The same with another time than what is there, for who waits for a change of it."""
    if last is None or not written.at <= last.at <= now:
        return written
    return evolve(written, at=last.at + _TICK)


def _followed(spec: GatewaySyncSpec | InvalidDocument) -> Followed | None:
    """None where that cannot be read: the controller says so, and a ref is set all the same."""
    if isinstance(spec, InvalidDocument):
        return None
    try:
        if spec.git.semver is not None:
            return SemverRange.parse(spec.git.semver)
        return None if spec.git.ref is None else RefName.parse(spec.git.ref)
    except RefError:
        return None
