"""From the gateway's answers to outcomes, and what each outcome means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stoker.core.errors import Permanent, Retryable
from stoker.core.ignition import ResourcePath, ScanKind
from stoker.core.scan import (
    Accepted,
    Answer,
    Busy,
    Forbidden,
    NotCommissioned,
    Refused,
    ResourceFailed,
    Running,
    ScanOutcome,
    ScanStatus,
    Succeeded,
    TimedOut,
    Unauthorized,
    Unreachable,
    Unsupported,
    Verdict,
    blamed_resources,
    failure,
    interpret_scan_post,
    interpret_scan_status,
    loaded_names,
    missing_resources,
    read_scan_status,
    summary,
)

PAGE = b"<html><body>Sign in</body></html>"
IDLE = {"scanActive": False, "lastScanTimestamp": 1000, "lastScanDuration": 12}


def _answer(status: int, body: Any = b"", **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, raw, {name.replace("_", "-"): text for name, text in headers.items()})


REFUSALS: list[tuple[Answer, ScanOutcome]] = [
    (_answer(400, PAGE), NotCommissioned()),
    (_answer(401, PAGE), Unauthorized()),
    (_answer(403, PAGE), Forbidden()),
    (_answer(404, PAGE), Unsupported()),
    (_answer(503, PAGE), Unreachable("it is starting or stopping")),
    (_answer(301, location="/welcome"), NotCommissioned()),
    (_answer(302, location="http://localhost:8088/welcome?x"), NotCommissioned()),
    (_answer(303, location="/welcome"), NotCommissioned()),
    (_answer(307, location="/welcome"), NotCommissioned()),
    (_answer(308, location="/welcome"), NotCommissioned()),
    (_answer(304, location="/welcome"), Refused(304)),
    (_answer(302, location="/login"), Refused(302)),
    (_answer(302), Refused(302)),
    (_answer(409, retry_after="7"), Busy(7.0)),
    (_answer(409), Busy()),
    (_answer(423, retry_after="soon"), Busy()),
    (_answer(429, retry_after="0"), Busy(0.0)),
    (_answer(500, PAGE), Refused(500)),
    (_answer(500, {"message": "no"}), Refused(500, "no")),
    (_answer(500, {"error": "bad"}), Refused(500, "bad")),
    (_answer(500, {"message": "", "error": "bad"}), Refused(500, "bad")),
    (_answer(500, {"message": ["no"]}), Refused(500)),
    (_answer(500, {"message": "x" * 201}), Refused(500, "x" * 200)),
    (_answer(405), Refused(405)),
    (_answer(199), Refused(199)),
    (_answer(0), Refused(0)),
    (_answer(-1), Refused(-1)),
]


@pytest.mark.parametrize(("answer", "outcome"), REFUSALS)
def test_refusals_read_the_same_everywhere(answer: Answer, outcome: ScanOutcome) -> None:
    assert interpret_scan_post(answer) == outcome
    assert read_scan_status(answer) == outcome


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_a_request_that_is_heard(status: int) -> None:
    assert interpret_scan_post(_answer(status, IDLE)) == Accepted()
    assert interpret_scan_post(_answer(status)) == Accepted()


@pytest.mark.parametrize("body", [PAGE, b"[]", b"1", b"{", b"\xff", b"[" * 100_000])
def test_another_server_hears_nothing(body: bytes) -> None:
    strange = Refused(200, "the answer is not the gateway's")
    assert interpret_scan_post(_answer(200, body)) == strange
    assert read_scan_status(_answer(200, body)) == strange


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (IDLE, ScanStatus(active=False, timestamp=1000, duration=12)),
        ({**IDLE, "scanActive": True}, ScanStatus(active=True, timestamp=1000, duration=12)),
        (
            {**IDLE, "lastScanTimestamp": "1001"},
            ScanStatus(active=False, timestamp=1001, duration=12),
        ),
        (
            {**IDLE, "lastScanTimestamp": 1001.0},
            ScanStatus(active=False, timestamp=1001, duration=12),
        ),
        ({**IDLE, "lastScanDuration": None}, ScanStatus(active=False, timestamp=1000, duration=0)),
        ({**IDLE, "lastScanDuration": True}, ScanStatus(active=False, timestamp=1000, duration=0)),
    ],
)
def test_the_state_of_scans(body: Any, status: ScanStatus) -> None:
    assert read_scan_status(_answer(200, body)) == status


@pytest.mark.parametrize(
    "body",
    [
        {},
        {**IDLE, "scanActive": "false"},
        {**IDLE, "scanActive": 0},
        {**IDLE, "lastScanTimestamp": None},
        {**IDLE, "lastScanTimestamp": True},
        {**IDLE, "lastScanTimestamp": "-1"},
        {**IDLE, "lastScanTimestamp": "1" * 19},
        {**IDLE, "lastScanTimestamp": "¹"},
        {**IDLE, "lastScanTimestamp": 1.5},
        {**IDLE, "lastScanTimestamp": float("nan")},
        {**IDLE, "lastScanTimestamp": float("inf")},
        {**IDLE, "lastScanTimestamp": [1]},
    ],
)
def test_a_state_without_a_form_is_a_refusal(body: Any) -> None:
    assert read_scan_status(_answer(200, body)) == Refused(200, "the answer is not the gateway's")


def test_the_longest_number_is_read() -> None:
    body = {**IDLE, "lastScanTimestamp": "1" * 18}
    assert read_scan_status(_answer(200, body)) == ScanStatus(
        active=False, timestamp=int("1" * 18), duration=12
    )


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        ((False, 10), (True, 10), Running()),
        ((False, 10), (False, 10), Running()),
        ((False, 10), (True, 11), Running()),
        ((False, 10), (False, 9), Running()),
        ((False, 10), (False, 11), Succeeded(11, 3)),
        ((True, 10), (False, 11), Busy()),
        ((True, 10), (True, 11), Running()),
        ((True, 10), (False, 10), Running()),
    ],
)
def test_when_a_scan_is_over(
    before: tuple[bool, int], after: tuple[bool, int], outcome: object
) -> None:
    assert interpret_scan_status(ScanStatus(*before), ScanStatus(*after, duration=3)) == outcome


TAKEN, REJECTED, UNKNOWN = Verdict.TAKEN, Verdict.REJECTED, Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("outcome", "verdict", "disposition", "word", "message"),
    [
        (Succeeded(1), TAKEN, Permanent(), "ok", "went well"),
        (Unsupported(), TAKEN, Permanent(), "unsupported", "is not known to this gateway"),
        (
            Refused(500, "no"),
            REJECTED,
            Retryable(),
            "refused (500)",
            "was refused with status 500: no",
        ),
        (Refused(499), UNKNOWN, Permanent(), "refused (499)", "was refused with status 499"),
        (
            Unauthorized(),
            UNKNOWN,
            Retryable(),
            "unauthorized",
            "was refused: the gateway does not know the API token",
        ),
        (
            Forbidden(),
            UNKNOWN,
            Retryable(),
            "forbidden",
            "was refused: the API token may not do it",
        ),
        (
            NotCommissioned(),
            UNKNOWN,
            Retryable(),
            "not commissioned",
            "has to wait: the gateway is not commissioned",
        ),
        (
            Busy(4.0),
            UNKNOWN,
            Retryable(4.0),
            "busy",
            "has to wait: another scan or a lock is in the way",
        ),
        (TimedOut(60.0), UNKNOWN, Retryable(), "timed out", "did not end within 60 s"),
        (Unreachable(), UNKNOWN, Retryable(), "unreachable", "did not reach the gateway"),
        (
            Unreachable("refused"),
            UNKNOWN,
            Retryable(),
            "unreachable",
            "did not reach the gateway: refused",
        ),
        (
            ResourceFailed(("a", "b"), "bad json"),
            REJECTED,
            Permanent(),
            "resources failed",
            "left out a, b: bad json",
        ),
        (
            ResourceFailed(tuple("abcde")),
            REJECTED,
            Permanent(),
            "resources failed",
            "left out a, b, c, d, e",
        ),
        (
            ResourceFailed(tuple("abcdefg")),
            REJECTED,
            Permanent(),
            "resources failed",
            "left out a, b, c, d, e and 2 more",
        ),
    ],
)
def test_what_follows_from_an_outcome(
    outcome: ScanOutcome, verdict: Verdict, disposition: object, word: str, message: str
) -> None:
    assert outcome.verdict is verdict
    assert outcome.disposition == disposition
    assert outcome.word == word
    assert outcome.message == message
    error = failure(ScanKind.CONFIG, outcome)
    assert error.message == f"the scan of config {message}"
    assert error.cure == outcome.cure
    assert error.disposition == disposition


def test_the_cures_that_people_need() -> None:
    assert Refused(500).cure == "look into the gateway's log"
    assert Unauthorized().cure == "renew the key in the API Secret"
    assert "spec.gateway.tls" in Forbidden().cure
    assert NotCommissioned().cure == "finish the gateway's set-up"
    assert TimedOut().cure == ResourceFailed(()).cure == "look into the gateway's log"
    assert Busy().cure == Unreachable().cure == Succeeded(1).cure == Unsupported().cure == ""


def test_the_summary_is_in_the_order_of_the_scans() -> None:
    outcomes: dict[ScanKind, ScanOutcome] = {
        ScanKind.CONFIG: Refused(500),
        ScanKind.PROJECTS: Succeeded(1),
    }
    assert summary(outcomes) == "projects=ok config=refused (500)"
    assert summary({ScanKind.CONFIG: Unsupported()}) == "config=unsupported"
    assert summary({}) == ""


def test_loaded_names() -> None:
    items = [{"name": "a"}, {"name": 1}, {}, "b", None, {"name": "c", "enabled": False}]
    assert loaded_names(_answer(200, {"items": items})) == frozenset({"a", "c"})
    assert loaded_names(_answer(200, {"items": []})) == frozenset()
    for answer in (
        _answer(404, {"items": items}),
        _answer(200, {"items": {}}),
        _answer(200, {}),
        _answer(200, items),
        _answer(200, PAGE),
    ):
        assert loaded_names(answer) is None


def _config(name: str, kind: str = "tag-provider") -> ResourcePath:
    return ResourcePath("config/resources/core", "ignition", kind, name)


def test_missing_resources() -> None:
    written = [
        _config("b"),
        _config("a"),
        _config("a"),
        _config("kept"),
        _config(""),
        _config("x", "unknown"),
        _config("y", "unlisted"),
        ResourcePath("projects/p", "ignition", "tag-provider", "a"),
    ]
    loaded = {("ignition", "tag-provider"): frozenset({"kept"}), ("ignition", "unlisted"): None}
    assert missing_resources(written, loaded) == (_config("a"), _config("b"))
    assert missing_resources([], loaded) == ()


def test_blamed_resources() -> None:
    log = _answer(
        200,
        {
            "items": [
                {"level": "INFO", "message": "loaded ignition/tag-provider/fine"},
                {"level": "error", "message": "cannot load ignition/tag-provider/b: bad"},
                {"level": "WARN", "message": "again ignition/tag-provider/b"},
                {"level": "WARNING", "message": "com.x/settings is odd"},
                {"level": "ERROR"},
                {"message": "ignition/tag-provider/fine"},
                {"level": 5, "message": "ignition/tag-provider/fine"},
                "ignition/tag-provider/fine",
            ]
        },
    )
    single = ResourcePath("config/resources/core", "com.x", "settings", "")
    written = [_config("fine"), _config("b"), single, single]
    blamed, told = blamed_resources(written, log)
    assert blamed == (single, _config("b"))
    assert told == "com.x/settings is odd"
    assert blamed_resources([_config("b")], log)[1] == "cannot load ignition/tag-provider/b: bad"
    assert blamed_resources([_config("fine")], log) == ((), "")
    assert blamed_resources(written, _answer(200, PAGE)) == ((), "")
    fatal = _answer(200, {"items": [{"level": "FATAL", "message": "com.x/settings"}]})
    assert blamed_resources([single], fatal) == ((single,), "com.x/settings")


def test_a_body_has_a_limit() -> None:
    fits = b"{}" + b" " * ((16 << 20) - 2)
    assert Answer(200, fits).document() == {}
    assert Answer(200, fits + b" ").document() is None


@pytest.mark.parametrize(("status", "ok"), [(199, False), (200, True), (299, True), (300, False)])
def test_success_is_two_hundred_and_something(status: int, *, ok: bool) -> None:
    assert Answer(status).ok is ok
