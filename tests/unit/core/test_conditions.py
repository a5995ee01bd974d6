"""Conditions that the API server accepts, and times that move when they should."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from stoker.core.conditions import (
    Condition,
    ConditionReason,
    Conditions,
    ConditionStatus,
    ConditionType,
    legal_message,
    legal_reason,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN


def ready(
    status: ConditionStatus = TRUE, reason: str = "SyncSucceeded", at: datetime = NOON
) -> Condition:
    return Condition(ConditionType.READY, status, reason, "3/3 synced", at, 4)


def drifted(status: ConditionStatus = FALSE, at: datetime = NOON) -> Condition:
    return Condition(ConditionType.DRIFTED, status, ConditionReason.NO_DRIFT, "", at)


def test_the_names_are_those_of_the_contract() -> None:
    assert [kind.value for kind in ConditionType] == [
        "RefResolved",
        "ProfilesValid",
        "AllGatewaysSynced",
        "SidecarInjected",
        "SSHHostKeyVerification",
        "AgentReady",
        "RefSkew",
        "Drifted",
        "Reconciling",
        "Stalled",
        "Ready",
    ]
    assert {
        "RefResolved",
        "RefResolutionFailed",
        "GitHubAppExchangeFailed",
        "ProfilesValid",
        "ProfilesInvalid",
        "SyncSucceeded",
        "NoGatewaysDiscovered",
        "SyncInProgress",
        "SidecarPresent",
        "SidecarMissing",
        "HostKeyVerificationEnabled",
        "HostKeyVerificationDisabled",
        "AgentStale",
        "Skewed",
        "InStep",
        "DriftDetected",
        "NoDrift",
        "Paused",
        "Reconciling",
    } <= {reason.value for reason in ConditionReason}
    assert [status.value for status in ConditionStatus] == ["True", "False", "Unknown"]


@pytest.mark.parametrize("reason", ConditionReason)
def test_our_reasons_are_legal(reason: ConditionReason) -> None:
    assert legal_reason(reason) == reason.value


@pytest.mark.parametrize(
    ("text", "legal"),
    [
        ("Failed", "Failed"),
        ("a", "a"),
        ("A_b,c:D1", "A_b,c:D1"),
        ("Not a word!", "Notaword"),
        ("1st", "st"),
        ("_x", "x"),
        ("x,:", "x"),
        ("x_", "x_"),
        ("", "Unknown"),
        ("123", "Unknown"),
        ("größe", "gre"),
        ("x" * 1024, "x" * 1024),
        ("x" * 1025, "x" * 1024),
        ("x" * 1023 + ",y", "x" * 1023),
    ],
)
def test_any_text_becomes_a_reason(text: str, legal: str) -> None:
    assert legal_reason(text) == legal
    assert Condition("T", TRUE, text, "", NOON).reason == legal


@pytest.mark.parametrize(
    ("text", "legal"),
    [
        ("", ""),
        ("plain\n\ttext: größe", "plain\n\ttext: größe"),
        ("\x1b[31mred\x00", "\ufffd[31mred\ufffd"),
        ("\r\x0b\x7f\x9f\x08\x1f", "\ufffd" * 6),
        ("\ud800\udfff", "\ufffd\ufffd"),
        ("\xa0 ~", "\xa0 ~"),
        ("x" * 32_768, "x" * 32_768),
        ("x" * 32_769, "x" * 32_760 + " … (cut)"),
        ("x" * 1_000_000, "x" * 32_760 + " … (cut)"),
    ],
)
def test_any_text_becomes_a_message(text: str, legal: str) -> None:
    assert legal_message(text) == legal
    assert Condition("T", TRUE, "R", text, NOON).message == legal


def test_times_are_whole_seconds_in_utc() -> None:
    local = datetime(2026, 3, 2, 13, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))
    time = Condition("T", TRUE, "R", "", local).last_transition_time
    assert time == NOON
    assert time.tzinfo is UTC


def test_the_beginning_of_time_is_a_time_in_any_zone() -> None:
    early = datetime.min.replace(tzinfo=timezone(timedelta(hours=1)), microsecond=5)
    time = Condition("T", TRUE, "R", "", early).last_transition_time
    assert time == datetime.min.replace(tzinfo=UTC)


def test_a_new_condition_goes_to_the_end() -> None:
    conditions = Conditions().with_condition(ready()).with_condition(drifted())
    assert conditions.items == (ready(), drifted())
    assert list(conditions) == [ready(), drifted()]
    assert len(conditions) == 2


def test_the_time_moves_only_with_the_status() -> None:
    before = Conditions((ready(), drifted()))
    same = before.with_condition(ready(reason="Other", at=LATER))
    assert same.items == (ready(reason="Other", at=NOON), drifted())
    for status in (FALSE, UNKNOWN):
        moved = before.with_condition(ready(status, at=LATER))
        assert moved.items == (ready(status, at=LATER), drifted())


def test_everything_but_the_time_is_taken_from_the_new_condition() -> None:
    new = Condition("Ready", TRUE, "Other", "4/4 synced", LATER, 5)
    (found,) = Conditions((ready(),)).with_condition(new)
    assert found == Condition("Ready", TRUE, "Other", "4/4 synced", NOON, 5)


def test_what_does_not_change_stays_equal() -> None:
    before = Conditions((ready(), drifted()))
    assert before.with_condition(ready(at=LATER)) == before
    assert before.with_condition(ready(reason="Other")) != before


def test_conditions_are_found_and_removed_by_type() -> None:
    conditions = Conditions((ready(), drifted()))
    assert conditions.get("Drifted") == drifted()
    assert conditions.get("Stalled") is None
    assert conditions.without("Ready") == Conditions((drifted(),))
    assert conditions.without("Stalled") == conditions


@pytest.mark.parametrize(("status", "is_true"), [(TRUE, True), (FALSE, False), (UNKNOWN, False)])
def test_only_true_is_true(status: ConditionStatus, *, is_true: bool) -> None:
    assert Conditions((ready(status),)).is_true("Ready") is is_true
    assert not Conditions((ready(status),)).is_true("Stalled")


def test_of_two_of_a_type_the_later_one_takes_the_place_of_the_first() -> None:
    given = [ready(), drifted(), ready(FALSE)]
    assert Conditions.of(given) == Conditions((ready(FALSE), drifted()))
    assert Conditions.of([]) == Conditions()
