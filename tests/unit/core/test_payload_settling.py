"""What a CR stands at, as a receiver sees it, and the answers to what becomes of requests."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from attrs import evolve

from stoker.core.errors import InvalidDocument, Problem
from stoker.core.names import REQUESTED_AT, REQUESTED_BY, REQUESTED_REF
from stoker.core.payload import (
    CROWDED,
    FAILED,
    NO_SUCH_PATH,
    ONLY_POST,
    TOO_SLOW,
    UNAUTHORIZED,
    Accepted,
    AlreadySet,
    Followed,
    IgnoredPush,
    Order,
    PushedRef,
    RefRequest,
    Reply,
    Standing,
    Superseded,
    TriggerResolve,
    answer,
    reply,
    settle,
    standing,
)
from stoker.core.refs import Look, RefName, RequestedRef, RequestSource, SemverRange
from stoker.core.spec import GatewaySyncSpec
from support.specs import a_spec

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
V1, V2, MAIN = RefName("v1"), RefName("v2"), RefName("main")
GITHUB = RequestSource.GITHUB


def following(*, ref: str | None = None, semver: str | None = None) -> GatewaySyncSpec:
    spec = a_spec()
    return evolve(spec, git=evolve(spec.git, ref=ref, semver=semver))


@pytest.mark.parametrize(
    ("spec", "followed"),
    [
        (following(ref="main"), MAIN),
        (following(semver=">=1"), SemverRange.parse(">=1")),
        (following(), None),
        (following(ref="a..b"), None),
        (following(semver="newest"), None),
        (InvalidDocument.of("the spec", (Problem("spec", "is odd"),)), None),
    ],
)
def test_what_a_spec_follows(
    spec: GatewaySyncSpec | InvalidDocument, followed: Followed | None
) -> None:
    assert standing(spec, {}) == Standing(followed, None)


def test_what_it_was_asked_for() -> None:
    at = "2026-03-01T12:00:00Z"
    asked = {REQUESTED_REF: "v1", REQUESTED_AT: at, REQUESTED_BY: "github"}
    found = standing(following(ref="main"), asked)
    assert found == Standing(MAIN, RequestedRef(V1, NOW, GITHUB))
    assert found.requested == V1
    looked = standing(following(ref="main"), {REQUESTED_AT: at})
    assert looked == Standing(MAIN, Look(NOW))
    assert looked.requested is None
    assert standing(following(ref="main"), {REQUESTED_REF: "a..b"}).last is None


@pytest.mark.parametrize(
    ("request_", "requested", "decision"),
    [
        (RefRequest(V1, GITHUB), None, Accepted(V1, GITHUB)),
        (RefRequest(V1, GITHUB), V1, AlreadySet(V1)),
        (RefRequest.push(GITHUB, PushedRef(V1)), V1, TriggerResolve(V1)),
        (RefRequest.push(GITHUB, PushedRef(V1)), None, IgnoredPush(V1)),
    ],
)
def test_without_a_spec_that_can_be_read_only_what_was_asked_for_counts(
    request_: RefRequest, requested: RefName | None, decision: object
) -> None:
    assert answer(request_, None, requested) == decision


def test_what_is_superseded_was_accepted_and_says_so() -> None:
    said = "superseded by a later request"
    expected = {"accepted": True, "ref": "v1", "message": said}
    assert reply(Superseded(V1)) == Reply(202, expected)


def test_a_later_look_takes_the_ref_along() -> None:
    orders = [
        Order(RefRequest(V2, GITHUB), NOW),
        Order(RefRequest.push(RequestSource.GITLAB, PushedRef(MAIN)), NOW.replace(second=1)),
    ]
    done = settle(Standing(MAIN, None), orders, NOW.replace(second=2))
    assert done.decisions == (Accepted(V2, GITHUB), TriggerResolve(MAIN))
    assert done.annotations == {
        REQUESTED_REF: "v2",
        REQUESTED_AT: "2026-03-01T12:00:01Z",
        REQUESTED_BY: "gitlab",
    }


@pytest.mark.parametrize(
    ("answered", "status"),
    [
        (CROWDED, 503),
        (FAILED, 500),
        (NO_SUCH_PATH, 404),
        (ONLY_POST, 405),
        (TOO_SLOW, 408),
        (UNAUTHORIZED, 401),
    ],
)
def test_what_cannot_be_done_is_answered_in_the_same_form(answered: Reply, status: int) -> None:
    assert answered.status == status
    assert answered.body["accepted"] is False
    assert answered.body["message"]
