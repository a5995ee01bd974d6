"""What the receiver decides, and what it answers."""

from __future__ import annotations

import pytest

from stoker.core.errors import DecodeError, RefError, SignatureError, StokerError
from stoker.core.payload import (
    NOT_FOUND,
    TOO_LARGE,
    UNAVAILABLE,
    Accepted,
    AlreadySet,
    Decision,
    Ignored,
    IgnoredPush,
    PushedRef,
    RefRequest,
    Reply,
    TriggerResolve,
    answer,
    refusal,
    reply,
    slow_down,
)
from stoker.core.refs import RefName, RequestSource, SemverRange

MAIN, V1, V2 = RefName("main"), RefName("v1.2.3"), RefName("v2.0.0")
RANGE = SemverRange.parse("^1.2")
KARGO = RequestSource.KARGO


def setting(ref: str) -> RefRequest:
    return RefRequest(RefName(ref), KARGO)


def pushing(*refs: str) -> RefRequest:
    first, *more = (PushedRef(RefName(ref)) for ref in refs)
    return RefRequest.push(RequestSource.BITBUCKET, first, *more)


@pytest.mark.parametrize(
    ("ref", "spec", "requested", "decision"),
    [
        ("v1.2.3", MAIN, None, Accepted(V1, KARGO)),
        ("v1.2.3", MAIN, V2, Accepted(V1, KARGO)),
        ("v1.2.3", MAIN, V1, AlreadySet(V1)),
        ("v1.2.3", V1, None, AlreadySet(V1)),
        ("v1.2.3", RefName("1.2.3"), None, AlreadySet(V1)),
        ("v1.2.3", V1, V2, Accepted(V1, KARGO)),
        ("v1.2.3", V1, V1, AlreadySet(V1)),
        ("v1.2.3", MAIN, RefName("1.2.3"), Accepted(V1, KARGO)),
        ("v1.2.3", RANGE, None, Accepted(V1, KARGO)),
        ("v1.2.3", RANGE, V1, AlreadySet(V1)),
    ],
)
def test_a_request_sets_the_ref_unless_it_is_set(
    ref: str, spec: RefName | SemverRange, requested: RefName | None, decision: Decision
) -> None:
    assert answer(setting(ref), spec, requested) == decision


@pytest.mark.parametrize(
    ("ref", "spec", "requested", "triggers"),
    [
        ("refs/heads/main", MAIN, None, True),
        ("refs/tags/main", MAIN, None, True),
        ("main", MAIN, None, True),
        ("refs/heads/main", RefName("refs/heads/main"), None, True),
        ("refs/tags/main", RefName("refs/heads/main"), None, False),
        ("refs/heads/main2", MAIN, None, False),
        ("refs/heads/x/main", MAIN, None, False),
        ("refs/heads/other", MAIN, None, False),
        ("refs/heads/main", MAIN, V1, True),
        ("refs/tags/v1.2.3", MAIN, V1, True),
        ("refs/tags/v2.0.0", MAIN, V1, False),
        ("refs/heads/any", RefName("HEAD"), None, True),
        ("refs/tags/any", RefName("HEAD"), None, False),
        ("refs/heads/main", RefName("a" * 40), None, False),
        ("refs/tags/v1.2.3", RANGE, None, True),
        ("refs/tags/v2.0.0", RANGE, None, False),
        ("refs/tags/latest", RANGE, None, False),
        ("refs/heads/v1.2.3", RANGE, None, False),
        ("refs/tags/v2.0.0", RANGE, V2, True),
    ],
)
def test_a_push_triggers_a_resolve_of_what_the_cr_follows(
    ref: str, spec: RefName | SemverRange, requested: RefName | None, *, triggers: bool
) -> None:
    expected = TriggerResolve(RefName(ref)) if triggers else IgnoredPush(RefName(ref))
    assert answer(pushing(ref), spec, requested) == expected


def test_any_of_several_pushed_refs_counts() -> None:
    request = pushing("refs/heads/other", "refs/heads/main")
    assert answer(request, MAIN) == TriggerResolve(RefName("refs/heads/main"))
    assert answer(request, V1) == IgnoredPush(RefName("refs/heads/other"))


def test_an_ignored_event_stays_ignored() -> None:
    event = Ignored(RequestSource.GITHUB, "ping")
    assert answer(event, MAIN) == event


@pytest.mark.parametrize(
    ("decision", "body"),
    [
        (Accepted(V1, KARGO), {"accepted": True, "ref": "v1.2.3"}),
        (TriggerResolve(MAIN), {"accepted": True, "ref": "main"}),
        (AlreadySet(V1), {"accepted": True, "ref": "v1.2.3", "message": "ref already set"}),
        (IgnoredPush(MAIN), {"accepted": False, "ref": "main", "message": "ignored"}),
        (Ignored(KARGO, "ping"), {"accepted": False, "message": "ignored"}),
    ],
)
def test_what_was_understood_is_answered_202(decision: Decision, body: dict[str, object]) -> None:
    assert reply(decision) == Reply(202, body)
    assert reply(decision).headers == {}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            SignatureError("anything", where="x", cure="y"),
            Reply(
                401,
                {"accepted": False, "message": "unauthorized"},
                {"WWW-Authenticate": "Bearer"},
            ),
        ),
        (
            RefError("the ref starts with '-'", where="-x", cure="remove the '-'"),
            Reply(
                400, {"accepted": False, "message": "-x: the ref starts with '-' (remove the '-')"}
            ),
        ),
        (DecodeError("no JSON"), Reply(400, {"accepted": False, "message": "no JSON"})),
    ],
)
def test_errors_have_their_answer(error: StokerError, expected: Reply) -> None:
    assert refusal(error) == expected


def test_other_refusals_are_ready_made() -> None:
    assert Reply(404, {"accepted": False, "message": "no such GatewaySync"}) == NOT_FOUND
    assert Reply(413, {"accepted": False, "message": "the body is larger than 1 MiB"}) == TOO_LARGE
    assert (
        Reply(
            503,
            {"accepted": False, "message": "the API server cannot be reached"},
            {"Retry-After": "5"},
        )
        == UNAVAILABLE
    )


@pytest.mark.parametrize(
    ("after", "seconds"), [(0, "1"), (-3, "1"), (1, "1"), (1.1, "2"), (30, "30")]
)
def test_a_sender_that_asks_too_often_is_told_when_to_come_back(after: float, seconds: str) -> None:
    body = {"accepted": False, "message": "too many requests"}
    assert slow_down(after) == Reply(429, body, {"Retry-After": seconds})
