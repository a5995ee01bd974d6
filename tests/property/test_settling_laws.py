"""Requests that come together are settled as if they had come one after the other.

Rule: the order in which they are told never matters; at the end the ref is that of the latest one
that set it; to settle again changes no ref; a push never changes the ref; each has an answer; and
what another replica wrote later stays.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from property.strategies.refs import ref_names
from stoker.core.names import REQUESTED_AT, REQUESTED_REF
from stoker.core.payload import (
    Accepted,
    AlreadySet,
    Decision,
    Ignored,
    IgnoredPush,
    Order,
    PushedRef,
    RefRequest,
    Standing,
    Superseded,
    TriggerResolve,
    settle,
)
from stoker.core.refs import (
    Look,
    RefName,
    RequestedRef,
    RequestSource,
    SemverRange,
    read_request,
    write_request,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
refs = st.sampled_from([RefName(name) for name in ("main", "v1.2.3", "1.2.3", "v2.0.0")])
some_refs = refs | ref_names
times = st.integers(0, 60_000_000).map(lambda micro: NOW - timedelta(microseconds=micro))
sources = st.sampled_from(RequestSource)
sets = st.builds(RefRequest, some_refs, sources)
pushes = st.builds(lambda ref, source: RefRequest.push(source, PushedRef(ref)), some_refs, sources)
requests = sets | pushes | st.builds(Ignored, sources, st.just("ping"))
specs = st.none() | some_refs | st.just(SemverRange.parse(">=1"))
lasts = st.none() | st.builds(Look, times) | st.builds(RequestedRef, some_refs, times, sources)


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    return Standing(draw(specs), draw(lasts))


def orders(stands: Standing, several: list[tuple[RefRequest | Ignored, datetime]]) -> list[Order]:
    return [Order(request, at, stands.requested) for request, at in several]


arrivals = st.lists(st.tuples(requests, times), max_size=6)


@given(standings(), arrivals, st.randoms(use_true_random=False))
def test_the_order_in_which_they_are_told_never_matters(
    stands: Standing, several: list[tuple[RefRequest | Ignored, datetime]], shuffler: Random
) -> None:
    """Seen to fail when they were taken in the order of the list."""
    given_orders = orders(stands, several)
    places = list(range(len(given_orders)))
    shuffler.shuffle(places)
    one = settle(stands, given_orders, NOW)
    other = settle(stands, [given_orders[place] for place in places], NOW)
    assert other.annotations == one.annotations
    assert [other.decisions[places.index(at)] for at in range(len(places))] == [*one.decisions]


@given(standings(), arrivals)
def test_together_is_as_good_as_one_by_one(
    stands: Standing, several: list[tuple[RefRequest | Ignored, datetime]]
) -> None:
    """Seen to fail when each was judged against what stood there before all of them."""
    given_orders = sorted(orders(stands, several), key=lambda order: order.rank)
    together = settle(stands, given_orders, NOW)
    now_stands, annotations = stands, dict[str, str]()
    decisions: list[Decision] = []
    for order in given_orders:
        # One that comes when the others have been written sees what they wrote.
        seen = Order(order.request, order.at, now_stands.requested)
        alone = settle(now_stands, [seen], NOW)
        decisions += alone.decisions
        annotations |= alone.annotations
        last = read_request({**_annotations(now_stands), **alone.annotations}).request
        now_stands = Standing(stands.spec, last)
    assert [*together.decisions] == decisions
    assert together.annotations.get(REQUESTED_REF) == annotations.get(REQUESTED_REF)
    assert together.annotations.keys() == annotations.keys()


def _annotations(stands: Standing) -> dict[str, str]:
    return {} if stands.last is None else write_request(stands.last)


@given(standings(), arrivals)
def test_each_has_an_answer_and_what_is_accepted_is_written(
    stands: Standing, several: list[tuple[RefRequest | Ignored, datetime]]
) -> None:
    """Seen to fail when what had been set already was written as a ref."""
    done = settle(stands, orders(stands, several), NOW)
    assert len(done.decisions) == len(several)
    accepted = [each.ref for each in done.decisions if isinstance(each, Accepted)]
    assert (REQUESTED_REF in done.annotations) is bool(accepted)
    assert not accepted or done.annotations[REQUESTED_REF] in accepted
    acted = (Accepted, AlreadySet, TriggerResolve)
    assert bool(done.annotations) is any(isinstance(each, acted) for each in done.decisions)


@given(standings(), st.lists(st.tuples(pushes, times), max_size=5))
def test_a_push_never_changes_the_ref(
    stands: Standing, several: list[tuple[RefRequest | Ignored, datetime]]
) -> None:
    """Seen to fail when a look took the ref of the push along."""
    done = settle(stands, orders(stands, several), NOW)
    assert REQUESTED_REF not in done.annotations
    assert all(isinstance(each, TriggerResolve | IgnoredPush) for each in done.decisions)


@given(standings(), st.lists(st.tuples(requests, times), min_size=1, max_size=6))
def test_what_is_written_is_seen_to_be_new(
    stands: Standing, several: list[tuple[RefRequest | Ignored, datetime]]
) -> None:
    """Seen to fail when a look wrote the time that was there."""
    done = settle(stands, orders(stands, several), NOW)
    if done.annotations and stands.last is not None:
        assert done.annotations[REQUESTED_AT] != _annotations(stands)[REQUESTED_AT]


def test_what_another_replica_wrote_later_stays() -> None:
    """Seen to fail when the later of two writes won."""
    written = RequestedRef(RefName("v3"), NOW - timedelta(seconds=1))
    order = Order(
        RefRequest(RefName("v2"), RequestSource.GITHUB), NOW - timedelta(seconds=2), RefName("v1")
    )
    done = settle(Standing(RefName("main"), written), [order], NOW)
    assert done.decisions == (Superseded(RefName("v2")),)
    assert done.annotations == {}


def test_a_look_of_another_replica_supersedes_nothing() -> None:
    """Seen to fail when the time alone was compared: a release was lost to a push beside it."""
    looked = RequestedRef(RefName("v1"), NOW - timedelta(seconds=1))
    request = RefRequest(RefName("v2"), RequestSource.GITHUB)
    order = Order(request, NOW - timedelta(seconds=2), RefName("v1"))
    done = settle(Standing(RefName("main"), looked), [order], NOW)
    assert done.decisions == (Accepted(RefName("v2"), RequestSource.GITHUB),)
    assert done.annotations[REQUESTED_AT] > "2026-03-01T11:59:59"


def test_a_time_in_the_future_is_nobody_s() -> None:
    """Seen to fail when a clock that was ahead kept all requests out until it was right."""
    ahead = RequestedRef(RefName("v9"), NOW + timedelta(days=1))
    order = Order(RefRequest(RefName("v2"), RequestSource.GENERIC), NOW, None)
    done = settle(Standing(None, ahead), [order], NOW)
    assert done.decisions == (Accepted(RefName("v2"), RequestSource.GENERIC),)
    assert done.annotations[REQUESTED_AT] == "2026-03-01T12:00:00Z"
