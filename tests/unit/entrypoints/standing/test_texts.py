"""What `stoker status` shows, and what its JSON has."""

from __future__ import annotations

import json
import re

import pytest

from stoker.core.errors import InvalidDocument, Problem
from stoker.core.standing import Facts, Happening, summarise
from stoker.entrypoints.cli.standing import fleet_text, sync_text
from stoker.entrypoints.cli.standing.document import fleet_document, sync_document
from stoker.entrypoints.cli.standing.gathering import Gathered
from stoker.entrypoints.cli.standing.layout import Look
from support.standing import (
    COMMIT,
    NOW,
    OTHER,
    ago,
    conditions,
    facts,
    metadata,
    pod,
    report,
    row,
    spec,
    status,
)

FULL = "the disk is full (free some space)"
CAUSE = f"0/2 synced (1 failed, 1 pending): line-a-0: {FULL}"


def broken() -> Facts:
    rows = (
        row("line-a-0", "Error", error_message=FULL, synced_commit=OTHER),
        row("line-a-1", "DryRun", drift=3),
    )
    said = {
        "conditions": conditions(
            RefResolved="True RefResolved: " + COMMIT,
            Stalled=f"True SyncFailed: {CAUSE}",
            Ready=f"False Reconciling: {CAUSE}",
        )
    }
    dry = report("line-a-1", "DryRun", dry_run_diff_added=1200, dry_run_diff_deleted=1)
    happened = Happening(
        at=ago(minutes=3), reason="SyncFailed", message="no\nroom", is_warning=True, count=4
    )
    return facts(*rows, status=said, reports=[dry], pods=[pod()], happenings=(happened,))


def test_one_gateway_sync_for_people() -> None:
    told = sync_text.text(Gathered(broken(), ("you may not list pods",)), Look())
    assert told.splitlines()[0] == "plant/line-a is stuck for 12m, 0 of 2 gateways synced"
    assert "Repository  https://git.example/plant/files.git, asked every 60s" in told
    assert f"Commit      {COMMIT}, 20m ago (2026-01-31 02:40 UTC)" in told
    assert re.search(r"^line-a-0  default  Error   0a2c7e1  5m         0$", told, re.MULTILINE)
    assert f"\n    {FULL}\n" in told
    assert "\n    a sync would add 1,200, modify 0 and delete 1 files\n" in told
    assert "3m ago      SyncFailed (4 times): no room" in told
    assert "Not shown   you may not list pods" in told
    end = told.partition("What to do\n")[2]
    assert end.startswith(f"1.  line-a-0: {FULL}\n    -> put right what it names")
    assert "kubectl stoker logs -n plant line-a --gateway line-a-0" in end
    assert "\x1b" not in told


def test_a_cause_is_told_once_among_the_conditions() -> None:
    told = sync_text.text(Gathered(broken()), Look())
    block = told.partition("CONDITION")[2].partition("\n\n")[0]
    assert FULL not in block, "the gateway's line has it"
    assert "before somebody changes something: 0/2 synced (1 failed, 1 pending): line-a-0" in block
    assert block.count("1 failed") == 1


@pytest.mark.parametrize("width", [64, 80, 120])
def test_on_a_terminal_only_what_must_stay_whole_is_wider(width: int) -> None:
    for colour in (False, True):
        told = sync_text.text(Gathered(broken()), Look(width=width, colour=colour))
        assert ("\x1b" in told) == colour
        for line in re.sub(r"\x1b\[[0-9]*m", "", told).splitlines():
            is_command = line.startswith("       kubectl ")
            assert len(line) <= width or is_command, line


def test_pods_with_names_of_their_own_have_a_column() -> None:
    known = facts(row(name="north"), row("line-a-1"))
    told = sync_text.text(Gathered(known), Look())
    assert "GATEWAY   POD       PROFILE" in told
    assert "north     line-a-0  default" in told


@pytest.mark.parametrize(
    ("known", "line"),
    [
        (facts(row()), "Ref         main"),
        (
            facts(
                row(),
                status={"last_sync_ref": "v2"},
                metadata=metadata(
                    annotations={
                        "stoker.io/requested-ref": "v2",
                        "stoker.io/requested-at": ago(hours=3).isoformat(),
                        "stoker.io/requested-by": "github",
                    }
                ),
            ),
            "Ref         v2, requested by github 3h ago; the spec names main",
        ),
        (
            facts(row(), metadata=metadata(annotations={"stoker.io/requested-ref": "v9"})),
            "Ref         main; v9 was requested by generic",
        ),
        (
            facts(
                row(),
                metadata=metadata(
                    annotations={"stoker.io/requested-at": ago(minutes=4).isoformat()}
                ),
            ),
            "Ref         main, last asked for by generic 4m ago",
        ),
        (
            facts(
                row(),
                status={"last_sync_ref": "v1.4.0"},
                spec=spec(git={"ref": None, "semver": ">=1.0"}),
            ),
            "Ref         v1.4.0, of >=1.0",
        ),
        (facts(status={"last_sync_ref": "", "last_sync_commit": ""}), "Ref         main"),
    ],
)
def test_what_is_followed_and_who_wants_it(known: Facts, line: str) -> None:
    assert line in sync_text.text(Gathered(known), Look())


def test_what_cannot_be_read_is_told_and_nothing_else_is_hidden_by_it() -> None:
    unreadable = InvalidDocument.of("the GatewaySync", (Problem("spec.git", "is required"),))
    told = sync_text.text(Gathered(facts(row(), spec=unreadable)), Look())
    assert "Spec        it cannot be read: spec.git: is required" in told
    assert "GATEWAY" in told
    assert sync_document(Gathered(facts(row(), spec=unreadable)))["source"] is None


def test_a_password_in_an_address_is_not_shown() -> None:
    told = spec(git={"repo": "https://me:sesame@git.example/x.git"})
    for out in (
        sync_text.text(Gathered(facts(spec=told)), Look()),
        json.dumps(sync_document(Gathered(facts(spec=told)))),
    ):
        assert "sesame" not in out


def test_remarks_about_gateways() -> None:
    rows = (row(), row("line-a-1", "Blocked"))
    pods = [pod(annotations={"ref-override": "try"}), pod("line-a-1")]
    held_up = report("line-a-1", "Blocked", designer_sessions_blocked=2)
    told = sync_text.text(Gathered(facts(*rows, pods=pods, reports=[held_up])), Look())
    assert "    pinned to try by its pod (stoker.io/ref-override)\n" in told
    assert "    held up by 2 Designer sessions\n" in told


# --- The fleet ---


def test_the_fleet_is_a_line_for_each() -> None:
    asked = {"stoker.io/requested-ref": "v2"}
    summaries = [
        summarise(metadata(), spec(), status(row())),
        summarise(
            metadata(name="line-b", annotations=asked),
            spec(),
            status(
                row(status="Error"),
                last_sync_ref="v2",
                conditions=conditions(Ready="False Reconciling: 0/1 synced (1 failed): b-0: full"),
            ),
        ),
        summarise(
            metadata(name="line-c"),
            spec(),
            status(last_sync_commit="", conditions=conditions(Ready="False Paused: paused")),
        ),
    ]
    assert fleet_text.text(summaries, NOW, Look()).splitlines() == [
        "NAMESPACE  NAME    REF   COMMIT   GATEWAYS  READY   FOR  REASON",
        "plant      line-a  main  6113728  1/1       yes     12m",
        "plant      line-b  v2*   6113728  0/1       no      12m  1 failed: b-0: full",
        "plant      line-c  main  -        0/0       paused  12m  paused",
        "",
        "1 of 3 GatewaySyncs ready, 1 of 2 gateways synced",
        "* asked for by a webhook or by hand; spec.git.ref names another one",
    ]
    alone = fleet_text.text(summaries, NOW, Look(), everywhere=False)
    assert alone.startswith("NAME    REF")
    document = fleet_document(summaries)
    assert (document["result"], document["error"]) == ("notReady", None)
    assert [one["ready"] for one in document["gatewaySyncs"]] == [True, False, False]
    assert fleet_document(summaries[:1])["result"] == "ready"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("0/1 synced (1 pending)", "1 pending"),
        ("0/0 synced: there is no pod of a gateway", "there is no pod of a gateway"),
        ("0/1 synced", "0/1 synced"),
        ("spec.git: wrong", "spec.git: wrong"),
    ],
)
def test_the_score_is_told_once(message: str, shown: str) -> None:
    held = status(conditions=conditions(Ready=f"False Reconciling: {message}"))
    line = fleet_text.text([summarise(metadata(), spec(), held)], NOW, Look()).splitlines()[1]
    assert line.endswith(f"12m  {shown}")


# --- JSON ---


def test_the_document_has_all_that_the_text_has() -> None:
    document = sync_document(Gathered(broken(), ("you may not list pods",)))
    assert json.loads(json.dumps(document)) == document
    assert {*document} == {
        "result", "namespace", "name", "state", "ready", "since", "reason", "message", "ref",
        "commit", "synced", "total", "source", "commitSince", "gateways", "conditions", "events",
        "next", "hidden", "error",
    }  # fmt: skip
    assert (document["result"], document["state"]) == ("notReady", "stalled")
    first = document["gateways"][0]
    assert (first["pod"], first["status"], first["message"]) == ("line-a-0", "Error", FULL)
    assert (first["atCommit"], first["commit"]) == (False, OTHER)
    assert document["next"][0]["kind"] == "SyncFailed"
    assert document["next"][0]["pods"] == ["line-a-0"]
    assert document["conditions"][0]["tone"] == "good"
    assert document["events"][0]["at"] == "2026-01-31T02:57:00Z"
    assert document["hidden"] == ["you may not list pods"]
    assert document["source"]["pollingInterval"] == "60s"
