"""Law 19: requests have a total order; duplicates and the order of delivery do not matter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import assume, example, given
from hypothesis import strategies as st

from property.strategies.refs import advertisements, ref_names, requests, short_names
from stoker.core.errors import RefError
from stoker.core.refs import (
    Advertisement,
    EffectiveRef,
    Look,
    RefName,
    RequestAnnotations,
    RequestedRef,
    RequestSource,
    SemverRange,
    effective_ref,
    read_request,
    resolve_ref,
    resolve_tracked,
    same_ref,
    write_request,
)
from stoker.core.refs.requested import LONG_AGO

zones = st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.data(), ref_names, st.lists(requests, max_size=5))
def test_duplicates_and_order_do_not_matter(
    data: st.DataObject, spec: RefName, asked: list[RequestedRef]
) -> None:
    """Seen to fail when requests were ordered by time alone, and when the last one won."""
    repeated = asked + (data.draw(st.lists(st.sampled_from(asked))) if asked else [])
    delivered = data.draw(st.permutations(repeated))
    assert effective_ref(spec, delivered) == effective_ref(spec, asked)


@given(requests, requests)
def test_two_requests_are_equal_or_one_is_first(one: RequestedRef, other: RequestedRef) -> None:
    """Seen to fail without the source in the rank."""
    assert [one.rank < other.rank, one == other, one.rank > other.rank].count(True) == 1


@given(short_names, st.lists(requests, min_size=1, max_size=2))
def test_the_latest_is_in_force_until_the_spec_names_it(
    spec: RefName, asked: list[RequestedRef]
) -> None:
    """Seen to fail when requests were cleared only if the spec had the very same spelling."""
    found = effective_ref(spec, asked)
    latest = max(asked, key=lambda request: (request.at, request.ref, request.by))
    if same_ref(spec, latest.ref):
        assert found == EffectiveRef(spec, None, clear=True)
    else:
        assert found == EffectiveRef(latest.ref, latest, clear=False)


@given(ref_names, ref_names)
def test_sameness_is_symmetric_and_ignores_a_v_before_a_digit(one: RefName, other: RefName) -> None:
    """Seen to fail when the `v` was ignored on one side only, or before any letter."""
    assert same_ref(one, one)
    assert same_ref(one, other) is same_ref(other, one)
    if one[0].isascii() and one[0].isdigit():
        assert same_ref(one, f"v{one}")
    else:
        assert not same_ref(one, f"v{one}")


@given(advertisements(), short_names | st.just(SemverRange.parse("^1")), st.lists(requests))
def test_a_request_never_stops_what_works(
    advertised: Advertisement, spec: RefName | SemverRange, asked: list[RequestedRef]
) -> None:
    """Seen to fail when a request that does not resolve raised its error."""
    try:
        alone = resolve_tracked(advertised, spec, ())
    except RefError:
        return
    found = resolve_tracked(advertised, spec, asked)
    assert found.commit == resolve_ref(advertised, found.ref)
    if found.request is None:
        assert (found.ref, found.commit) == (alone.ref, alone.commit)
    if found.unresolvable is not None:
        assert found.unresolvable[0] in asked
        assert not found.clear


@given(st.builds(RequestedRef, ref_names, st.datetimes(timezones=zones)))
def test_what_is_written_is_read_back(request: RequestedRef) -> None:
    """Seen to fail when fractions of a second were not read."""
    try:
        request.at.astimezone(UTC)
    except OverflowError:
        return
    assert read_request(write_request(request)).request == request


KEYS = ["stoker.io/requested-ref", "stoker.io/requested-at", "stoker.io/requested-by"]
TIMES = ["2026-03-02T12:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"]
anything = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.text()
    | st.lists(st.text(), max_size=2)
    | st.sampled_from(["v1", "-x", "\ud800", *TIMES, "github"])
)


@given(st.dictionaries(st.sampled_from(KEYS), anything))
@example({KEYS[0]: "v1", KEYS[1]: TIMES[1]})
@example({KEYS[0]: "v1", KEYS[1]: TIMES[2]})
def test_malformed_annotations_are_a_report_and_never_an_error(
    annotations: dict[str, object],
) -> None:
    """Seen to fail when the hour that leads out of the calendar was not caught."""
    read = read_request(annotations)
    assert read.request is None or read.problem is None
    if read.request is not None:
        assert read.request.at >= datetime.min.replace(tzinfo=UTC)
        asked = read.request.ref if isinstance(read.request, RequestedRef) else None
        assert asked == annotations.get(KEYS[0])


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from(RequestSource))
def test_a_look_is_read_back_and_leaves_a_ref_that_was_requested(
    at: datetime, by: RequestSource
) -> None:
    look = Look(at, by)
    assume(at != LONG_AGO)
    assert read_request(write_request(look)) == RequestAnnotations(look)
    before = write_request(RequestedRef(RefName("v1"), LONG_AGO, RequestSource.KARGO))
    after = RequestedRef(RefName("v1"), at, by)
    assert read_request({**before, **write_request(look)}) == RequestAnnotations(after)
