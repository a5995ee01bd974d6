"""Designers at work, and how far a gateway's start has come."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stoker.core.scan import (
    Answer,
    Designer,
    DesignerList,
    Readiness,
    active_designers,
    read_designers,
    readiness,
)
from stoker.core.scan.designers import DORMANT_AFTER_MS
from stoker.core.spec import DesignerScope

GATEWAY, PROJECT = DesignerScope.GATEWAY, DesignerScope.PROJECT
NOW = 1_800_000_000_000


def _answer(body: Any, status: int = 200, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, raw, headers)


def test_designers_are_read_as_far_as_they_can_be() -> None:
    body = {
        "items": [
            {"id": "1", "user": "jane", "project": "p", "lastcomm": NOW, "memory": "1 MB"},
            {"id": 2, "user": None, "project": ["p"], "lastcomm": "soon"},
            "odd",
        ],
        "metadata": {"total": 5},
    }
    assert read_designers(_answer(body)) == DesignerList(
        (Designer("1", "jane", "p", NOW), Designer(), Designer()), unlisted=2
    )


@pytest.mark.parametrize(
    "metadata", [None, {}, [], {"total": "x"}, {"total": 1}, {"total": 0}, {"total": -3}]
)
def test_nothing_is_unlisted_where_nothing_says_so(metadata: Any) -> None:
    body = {"items": [{"id": "1"}], "metadata": metadata}
    assert read_designers(_answer(body)) == DesignerList((Designer("1"),), unlisted=0)


@pytest.mark.parametrize(
    "answer",
    [
        _answer({"items": []}, status=401),
        _answer({"items": {}}),
        _answer({}),
        _answer([]),
        _answer(b"<html>"),
    ],
)
def test_what_is_no_list(answer: Answer) -> None:
    assert read_designers(answer) is None


def test_an_empty_list_is_a_list() -> None:
    assert read_designers(_answer({"items": []})) == DesignerList()


def _in(project: str, age_ms: int | None = 0) -> Designer:
    return Designer(project=project, last_message_ms=None if age_ms is None else NOW - age_ms)


@pytest.mark.parametrize(
    ("designer", "gateway", "project"),
    [
        (_in("p"), 1, 1),
        (_in("q"), 1, 0),
        (_in(""), 1, 1),
        (_in("p", DORMANT_AFTER_MS), 1, 1),
        (_in("p", DORMANT_AFTER_MS + 1), 0, 0),
        (_in("p", -999_999_999), 1, 1),
        (_in("p", None), 1, 1),
        (_in("q", None), 1, 0),
    ],
)
def test_who_counts(designer: Designer, gateway: int, project: int) -> None:
    listed = DesignerList((designer,))
    assert active_designers(listed, NOW, GATEWAY, ["p"]) == gateway
    assert active_designers(listed, NOW, PROJECT, ["p"]) == project


def test_those_who_are_not_listed_count_always() -> None:
    listed = DesignerList((_in("p"), _in("q")), unlisted=3)
    assert active_designers(listed, NOW, PROJECT, ["p"]) == 4
    assert active_designers(listed, NOW, GATEWAY, []) == 5
    assert active_designers(listed, NOW + 5, PROJECT, ["p"], dormant_after_ms=4) == 3


DOWN, STARTING, COMMISSIONING, UP, RUNNING = Readiness


@pytest.mark.parametrize(
    ("ping", "gwinfo", "stage"),
    [
        (None, None, DOWN),
        (_answer({"state": "RUNNING"}), None, RUNNING),
        (_answer({"state": "RUNNING", "details": ""}), _answer(b"", 503), RUNNING),
        (_answer({"state": "RUNNING", "details": "COMMISSIONING"}), _answer(b""), COMMISSIONING),
        (_answer({"state": "STARTING"}), _answer(b""), STARTING),
        (_answer({"state": "STARTING", "details": "COMMISSIONING"}, 503), None, STARTING),
        (_answer({"state": ["RUNNING"]}), None, UP),
        (_answer({"state": "SLEEPING"}, 503), None, STARTING),
        (_answer(b"", 503), None, STARTING),
        (_answer(b"", 503), _answer(b"", 503), STARTING),
        (None, _answer(b"", 503), STARTING),
        (None, _answer(b"ContextStatus=RUNNING"), UP),
        (_answer(b"", 503), _answer(b"ContextStatus=RUNNING"), UP),
        (_answer(b"", 404), None, UP),
        (_answer(b"", 302, location="/welcome"), None, COMMISSIONING),
        (None, _answer(b"", 302, location="https://x/welcome/y"), COMMISSIONING),
        (_answer(b"", 302, location="/login"), None, UP),
        (_answer(b"", 302), None, UP),
    ],
)
def test_readiness(ping: Answer | None, gwinfo: Answer | None, stage: Readiness) -> None:
    assert readiness(ping, gwinfo) is stage


def test_who_can_be_asked() -> None:
    assert [stage for stage in Readiness if stage.answers] == [UP, RUNNING]
