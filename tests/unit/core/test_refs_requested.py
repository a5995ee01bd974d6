"""Which ref is in force, and when a request is done with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from stoker.core.errors import RefError
from stoker.core.refs import (
    Advertisement,
    CommitId,
    EffectiveRef,
    RefName,
    RequestAnnotations,
    RequestedRef,
    RequestSource,
    Resolution,
    SemverRange,
    effective_ref,
    read_request,
    resolve_tracked,
    same_ref,
    write_request,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MAIN = RefName("main")


def request(ref: str, minute: int = 0, by: RequestSource = RequestSource.GENERIC) -> RequestedRef:
    return RequestedRef(RefName(ref), NOON + timedelta(minutes=minute), by)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("v1.2.3", "1.2.3", True),
        ("1.2.3", "v1.2.3", True),
        ("v1", "v1", True),
        ("main", "main", True),
        ("vmain", "main", False),
        ("V1", "1", False),
        ("vv1", "v1", False),
        ("v1.v2", "1.2", False),
        ("main", "Main", False),
        ("v", "", False),
        ("refs/tags/v1", "v1", False),
        ("release-v1", "release-1", False),
        ("1v1", "11", False),
        ("v1v1", "1v1", True),
    ],
)
def test_a_v_before_a_digit_makes_no_difference(one: str, other: str, *, same: bool) -> None:
    assert same_ref(one, other) is same
    assert same_ref(other, one) is same


def test_without_requests_the_spec_is_in_force() -> None:
    assert effective_ref(MAIN, ()) == EffectiveRef(MAIN, None, clear=False)


def test_a_request_is_in_force_until_the_spec_names_it() -> None:
    asked = request("v1.2.3")
    assert effective_ref(MAIN, [asked]) == EffectiveRef(RefName("v1.2.3"), asked, clear=False)
    for spec in ("v1.2.3", "1.2.3"):
        assert effective_ref(RefName(spec), [asked]) == EffectiveRef(
            RefName(spec), None, clear=True
        )


def test_the_latest_request_counts_and_ties_have_an_order() -> None:
    early, late = request("v2"), request("v1", 1)
    assert effective_ref(MAIN, [late, early]).request == late
    one, other = request("v1"), request("v2")
    assert effective_ref(MAIN, [other, one]).request == other
    github = request("v2", by=RequestSource.GITHUB)
    assert effective_ref(MAIN, [github, other]).request == github


def test_an_older_request_for_the_spec_s_ref_clears_nothing() -> None:
    late = request("v2", 1)
    assert effective_ref(RefName("v1"), [request("v1"), late]) == EffectiveRef(
        RefName("v2"), late, clear=False
    )


REF, AT, BY = "stoker.io/requested-ref", "stoker.io/requested-at", "stoker.io/requested-by"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-02T12:00:00Z", NOON),
        ("2026-03-02t12:00:00z", NOON),
        ("2026-03-02T13:00:00+01:00", NOON),
        ("2026-03-02T06:30:00-05:30", NOON),
        ("2026-03-02T12:00:00.5Z", NOON + timedelta(milliseconds=500)),
        ("2026-03-02T12:00:00.000001Z", NOON + timedelta(microseconds=1)),
        ("2026-03-02T12:00:00.000001999Z", NOON + timedelta(microseconds=1)),
    ],
)
def test_annotations_are_read(text: str, at: datetime) -> None:
    read = read_request({REF: "v1.2.3", AT: text, BY: "kargo", "other": "x"})
    assert read == RequestAnnotations(RequestedRef(RefName("v1.2.3"), at, RequestSource.KARGO))
    assert read.request is not None
    assert read.request.at.tzinfo is UTC


def test_no_annotation_is_no_request() -> None:
    assert read_request({AT: "x", BY: "y"}) == RequestAnnotations()


@pytest.mark.parametrize("by", [None, "", "someone", "GitHub", 7, ["github"], {}])
def test_a_request_by_hand_is_older_than_any_other_and_generic(by: object) -> None:
    annotations: dict[str, object] = {REF: "v1"} if by is None else {REF: "v1", BY: by}
    read = read_request(annotations).request
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert read == RequestedRef(RefName("v1"), epoch, RequestSource.GENERIC)


@pytest.mark.parametrize("source", RequestSource)
def test_known_sources_are_read(source: RequestSource) -> None:
    read = read_request({REF: "v1", BY: source.value}).request
    assert read is not None
    assert read.by is source


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-03-02",
        "2026-03-02T12:00:00",
        "2026-03-02 12:00:00Z",
        "2026-13-02T12:00:00Z",
        "2026-02-30T12:00:00Z",
        "2026-03-02T12:00:60Z",
        "2026-03-02T24:00:00Z",
        "2026-03-02T12:00:00+24:00",
        "2026-03-02T12:00:00.Z",
        "2026-03-02T12:00:00.1234567890Z",
        "2026-W10-1T12:00:00Z",
        "٢٠٢٦-03-02T12:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2026-03-02T12:00:00Z\n",
        1_772_452_800,
        ["2026-03-02T12:00:00Z"],
    ],
)
def test_a_time_that_is_none_is_reported(text: object) -> None:
    read = read_request({REF: "v1", AT: text})
    assert read.request is None
    assert str(read.problem) == (
        "metadata.annotations.stoker.io/requested-at: the time of the request is not RFC 3339 "
        "(correct the annotations of the request, or remove them)"
    )


def test_the_ends_of_time_are_times() -> None:
    for text in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        assert read_request({REF: "v1", AT: text}).problem is None


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("-x", "'-x': the ref starts with '-'"),
        ("", "'': the ref is empty"),
        (7, "the requested ref is not text"),
        ({}, "the requested ref is not text"),
    ],
)
def test_a_ref_that_is_none_is_reported(ref: object, message: str) -> None:
    read = read_request({REF: ref, AT: "2026-03-02T12:00:00Z"})
    assert read.request is None
    assert read.problem is not None
    assert read.problem.path == "metadata.annotations.stoker.io/requested-ref"
    assert read.problem.message == message


def test_requests_are_written_in_utc() -> None:
    zone = timezone(timedelta(hours=2))
    asked = RequestedRef(RefName("v1"), NOON.astimezone(zone), RequestSource.GITEA)
    written = write_request(asked)
    assert written == {REF: "v1", AT: "2026-03-02T12:00:00Z", BY: "gitea"}
    assert [type(value) for value in written.values()] == [str, str, str]


def commit(digit: str) -> CommitId:
    return CommitId(digit * 40)


ADVERTISED = Advertisement(
    {
        "refs/heads/main": commit("1"),
        "refs/tags/v1.0.0": commit("2"),
        "refs/tags/v1.1.0": commit("3"),
        "refs/tags/v2.0.0": commit("4"),
    }
)


def test_a_cr_without_requests_is_at_its_own_ref() -> None:
    assert resolve_tracked(ADVERTISED, MAIN, ()) == Resolution(MAIN, commit("1"))
    ranged = SemverRange.parse("^1")
    assert resolve_tracked(ADVERTISED, ranged, ()) == Resolution(RefName("v1.1.0"), commit("3"))


def test_a_request_that_resolves_is_in_force_even_when_the_spec_does_not() -> None:
    asked = request("v2.0.0")
    expected = Resolution(RefName("v2.0.0"), commit("4"), asked)
    for spec in (MAIN, RefName("gone"), SemverRange.parse("^1"), SemverRange.parse("^9")):
        assert resolve_tracked(ADVERTISED, spec, [asked, request("v1.0.0", -1)]) == expected


def test_a_request_that_the_spec_names_is_done_with() -> None:
    tag = RefName("v1.1.0")
    done = Resolution(tag, commit("3"), clear=True)
    assert resolve_tracked(ADVERTISED, tag, [request("1.1.0")]) == done
    assert resolve_tracked(ADVERTISED, SemverRange.parse("^1"), [request("v1.1.0")]) == done


def test_a_request_that_does_not_resolve_is_reported_and_ignored() -> None:
    asked = request("v3.0.0")
    found = resolve_tracked(ADVERTISED, MAIN, [asked])
    assert (found.ref, found.commit, found.request, found.clear) == (MAIN, commit("1"), None, False)
    assert found.unresolvable is not None
    assert found.unresolvable[0] == asked
    assert found.unresolvable[1].message == "the repository has no such ref"


@pytest.mark.parametrize("spec", [RefName("gone"), SemverRange.parse("^9")])
def test_without_any_ref_that_resolves_there_is_an_error(spec: RefName | SemverRange) -> None:
    for requests in ((), (request("lost"),)):
        with pytest.raises(RefError) as caught:
            resolve_tracked(ADVERTISED, spec, requests)
        assert caught.value.where == str(spec)
