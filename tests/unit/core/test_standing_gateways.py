"""How gateways stand, and what their conditions say in plain words."""

from __future__ import annotations

import pytest

from stoker.core.conditions import Conditions, ConditionStatus, ConditionType
from stoker.core.standing import Tone, gateways, statements
from stoker.core.standing.statement import _KNOWN
from support.standing import OTHER, ago, conditions, facts, pod, report, row


def test_those_with_trouble_come_first_and_then_by_name() -> None:
    rows = (row("b-0"), row("a-1", "Error"), row("a-0", "DryRun"), row("a-2", "Blocked"))
    assert [one.row.pod_name for one in gateways(facts(*rows))] == ["a-1", "a-2", "a-0", "b-0"]


def test_what_the_agent_and_the_pod_say_is_told_with_the_row() -> None:
    said = report(
        status="Blocked",
        designer_sessions_blocked=2,
        dry_run_diff_added=1,
        dry_run_diff_modified=2,
        dry_run_diff_deleted=3,
    )
    there = pod(annotations={"ref-override": "feature"})
    (found,) = gateways(facts(row(synced_commit=OTHER), reports=[said], pods=[there]))
    assert (found.designers, found.reported, found.reported_at) == (2, "Blocked", ago(seconds=10))
    assert (found.would_add, found.would_modify, found.would_delete) == (1, 2, 3)
    assert (found.pinned_to, found.is_at_commit, found.status) == ("feature", False, "Synced")


def test_the_report_of_an_earlier_life_says_nothing() -> None:
    said = report(designer_sessions_blocked=2)
    (found,) = gateways(facts(row(), reports=[said], pods=[pod(uid="another")]))
    assert (found.designers, found.reported, found.pinned_to) == (0, None, "")
    (unknown,) = gateways(facts(row(), reports=[said]))
    assert unknown.designers == 2, "without the pod nobody can tell"


def test_without_a_commit_in_force_nobody_is_at_it() -> None:
    (found,) = gateways(facts(row(synced_commit=""), status={"last_sync_commit": ""}))
    assert not found.is_at_commit
    (found,) = gateways(facts(row()))
    assert found.is_at_commit


# --- Conditions ---


def test_every_condition_has_words_for_what_it_can_be() -> None:
    true_or_false = (ConditionStatus.TRUE, ConditionStatus.FALSE)
    assert {(kind, each) for kind in ConditionType for each in true_or_false} <= {*_KNOWN}


@pytest.mark.parametrize(
    ("kind", "told", "tone", "words"),
    [
        ("Ready", "True SyncSucceeded", Tone.GOOD, "every gateway has the commit"),
        ("Ready", "False Paused", Tone.NOTE, "it is paused"),
        ("Drifted", "True DriftDetected", Tone.BAD, "files were changed by somebody else"),
        ("AllGatewaysSynced", "False NoGatewaysDiscovered", Tone.BUSY, "there is no gateway"),
        ("Ready", "Unknown Reconciling", Tone.NOTE, "it is Unknown"),
        ("OfTomorrow", "True Because", Tone.NOTE, "it is True"),
    ],
)
def test_conditions_in_plain_words(kind: str, told: str, tone: Tone, words: str) -> None:
    (found,) = statements(conditions(**{kind: f"{told}: so it is"}))
    assert (found.type, found.tone, found.words) == (kind, tone, words)
    assert (found.message, found.since) == ("so it is", ago(minutes=12))
    assert found.status == told.partition(" ")[0]
    assert found.reason == told.partition(" ")[2]


def test_no_conditions_are_no_statements() -> None:
    assert statements(Conditions()) == ()
