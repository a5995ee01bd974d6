"""What is asked of the API server about a token, and how long its answer counts.

Broken on purpose, and seen to fail: a refusal kept as long as a permission, no bound on what is
kept, `denied` not looked at.
"""

from __future__ import annotations

from typing import Any

import pytest

from stoker.adapters.kube.errors import ApiFailed
from stoker.adapters.kube.resources import SUBJECT_ACCESS_REVIEWS, TOKEN_REVIEWS, Resource
from stoker.entrypoints.serving.reviewing import (
    KEPT,
    MOST,
    REFUSED,
    ApiReviewer,
    Remembering,
    Verdict,
)

USER = {"username": "system:serviceaccount:m:prometheus", "uid": "1", "groups": ["a"], "extra": {}}


class Answers:
    """An API server with prepared answers; tests/kind asks the real one."""

    def __init__(self, user: Any, access: Any) -> None:
        self.user, self.access = user, access
        self.asked: list[tuple[str, Any]] = []

    def create(self, resource: Resource, namespace: str, body: dict[str, Any]) -> Any:
        assert namespace == ""
        self.asked.append((resource.kind, body["spec"]))
        answer = {TOKEN_REVIEWS: self.user, SUBJECT_ACCESS_REVIEWS: self.access}[resource]
        if isinstance(answer, Exception):
            raise answer
        return answer


def judged(answers: Answers) -> Verdict:
    client: Any = answers
    return ApiReviewer(client)("sesame")


KNOWN = {"status": {"authenticated": True, "user": USER}}
MAY = {"status": {"allowed": True}}
FAILED = ApiFailed("no answer", status=500, code="")


@pytest.mark.parametrize(
    ("user", "access", "verdict"),
    [
        (KNOWN, MAY, Verdict.ALLOWED),
        (KNOWN, {"status": {"allowed": False}}, Verdict.FORBIDDEN),
        (KNOWN, {"status": {"allowed": True, "denied": True}}, Verdict.FORBIDDEN),
        (KNOWN, {"status": None}, Verdict.FORBIDDEN),
        (KNOWN, {"status": {"allowed": "yes"}}, Verdict.FORBIDDEN),
        (KNOWN, FAILED, Verdict.UNAVAILABLE),
        ({"status": {"authenticated": False}}, MAY, Verdict.UNKNOWN),
        ({"status": {"authenticated": True}}, MAY, Verdict.UNKNOWN),
        ({"status": {"authenticated": "true", "user": USER}}, MAY, Verdict.UNKNOWN),
        ({}, MAY, Verdict.UNKNOWN),
        (FAILED, MAY, Verdict.UNAVAILABLE),
    ],
)
def test_the_verdict(user: Any, access: Any, verdict: Verdict) -> None:
    assert judged(Answers(user, access)) is verdict


def test_the_api_server_is_asked_who_that_is_and_what_they_may() -> None:
    answers = Answers(KNOWN, MAY)
    judged(answers)
    user = dict(USER)
    name = user.pop("username")
    path = {"path": "/metrics", "verb": "get"}
    assert answers.asked == [
        ("TokenReview", {"token": "sesame"}),
        ("SubjectAccessReview", {"user": name, **user, "nonResourceAttributes": path}),
    ]


class Counting:
    """Says what it is told to say, and counts how often it is asked."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict, self.asked, self.time = verdict, 0, 1_000.0

    def __call__(self, token: str) -> Verdict:
        assert token
        self.asked += 1
        return self.verdict


@pytest.mark.parametrize("verdict", Verdict)
def test_an_answer_counts_for_its_time(verdict: Verdict) -> None:
    counting = Counting(verdict)
    remembering = Remembering(counting, clock=lambda: counting.time)
    life = KEPT if verdict is Verdict.ALLOWED else REFUSED
    assert remembering("sesame") is verdict
    counting.time += life - 0.1
    assert remembering("sesame") is verdict
    assert counting.asked == 1
    assert remembering("another") is verdict
    assert counting.asked == 2
    counting.time += 0.2
    counting.verdict = Verdict.UNKNOWN
    assert remembering("sesame") is Verdict.UNKNOWN
    assert counting.asked == 3


def test_only_so_many_are_kept_and_never_a_token() -> None:
    counting = Counting(Verdict.ALLOWED)
    remembering = Remembering(counting, clock=lambda: counting.time)
    for number in range(MOST + 1):
        remembering(f"sesame-{number}")
    remembering("sesame-1")
    assert counting.asked == MOST + 1
    remembering("sesame-0")
    assert counting.asked == MOST + 2
    assert "sesame" not in repr(remembering)
