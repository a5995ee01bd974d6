"""One line for each GatewaySync: its state, and what it is that it follows."""

from __future__ import annotations

import pytest

from stoker.core.errors import InvalidDocument, Problem
from stoker.core.spec import GatewaySyncStatus
from stoker.core.standing import State, summarise
from support.standing import COMMIT, ago, conditions, metadata, row, spec, status

UNREADABLE = InvalidDocument.of("the GatewaySync", (Problem("spec.git", "is required"),))


def test_one_that_is_ready() -> None:
    found = summarise(metadata(), spec(), status(row(), row("line-a-1")))
    assert (found.namespace, found.name, found.state) == ("plant", "line-a", State.READY)
    assert found.is_ready
    assert (found.ref, found.is_requested, found.commit) == ("main", False, COMMIT)
    assert (found.synced, found.gateways) == (2, 2)
    assert (found.reason, found.message, found.since) == ("SyncSucceeded", "", ago(minutes=12))


NOT_READY = "False Reconciling: 0/1 synced (1 failed): line-a-0: disk full"


@pytest.mark.parametrize(
    ("told", "state", "reason", "message"),
    [
        ({"Ready": NOT_READY}, State.PROGRESSING, "Reconciling", "0/1 synced (1 failed)"),
        ({"Ready": NOT_READY, "Stalled": "False P: no"}, State.PROGRESSING, "Reconciling", "0/1"),
        (
            {"Ready": NOT_READY, "Stalled": "True ProfilesInvalid: spec.x"},
            State.STALLED,
            "ProfilesInvalid",
            "spec.x",
        ),
        ({"Ready": "False Paused: paused"}, State.PAUSED, "Paused", "paused"),
        ({}, State.UNSEEN, "NotSeen", "has not seen"),
    ],
)
def test_the_others(told: dict[str, str], state: State, reason: str, message: str) -> None:
    held = status(row(status="Error"), conditions=conditions(**told))
    found = summarise(metadata(), spec(), held)
    assert (found.state, found.reason) == (state, reason)
    assert found.message.startswith(message) or message in found.message
    assert not found.is_ready
    assert found.synced == 0


def test_a_spec_that_nobody_has_seen_is_not_ready_whatever_the_status_says() -> None:
    assert summarise(metadata(generation=3), spec(), status(row())).state is State.UNSEEN


def test_one_that_is_being_deleted_says_so() -> None:
    found = summarise(metadata(deleting=True), spec(), status(row()))
    assert (found.state, found.reason) == (State.DELETING, "Deleting")


def test_before_anything_is_known_the_spec_says_what_is_followed() -> None:
    nothing = GatewaySyncStatus()
    assert summarise(metadata(), spec(), nothing).ref == "main"
    semver = spec(git={"ref": None, "semver": ">=1.0.0"})
    assert summarise(metadata(), semver, nothing).ref == ">=1.0.0"
    found = summarise(metadata(), UNREADABLE, nothing)
    assert (found.ref, found.since, found.commit) == ("", None, "")


def test_a_ref_that_was_asked_for_is_marked_as_long_as_the_spec_names_another() -> None:
    asked = metadata(annotations={"stoker.io/requested-ref": "v2"})
    assert summarise(asked, spec(), status(last_sync_ref="v2")).is_requested
    assert not summarise(asked, spec(), status(last_sync_ref="main")).is_requested
    assert not summarise(asked, spec(git={"ref": "v2"}), status(last_sync_ref="v2")).is_requested
    look = metadata(annotations={"stoker.io/requested-at": "2026-01-31T02:00:00Z"})
    assert not summarise(look, spec(), status()).is_requested
